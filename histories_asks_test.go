package rbac_test

import (
	"cmp"
	"fmt"
	"iter"
	"slices"
	"time"

	"github.com/rbac-go/rbac"
	"github.com/rbac-go/rbac/store"
)

// The steps of histories that make tickets or ask something.

var ticketSteps = []kind{
	{"Issue", 5, func(d *drawing) step {
		user := d.user()
		groups, expires := d.groupsOrNil(user), d.expires()
		remember := d.of("", "remember") != ""
		return act(func(m *standard) faults { return m.Issue(user, groups, expires, remember) }, func(w *site) error {
			return w.hold(w.authority().Issue(ctx, rbac.Login{User: user, Groups: groups, Expires: expires, Remember: remember}))
		})
	}},
	{"Issue", 6, func(d *drawing) step {
		user := d.user()
		return act(func(m *standard) faults { return m.Issue(user, nil, time.Time{}, false) }, func(w *site) error {
			return w.hold(w.authority().Issue(ctx, rbac.Login{User: user}))
		})
	}},
	{"AddActiveGroup", 6, func(d *drawing) step {
		n := d.ticket()
		group := d.groupOfTicket(n)
		return act(func(m *standard) faults { return m.AddActiveGroup(n, group) }, func(w *site) error {
			return w.authority().AddActiveGroup(ctx, w.token(n), group)
		})
	}},
	{"DropActiveGroup", 4, func(d *drawing) step {
		n := d.ticket()
		group := d.groupOfTicket(n)
		return act(func(m *standard) faults { return m.DropActiveGroup(n, group) }, func(w *site) error {
			return w.authority().DropActiveGroup(ctx, w.token(n), group)
		})
	}},
	{"SetActiveGroups", 5, func(d *drawing) step {
		n := d.ticket()
		groups := d.groupsOfTicket(n)
		return act(func(m *standard) faults { return m.SetActiveGroups(n, groups) }, func(w *site) error {
			return w.authority().SetActiveGroups(ctx, w.token(n), groups)
		})
	}},
	{"Logout", 1, func(d *drawing) step {
		n := d.ticket()
		return act(func(m *standard) faults { return m.Logout(n) }, func(w *site) error {
			// An Authority that has not followed yet ends its cached ticket once more.
			_, err := w.authority().Identify(ctx, rbac.Token{})
			return cmp.Or(err, w.authority().Logout(ctx, w.token(n)))
		})
	}},
	{"LogoutUser", 1, func(d *drawing) step {
		user := d.user()
		return step{model: func(m *standard) (string, faults) {
			n, f := m.LogoutUser(user)
			return fmt.Sprint(n), f
		}, call: func(w *site) (string, error) {
			n, err := w.authority().LogoutUser(ctx, user)
			return fmt.Sprint(n), err
		}}
	}},
	{"Advance", 6, func(d *drawing) step {
		by := time.Duration(d.number(1, 5)) * time.Minute
		if oneIn(d.t, 4) {
			by = draw(d, "or %v", anyOf([]time.Duration{6 * time.Minute, 12 * time.Minute, 31 * time.Minute}))
		}
		return act(func(m *standard) faults { m.now = m.now.Add(by); m.narrow(); return nil },
			func(w *site) error { w.clock.Advance(by); return nil })
	}},
}

// askSteps ask what a ticket may do, as requests do.
var askSteps = []kind{
	{"Judge HasPermission", 4, func(d *drawing) step {
		n, permission, scope := d.ticket(), d.permission(), d.scope()
		return judge(n, scope, rbac.HasPermission(permission), func(m *standard) faults { return m.CheckAccess(n, permission, scope) })
	}},
	{"Judge InGroup", 4, func(d *drawing) step {
		n := d.ticket()
		group, scope := d.groupOfTicket(n), d.scope()
		return judge(n, scope, rbac.InGroup(group), func(m *standard) faults { return m.CheckGroup(n, group, scope) })
	}},
	{"TicketGroups", 2, func(d *drawing) step {
		return ofTicket(d.ticket(), (*standard).TicketGroups, (*site).ticketGroups)
	}},
	{"TicketPermissions", 2, func(d *drawing) step {
		return ofTicket(d.ticket(), (*standard).TicketPermissions, (*site).ticketPermissions)
	}},
	{"Ticket", 3, func(d *drawing) step { return ofTicket(d.ticket(), (*standard).Ticket, (*site).ticket) }},
	{"Identify", 5, func(d *drawing) step { return ofTicket(d.ticket(), (*standard).Identify, (*site).identify) }},
	{"Assignable", 4, func(d *drawing) step {
		user, scope := d.user(), d.scope()
		return step{model: func(m *standard) (string, faults) { return m.Assignable(user, scope) },
			call: func(w *site) (string, error) { return w.assignable(user, scope) }}
	}},
	{"Identity", 3, func(d *drawing) step {
		user := d.user()
		return step{model: func(m *standard) (string, faults) { return m.Identity(user) },
			call: func(w *site) (string, error) { return sees(w.authority().Identity(ctx, user)) }}
	}},
}

