package rbac

import (
	"errors"

	"github.com/google/uuid"

	"github.com/rbac-go/rbac/internal/names"
	"github.com/rbac-go/rbac/store"
)

// storedRecords are the records of a policy, indexed for the comparison of a
// store with a catalogue that was just declared. Groups are compared by ID,
// because a group may have been renamed.
type storedRecords struct {
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

// storedPolicy has the records of a policy in the order of a Plan.
type storedPolicy struct {
	sections     []Section
	permissions  []Permission
	groups       []Group
	grants       []store.Grant
	inheritances []store.Inheritance
}

// readStored reads and indexes the records of the store.
func readStored(d *declarer) (*storedRecords, error) {
	all, err := readPolicy(d.tx.r)
	if err != nil {
		return nil, err
	}
	s := &storedRecords{declared: d.declared, all: all, ids: map[string]uuid.UUID{},
		sections:    index(all.sections, func(s Section) string { return s.Name }),
		permissions: index(all.permissions, func(p Permission) string { return p.Name }),
		groups:      index(all.groups, func(g Group) uuid.UUID { return g.ID }),
		grants:      map[grantKey]bool{}, inherits: map[store.Inheritance]bool{}}
	for _, g := range all.groups {
		s.ids[g.Name] = g.ID
	}
	for _, g := range all.grants {
		s.grants[grantKey{g.Group, g.Permission}] = true
	}
	for _, i := range all.inheritances {
		s.inherits[i] = true
	}
	return s, nil
}

// readPolicy reads all records of a policy.
func readPolicy(r store.Records) (all storedPolicy, err error) {
	var errs [5]error
	all.sections, errs[0] = publicRows(r.Sections, publicSection)
	all.permissions, errs[1] = publicRows(r.Permissions, publicPermission)
	all.groups, errs[2] = publicRows(r.Groups, publicGroup)
	all.grants, errs[3] = r.Grants(store.GrantFilter{})
	all.inheritances, errs[4] = r.Inheritances(store.InheritanceFilter{})
	return all, errors.Join(errs[:]...)
}

// index returns records by key.
func index[K comparable, R any](records []R, key func(R) K) map[K]R {
	by := make(map[K]R, len(records))
	for _, r := range records {
		by[key(r)] = r
	}
	return by
}

// id returns the id of the group that a catalogue means by a name. The group
// may be deleted.
func (s *storedRecords) id(name string) uuid.UUID {
	if known, ok := s.declared[declarationKey{"group", name}]; ok {
		return known.ID
	}
	return s.ids[name]
}

// leftOut lists the records of a catalogue that the store lacks, without
// repetition. After Declare a record is missing because somebody removed it.
func (s *storedRecords) leftOut(c Catalogue) []PlanEntry {
	var entries []PlanEntry
	seen := map[PlanEntry]bool{}
	add := func(exists bool, kind, name, reason string) {
		if e := (PlanEntry{kind, name, reason}); !exists && !seen[e] {
			seen[e] = true
			entries = append(entries, e)
		}
	}
	for _, section := range c.Sections {
		_, exists := s.sections[section.Name]
		add(exists, "section", section.Name, "was deleted")
	}
	for _, p := range c.Permissions {
		_, exists := s.permissions[p.Name]
		add(exists, "permission", p.Name, "was deleted")
	}
	for _, g := range c.Groups {
		_, exists := s.groups[s.id(g.Name)]
		add(exists, "group", g.Name, "was deleted")
	}
	for _, i := range c.Inheritances {
		exists := s.inherits[store.Inheritance{Senior: s.id(i.Senior), Junior: s.id(i.Junior)}]
		add(exists, "inheritance", inheritanceName(i), s.whyGone(i.Senior, i.Junior))
	}
	for _, g := range c.Grants {
		add(s.grants[grantKey{s.id(g.Group), g.Permission}], "grant", grantName(g), s.whyGrantGone(g))
	}
	return entries
}

// whyGone returns why an inheritance between groups, or a grant to a group, is
// missing.
func (s *storedRecords) whyGone(groups ...string) string {
	for _, name := range groups {
		if _, exists := s.groups[s.id(name)]; !exists {
			return "the group " + name + " was deleted"
		}
	}
	return "was deleted"
}

// whyGrantGone returns why a grant is missing.
func (s *storedRecords) whyGrantGone(g Grant) string {
	if _, exists := s.groups[s.id(g.Group)]; !exists {
		return s.whyGone(g.Group)
	}
	if _, exists := s.permissions[g.Permission]; !exists && !names.IsPattern(g.Permission) {
		return "the permission " + g.Permission + " was deleted"
	}
	return "was revoked"
}

// unknown returns the records of the store that a catalogue does not name.
func (s *storedRecords) unknown(c Catalogue) Catalogue {
	known := s.indexCatalogue(c)
	var other Catalogue
	for _, section := range s.all.sections {
		if _, ok := known.sections[section.Name]; !ok {
			other.Sections = append(other.Sections, section)
		}
	}
	for _, p := range s.all.permissions {
		if _, ok := known.permissions[p.Name]; !ok {
			other.Permissions = append(other.Permissions, p)
		}
	}
	for _, g := range s.all.groups {
		if _, ok := known.groups[g.ID]; !ok {
			other.Groups = append(other.Groups, g)
		}
	}
	for _, i := range s.all.inheritances {
		if _, ours := known.groups[i.Senior]; ours && !known.inherits[i] {
			senior, junior := s.groups[i.Senior].Name, s.groups[i.Junior].Name
			other.Inheritances = append(other.Inheritances, Inheritance{Senior: senior, Junior: junior})
		}
	}
	for _, g := range s.all.grants {
		if _, ours := known.groups[g.Group]; ours && !known.grants[grantKey{g.Group, g.Permission}] {
			other.Grants = append(other.Grants, publicGrant(g, s.groups[g.Group].Name))
		}
	}
	return other
}

// unmatchedReason is the reason of Plan and Validate for a grant of a pattern.
const unmatchedReason = "the pattern matches no permission"

// unmatched lists the grants of patterns that match no permission.
func (s *storedRecords) unmatched() []PlanEntry {
	var entries []PlanEntry
	matched := map[string]bool{}
	for _, p := range s.all.permissions {
		for _, pattern := range names.Covering(p.Name) {
			matched[pattern] = true
		}
	}
	for _, g := range s.all.grants {
		if names.IsPattern(g.Permission) && g.Permission != names.Everything && !matched[g.Permission] {
			name := grantName(publicGrant(g, s.groups[g.Group].Name))
			entries = append(entries, PlanEntry{"grant", name, unmatchedReason})
		}
	}
	return entries
}

// indexCatalogue returns the records of a catalogue, indexed by the ids of the
// store.
func (s *storedRecords) indexCatalogue(c Catalogue) *storedRecords {
	known := &storedRecords{
		sections:    index(c.Sections, func(s Section) string { return s.Name }),
		permissions: index(c.Permissions, func(p Permission) string { return p.Name }),
		groups:      index(c.Groups, func(g Group) uuid.UUID { return s.id(g.Name) }),
		grants:      map[grantKey]bool{}, inherits: map[store.Inheritance]bool{}}
	for _, g := range c.Grants {
		known.grants[grantKey{s.id(g.Group), g.Permission}] = true
	}
	for _, i := range c.Inheritances {
		known.inherits[store.Inheritance{Senior: s.id(i.Senior), Junior: s.id(i.Junior)}] = true
	}
	return known
}
