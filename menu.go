package rbac

// MenuSection is a section with the permissions of an Identity in the section.
type MenuSection struct {
	Section
	Permissions []Permission
}

// Menu returns the sections with the permissions of id, both in the order of
// their positions, for a navigation adapted to each user. Sections without
// permissions are dropped. Menu does no I/O: the sections come from the policy
// of id or, for an Identity of [NewIdentity], from the latest policy of the
// Authority. For an Identity of another Authority the menu is empty.
//
// A menu is a convenience: a page without a link must still be guarded.
func (a *Authority) Menu(id *Identity) []MenuSection {
	p := a.replica.State().Policy
	switch {
	case id.BelongsTo(a):
		p = id.policy
	case !id.hostMade():
		return nil
	}
	var menu []MenuSection
	for _, s := range p.Menu() {
		section := MenuSection{Section: Section(s.Section)}
		for _, perm := range s.Permissions {
			if id.HasPermission(perm.Name) {
				section.Permissions = append(section.Permissions, Permission(perm))
			}
		}
		if section.Permissions != nil {
			menu = append(menu, section)
		}
	}
	return menu
}
