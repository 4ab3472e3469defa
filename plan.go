package rbac

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"time"

	"github.com/google/uuid"
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
	// sections, permissions and groups; and the grants, patterns included, and
	// inheritances of groups that the catalogue names. They may belong to
	// another program on the same store. Declare leaves them alone.
	Unknown Catalogue
	// Unmatched has all grants of patterns, except of *, that would match no
	// permission after the Declare: typing errors, or grants for permissions
	// that are added later.
	Unmatched []PlanEntry
	// Effect has the changes that Declare would write, and the rights that
	// users would gain.
	Effect Effect
}

// PlanEntry is one record in a Plan.
type PlanEntry struct {
	Kind   string // "section", "permission", "group", "grant" or "inheritance"
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
	stored, err := readStored(d)
	if err != nil {
		return Plan{}, err
	}
	p.LeftOut, p.Unknown, p.Unmatched = stored.leftOut(c), stored.unknown(c), stored.unmatched()
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
	case "ModifySection", "ModifyPermission", "ModifyGroup":
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
	write("+", p.Add.entries())
	write("~", p.Update)
	write("-", p.LeftOut)
	write("?", p.Unknown.entries())
	write("!", p.Unmatched)
	return b.String()
}

// entries returns the records of a catalogue in the order of Catalogue, without
// reasons.
func (c Catalogue) entries() []PlanEntry {
	var all []PlanEntry
	for _, s := range c.Sections {
		all = append(all, PlanEntry{Kind: "section", Name: s.Name})
	}
	for _, p := range c.Permissions {
		all = append(all, PlanEntry{Kind: "permission", Name: p.Name})
	}
	for _, g := range c.Groups {
		all = append(all, PlanEntry{Kind: "group", Name: g.Name})
	}
	for _, i := range c.Inheritances {
		all = append(all, PlanEntry{Kind: "inheritance", Name: inheritanceName(i)})
	}
	for _, g := range c.Grants {
		all = append(all, PlanEntry{Kind: "grant", Name: grantName(g)})
	}
	return all
}
