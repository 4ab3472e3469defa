package policy

import (
	"cmp"
	"slices"
	"strings"
	"sync"

	"github.com/rbac-go/rbac/store"
)

// MenuSection is a section with the permissions listed under the section.
type MenuSection struct {
	store.Section
	Permissions []store.Permission
}

// Menu returns all sections with all permissions, both in the order of position
// and name. The caller must not write to the list.
func (p *Policy) Menu() []MenuSection {
	p.menu.once.Do(func() { p.menu.sections = p.makeMenu() })
	return p.menu.sections
}

// lazyMenu is the menu of a user with all permissions. Policies share a
// lazyMenu as long as no section and no permission changes.
type lazyMenu struct {
	once     sync.Once
	sections []MenuSection
}

// makeMenu leaves out permissions without a section.
func (p *Policy) makeMenu() []MenuSection {
	menu := make([]MenuSection, len(p.sections))
	at := make(map[string]int, len(p.sections))
	for i, s := range slices.SortedFunc(slices.Values(p.sections), bySection) {
		at[s.Name], menu[i].Section = i, s
	}
	for _, n := range p.permissionNames.From("") {
		perm := p.permissions.Get(n).Permission
		if i, ok := at[perm.Section]; ok {
			menu[i].Permissions = append(menu[i].Permissions, perm)
		}
	}
	for _, s := range menu {
		slices.SortFunc(s.Permissions, func(a, b store.Permission) int {
			return cmp.Or(cmp.Compare(a.Position, b.Position), strings.Compare(a.Name, b.Name))
		})
	}
	return menu
}

// bySection is the order of a menu: by position, and by name at equal
// positions.
func bySection(a, b store.Section) int {
	return cmp.Or(cmp.Compare(a.Position, b.Position), strings.Compare(a.Name, b.Name))
}
