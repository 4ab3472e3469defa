package console

import (
	"cmp"
	"net/http"
	"strconv"
	"strings"

	"github.com/rbac-go/rbac"
	"github.com/rbac-go/rbac/findings"
)

// separationData is the data of the page of separation of duty sets.
type separationData struct {
	Static, Dynamic []setRow
	Groups          []rbac.Group
	Since           rbac.Revision
}

// setRow is a set, with the users who have as many of its groups as they may.
type setRow struct {
	rbac.SeparationSet
	Near []string
	More bool // more users are near
}

func (c *console) separation(v *visit) error {
	d, err := read(v, func(tx *rbac.Tx, d *separationData) (err error) {
		d.Since = tx.Revision()
		static, err1 := tx.SSDSets()
		dynamic, err2 := tx.DSDSets()
		if err := cmp.Or(err1, err2); err != nil {
			return err
		}
		for _, s := range static {
			row := setRow{SeparationSet: s}
			if row.Near, row.More, err = findings.AtLimit(tx, s, shownRows); err != nil {
				return err
			}
			d.Static = append(d.Static, row)
		}
		for _, s := range dynamic {
			d.Dynamic = append(d.Dynamic, setRow{SeparationSet: s})
		}
		d.Groups, err = tx.Groups()
		return err
	})
	if err != nil {
		return err
	}
	if v.query("format") == "csv" {
		t := v.table("name", "kind", "limit", "groups")
		for i, rows := range [][]setRow{d.Static, d.Dynamic} {
			for _, s := range rows {
				t.row(s.Name, v.T([]string{"static kind", "dynamic kind"}[i]), strconv.Itoa(s.Cardinality), strings.Join(s.Groups, ", "))
			}
		}
		return t.send("separation")
	}
	return v.show(http.StatusOK, "separation", frame{CSV: v.next("format", "csv"), Data: d})
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

// violators returns the first users who would violate a static set: those who
// would be at the limit of a set that allows one group more.
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

// sets are the rows of a table of sets.
type sets struct {
	F    frame
	Rows []setRow
	Kind string
}

// Sets returns the table of some sets.
func (f frame) Sets(rows []setRow, kind string) sets { return sets{f, rows, kind} }
