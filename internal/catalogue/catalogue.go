// Package catalogue compares the records that a program declares with the
// records of a store, for Plan of package rbac.
package catalogue

import (
	"github.com/google/uuid"

	"github.com/rbac-go/rbac/internal/names"
	"github.com/rbac-go/rbac/store"
)

// Key identifies a record. Groups are identified by their ids, because a group
// may have been renamed.
type Key struct {
	Kind          string
	Name          string // of a section or permission, and of the permission of a grant
	Group, Junior uuid.UUID
}

// Section returns the key of a section.
func Section(name string) Key { return Key{Kind: "section", Name: name} }

// Permission returns the key of a permission.
func Permission(name string) Key { return Key{Kind: "permission", Name: name} }

// Group returns the key of a group.
func Group(id uuid.UUID) Key { return Key{Kind: "group", Group: id} }

// Inheritance returns the key of an inheritance.
func Inheritance(i store.Inheritance) Key {
	return Key{Kind: "inheritance", Group: i.Senior, Junior: i.Junior}
}

// Grant returns the key of a grant.
func Grant(g store.Grant) Key { return Key{Kind: "grant", Group: g.Group, Name: g.Permission} }

// Delegation returns the key of the delegation of a group.
func Delegation(group uuid.UUID) Key { return Key{Kind: "delegation", Group: group} }

// Record is a record of a catalogue with its key.
type Record struct {
	Key
	Shown  string   // the name for people
	Groups []string // of an inheritance, grant or delegation: the groups of the key, as the catalogue names them
}

// Entry is a record with the reason why the record is listed.
type Entry struct {
	Kind, Name, Reason string
}

// Keys is a set of keys.
type Keys map[Key]bool

// KeysOf returns the keys of records.
func KeysOf(records []Record) Keys {
	keys := Keys{}
	for _, r := range records {
		keys[r.Key] = true
	}
	return keys
}

// Others returns the records that a catalogue does not account for: nil if there
// are none.
func Others[R any](records []R, known func(R) bool) (others []R) {
	for _, r := range records {
		if !known(r) {
			others = append(others, r)
		}
	}
	return others
}

// Missing lists the records of a catalogue that a store with the keys lacks,
// without repetition. After Declare a record is missing because somebody
// removed it.
func (stored Keys) Missing(records []Record) (entries []Entry) {
	seen := map[Entry]bool{}
	for _, r := range records {
		e := Entry{r.Kind, r.Shown, stored.whyGone(r)}
		if !stored[r.Key] && !seen[e] {
			seen[e] = true
			entries = append(entries, e)
		}
	}
	return entries
}

// whyGone returns why a record is missing.
func (stored Keys) whyGone(r Record) string {
	ids := []uuid.UUID{r.Group, r.Junior}
	for i, name := range r.Groups {
		if !stored[Group(ids[i])] {
			return "the group " + name + " was deleted"
		}
	}
	if r.Kind != "grant" {
		return "was deleted"
	}
	if !names.IsPattern(r.Name) && !stored[Permission(r.Name)] {
		return "the permission " + r.Name + " was deleted"
	}
	return "was revoked"
}

// Unmatched returns the grants of patterns that match no permission of the
// store. The pattern * matches without any permission.
func (stored Keys) Unmatched(grants []store.Grant) (unmatched []store.Grant) {
	matched := map[string]bool{names.Everything: true}
	for key := range stored {
		if key.Kind == "permission" {
			for _, pattern := range names.Covering(key.Name) {
				matched[pattern] = true
			}
		}
	}
	for _, g := range grants {
		if names.IsPattern(g.Permission) && !matched[g.Permission] {
			unmatched = append(unmatched, g)
		}
	}
	return unmatched
}
