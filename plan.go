package rbac

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/google/uuid"

	"github.com/rbac-go/rbac/internal/catalogue"
	"github.com/rbac-go/rbac/internal/delegation"
	"github.com/rbac-go/rbac/store"
)

// Plan lists what Declare would do with a catalogue, and what Declare would
// leave alone; see [Authority.Plan]. The Plan is zero if the store agrees with
// the catalogue in everything.
type Plan struct {
	// Add has the records that would be added. Grants and inheritances have the
	// present names of groups. IDs and times are not known yet and zero.
	Add Catalogue
	// Update has the records that would get other texts, sections or positions,
	// by present names.
	Update []PlanEntry
	// LeftOut has the records of the catalogue that an administrator removed,
	// by declared names.
	LeftOut []PlanEntry
	// Unknown has the records of the store that the catalogue does not name:
	// sections, groups, and permissions except Config.Administer; and the
	// grants, patterns included, inheritances and delegations of groups that the
	// catalogue names. They may belong to another program on the same store. Declare
	// leaves them alone.
	Unknown Catalogue
	// Unmatched has all grants of patterns, except of *, that would match no
	// permission after the Declare: typing errors, or grants for permissions
	// that are added later. Unmatched also has each delegation with a group that
	// nobody can assign by the delegation.
	Unmatched []PlanEntry
	// Effect has the changes that Declare would write, and the rights that
	// users would gain.
	Effect Effect
}

// PlanEntry is one record in a Plan.
type PlanEntry struct {
	Kind   string // "section", "permission", "group", "grant", "inheritance" or "delegation"
	Name   string // as in errors, such as "post.edit to editors" for a grant
	Reason string // why it is in Plan.LeftOut or Plan.Unmatched, in plain English; empty in Plan.Update
}

// Plan returns what [Authority.Declare] would do with a catalogue now, and
// changes nothing. If Declare would fail, Plan fails with the same error.
//
// Plan runs Declare as [Authority.Preview] does. So Plan needs a writable store,
// and Plan and other Updates wait for each other. The result may be
// outdated when Plan returns.
func (a *Authority) Plan(ctx context.Context, c Catalogue) (Plan, error) {
	var plan Plan
	effect, err := a.Preview(ctx, func(tx *Tx) error {
		d, err := newDeclarer(tx)
		if err != nil {
			return err
		}
		if err := d.declareAll(c); err != nil {
			return err
		}
		plan, err = collectPlan(d, c)
		return err
	})
	if err != nil {
		return Plan{}, err
	}
	plan.Effect = effect
	return plan, nil
}

// collectPlan reads the store after Declare.
func collectPlan(d *declarer, c Catalogue) (Plan, error) {
	var p Plan
	for change, err := range d.tx.Changes(ChangeQuery{After: d.tx.changes.From.Revision}) {
		if err != nil {
			return Plan{}, err
		}
		if err := p.add(change); err != nil {
			return Plan{}, err
		}
	}
	s, err := readStored(d)
	if err != nil {
		return Plan{}, err
	}
	p.LeftOut, p.Unknown, p.Unmatched = s.leftOut(c), s.unknown(c), s.unmatched()
	return p, nil
}

// add adds a change by Declare.
func (p *Plan) add(c Change) error {
	switch c.Action {
	case "AddSection":
		return appendAdded(&p.Add.Sections, c, func(*Section) {})
	case "AddPermission":
		return appendAdded(&p.Add.Permissions, c, func(p *Permission) { p.ID, p.Created = uuid.Nil, time.Time{} })
	case "AddGroup":
		return appendAdded(&p.Add.Groups, c, func(g *Group) { g.ID, g.Created = uuid.Nil, time.Time{} })
	case "GrantPermission":
		return appendAdded(&p.Add.Grants, c, func(g *Grant) { g.GrantedBy, g.GrantedAt = "", time.Time{} })
	case "AddInheritance":
		return appendAdded(&p.Add.Inheritances, c, func(*Inheritance) {})
	case "AddDelegation":
		return appendAdded(&p.Add.Delegations, c, func(*Delegation) {})
	case "DeleteDelegation": // no group was left
		p.Update = append(p.Update, PlanEntry{Kind: "delegation", Name: c.Subject})
	case "ModifySection", "ModifyPermission", "ModifyGroup", "ModifyDelegation":
		kind := strings.ToLower(strings.TrimPrefix(c.Action, "Modify"))
		p.Update = append(p.Update, PlanEntry{Kind: kind, Name: c.Subject})
	}
	return nil
}

