package rbac

// MenuSection is a section with the permissions of it that an identity holds.
type MenuSection struct {
	Section
	Permissions []Permission
}

// Menu returns the sections with the permissions that id holds, both in the order of
// their positions, for a navigation that shows each user what is theirs. Sections
// without any are dropped. It does no I/O: the sections are those of the
// policy that id was made with, or the last that the Authority saw.
//
// A menu is a convenience: what it leaves out must still be guarded.
func (a *Authority) Menu(id *Identity) []MenuSection {
	if id == nil || id.kind == unknownIdentity {
		return nil
	}
	p := id.policy
	if p == nil {
		p = a.state.Load().policy
	}
	var menu []MenuSection
	for _, s := range p.menu {
		held := MenuSection{Section: s.Section}
		for _, perm := range s.Permissions {
			if id.HasPermission(perm.Name) {
				held.Permissions = append(held.Permissions, perm)
			}
		}
		if held.Permissions != nil {
			menu = append(menu, held)
		}
	}
	return menu
}