func (w *site) assignable(user, scope string) (string, error) {
	id, err := w.authority().Identity(ctx, user)
	if err != nil {
		return "", err
	}
	var groups []rbac.Group
	err = w.authority().View(ctx, func(tx *rbac.Tx) (err error) {
		groups, err = tx.Assignable(id, scope)
		return err
	})
	return quoted(mapped(groups, groupName)), err
}

func judge(n int, scope string, p rbac.Predicate, model func(*standard) faults) step {
	if scope != "" {
		p = rbac.In(scope, p)
	}
	return act(model, func(w *site) error { return w.authority().Judge(ctx, w.token(n), p) })
}

func ofTicket(n int, model func(*standard, int) (string, faults), call func(*site, int) (string, error)) step {
	return step{model: func(m *standard) (string, faults) { return model(m, n) }, call: func(w *site) (string, error) { return call(w, n) }}
}

func (w *site) ticketGroups(n int) (string, error) {
	groups, err := w.authority().TicketGroups(ctx, w.token(n))
	return quoted(groups), err
}

func (w *site) ticketPermissions(n int) (string, error) {
	permissions, err := w.authority().TicketPermissions(ctx, w.token(n))
	return quoted(permissions), err
}

func (w *site) ticket(n int) (string, error) {
	t, err := w.authority().Ticket(ctx, w.token(n))
	return ticketLine(t.User, t.Groups != nil, t.Omitted, t.Key, t.KeepWhenDisabled, t.Remembered, t.Created, t.Expires), err
}

func (w *site) identify(n int) (string, error) {
	return sees(w.authority().Identify(ctx, w.token(n)))
}

// sees lists the same as the model's function sees.
func sees(id *rbac.Identity, err error) (string, error) {
	if err != nil {
		return "", err
	}
	text := id.User()
	for _, scope := range allScopes {
		in := id
		if scope != "" {
			in = id.In(scope)
		}
		text += fmt.Sprint(" ", scope, quoted(slices.Collect(in.Groups())), quoted(slices.Collect(in.Permissions())))
	}
	for _, p := range allPermissions {
		everywhere, scopes := id.Scopes(p)
		if everywhere {
			scopes = append(scopes, "*")
		}
		text += fmt.Sprint(" ", p, quoted(scopes))
	}
	return text, nil
}

var reviewSteps = []kind{
	{"Check HasPermission", 2, func(d *drawing) step {
		n, permission := d.ticket(), d.permission()
		return step{reads: true, model: func(m *standard) (string, faults) { return "", m.CheckAccess(n, permission, "") },
			tx: func(w *site, tx *rbac.Tx) (string, error) {
				return "", tx.Check(w.token(n), rbac.HasPermission(permission))
			}}
	}},
	{"AssignedUsers", 1, func(d *drawing) step {
		group := d.group()
		return review(func(m *standard) (string, faults) { return m.AssignedUsers(group) }, func(tx *rbac.Tx) (string, error) {
			lines, err := namesOf(tx.AssignedUsers(group), rbacMembershipLine)
			slices.Sort(lines)
			return quoted(lines), err
		})
	}},
	{"AssignedGroups", 1, func(d *drawing) step {
		user := d.user()
		return review(func(m *standard) (string, faults) { return m.AssignedGroups(user) }, assignedGroups(user))
	}},
	{"Memberships", 2, func(d *drawing) step {
		q := rbac.MembershipQuery{User: d.of("", "", d.user()), Group: d.of("", "", d.group()), Limit: d.number(0, 3)}
		if n := d.number(0, 3); n > 0 {
			q.Scopes = allScopes[:n-1]
		}
		if d.number(0, 2) == 0 {
			q.EndingBefore = d.end()
		}
		if d.number(0, 2) == 0 {
			q.Sources = []string{"", "idp", "other"}[d.number(0, 3):]
		}
		return review(func(m *standard) (string, faults) { return m.Memberships(q) }, func(tx *rbac.Tx) (string, error) {
			lines, err := membershipPages(tx, q)
			slices.Sort(lines)
			return quoted(lines), err
		})
	}},
	{"Scopes", 1, func(*drawing) step {
		return review((*standard).Scopes, func(tx *rbac.Tx) (string, error) {
			scopes, err := store.Collect(tx.Scopes())
			return quoted(scopes), err
		})
	}},
	{"AuthorizedUsers", 1, func(d *drawing) step {
		group := d.group()
		return review(func(m *standard) (string, faults) { return m.AuthorizedUsers(group) }, func(tx *rbac.Tx) (string, error) {
			users, err := namesOf(tx.AuthorizedUsers(group), userName)
			return quoted(users), err
		})
	}},
	{"AuthorizedGroups", 1, func(d *drawing) step {
		user := d.user()
		return review(func(m *standard) (string, faults) { return m.AuthorizedGroups(user) }, func(tx *rbac.Tx) (string, error) {
			groups, err := tx.AuthorizedGroups(user)
			return quoted(mapped(groups, groupName)), err
		})
	}},
	{"GroupPermissions", 1, func(d *drawing) step {
		group := d.group()
		return review(func(m *standard) (string, faults) { return m.GroupPermissions(group) }, func(tx *rbac.Tx) (string, error) {
			permissions, err := tx.GroupPermissions(group)
			return quoted(mapped(permissions, permissionName)), err
		})
	}},
	{"UserPermissions", 1, func(d *drawing) step {
		user := d.user()
		return review(func(m *standard) (string, faults) { return m.UserPermissions(user) }, func(tx *rbac.Tx) (string, error) {
			permissions, err := tx.UserPermissions(user)
			return quoted(mapped(permissions, permissionName)), err
		})
	}},
	{"PermissionGroups", 1, func(d *drawing) step {
		permission := d.permission()
		return review(func(m *standard) (string, faults) { return m.PermissionGroups(permission) }, func(tx *rbac.Tx) (string, error) {
			groups, err := tx.PermissionGroups(permission)
			return quoted(mapped(groups, groupName)), err
		})
	}},
	{"PermissionUsers", 1, func(d *drawing) step {
		permission := d.permission()
		return review(func(m *standard) (string, faults) { return m.PermissionUsers(permission) }, func(tx *rbac.Tx) (string, error) {
			users, err := namesOf(tx.PermissionUsers(permission), userName)
			return quoted(users), err
		})
	}},
	{"GroupOperationsOnObject", 1, func(d *drawing) step {
		group, object := d.group(), d.of("door", "desk", "lamp")
		return review(func(m *standard) (string, faults) { return m.GroupOperationsOnObject(group, object) }, func(tx *rbac.Tx) (string, error) {
			operations, err := tx.GroupOperationsOnObject(group, object)
			return quoted(operations), err
		})
	}},
	{"UserOperationsOnObject", 1, func(d *drawing) step {
		user, object := d.user(), d.of("door", "desk", "lamp")
		return review(func(m *standard) (string, faults) { return m.UserOperationsOnObject(user, object) }, func(tx *rbac.Tx) (string, error) {
			operations, err := tx.UserOperationsOnObject(user, object)
			return quoted(operations), err
		})
	}},
	{"Set", 1, func(d *drawing) step {
		k := d.set()
		return review(func(m *standard) (string, faults) { return m.Set(k) }, func(tx *rbac.Tx) (string, error) {
			s, err := ofKind(k, tx.SSDSet, tx.DSDSet)(k.name)
			return setLine(s), err
		})
	}},
	{"Everything", 1, func(*drawing) step { return review((*standard).Everything, everything) }},
}

