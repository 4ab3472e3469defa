package policyfile

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strings"

	"github.com/rbac-go/rbac"
)

// Step is one difference between a file and a store.
type Step struct {
	Op     string `json:"op"`   // "add", "change" or "remove"; "extra" in [Plan].Extras
	Kind   string `json:"kind"` // "section", "permission", "group", "inheritance", "grant", "separation", "delegation" or "membership"
	Name   string `json:"name"`
	Detail string `json:"detail,omitempty"` // of a change: the fields before and after
	Line   int    `json:"line,omitempty"`   // in the file; 0 for a record that the file does not name
}

// String returns a line with a sign in front: + add, ~ change, - remove, ?
// extra.
func (s Step) String() string {
	sign := map[string]string{"add": "+", "change": "~", "remove": "-", "extra": "?"}[s.Op]
	line := fmt.Sprintf("%s %s %q", sign, s.Kind, s.Name)
	if s.Detail != "" {
		line += ": " + s.Detail
	}
	return line
}

// id identifies a record.
type id struct {
	kind kind
	key  string
}

func (r record) id() id { return id{r.kind, r.key} }

// difference is a Step with its records. Each is nil if there was or will be no
// such record.
type difference struct {
	was, is *record
}

func (d difference) step() Step {
	switch {
	case d.was == nil:
		return Step{Op: "add", Kind: d.is.kind.String(), Name: d.is.name(), Line: d.is.line}
	case d.is == nil:
		return Step{Op: "remove", Kind: d.was.kind.String(), Name: d.was.name()}
	}
	return Step{Op: "change", Kind: d.is.kind.String(), Name: d.is.name(), Line: d.is.line, Detail: changedFields(d.was.value, d.is.value)}
}

// changedFields lists the fields that differ, such as note: "a" → "b".
func changedFields(was, is any) string {
	before, after := jsonFields(was), jsonFields(is)
	names := maps.Clone(before)
	maps.Copy(names, after)
	var list []string
	for _, name := range slices.Sorted(maps.Keys(names)) {
		if b, a := before[name], after[name]; b != a {
			list = append(list, fmt.Sprintf("%s: %s → %s", name, orNone(b), orNone(a)))
		}
	}
	return strings.Join(list, ", ")
}

func orNone(value string) string {
	if value == "" {
		return "none"
	}
	return value
}

// jsonFields returns the fields of a record as JSON, by name.
func jsonFields(v any) map[string]string {
	var raw map[string]json.RawMessage
	text, err := json.Marshal(v)
	if err == nil {
		err = json.Unmarshal(text, &raw)
	}
	if err != nil {
		panic(err) // unreachable: records are structs of texts, numbers and times
	}
	fields := map[string]string{}
	for name, value := range raw {
		fields[name] = string(value)
	}
	return fields
}

// pruning has the data that a comparison needs before its transaction. A nil
// pruning removes nothing.
type pruning struct {
	declared map[string]bool // permissions
}

// pruningOf returns the pruning of a store, or nil without prune.
func pruningOf(ctx context.Context, a *rbac.Authority, f *File, prune bool) (*pruning, error) {
	if !prune {
		return nil, nil
	}
	declared, err := declaredPermissions(ctx, a, f)
	return &pruning{declared}, err
}

// comparison compares a file with the store that a transaction sees.
type comparison struct {
	file        *File
	pruning     *pruning
	administer  string // a permission that Open adds, and no file has to name
	named       map[id]bool
	brought     map[mark]bool // by earlier applies
	have        map[id]record
	inUse       map[string]bool // permissions that pruning keeps
	differences []difference
	extras      []Step
}

// compare returns the differences, in the order of kinds and keys.
func compare(tx *rbac.Tx, f *File, p *pruning, administer string) (*comparison, error) {
	c := &comparison{file: f, pruning: p, administer: administer, named: f.named(), have: map[id]record{}}
	var err error
	if c.brought, err = readMarks(tx, f.Name); err != nil {
		return nil, err
	}
	if err := c.readStore(tx); err != nil {
		return nil, err
	}
	if p != nil {
		c.readInUse()
	}
	wanted := map[id]bool{}
	for _, is := range f.records {
		wanted[is.id()] = true
		was, exists := c.have[is.id()]
		if is.kind == memberships {
			is.value = c.ownedBy(is.value.(rbac.Membership), was, exists)
		}
		switch {
		case !exists:
			c.differences = append(c.differences, difference{nil, &is})
		case !reflect.DeepEqual(was.value, is.value):
			c.differences = append(c.differences, difference{&was, &is})
		}
	}
	for id, was := range c.have {
		switch {
		case wanted[id]:
		case p != nil && c.isPruned(was) && !c.isInUse(was):
			c.differences = append(c.differences, difference{&was, nil})
		case c.isExtra(was):
			c.extras = append(c.extras, Step{Op: "extra", Kind: was.kind.String(), Name: was.name()})
		}
	}
	c.sort()
	return c, nil
}