// appendAdded appends the record of a change, without the fields that differ
// each time.
func appendAdded[R any](added *[]R, c Change, strip func(*R)) error {
	var record R
	if err := json.Unmarshal(c.After, &record); err != nil {
		return fmt.Errorf("%w: the change log's %s of %q: %v", ErrUnavailable, c.Action, c.Subject, err)
	}
	strip(&record)
	*added = append(*added, record)
	return nil
}

// String returns a line for each record: + for a record that would be added, ~
// updated, - left out and why, ? unknown to the catalogue, ! a grant that
// matches nothing. The string of a zero Plan is empty.
func (p Plan) String() string {
	var b strings.Builder
	write := func(sign string, entries []PlanEntry) {
		for _, e := range entries {
			fmt.Fprintf(&b, "%s %s %q", sign, e.Kind, e.Name)
			if e.Reason != "" {
				b.WriteString(": " + e.Reason)
			}
			b.WriteByte('\n')
		}
	}
	entries := func(c Catalogue) (list []PlanEntry) {
		for _, r := range c.records(func(string) uuid.UUID { return uuid.Nil }) {
			list = append(list, PlanEntry{Kind: r.Kind, Name: r.Shown})
		}
		return list
	}
	write("+", entries(p.Add))
	write("~", p.Update)
	write("-", p.LeftOut)
	write("?", entries(p.Unknown))
	write("!", p.Unmatched)
	return b.String()
}

// records returns the records of a catalogue in the order of a Plan. The
// argument id returns the id of a group.
func (c Catalogue) records(id func(name string) uuid.UUID) (all []catalogue.Record) {
	add := func(key catalogue.Key, shown string, groups ...string) {
		all = append(all, catalogue.Record{Key: key, Shown: shown, Groups: groups})
	}
	for _, s := range c.Sections {
		add(catalogue.Section(s.Name), s.Name)
	}
	for _, p := range c.Permissions {
		add(catalogue.Permission(p.Name), p.Name)
	}
	for _, g := range c.Groups {
		add(catalogue.Group(id(g.Name)), g.Name)
	}
	for _, i := range c.Inheritances {
		key := catalogue.Inheritance(store.Inheritance{Senior: id(i.Senior), Junior: id(i.Junior)})
		add(key, inheritanceName(i), i.Senior, i.Junior)
	}
	for _, g := range c.Grants {
		add(catalogue.Grant(store.Grant{Group: id(g.Group), Permission: g.Permission}), grantName(g), g.Group)
	}
	for _, d := range c.Delegations {
		add(catalogue.Delegation(id(d.Group)), d.Group, d.Group)
	}
	return all
}

// storedRecords are the records of a policy in the store, to compare with a
// catalogue that was just declared.
type storedRecords struct {
	declared     map[declarationKey]store.Declaration
	sections     []Section
	permissions  []Permission
	groups       []Group
	administer   string // not a record of any program
	grants       []store.Grant
	inheritances []store.Inheritance
	delegations  []Delegation
	faults       []delegation.Fault

	exists catalogue.Keys
	ids    map[string]uuid.UUID // of groups, by their present names
	names  map[uuid.UUID]string
}

