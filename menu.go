package rbac

// MenuSection is a section with those of its permissions that an identity
// holds.
type MenuSection struct {
	Section
	Permissions []Permission
}

// Menu returns the sections with the permissions that id holds, both in the
// order of their positions, for a navigation that shows each user what is
// theirs. Sections without any are dropped. Menu does no I/O: the sections are
// those of the policy that id was made with, or, for an Identity of
// [NewIdentity], of the last policy that the Authority saw. For an Identity of
// another Authority the menu is empty.
//
// A menu is a convenience: what it leaves out must still be guarded.
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
