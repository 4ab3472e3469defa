package policyfile

import (
	"errors"
	"slices"
	"strings"
	"time"

	"github.com/google/uuid"

	"github.com/rbac-go/rbac"
)

// ExportOptions are the options of [Export].
type ExportOptions struct {
	Name        string // of the file; needed
	Memberships bool   // list the memberships, too
}

// Export returns the policy that a transaction sees. The records are in byte
// order: two exports of equal policies have equal bytes. Ids, times and actors
// are left out, and so is the source of a membership that an earlier apply of a
// file with this name has added.
//
// Errors: ErrInvalid for a Name that is empty or that no file can have.
func Export(tx *rbac.Tx, o ExportOptions) (*File, error) {
	if _, err := tx.Applied(o.Name); err != nil {
		return nil, err
	}
	records, err := policyOf(tx)
	if err == nil && o.Memberships {
		err = membershipsOf(tx, func(m rbac.Membership) {
			if m.Source == sourceOf(o.Name) {
				m.Source = ""
			}
			records = append(records, newRecord(m))
		})
	}
	sorted(records)
	return &File{Name: o.Name, memberships: o.Memberships, records: records}, err
}

// policyOf returns the records of a store without the memberships.
func policyOf(tx *rbac.Tx) (records []record, err error) {
	p := policyReader{tx: tx, ids: map[string]string{}}
	for _, read := range []func() error{p.sections, p.permissions, p.groups, p.grants, p.inheritances, p.separations, p.delegations} {
		if err := read(); err != nil {
			return nil, err
		}
	}
	return p.records, nil
}

// policyReader reads the records of a store.
type policyReader struct {
	tx      *rbac.Tx
	records []record
	ids     map[string]string // of groups, by name
}

func (p *policyReader) add(value any, stamp string) {
	r := newRecord(value)
	r.stamp = stamp
	p.records = append(p.records, r)
}

func (p *policyReader) sections() error {
	list, err := p.tx.Sections()
	for _, s := range list {
		p.add(s, "")
	}
	return err
}

func (p *policyReader) permissions() error {
	list, err := p.tx.Permissions()
	for _, r := range list {
		id := r.ID.String()
		r.ID, r.Created = uuid.Nil, time.Time{}
		p.add(r, id)
	}
	return err
}

func (p *policyReader) groups() error {
	list, err := p.tx.Groups()
	for _, g := range list {
		id := g.ID.String()
		p.ids[g.Name] = id
		g.ID, g.Created = uuid.Nil, time.Time{}
		p.add(g, id)
	}
	return err
}

func (p *policyReader) grants() error {
	list, err := p.tx.AllGrants()
	for _, g := range list {
		at := g.GrantedAt.Format(time.RFC3339Nano)
		g.GrantedBy, g.GrantedAt = "", time.Time{}
		p.add(g, p.ids[g.Group]+" "+at)
	}
	return err
}

func (p *policyReader) inheritances() error {
	list, err := p.tx.Inheritances()
	for _, i := range list {
		p.add(i, p.ids[i.Senior]+" "+p.ids[i.Junior])
	}
	return err
}

func (p *policyReader) separations() error {
	static, err1 := p.tx.SSDSets()
	for _, s := range static {
		p.add(separation{s, false}, p.groupIDs(s.Groups))
	}
	dynamic, err2 := p.tx.DSDSets()
	for _, s := range dynamic {
		p.add(separation{s, true}, p.groupIDs(s.Groups))
	}
	return errors.Join(err1, err2)
}

// groupIDs returns the ids of groups, in an order that no rename changes.
func (p *policyReader) groupIDs(names []string) string {
	var ids []string
	for _, name := range names {
		ids = append(ids, p.ids[name])
	}
	slices.Sort(ids)
	return strings.Join(ids, " ")
}

func (p *policyReader) delegations() error {
	list, err := p.tx.Delegations()
	for _, d := range list {
		p.add(d, p.ids[d.Group])
	}
	return err
}

// membershipsOf calls each for every membership, without the fields that differ
// each time.
func membershipsOf(tx *rbac.Tx, each func(rbac.Membership)) error {
	for m, err := range tx.Memberships(rbac.MembershipQuery{}) {
		if err != nil {
			return err
		}
		m.AssignedBy, m.AssignedAt = "", time.Time{}
		each(m)
	}
	return nil
}