// sourceOf returns the Source of the memberships that a file adds. The prefix
// distinguishes these memberships from those of a directory with the same name.
func sourceOf(file string) string { return "file:" + file }

// ownedBy returns a membership of the file with its Source. The Source of an
// existing membership never changes.
func (c *comparison) ownedBy(m rbac.Membership, was record, exists bool) rbac.Membership {
	if exists {
		m.Source = was.value.(rbac.Membership).Source
	} else if m.Source == "" {
		m.Source = sourceOf(c.file.Name)
	}
	return m
}

// readStore reads the records of the store. If the file has a list of
// memberships, readStore also reads the memberships of users in the file, and
// the memberships that an apply of the file has added.
func (c *comparison) readStore(tx *rbac.Tx) error {
	records, err := policyOf(tx)
	if err != nil {
		return err
	}
	for _, r := range records {
		c.have[r.id()] = r
	}
	if !c.file.memberships {
		return nil
	}
	users := map[string]bool{}
	for _, r := range c.file.records {
		if m, ok := r.value.(rbac.Membership); ok {
			users[m.User] = true
		}
	}
	return membershipsOf(tx, func(m rbac.Membership) {
		if users[m.User] || m.Source == sourceOf(c.file.Name) {
			r := newRecord(m)
			c.have[r.id()] = r
		}
	})
}

// named returns the records that the file has or refers to.
func (f *File) named() map[id]bool {
	named := map[id]bool{}
	for _, r := range f.records {
		named[r.id()] = true
		for _, g := range r.groupsOf() {
			named[id{groups, g}] = true
		}
		switch v := r.value.(type) {
		case rbac.Permission:
			named[id{sections, v.Section}] = true
		case rbac.Grant:
			named[id{permissions, v.Permission}] = true
		}
	}
	return named
}

// isPruned reports whether an earlier apply has added a record, and the file no
// longer names the record. A record that was renamed, or deleted and added
// again, has another mark.
func (c *comparison) isPruned(r record) bool {
	if r.kind == memberships {
		return r.value.(rbac.Membership).Source == sourceOf(c.file.Name)
	}
	return c.brought[markOf(r)] && !c.named[r.id()]
}

func (c *comparison) isInUse(r record) bool {
	p, ok := r.value.(rbac.Permission)
	return ok && c.inUse[p.Name]
}

// isExtra reports whether a plan lists a record of the store that the file does
// not name. A plan does not list the relations of a group that the file does
// not name.
func (c *comparison) isExtra(r record) bool {
	switch v := r.value.(type) {
	case rbac.Permission:
		return v.Name != c.administer && !c.named[r.id()]
	case rbac.Inheritance:
		return c.named[id{groups, v.Senior}]
	case rbac.Grant:
		return c.named[id{groups, v.Group}]
	case rbac.Delegation:
		return c.named[id{groups, v.Group}]
	}
	return !c.named[r.id()]
}

func (c *comparison) sort() {
	key := func(d difference) id {
		if d.is != nil {
			return d.is.id()
		}
		return d.was.id()
	}
	slices.SortFunc(c.differences, func(a, b difference) int { return key(a).compare(key(b)) })
	slices.SortFunc(c.extras, func(a, b Step) int {
		return id{kindOf(a.Kind), a.Name}.compare(id{kindOf(b.Kind), b.Name})
	})
}

func (i id) compare(j id) int {
	if i.kind != j.kind {
		return int(i.kind - j.kind)
	}
	return strings.Compare(i.key, j.key)
}

func kindOf(name string) kind { return kind(slices.Index(kindNames[:], name)) }

func (c *comparison) steps() []Step {
	var steps []Step
	for _, d := range c.differences {
		steps = append(steps, d.step())
	}
	return steps
}
