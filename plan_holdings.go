package rbac

import (
	"errors"

	"github.com/google/uuid"
	"github.com/rbac-go/rbac/internal/policy"
	"github.com/rbac-go/rbac/store"
)

// holdings are the policy that a store has, to be compared with a catalogue that was
// just declared. Groups are compared by ID, since they can have been renamed.
type holdings struct {
	declared    map[declarationKey]store.Declaration
	sections    map[string]Section
	permissions map[string]Permission
	groups      map[uuid.UUID]Group
	ids         map[string]uuid.UUID // of groups, by their present names
	grants      map[grantKey]bool
	inherits    map[store.Inheritance]bool
	all         storedPolicy
}

type grantKey struct {
	group      uuid.UUID
	permission string
}

// storedPolicy is the same in the order in which a Plan tells it.
type storedPolicy struct {
	sections     []Section
	permissions  []Permission
	groups       []Group
	grants       []store.Grant
	inheritances []store.Inheritance
}

func readHoldings(d *declarer) (*holdings, error) {
	all, err := readPolicy(d.tx.r)
	if err != nil {
		return nil, err
	}
	h := &holdings{declared: d.declared, all: all, ids: map[string]uuid.UUID{},
		sections:    index(all.sections, func(s Section) string { return s.Name }),
		permissions: index(all.permissions, func(p Permission) string { return p.Name }),
		groups:      index(all.groups, func(g Group) uuid.UUID { return g.ID }),
		grants:      map[grantKey]bool{}, inherits: map[store.Inheritance]bool{}}
	for _, g := range all.groups {
		h.ids[g.Name] = g.ID
	}
	for _, g := range all.grants {
		h.grants[grantKey{g.Group, g.Permission}] = true
	}
	for _, i := range all.inheritances {
		h.inherits[i] = true
	}
	return h, nil
}

func readPolicy(r store.Records) (all storedPolicy, err error) {
	var errs [5]error
	all.sections, errs[0] = publicRows(r.Sections, publicSection)
	all.permissions, errs[1] = publicRows(r.Permissions, publicPermission)
	all.groups, errs[2] = publicRows(r.Groups, publicGroup)
	all.grants, errs[3] = r.Grants()
	all.inheritances, errs[4] = r.Inheritances()
	return all, errors.Join(errs[:]...)
}

func index[K comparable, R any](records []R, key func(R) K) map[K]R {
	by := make(map[K]R, len(records))
	for _, r := range records {
		by[key(r)] = r
	}
	return by
}

// id is the group that a catalogue means by a name, whether or not it is still there.
func (h *holdings) id(name string) uuid.UUID {
	if known, ok := h.declared[declarationKey{"group", name}]; ok {
		return known.ID
	}
	return h.ids[name]
}

// missing lists what a catalogue names and the store has not, each once. After Declare that is what somebody took away.
func (h *holdings) missing(c Catalogue) []PlanEntry {
	var entries []PlanEntry
	told := map[PlanEntry]bool{}
	tell := func(there bool, kind, name, reason string) {
		if e := (PlanEntry{kind, name, reason}); !there && !told[e] {
			told[e] = true
			entries = append(entries, e)
		}
	}
	for _, s := range c.Sections {
		_, there := h.sections[s.Name]
		tell(there, "section", s.Name, "was deleted")
	}
	for _, p := range c.Permissions {
		_, there := h.permissions[p.Name]
		tell(there, "permission", p.Name, "was deleted")
	}
	for _, g := range c.Groups {
		_, there := h.groups[h.id(g.Name)]
		tell(there, "group", g.Name, "was deleted")
	}
	for _, i := range c.Inheritances {
		tell(h.inherits[store.Inheritance{Senior: h.id(i.Senior), Junior: h.id(i.Junior)}], "inheritance", inheritanceName(i), h.lost(i.Senior, i.Junior))
	}
	for _, g := range c.Grants {
		tell(h.grants[grantKey{h.id(g.Group), g.Permission}], "grant", grantName(g), h.lostGrant(g))
	}
	return entries
}

// lost tells why an inheritance is missing.
func (h *holdings) lost(groups ...string) string {
	for _, name := range groups {
		if _, there := h.groups[h.id(name)]; !there {
			return "the group " + name + " was deleted"
		}
	}
	return "was deleted"
}

func (h *holdings) lostGrant(g Grant) string {
	if _, there := h.groups[h.id(g.Group)]; !there {
		return h.lost(g.Group)
	}
	if _, there := h.permissions[g.Permission]; !there && !policy.IsPattern(g.Permission) {
		return "the permission " + g.Permission + " was deleted"
	}
	return "was revoked"
}

// beside lists what the store has and a catalogue does not name.
func (h *holdings) beside(c Catalogue) Catalogue {
	known := h.named(c)
	var other Catalogue
	for _, s := range h.all.sections {
		if _, ok := known.sections[s.Name]; !ok {
			other.Sections = append(other.Sections, s)
		}
	}
	for _, p := range h.all.permissions {
		if _, ok := known.permissions[p.Name]; !ok {
			other.Permissions = append(other.Permissions, p)
		}
	}
	for _, g := range h.all.groups {
		if _, ok := known.groups[g.ID]; !ok {
			other.Groups = append(other.Groups, g)
		}
	}
	for _, i := range h.all.inheritances {
		if _, ours := known.groups[i.Senior]; ours && !known.inherits[i] {
			other.Inheritances = append(other.Inheritances, Inheritance{Senior: h.groups[i.Senior].Name, Junior: h.groups[i.Junior].Name})
		}
	}
	for _, g := range h.all.grants {
		if _, ours := known.groups[g.Group]; ours && !known.grants[grantKey{g.Group, g.Permission}] {
			other.Grants = append(other.Grants, publicGrant(g, h.groups[g.Group].Name))
		}
	}
	return other
}

// unmatched lists the grants of patterns that match no permission.
func (h *holdings) unmatched() []PlanEntry {
	matched := map[string]bool{}
	for _, p := range h.all.permissions {
		for _, pattern := range policy.Covering(p.Name) {
			matched[pattern] = true
		}
	}
	var entries []PlanEntry
	for _, g := range h.all.grants {
		if policy.IsPattern(g.Permission) && g.Permission != policy.Everything && !matched[g.Permission] {
			entries = append(entries, PlanEntry{"grant", grantName(publicGrant(g, h.groups[g.Group].Name)), unmatchedReason})
		}
	}
	return entries
}

// named is a catalogue in the form of holdings.
func (h *holdings) named(c Catalogue) *holdings {
	known := &holdings{
		sections:    index(c.Sections, func(s Section) string { return s.Name }),
		permissions: index(c.Permissions, func(p Permission) string { return p.Name }),
		groups:      index(c.Groups, func(g Group) uuid.UUID { return h.id(g.Name) }),
		grants:      map[grantKey]bool{}, inherits: map[store.Inheritance]bool{}}
	for _, g := range c.Grants {
		known.grants[grantKey{h.id(g.Group), g.Permission}] = true
	}
	for _, i := range c.Inheritances {
		known.inherits[store.Inheritance{Senior: h.id(i.Senior), Junior: h.id(i.Junior)}] = true
	}
	return known
}
