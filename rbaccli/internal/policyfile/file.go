// Package policyfile keeps the policy of a store in files: groups, permissions,
// grants, inheritances, separation sets, delegations and, on demand,
// memberships, as YAML or JSON. docs/policyfiles.md describes the format.
//
//   - [Read] reads a file, and [Export] makes one from a store.
//   - [NewPlan] compares a file with a store, and changes nothing. [Plan.JSON]
//     saves the plan for [ReadPlan].
//   - [Apply] brings a store into line with a file. [Plan.Apply] does
//     exactly what a plan states, or refuses; [Plan.Check] reports which.
//   - [ReadTests] reads a file of tests, and [Tests.Run] asks an Authority.
//
// A file owns the records that it names: the file sets every field of such a
// record, and an omitted field is empty. Other records stay unchanged, except
// that pruning removes records that an earlier apply of a file with the same
// name has added. The store keeps the list of these records; see
// [rbac.Tx.KeepApplied].
package policyfile

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/rbac-go/rbac"
)

// File is the content of a policy file. Make a File with [Read] or [Export].
type File struct {
	// Name identifies the file in a store, wherever the file lies. Pruning
	// removes what an earlier apply of a file with the same Name has added.
	Name string
	// Source is the path for messages, and empty for an exported File.
	Source string

	records     []record // without repetition
	memberships bool     // the file has a list of memberships, which may be empty
}

// kind is a kind of records. The order is the order in plans and files.
type kind int

const (
	sections kind = iota
	permissions
	groups
	inheritances
	grants
	separations
	delegations
	memberships
)

// kindNames are the names of the kinds in plans and errors.
var kindNames = [...]string{"section", "permission", "group", "inheritance", "grant", "separation", "delegation", "membership"}

func (k kind) String() string { return kindNames[k] }

// record is a record of a policy, with the names of other records in place of
// ids.
type record struct {
	kind kind
	key  string // unique among the records of the kind
	// value is a rbac.Section, rbac.Permission, rbac.Group, rbac.Inheritance,
	// rbac.Grant, separation, rbac.Delegation or rbac.Membership. Fields that a
	// file does not have are zero, and lists are in byte order.
	value any
	line  int // in the file; 0 if the record comes from a store
	// stamp distinguishes a record of a store from a later record with the same
	// key, as far as the store can tell.
	stamp string
}

// separation is a separation set with its kind.
type separation struct {
	rbac.SeparationSet
	Dynamic bool `json:"dynamic,omitempty"`
}

// name returns the name of a record for people, as in errors of package rbac.
func (r record) name() string {
	parts := strings.Split(r.key, keySeparator)
	switch r.kind {
	case inheritances:
		return parts[0] + " of " + parts[1]
	case grants:
		return parts[1] + " to " + parts[0]
	case separations:
		return parts[1] + " (" + parts[0] + ")"
	case memberships:
		if parts[2] != "" {
			return parts[0] + " in " + parts[1] + " at " + parts[2]
		}
		return parts[0] + " in " + parts[1]
	}
	return r.key
}

// keySeparator separates the names of a key. Names have no control characters.
const keySeparator = "\n"

func joined(names ...string) string { return strings.Join(names, keySeparator) }

// newRecord returns the record of a value in the form in which records are
// compared.
func newRecord(value any) record {
	switch v := value.(type) {
	case rbac.Section:
		return record{kind: sections, key: v.Name, value: v}
	case rbac.Permission:
		return record{kind: permissions, key: v.Name, value: v}
	case rbac.Group:
		return record{kind: groups, key: v.Name, value: v}
	case rbac.Inheritance:
		return record{kind: inheritances, key: joined(v.Senior, v.Junior), value: v}
	case rbac.Grant:
		return record{kind: grants, key: joined(v.Group, v.Permission), value: v}
	case separation:
		v.Groups = slices.Sorted(slices.Values(v.Groups))
		how := "static"
		if v.Dynamic {
			how = "dynamic"
		}
		return record{kind: separations, key: joined(how, v.Name), value: v}
	case rbac.Delegation:
		v.Assign = slices.Sorted(slices.Values(v.Assign))
		return record{kind: delegations, key: v.Group, value: v}
	case rbac.Membership:
		return record{kind: memberships, key: joined(v.User, v.Group, v.Scope), value: v}
	}
	panic(fmt.Sprintf("policyfile: no record: %T", value)) // unreachable: the types are those above
}

// groupsOf returns the groups that a record refers to.
func (r record) groupsOf() []string {
	switch v := r.value.(type) {
	case rbac.Group:
		return []string{v.Name}
	case rbac.Inheritance:
		return []string{v.Senior, v.Junior}
	case rbac.Grant:
		return []string{v.Group}
	case separation:
		return v.Groups
	case rbac.Delegation:
		return append([]string{v.Group}, v.Assign...)
	case rbac.Membership:
		return []string{v.Group}
	}
	return nil
}

// at wraps an error with the place of a record in the file.
func (f *File) at(line int, err error) error {
	if err == nil || line == 0 {
		return err
	}
	return fmt.Errorf("%s:%d: %w", f.Source, line, err)
}

// invalid returns an ErrInvalid about a file.
func invalid(source string, line int, reason string) error {
	if line == 0 {
		return fmt.Errorf("%s: %w: %s", source, rbac.ErrInvalid, reason)
	}
	return fmt.Errorf("%s:%d: %w: %s", source, line, rbac.ErrInvalid, reason)
}

// sorted orders records by kind and key.
func sorted(records []record) {
	slices.SortStableFunc(records, func(a, b record) int {
		if a.kind != b.kind {
			return int(a.kind - b.kind)
		}
		return strings.Compare(a.key, b.key)
	})
}

// errTooMany ends a list of errors.
var errTooMany = errors.New("there are more errors")