// readStored reads and indexes the records of the store.
func readStored(d *declarer) (*storedRecords, error) {
	s := &storedRecords{administer: d.tx.a.cfg.Administer, declared: d.declared,
		ids: map[string]uuid.UUID{}, names: map[uuid.UUID]string{}}
	var errs [7]error
	s.sections, errs[0] = d.tx.Sections()
	s.permissions, errs[1] = d.tx.Permissions()
	s.groups, errs[2] = d.tx.Groups()
	s.grants, errs[3] = d.tx.r.Grants(store.GrantFilter{})
	s.inheritances, errs[4] = d.tx.r.Inheritances(store.InheritanceFilter{})
	s.delegations, errs[5] = d.tx.Delegations()
	s.faults, errs[6] = d.tx.delegationFaults()
	for _, g := range s.groups {
		s.ids[g.Name], s.names[g.ID] = g.ID, g.Name
	}
	present := Catalogue{Sections: s.sections, Permissions: s.permissions, Groups: s.groups, Delegations: s.delegations}
	s.exists = catalogue.KeysOf(present.records(func(name string) uuid.UUID { return s.ids[name] }))
	for _, i := range s.inheritances {
		s.exists[catalogue.Inheritance(i)] = true
	}
	for _, g := range s.grants {
		s.exists[catalogue.Grant(g)] = true
	}
	return s, errors.Join(errs[:]...)
}

// id returns the id of the group that a catalogue means by a name. The group
// may be deleted.
func (s *storedRecords) id(name string) uuid.UUID {
	if known, ok := s.declared[declarationKey{"group", name}]; ok {
		return known.ID
	}
	return s.ids[name]
}

// leftOut lists the records of a catalogue that the store lacks.
func (s *storedRecords) leftOut(c Catalogue) (entries []PlanEntry) {
	for _, e := range s.exists.Missing(c.records(s.id)) {
		entries = append(entries, PlanEntry(e))
	}
	return entries
}

// unknown returns the records of the store that a catalogue does not name.
func (s *storedRecords) unknown(c Catalogue) (other Catalogue) {
	known := catalogue.KeysOf(c.records(s.id))
	other.Sections = catalogue.Others(s.sections, func(r Section) bool { return known[catalogue.Section(r.Name)] })
	other.Permissions = catalogue.Others(s.permissions, func(p Permission) bool {
		return p.Name == s.administer || known[catalogue.Permission(p.Name)]
	})
	other.Groups = catalogue.Others(s.groups, func(g Group) bool { return known[catalogue.Group(g.ID)] })
	for _, i := range s.inheritances {
		if known[catalogue.Group(i.Senior)] && !known[catalogue.Inheritance(i)] {
			other.Inheritances = append(other.Inheritances,
				Inheritance{Senior: s.names[i.Senior], Junior: s.names[i.Junior]})
		}
	}
	for _, g := range s.grants {
		if known[catalogue.Group(g.Group)] && !known[catalogue.Grant(g)] {
			other.Grants = append(other.Grants, publicGrant(g, s.names[g.Group]))
		}
	}
	other.Delegations = catalogue.Others(s.delegations, func(d Delegation) bool {
		group := s.ids[d.Group]
		return !known[catalogue.Group(group)] || known[catalogue.Delegation(group)]
	})
	return other
}

// unmatchedReason is the reason of Plan and Validate for a grant of a pattern.
const unmatchedReason = "the pattern matches no permission"

// unmatched lists the grants of patterns that match no permission, and the
// delegations that nobody can use.
func (s *storedRecords) unmatched() []PlanEntry {
	var entries []PlanEntry
	for _, g := range s.exists.Unmatched(s.grants) {
		name := grantName(publicGrant(g, s.names[g.Group]))
		entries = append(entries, PlanEntry{"grant", name, unmatchedReason})
	}
	for _, f := range s.faults {
		entries = append(entries, PlanEntry{"delegation", f.Group, f.Reason})
	}
	return entries
}
