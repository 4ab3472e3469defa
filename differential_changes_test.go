package rbac_test

import (
	"errors"
	"fmt"
	"reflect"
	"regexp"
	"testing"
	"time"

	"github.com/rbac-go/rbac"
)

// everything adds all users, groups and permissions at the beginning.
func (r *history) everything(tx *rbac.Tx) error {
	var errs []error
	for _, name := range r.users {
		_, err := tx.AddUser(rbac.User{Name: name, Subject: "sub|" + name})
		errs = append(errs, err)
	}
	for _, name := range r.groups {
		_, err := tx.AddGroup(rbac.Group{Name: name})
		errs = append(errs, err)
	}
	for _, name := range r.sections {
		errs = append(errs, tx.AddSection(rbac.Section{Name: name}))
	}
	for _, name := range r.permissions {
		_, err := tx.AddPermission(r.permission(tx, name))
		errs = append(errs, err)
	}
	return errors.Join(errs...)
}

func (r *history) of(names []string) string { return names[r.IntN(len(names))] }

// group returns a group, in most cases a group that is asked about.
func (r *history) group() string {
	if r.IntN(5) == 0 {
		return r.of(r.groups)
	}
	return r.groups[r.IntN(len(r.asked)-len(r.permissions))]
}

func (r *history) someGroups() (groups []string) {
	for range 2 + r.IntN(2) {
		groups = append(groups, r.group())
	}
	return groups
}

func (r *history) token() rbac.Token { return r.tokens[r.IntN(len(r.tokens))] }

// until returns no end in most cases, or a past or future end.
func (r *history) until() time.Time {
	if r.IntN(3) > 0 {
		return time.Time{}
	}
	return r.h.clock.Now().Add(time.Duration(r.IntN(20)-1) * time.Minute)
}

// change makes a random change through an Authority, or several changes in one
// Update, and returns the accepted changes. Time may pass before.
func (r *history) change(a *rbac.Authority) (what []string) {
	if r.IntN(4) == 0 {
		r.h.clock.Advance(time.Duration(r.IntN(5)) * time.Minute)
	}
	if r.IntN(4) == 0 {
		k := r.drawn(ticketChanges)
		err := k.call(r, a)
		return r.note([]string{k.name}, err)
	}
	n := 1
	if r.IntN(4) == 0 {
		n += r.IntN(4)
	}
	abandoned := r.IntN(20) == 0
	err := a.Update(ctx, func(tx *rbac.Tx) error {
		for range n {
			k := r.drawn(changes)
			err := k.do(r, tx)
			if err == nil {
				what = append(what, k.name)
			} else if errors.Is(err, rbac.ErrUnavailable) {
				return err
			}
		}
		if abandoned {
			return errTest
		}
		return nil
	})
	return r.note(what, err)
}

// note counts committed changes.
func (r *history) note(names []string, err error) (what []string) {
	if err != nil {
		return []string{fmt.Sprint(names, " refused: ", err)}
	}
	for _, name := range names {
		r.committed[name]++
	}
	return names
}

// checkCoverage fails unless a history had every changing function.
func checkCoverage(t *testing.T, committed map[string]int) {
	t.Helper()
	names := []string{"Declare", "Issue", "Logout", "LogoutUser", "LogoutIdle", "RevokeTicket", "AddActiveGroup", "DropActiveGroup",
		"SetActiveGroups", "SetPassword", "ChangePassword", "SetValue", "Sync", "IssueKey", "RotateKey"}
	writes := regexp.MustCompile(`^(Add|AssignU|Create|Deassign|Delete|End|GrantP|Modify|Revoke|Set)`)
	for m := range reflect.TypeFor[*rbac.Tx]().Methods() {
		if writes.MatchString(m.Name) {
			names = append(names, m.Name)
		}
	}
	if len(names) < 45 {
		t.Errorf("only %d functions: %q", len(names), names)
	}
	for _, name := range names {
		if committed[name] == 0 {
			t.Errorf("no %s was accepted", name)
		}
	}
}

var sources = []string{"idp", "hr"}

type change struct {
	name  string
	often int // compared with the rest
	do    func(r *history, tx *rbac.Tx) error
	call  func(r *history, a *rbac.Authority) error // instead of do
}