// membershipPages lists what a query selects, in pages of its limit.
func membershipPages(tx *rbac.Tx, q rbac.MembershipQuery) (lines []string, err error) {
	for {
		page, err := store.Collect(tx.Memberships(q))
		lines = append(lines, mapped(page, rbacMembershipLine)...)
		if err != nil || q.Limit == 0 || len(page) == 0 {
			return lines, err
		}
		q.After = page[len(page)-1]
	}
}

func assignedGroups(user string) func(tx *rbac.Tx) (string, error) {
	return func(tx *rbac.Tx) (string, error) {
		memberships, err := tx.AssignedGroups(user)
		lines := mapped(memberships, rbacMembershipLine)
		slices.Sort(lines)
		return quoted(lines), err
	}
}

func everything(tx *rbac.Tx) (string, error) {
	users, err := namesOf(tx.Users(rbac.UserQuery{}), userName)
	if err != nil {
		return "", err
	}
	text := quoted(users)
	groups, err := tx.Groups()
	if err != nil {
		return "", err
	}
	permissions, err := tx.Permissions()
	if err != nil {
		return "", err
	}
	text += quoted(mapped(groups, groupName)) + quoted(mapped(permissions, permissionName))
	for _, sets := range []func() ([]rbac.SeparationSet, error){tx.SSDSets, tx.DSDSets} {
		all, err := sets()
		if err != nil {
			return "", err
		}
		for _, s := range all {
			text += " " + setLine(s)
		}
		text += ";"
	}
	delegations, err := tx.Delegations()
	for _, d := range delegations {
		text += " " + delegationLine(d.Group, d.Assign, d.Users)
	}
	return text, err
}

func rbacMembershipLine(m rbac.Membership) string {
	return membershipLine(member{m.User, m.Group, m.Scope}, m.Until)
}

func groupName(g rbac.Group) string           { return g.Name }
func permissionName(p rbac.Permission) string { return p.Name }

func setLine(s rbac.SeparationSet) string {
	return fmt.Sprint(s.Name, quoted(s.Groups), s.Cardinality)
}

func mapped[T any](all []T, name func(T) string) (names []string) {
	for _, v := range all {
		names = append(names, name(v))
	}
	return names
}

// namesOf is mapped for a sequence. An error must come last.
func namesOf[T any](all iter.Seq2[T, error], name func(T) string) (names []string, err error) {
	for v, e := range all {
		if err != nil {
			return nil, fmt.Errorf("the sequence goes on after %w", err)
		}
		if err = e; err == nil {
			names = append(names, name(v))
		}
	}
	return names, err
}
