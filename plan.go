package rbac

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/google/uuid"
)

// Plan tells what Declare would do with a catalogue, and what it would not; see
// [Authority.Plan]. The zero Plan is that of a store that agrees with its catalogue in everything.
type Plan struct {
	// Add is what would be added, groups of grants and inheritances by their present
	// names. IDs and times are not known yet and zero.
	Add Catalogue
	// Update is what would get other texts, sections or positions, by present names.
	Update []PlanEntry
	// LeftOut is what the catalogue names and an administrator took away, by declared names.
	LeftOut []PlanEntry
	// Unknown is what the store has and the catalogue does not name: sections, permissions and groups;
	// and for the groups that it does name, their grants, patterns included, and what they inherit. It may belong to
	// another program on the same store. Declare leaves it alone.
	Unknown Catalogue
	// Unmatched are grants of patterns, whoever made them, that would match no
	// permission after the Declare: a typing error, or made for permissions that are
	// added later. A grant of * is not among them.
	Unmatched []PlanEntry
}

// PlanEntry is one record in a Plan.
type PlanEntry struct {
	Kind   string // "section", "permission", "group", "grant" or "inheritance"
	Name   string // as errors print it, such as "post.edit to editors" of a grant
	Reason string // why it is in Plan.LeftOut or Plan.Unmatched, in plain English; empty in Plan.Update
}

// Plan tells what [Authority.Declare] would do with a catalogue now, and does nothing. Where
// Declare would fail, Plan fails with the same error.
//
// It runs Declare itself in an Update that it rolls back. So it needs a store that can be written
// to, it waits for other Updates, and they wait for it. What it tells may be outdated when it returns.
func (a *Authority) Plan(ctx context.Context, c Catalogue) (Plan, error) {
	var plan Plan
	err := a.Update(ctx, func(tx *Tx) error {
		d, err := newDeclarer(tx)
		if err != nil {
			return err
		}
		if err := d.all(c); err != nil {
			return err
		}
		if plan, err = collectPlan(d, c); err != nil {
			return err
		}
		return errPlanned
	})
	if !errors.Is(err, errPlanned) {
		return Plan{}, err
	}
	return plan, nil
}

// errPlanned rolls back.
var errPlanned = errors.New("rbac: only planned")

// collectPlan looks at the store as Declare left it.
func collectPlan(d *declarer, c Catalogue) (Plan, error) {
	var p Plan
	for change, err := range d.tx.Changes(ChangeQuery{After: d.tx.changes.From.Revision}) {
		if err != nil {
			return Plan{}, err
		}
		if err := p.done(change); err != nil {
			return Plan{}, err
		}
	}
	held, err := readHoldings(d)
	if err != nil {
		return Plan{}, err
	}
	p.LeftOut, p.Unknown, p.Unmatched = held.missing(c), held.beside(c), held.unmatched()
	return p, nil
}

// done notes a change that Declare made.
func (p *Plan) done(c Change) error {
	switch c.Action {
	case "AddSection":
		return noteAdded(&p.Add.Sections, c, func(*Section) {})
	case "AddPermission":
		return noteAdded(&p.Add.Permissions, c, func(p *Permission) { p.ID, p.Created = uuid.Nil, time.Time{} })
	case "AddGroup":
		return noteAdded(&p.Add.Groups, c, func(g *Group) { g.ID, g.Created = uuid.Nil, time.Time{} })
	case "GrantPermission":
		return noteAdded(&p.Add.Grants, c, func(g *Grant) { g.GrantedBy, g.GrantedAt = "", time.Time{} })
	case "AddInheritance":
		return noteAdded(&p.Add.Inheritances, c, func(*Inheritance) {})
	case "ModifySection", "ModifyPermission", "ModifyGroup":
		kind := strings.ToLower(strings.TrimPrefix(c.Action, "Modify"))
		p.Update = append(p.Update, PlanEntry{Kind: kind, Name: c.Subject})
	}
	return nil
}

// noteAdded takes the record out of a change, but for what differs each time.
func noteAdded[R any](added *[]R, c Change, strip func(*R)) error {
	var record R
	if err := json.Unmarshal(c.After, &record); err != nil {
		return fmt.Errorf("%w: the change log's %s of %q: %v", ErrUnavailable, c.Action, c.Subject, err)
	}
	strip(&record)
	*added = append(*added, record)
	return nil
}

// String prints a line for each record: + for what would be added, ~ updated, - what is left
// out and why, ? what the catalogue does not know, ! grants that match nothing. It is empty where there is nothing to tell.
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