// drawn draws a change, now and then a change that has not succeeded yet.
func (r *history) drawn(changes []change) change {
	if r.IntN(4) == 0 {
		for _, i := range r.Perm(len(changes)) {
			if r.committed[changes[i].name] == 0 {
				return changes[i]
			}
		}
	}
	sum := 0
	for _, c := range changes {
		sum += c.often
	}
	n := r.IntN(sum)
	for _, c := range changes {
		if n -= c.often; n < 0 {
			return c
		}
	}
	panic("unreachable")
}

var changes = []change{
	{name: "AssignUser", often: 12, do: func(r *history, tx *rbac.Tx) error {
		return tx.AssignUser(rbac.Membership{User: r.of(r.users), Group: r.group(), Until: r.until()})
	}},
	{name: "AssignUser", often: 6, do: func(r *history, tx *rbac.Tx) error {
		return tx.AssignUser(rbac.Membership{User: r.of(r.users), Group: r.group(), Scope: r.of(r.scopes), Until: r.until()})
	}},
	{name: "AssignUser", often: 3, do: func(r *history, tx *rbac.Tx) error {
		return tx.AssignUser(rbac.Membership{User: r.of(r.users), Group: r.group(), Until: r.until(), Source: r.of(sources)})
	}},
	{name: "ModifyMembership", often: 3, do: func(r *history, tx *rbac.Tx) error {
		m, err := r.membership(tx)
		m.Until, m.Note = r.until(), m.Note+"."
		return errors.Join(err, ignoring(err, func() error { return tx.ModifyMembership(m) }))
	}},
	{name: "DeassignUser", often: 4, do: func(r *history, tx *rbac.Tx) error {
		m, err := r.membership(tx)
		return errors.Join(err, ignoring(err, func() error { return tx.DeassignUser(m) }))
	}},
	{name: "GrantPermission", often: 8, do: func(r *history, tx *rbac.Tx) error {
		return r.grant(tx, r.of(r.permissions))
	}},
	{name: "GrantPermission", often: 2, do: func(r *history, tx *rbac.Tx) error {
		return r.grant(tx, r.of([]string{"*", "p.*", "p.a.*", "none.*"}))
	}},
	{name: "ModifyGrant", often: 1, do: func(r *history, tx *rbac.Tx) error {
		g := r.oldGrant()
		g.Note = fmt.Sprint(r.IntN(100))
		return tx.ModifyGrant(g)
	}},
	{name: "RevokePermission", often: 6, do: func(r *history, tx *rbac.Tx) error {
		return tx.RevokePermission(r.oldGrant())
	}},
	{name: "AddInheritance", often: 6, do: func(r *history, tx *rbac.Tx) error {
		i := rbac.Inheritance{Senior: r.group(), Junior: r.group()}
		r.inheritances = append(r.inheritances[max(0, len(r.inheritances)-9):], i)
		return tx.AddInheritance(i)
	}},
	{name: "DeleteInheritance", often: 5, do: func(r *history, tx *rbac.Tx) error {
		if len(r.inheritances) == 0 {
			return rbac.ErrNotFound
		}
		return tx.DeleteInheritance(r.inheritances[r.IntN(len(r.inheritances))])
	}},
	{name: "AddUser", often: 4, do: func(r *history, tx *rbac.Tx) error {
		u := r.newName(r.users, func(name string) error { return second(tx.User(name)) })
		_, err := tx.AddUser(rbac.User{Name: u, Subject: "sub|" + u})
		return err
	}},
	{name: "ModifyUser", often: 4, do: (*history).modifyUser},
	{name: "DeleteUser", often: 1, do: func(r *history, tx *rbac.Tx) error { return tx.DeleteUser(r.of(r.users)) }},
	{name: "SetPasswordHash", often: 1, do: func(r *history, tx *rbac.Tx) error { return tx.SetPasswordHash(r.of(r.users), "") }},
	{name: "AddGroup", often: 4, do: func(r *history, tx *rbac.Tx) error {
		_, err := tx.AddGroup(rbac.Group{Name: r.newGroup(tx)})
		return err
	}},
	{name: "AddAscendant", often: 2, do: func(r *history, tx *rbac.Tx) error {
		_, err := tx.AddAscendant(rbac.Group{Name: r.newGroup(tx)}, r.group())
		return err
	}},
	{name: "AddDescendant", often: 2, do: func(r *history, tx *rbac.Tx) error {
		_, err := tx.AddDescendant(rbac.Group{Name: r.newGroup(tx)}, r.group())
		return err
	}},
	{name: "ModifyGroup", often: 2, do: (*history).modifyGroup},
	{name: "ModifyGroup", often: 1, do: (*history).swapGroups},
	{name: "DeleteGroup", often: 3, do: func(r *history, tx *rbac.Tx) error { return tx.DeleteGroup(r.group()) }},
	{name: "AddPermission", often: 5, do: func(r *history, tx *rbac.Tx) error {
		_, err := tx.AddPermission(r.permission(tx, r.newName(r.permissions, func(name string) error { return second(tx.Permission(name)) })))
		return err
	}},
	{name: "ModifyPermission", often: 2, do: func(r *history, tx *rbac.Tx) error {
		p := r.permission(tx, r.of(r.permissions))
		old, err := tx.Permission(p.Name)
		p.ID = old.ID
		return errors.Join(err, ignoring(err, func() error { return tx.ModifyPermission(p) }))
	}},
	{name: "DeletePermission", often: 2, do: func(r *history, tx *rbac.Tx) error { return tx.DeletePermission(r.of(r.permissions)) }},
	{name: "AddSection", often: 3, do: func(r *history, tx *rbac.Tx) error {
		return tx.AddSection(rbac.Section{Name: r.of(r.sections), Position: r.IntN(3)})
	}},
	{name: "ModifySection", often: 2, do: func(r *history, tx *rbac.Tx) error {
		return tx.ModifySection(rbac.Section{Name: r.of(r.sections), Title: fmt.Sprint(r.IntN(100)), Position: r.IntN(3)})
	}},
	{name: "DeleteSection", often: 1, do: func(r *history, tx *rbac.Tx) error { return tx.DeleteSection(r.of(r.sections)) }},
	{name: "CreateSSDSet", often: 4, do: func(r *history, tx *rbac.Tx) error { return tx.CreateSSDSet(r.separationSet(tx)) }},
	{name: "AddSSDSetMember", often: 2, do: func(r *history, tx *rbac.Tx) error { return tx.AddSSDSetMember(r.oldSet(tx.SSDSets()).Name, r.group()) }},
	{name: "DeleteSSDSetMember", often: 3, do: func(r *history, tx *rbac.Tx) error {
		set := r.oldSet(tx.SSDSets())
		return tx.DeleteSSDSetMember(set.Name, r.of(set.Groups))
	}},
	{name: "SetSSDSetCardinality", often: 4, do: func(r *history, tx *rbac.Tx) error {
		return tx.SetSSDSetCardinality(r.oldSet(tx.SSDSets()).Name, 2+r.IntN(2))
	}},
	{name: "DeleteSSDSet", often: 3, do: func(r *history, tx *rbac.Tx) error { return tx.DeleteSSDSet(r.oldSet(tx.SSDSets()).Name) }},
	{name: "CreateDSDSet", often: 12, do: func(r *history, tx *rbac.Tx) error { return tx.CreateDSDSet(r.separationSet(tx)) }},
	{name: "AddDSDSetMember", often: 6, do: func(r *history, tx *rbac.Tx) error { return tx.AddDSDSetMember(r.oldSet(tx.DSDSets()).Name, r.group()) }},
	{name: "DeleteDSDSetMember", often: 3, do: func(r *history, tx *rbac.Tx) error {
		set := r.oldSet(tx.DSDSets())
		return tx.DeleteDSDSetMember(set.Name, r.of(set.Groups))
	}},
	{name: "SetDSDSetCardinality", often: 2, do: func(r *history, tx *rbac.Tx) error {
		return tx.SetDSDSetCardinality(r.oldSet(tx.DSDSets()).Name, 2+r.IntN(2))
	}},
	{name: "AddDelegation", often: 4, do: func(r *history, tx *rbac.Tx) error { return tx.AddDelegation(r.delegation()) }},
	{name: "ModifyDelegation", often: 2, do: func(r *history, tx *rbac.Tx) error { return tx.ModifyDelegation(r.delegation()) }},
	{name: "DeleteDelegation", often: 2, do: func(r *history, tx *rbac.Tx) error { return tx.DeleteDelegation(r.group()) }},
	{name: "EndScope", often: 1, do: func(r *history, tx *rbac.Tx) error { return second(tx.EndScope(r.of(r.scopes))) }},
	{name: "EndTickets", often: 1, do: func(r *history, tx *rbac.Tx) error {
		return second(tx.EndTickets(r.of(append([]string{""}, r.users...))))
	}},
	{name: "DeleteDSDSet", often: 1, do: func(r *history, tx *rbac.Tx) error { return tx.DeleteDSDSet(r.oldSet(tx.DSDSets()).Name) }},
}

