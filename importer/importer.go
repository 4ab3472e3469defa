// Package importer imports users, groups, permissions and passwords of another
// system into an Authority. The systems are Django, TurboGears, casbin, and
// Laravel with spatie/laravel-permission.
//
// An import has three steps. [ReadDjango], [ReadTurboGears], [ReadCasbin] and
// [ReadSpatie] read the tables or files of the other system, and return a
// [Plan]. [Plan.Apply] adds the plan to an Authority, in batches, and returns a
// [Report] of every row. [Plan.Prove] then computes the rights of every user by
// the rules of the other system, and compares them with the rights that the
// Authority gives:
//
//	plan, err := importer.ReadDjango(ctx, importer.Django{DB: db})
//	…
//	report, err := plan.Apply(ctx, auth, importer.Options{Wrap: true})
//	…
//	proof, err := plan.Prove(ctx, auth, report)
//
// Every row is taken, or is listed in the Report with a reason. A user is taken
// with all groups and permissions, or not at all. Superusers and plain-text
// passwords are taken only on request.
//
// An import is safe to run again. Users from an earlier import and existing
// groups stay unchanged, so an import undoes no changes, renames and deletions
// by an administrator. Users are recognised by [rbac.User].Subject, which is
// the kind of the source, a colon, and the key of the source: "django:17".
//
// # Cautions
//
// A source is read in one transaction if the database has snapshots. Stop
// changes of the source before the final import: a later import does not update
// users who were imported before.
//
// A Plan holds the password hashes of the source. Do not log or keep a Plan.
package importer

import (
	"errors"
	"strings"
	"time"

	"github.com/rbac-go/rbac"
)

// A Plan has the records of a source in the terms of package rbac, and the rows
// that cannot be imported. The zero Plan imports nothing. A Plan is safe for
// concurrent use.
type Plan struct {
	kind        string
	permissions []permission
	groups      []group
	sets        []separation
	users       []user
	rest        []Row // rows that belong to no record of the plan
	left        []leftOut
	schemes     []string // of Authority.WrapPasswordHash, in order of preference
	siteSalt    string   // of the scheme turbogears-site
}

// leftOut is a permission of rows that are not taken.
type leftOut struct{ permission, reason string }

type permission struct {
	rbac.Permission
	row Row
}

type group struct {
	rbac.Group
	grants  []grant
	juniors []junior
	row     Row
}

type grant struct {
	permission string
	row        Row
}

type junior struct {
	name string
	row  Row
}

type separation struct {
	rbac.SeparationSet
	row Row
}

type user struct {
	rbac.User
	row       Row
	refused   string  // why the user cannot be taken; empty: nothing is in the way
	superuser string  // the column that makes the user a superuser; empty: no superuser
	password  *string // as stored; nil: the source has no passwords
	joins     []join
	own       []own
	notes     []Row // columns that are not taken
	old       func() oldRights
}

// join is a membership. The row is zero if another join has it.
type join struct {
	group, scope string
	row          Row
}

// own is a permission that the user has without a group.
type own struct {
	permission, scope string
	row               Row
}

// oldRights are the rights of a user by the rules of the source.
type oldRights struct {
	all  bool // every permission, everywhere
	held map[right]bool
}

type right struct{ permission, scope string }

// add notes a right. A zero oldRights has none.
func (o *oldRights) add(permission, scope string) {
	if o.held == nil {
		o.held = map[right]bool{}
	}
	o.held[right{permission, scope}] = true
}

// refuse notes why a user cannot be taken. The first reason stays.
func (u *user) refuse(reason string) {
	if u.refused == "" {
		u.refused = reason
	}
}

// column notes a column of the user's row that is not taken.
func (u *user) column(name, reason string) {
	u.notes = append(u.notes, Row{Table: u.row.Table, Key: u.row.Key, Column: name, Reason: reason})
}

// times sets Created and LastLogin from columns, if the table has them.
func (u *user) times(r record, created, lastLogin string) {
	for column, field := range map[string]*time.Time{created: &u.Created, lastLogin: &u.LastLogin} {
		at, ok := r.time(column)
		if *field = at; !ok {
			u.column(column, "not a time")
		}
	}
}

// subject returns the Subject of a user of a source.
func subject(kind, key string) string { return kind + ":" + key }

// isRefusal reports whether a call of rbac has refused an argument and the
// transaction can go on.
func isRefusal(err error) bool {
	for _, kind := range []error{rbac.ErrInvalid, rbac.ErrExists, rbac.ErrNotFound, rbac.ErrCycle, rbac.ErrSeparation} {
		if errors.Is(err, kind) {
			return true
		}
	}
	return false
}

// reason returns a refusal in words for a Row.
func reason(err error) string { return strings.ReplaceAll(err.Error(), "rbac: ", "") }

// invalid returns the ErrInvalid of an argument of this package.
func invalid(record, name, field, reason string) error {
	return &rbac.Error{Kind: rbac.ErrInvalid, Record: record, Name: name, Field: field, Reason: reason}
}

// reach returns a name and the names that follow from it in at most so many
// steps.
func reach(name string, steps int, next func(name string) []string) map[string]bool {
	found, level := map[string]bool{name: true}, []string{name}
	for ; steps > 0 && len(level) > 0; steps-- {
		var further []string
		for _, name := range level {
			for _, of := range next(name) {
				if !found[of] {
					found[of] = true
					further = append(further, of)
				}
			}
		}
		level = further
	}
	return found
}
