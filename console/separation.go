package console

import (
	"net/http"
	"slices"
	"strconv"
	"strings"

	"github.com/rbac-go/rbac"
	"github.com/rbac-go/rbac/findings"
)

// separationData is the data of the page of separation of duty sets.
type separationData struct {
	Static, Dynamic part[setRow]
	Of              string       // the name of the sets that the page lists; empty: all
	Groups          []rbac.Group // that a new set can have
	Since           rbac.Revision

	static, dynamic []rbac.SeparationSet
}

// setRow is a set, with the users who have as many of its groups as they may.
type setRow struct {
	rbac.SeparationSet
	Groups part[string]
	Near   []string
	More   bool // more users are near
}

func (c *console) separation(v *visit) error {
	d, err := read(v, func(tx *rbac.Tx, d *separationData) error {
		d.Since, d.Of = tx.Revision(), v.query("set")
		all, err := tx.Groups()
		if err != nil {
			return err
		}
		d.Groups = all
		if d.static, err = tx.SSDSets(); err != nil {
			return err
		}
		if d.dynamic, err = tx.DSDSets(); err != nil || v.query("format") == "csv" {
			return err
		}
		other := func(s rbac.SeparationSet) bool { return d.Of != "" && s.Name != d.Of }
		d.Static = v.setRows(slices.DeleteFunc(d.static, other), "static")
		d.Dynamic = v.setRows(slices.DeleteFunc(d.dynamic, other), "dynamic")
		for i := range d.Static.Rows {
			row := &d.Static.Rows[i]
			if row.Near, row.More, err = findings.AtLimit(tx, row.SeparationSet, shownRows); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return err
	}
	if v.query("format") == "csv" {
		t := v.table("name", "kind", "limit", "groups")
		for i, sets := range [][]rbac.SeparationSet{d.static, d.dynamic} {
			for _, s := range sets {
				t.row(s.Name, v.T([]string{"static kind", "dynamic kind"}[i]), strconv.Itoa(s.Cardinality), strings.Join(s.Groups, ", "))
			}
		}
		return t.send("separation")
	}
	return v.show(http.StatusOK, "separation", frame{CSV: address("separation", "format", "csv"), Data: d})
}

// setRows returns the page of sets that the address selects, and a page of the
// groups of each set.
func (v *visit) setRows(sets []rbac.SeparationSet, name string) part[setRow] {
	page := partOf(v, sets, name)
	p := part[setRow]{Count: page.Count, Pages: page.Pages}
	for _, s := range page.Rows {
		p.Rows = append(p.Rows, setRow{SeparationSet: s, Groups: partOf(v, s.Groups, "groups")})
	}
	return p
}

// set returns the set of an edit. Without a limit, a user may have one of the
// groups.
func (e edit) set() (rbac.SeparationSet, error) {
	n, err := e.number("cardinality")
	if e.get("cardinality") == "" {
		n = 2
	}
	return rbac.SeparationSet{Name: e.get("set"), Groups: e.fields["member"], Cardinality: n}, err
}

// violators returns the first users who would violate a static set, which are
// the users at the limit of a set that allows one more group.
func (v *visit) violators(e edit) ([]string, bool, error) {
	s, err := e.set()
	if err != nil {
		return nil, false, err
	}
	s.Cardinality++
	type found struct {
		users []string
		more  bool
	}
	f, err := read(v, func(tx *rbac.Tx, f *found) (err error) {
		f.users, f.more, err = findings.AtLimit(tx, s, shownRows)
		return err
	})
	return f.users, f.more, err
}

// createSet makes a set. The field kind is static or dynamic.
var createSet = kind{
	apply: func(tx *rbac.Tx, e edit) error {
		s, err := e.set()
		if err != nil {
			return err
		}
		if e.get("kind") == "dynamic" {
			return tx.CreateDSDSet(s)
		}
		return tx.CreateSSDSet(s)
	},
	records: memberRecords,
}

var deleteSet = kind{
	apply: func(tx *rbac.Tx, e edit) error {
		if e.get("kind") == "dynamic" {
			return tx.DeleteDSDSet(e.get("set"))
		}
		return tx.DeleteSSDSet(e.get("set"))
	},
	records: setRecord,
	named:   "set",
}

func setRecord(e edit) []record {
	if e.get("kind") == "dynamic" {
		return []record{{"DSD set", e.get("set")}}
	}
	return []record{{"SSD set", e.get("set")}}
}

// sets is a table of sets.
type sets struct {
	F frame
	part[setRow]
	Kind string
}

// Sets returns the table of some sets.
func (f frame) Sets(p part[setRow], kind string) sets { return sets{f, p, kind} }