// ignoring calls f unless there is an error already.
func ignoring(err error, f func() error) error {
	if err != nil {
		return nil
	}
	return f()
}

func (r *history) grant(tx *rbac.Tx, permission string) error {
	g := rbac.Grant{Group: r.group(), Permission: permission}
	r.grants = append(r.grants[max(0, len(r.grants)-11):], g)
	return tx.GrantPermission(g)
}

// oldGrant returns a grant that may exist.
func (r *history) oldGrant() rbac.Grant {
	if len(r.grants) == 0 {
		return rbac.Grant{Group: "none", Permission: "none"}
	}
	return r.grants[r.IntN(len(r.grants))]
}

// newName returns a free name, if any.
func (r *history) newName(names []string, find func(string) error) string {
	for _, i := range r.Perm(len(names)) {
		if find(names[i]) != nil {
			return names[i]
		}
	}
	return r.of(names)
}

func (r *history) newGroup(tx *rbac.Tx) string {
	return r.newName(r.groups, func(name string) error { return second(tx.Group(name)) })
}

func (r *history) oldSet(sets []rbac.SeparationSet, err error) rbac.SeparationSet {
	if err != nil || len(sets) == 0 {
		return rbac.SeparationSet{Name: "none", Groups: []string{"none"}}
	}
	return sets[r.IntN(len(sets))]
}

