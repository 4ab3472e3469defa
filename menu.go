package rbac

import (
	"cmp"
	"slices"
	"strings"
	"sync"
)

// MenuSection is a section with the permissions of it that an identity holds.
type MenuSection struct {
	Section
	Permissions []Permission
}

// Menu returns the sections with the permissions that id holds, both in the order of
// their positions, for a navigation that shows each user what is theirs. Sections
// without any are dropped. It does no I/O: the sections are those of the
// policy that id was made with, or, for one of [NewIdentity], of the last policy that
// the Authority saw. For an Identity of another Authority the menu is empty.
//
// A menu is a convenience: what it leaves out must still be guarded.
func (a *Authority) Menu(id *Identity) []MenuSection {
	p := a.replica.state.Load().policy
	switch {
	case id.BelongsTo(a):
		p = id.policy
	case !id.hostMade():
		return nil
	}
	var menu []MenuSection
	for _, s := range p.menuSections() {
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

// lazyMenu is the menu of who holds everything. Policies between which no section and no permission was changed have it in common.
type lazyMenu struct {
	once     sync.Once
	sections []MenuSection
}

func (p *policy) menuSections() []MenuSection {
	p.menu.once.Do(func() { p.menu.sections = p.makeMenu() })
	return p.menu.sections
}

func (p *policy) makeMenu() []MenuSection {
	menu := make([]MenuSection, len(p.sections))
	at := make(map[string]int, len(p.sections))
	for i, s := range slices.SortedFunc(slices.Values(p.sections), bySection) {
		at[s.Name], menu[i].Section = i, s
	}
	for _, n := range p.names.From("") {
		perm := p.permissions.Get(n).Permission
		if i, ok := at[perm.Section]; ok {
			menu[i].Permissions = append(menu[i].Permissions, perm)
		}
	}
	for _, s := range menu {
		slices.SortFunc(s.Permissions, func(a, b Permission) int {
			return cmp.Or(cmp.Compare(a.Position, b.Position), strings.Compare(a.Name, b.Name))
		})
	}
	return menu
}

// bySection is the order of a menu.
func bySection(a, b Section) int {
	return cmp.Or(cmp.Compare(a.Position, b.Position), strings.Compare(a.Name, b.Name))
}
