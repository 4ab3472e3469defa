package rbaccli

import (
	"errors"

	"github.com/rbac-go/rbac"
)

// separationVerbs are the verbs for separation of duty sets.
type separationVerbs struct {
	List   separationList   `cmd:"" help:"List the sets."`
	Show   separationShow   `cmd:"" help:"Show a set."`
	Add    separationAdd    `cmd:"" help:"Add a set."`
	Change separationChange `cmd:"" help:"Change the groups or the cardinality of a set."`
	Remove separationRemove `cmd:"" help:"Remove a set."`
}

// separationRow is a set in the output.
type separationRow struct {
	Name        string   `json:"name"`
	Kind        string   `json:"kind"` // static or dynamic
	Groups      []string `json:"groups"`
	Cardinality int      `json:"cardinality"`
}

// separationRows lists the static and then the dynamic sets.
func separationRows(tx *rbac.Tx) (rows []separationRow, err error) {
	static, err := tx.SSDSets()
	if err != nil {
		return nil, err
	}
	dynamic, err := tx.DSDSets()
	for _, s := range static {
		rows = append(rows, separationRow{s.Name, "static", s.Groups, s.Cardinality})
	}
	for _, s := range dynamic {
		rows = append(rows, separationRow{s.Name, "dynamic", s.Groups, s.Cardinality})
	}
	return rows, err
}

type separationList struct{}

func (v *separationList) Run(c *call) error { return list(c, separationRows) }

// whichSet names a set. Static and dynamic sets have names of their own.
type whichSet struct {
	Name    string `arg:"" help:"The name of the set."`
	Dynamic bool   `help:"A dynamic set, which limits the groups of a session. Otherwise a static set, which limits the groups of a user."`
}

// find returns the set. If there is only a set of the other kind, the error
// names the flag.
func (w whichSet) find(tx *rbac.Tx) (s rbac.SeparationSet, err error) {
	this, other := tx.SSDSet, tx.DSDSet
	if w.Dynamic {
		this, other = other, this
	}
	if s, err = this(w.Name); !errors.Is(err, rbac.ErrNotFound) {
		return s, err
	}
	if _, otherErr := other(w.Name); otherErr != nil {
		return s, err
	}
	if w.Dynamic {
		return s, usagef("The set %q is static: leave out --dynamic.", w.Name)
	}
	return s, usagef("The set %q is dynamic: add --dynamic.", w.Name)
}

type separationShow struct{ whichSet }

func (v *separationShow) Run(c *call) error {
	return show(c, func(tx *rbac.Tx) (separationRow, error) {
		s, err := v.find(tx)
		kind := "static"
		if v.Dynamic {
			kind = "dynamic"
		}
		return separationRow{s.Name, kind, s.Groups, s.Cardinality}, err
	})
}

type separationAdd struct {
	whichSet
	Groups      []string `arg:"" name:"group" help:"The groups that are kept apart."`
	Cardinality int      `default:"2" placeholder:"N" help:"The number of groups at which the set is violated."`
	change
}

func (separationAdd) Help() string {
	return `    rbac separation add money payers auditors`
}

func (v *separationAdd) Run(c *call) error {
	return v.apply(c, func(tx *rbac.Tx) error {
		s := rbac.SeparationSet{Name: v.Name, Groups: v.Groups, Cardinality: v.Cardinality}
		if v.Dynamic {
			return tx.CreateDSDSet(s)
		}
		return tx.CreateSSDSet(s)
	})
}

type separationChange struct {
	whichSet
	Cardinality int      `placeholder:"N" help:"The number of groups at which the set is violated."`
	Add         []string `sep:"none" placeholder:"GROUP" help:"A group that is added to the set; may be repeated."`
	Remove      []string `sep:"none" placeholder:"GROUP" help:"A group that leaves the set; may be repeated."`
	change
}

// Run changes the set. Groups are added first and removed last, so that the set
// never has fewer groups than its cardinality.
func (v *separationChange) Run(c *call) error {
	return v.apply(c, func(tx *rbac.Tx) error {
		if _, err := v.find(tx); err != nil {
			return err
		}
		add, remove, limit := tx.AddSSDSetMember, tx.DeleteSSDSetMember, tx.SetSSDSetCardinality
		if v.Dynamic {
			add, remove, limit = tx.AddDSDSetMember, tx.DeleteDSDSetMember, tx.SetDSDSetCardinality
		}
		for _, g := range v.Add {
			if err := add(v.Name, g); err != nil {
				return err
			}
		}
		if v.Cardinality != 0 {
			if err := limit(v.Name, v.Cardinality); err != nil {
				return err
			}
		}
		for _, g := range v.Remove {
			if err := remove(v.Name, g); err != nil {
				return err
			}
		}
		return nil
	})
}

type separationRemove struct {
	whichSet
	change
}

func (v *separationRemove) Run(c *call) error {
	return v.apply(c, func(tx *rbac.Tx) error {
		if _, err := v.find(tx); err != nil {
			return err
		}
		if v.Dynamic {
			return tx.DeleteDSDSet(v.Name)
		}
		return tx.DeleteSSDSet(v.Name)
	})
}