// membership returns an existing membership.
func (r *history) membership(tx *rbac.Tx) (rbac.Membership, error) {
	all, err := tx.AssignedGroups(r.of(r.users))
	if err != nil || len(all) == 0 {
		return rbac.Membership{}, errors.Join(err, rbac.ErrNotFound)
	}
	return all[r.IntN(len(all))], nil
}

func (r *history) permission(tx *rbac.Tx, name string) rbac.Permission {
	p := rbac.Permission{Name: name, Title: fmt.Sprint(r.IntN(100)), Position: r.IntN(3)}
	if sections, err := tx.Sections(); err == nil && len(sections) > 0 && r.IntN(3) > 0 {
		p.Section = sections[r.IntN(len(sections))].Name
	}
	return p
}

// separationSet returns a set of groups that, in most cases, have members, so
// the set matters.
func (r *history) separationSet(tx *rbac.Tx) rbac.SeparationSet {
	groups := r.someGroups()
	if all, err := tx.AuthorizedGroups(r.of(r.users)); err == nil && len(all) > 1 && r.IntN(4) > 0 {
		r.Shuffle(len(all), func(i, j int) { all[i], all[j] = all[j], all[i] })
		groups = mapped(all[:min(len(all), 2+r.IntN(2))], groupName)
	}
	return rbac.SeparationSet{Name: r.of(r.sets), Groups: groups, Cardinality: 2 + r.IntN(len(groups)-1)}
}

func (r *history) delegation() rbac.Delegation {
	return rbac.Delegation{Group: r.group(), Assign: r.someGroups(), Users: r.IntN(2) == 0}
}

func (r *history) modifyUser(tx *rbac.Tx) error {
	u, err := tx.User(r.of(r.users))
	if err != nil {
		return err
	}
	switch r.IntN(4) {
	case 0:
		u.Disabled = !u.Disabled && r.IntN(3) == 0
	case 1:
		u.Name = r.of(r.users)
	case 2:
		u.Subject = "sub|" + r.of(r.users)
	default:
		u.Note += "."
	}
	return tx.ModifyUser(u)
}

// modifyGroup mostly renames a group, and thereby changes its place in the
// order.
func (r *history) modifyGroup(tx *rbac.Tx) error {
	g, err := tx.Group(r.group())
	if err != nil {
		return err
	}
	switch r.IntN(3) {
	case 0:
		g.Note += "."
	default:
		g.Name = r.of([]string{r.group(), r.group(), "0"})
	}
	return tx.ModifyGroup(g)
}

func (r *history) swapGroups(tx *rbac.Tx) error {
	one, two := r.group(), r.group()
	g, err := tx.Group(one)
	if err != nil {
		return err
	}
	g2, err := tx.Group(two)
	if err != nil || g.ID == g2.ID {
		return errors.Join(err, rbac.ErrNotFound)
	}
	for _, step := range []rbac.Group{{ID: g.ID, Name: "swap"}, {ID: g2.ID, Name: one}, {ID: g.ID, Name: two}} {
		if err := tx.ModifyGroup(step); err != nil {
			return err
		}
	}
	return nil
}
