package rbac_test

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/google/uuid"

	"github.com/rbac-go/rbac"
	"github.com/rbac-go/rbac/store"
)

// answers returns all answers of an Authority about users, tickets and
// predicates, one answer a line.
func (r *history) answers(a *rbac.Authority) (lines []string) {
	add := func(of string, id *rbac.Identity, err error) {
		if err != nil {
			lines = append(lines, of+err.Error())
			return
		}
		for _, line := range r.describe(id) {
			lines = append(lines, of+line)
		}
		lines = append(lines, of+fmt.Sprint("menu ", a.Menu(id), a.Menu(id.In(r.scopes[0]))))
		assignable, err := r.assignable(a, id)
		lines = append(lines, of+fmt.Sprint("assignable ", assignable, err))
	}
	for i, u := range r.users {
		id, err := a.Identity(ctx, u)
		add(u+": ", id, err)
		id, err = a.IdentityBySubject(ctx, "sub|"+u)
		lines = append(lines, fmt.Sprint(u, " by subject: ", id, id.ID(), slices.Collect(id.Groups()), slices.Collect(id.Permissions()), err))
		e, err := a.ExplainUser(ctx, u, r.asked[(i+len(r.kept))%len(r.permissions)])
		lines = append(lines, fmt.Sprint(u, " explained: ", e, err))
	}
	for i, tok := range r.tokens {
		of := fmt.Sprint("ticket ", i, ": ")
		id, err := a.Identify(ctx, tok)
		add(of, id, err)
		lines = append(lines, fmt.Sprint(of, a.Judge(ctx, tok, r.asked[i%len(r.asked)])))
	}
	id, err := a.Identify(ctx, rbac.Token{})
	add("anonymous: ", id, err)
	lines = append(lines, r.tables(a)...)
	return append(lines, fmt.Sprint("validate: ", a.Validate(r.compound)))
}

// tables lists the tables for which the policy answers in a View.
func (r *history) tables(a *rbac.Authority) (lines []string) {
	err := a.View(ctx, func(tx *rbac.Tx) error {
		groups, err1 := tx.Groups()
		permissions, err2 := tx.Permissions()
		sections, err3 := tx.Sections()
		inheritances, err4 := tx.Inheritances()
		lines = tableLines(groups, permissions, sections, inheritances)
		return errors.Join(err1, err2, err3, err4)
	})
	if err != nil {
		lines = append(lines, err.Error())
	}
	return lines
}

// stored lists the same tables as the store has them.
func (r *history) stored() (lines []string) {
	must(r.h.t, r.h.store.View(ctx, func(s store.Records) error {
		groups, err1 := s.Groups()
		permissions, err2 := s.Permissions()
		sections, err3 := s.Sections()
		inheritances, err4 := s.Inheritances(store.InheritanceFilter{})
		name := map[uuid.UUID]string{}
		for _, g := range groups {
			name[g.ID] = g.Name
		}
		var named []rbac.Inheritance
		for _, i := range inheritances {
			named = append(named, rbac.Inheritance{Senior: name[i.Senior], Junior: name[i.Junior]})
		}
		slices.SortFunc(named, func(a, b rbac.Inheritance) int {
			return cmp.Or(strings.Compare(a.Senior, b.Senior), strings.Compare(a.Junior, b.Junior))
		})
		lines = tableLines(groups, permissions, sections, named)
		return errors.Join(err1, err2, err3, err4)
	}))
	return lines
}

// tableLines shows the rows of both packages alike.
func tableLines(groups, permissions, sections, inheritances any) []string {
	return []string{fmt.Sprintf("groups %+v", groups), fmt.Sprintf("permissions %+v", permissions),
		fmt.Sprintf("sections %+v", sections), fmt.Sprintf("inheritances %+v", inheritances)}
}

// assignable returns the groups that an Identity may assign, by scope.
func (r *history) assignable(a *rbac.Authority, id *rbac.Identity) (all [][]string, err error) {
	err = a.View(ctx, func(tx *rbac.Tx) error {
		all = nil
		for _, scope := range append([]string{""}, r.scopes...) {
			groups, err := tx.Assignable(id, scope)
			if err != nil {
				return err
			}
			all = append(all, mapped(groups, groupName))
		}
		return nil
	})
	return all, err
}

// describe returns the answers of an Identity in every scope.
func (r *history) describe(id *rbac.Identity) []string {
	lines := []string{fmt.Sprint(id, id.ID(), id.AuthenticatedAt().UnixMicro())}
	for _, p := range r.permissions {
		everywhere, scopes := id.Scopes(p)
		lines = append(lines, fmt.Sprint("scopes of ", p, everywhere, scopes))
	}
	lines = append(lines, r.describeHere(id)...)
	for _, scope := range r.scopes {
		lines = append(lines, r.describeHere(id.In(scope))...)
	}
	for i, part := range rbac.Explain(id, r.compound).Parts {
		lines = append(lines, fmt.Sprint("reason ", i, part.Met, part.Reason))
	}
	return lines
}

// describeHere returns the answers of an Identity in its scope.
func (r *history) describeHere(id *rbac.Identity) []string {
	verdicts := make([]byte, 0, 2*len(r.asked))
	for i, p := range r.asked {
		switch {
		case rbac.Met(id, p):
			verdicts = append(verdicts, 'm')
		case rbac.Met(id, r.negated[i]):
			verdicts = append(verdicts, 'u')
		default:
			verdicts = append(verdicts, 'b') // broken: the group or permission does not exist
		}
	}
	for _, p := range r.permissions {
		verdicts = fmt.Append(verdicts, " ", id.HasPermission(p))
	}
	for _, g := range r.groups[:len(r.asked)-len(r.permissions)] {
		verdicts = fmt.Append(verdicts, " ", id.InGroup(g))
	}
	return []string{fmt.Sprintf("%v %s %v %v", id, verdicts, slices.Collect(id.Groups()), slices.Collect(id.Permissions()))}
}
