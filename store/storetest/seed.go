package storetest

import (
	"time"

	"github.com/rbac-go/rbac"
)

// seed puts something into every table, so that every call has something to do.
func seed(r rbac.Records) error {
	return steps(r, []call{
		{"SetHead", func(r rbac.Records) error { return r.SetHead(rbac.Head{Revision: 1, Nonce: 11}) }},
		{"users", func(r rbac.Records) error { return addUsers(r, "alice", "bob", "leaver") }},
		{"groups", func(r rbac.Records) error { return addGroups(r, "admins", "staff", "guests", "empty") }},
		{"sections", func(r rbac.Records) error {
			return each([]rbac.Section{{Name: "posts", Title: "Posts"}, {Name: "old"}}, r.AddSection)
		}},
		{"permissions", func(r rbac.Records) error {
			return each([]rbac.Permission{{ID: id("edit"), Name: "post.edit", Section: "posts"}, {ID: id("old"), Name: "post.old"}}, r.AddPermission)
		}},
		{"grants", func(r rbac.Records) error {
			return each([]rbac.GrantRecord{{Group: id("staff"), Permission: "post.edit"}, {Group: id("admins"), Permission: "*"}}, r.AddGrant)
		}},
		{"inheritances", func(r rbac.Records) error {
			return each([]rbac.InheritanceRecord{{Senior: id("admins"), Junior: id("staff")}, {Senior: id("admins"), Junior: id("guests")}}, r.AddInheritance)
		}},
		{"SetDeclaration", func(r rbac.Records) error { return r.SetDeclaration(rbac.Declaration{Kind: "group", Key: "admins"}) }},
		{"memberships", func(r rbac.Records) error {
			scoped := member("alice", "staff")
			scoped.Scope = "org:1"
			return each([]rbac.MembershipRecord{member("alice", "staff"), scoped, member("bob", "admins")}, r.AddMembership)
		}},
		{"tickets", func(r rbac.Records) error {
			dead := ticket("dead", "bob")
			dead.Expires = noon.Add(-time.Hour)
			return each([]rbac.TicketRecord{ticket("t1", "alice"), ticket("t2", "alice", "staff", "guests"), ticket("t3", "bob"), dead}, r.AddTicket)
		}},
		{"throttles", func(r rbac.Records) error {
			return each([]rbac.ThrottleRecord{{Key: hash("k1"), Failures: 1, Last: noon}, {Key: hash("k2"), Failures: 2}}, r.SetThrottle)
		}},
		{"changes", func(r rbac.Records) error {
			return each([]rbac.Change{{Revision: 1, Action: "AddUser", At: noon}, {Revision: 1, Seq: 1, After: []byte(`{}`)}}, r.AddChange)
		}},
	})
}

// call is one call of a method of Records.
type call struct {
	name string
	f    func(rbac.Records) error
}

func steps(r rbac.Records, calls []call) error {
	return each(calls, func(c call) error { return c.f(r) })
}

// edits call every method that writes. Each succeeds on the seed, alone and
// after those before it, and changes something.
var edits = []call{
	{"SetHead", func(r rbac.Records) error { return r.SetHead(rbac.Head{Revision: 2, Nonce: 22}) }},
	{"AddUser", func(r rbac.Records) error { return r.AddUser(user("carol")) }},
	{"SetUser", func(r rbac.Records) error {
		u := user("alice")
		u.Name, u.EmailKey = "alicia", "a@b"
		return r.SetUser(u)
	}},
	{"SetPasswordHash", func(r rbac.Records) error { return r.SetPasswordHash(id("alice"), "hash") }},
	{"SetLastLogin", func(r rbac.Records) error { return r.SetLastLogin(id("bob"), noon) }},
	{"DeleteUser", func(r rbac.Records) error { return r.DeleteUser(id("leaver")) }},
	{"AddSection", func(r rbac.Records) error { return r.AddSection(rbac.Section{Name: "new"}) }},
	{"SetSection", func(r rbac.Records) error { return r.SetSection(rbac.Section{Name: "posts", Title: "All posts"}) }},
	{"DeleteSection", func(r rbac.Records) error { return r.DeleteSection("old") }},
	{"AddPermission", func(r rbac.Records) error { return r.AddPermission(rbac.Permission{ID: id("p"), Name: "p"}) }},
	{"SetPermission", func(r rbac.Records) error { return r.SetPermission(rbac.Permission{ID: id("edit"), Title: "Edit"}) }},
	{"DeletePermission", func(r rbac.Records) error { return r.DeletePermission(id("old")) }},
	{"AddGroup", func(r rbac.Records) error { return r.AddGroup(group("new")) }},
	{"SetGroup", func(r rbac.Records) error { g := group("staff"); g.Name = "team"; return r.SetGroup(g) }},
	{"DeleteGroup", func(r rbac.Records) error { return r.DeleteGroup(id("empty")) }},
	{"AddGrant", func(r rbac.Records) error {
		return r.AddGrant(rbac.GrantRecord{Group: id("staff"), Permission: "post.*"})
	}},
	{"SetGrant", func(r rbac.Records) error {
		return r.SetGrant(rbac.GrantRecord{Group: id("staff"), Permission: "post.edit", Note: "changed"})
	}},
	{"DeleteGrant", func(r rbac.Records) error { return r.DeleteGrant(id("admins"), "*") }},
	{"AddInheritance", func(r rbac.Records) error {
		return r.AddInheritance(rbac.InheritanceRecord{Senior: id("staff"), Junior: id("guests")})
	}},
	{"DeleteInheritance", func(r rbac.Records) error {
		return r.DeleteInheritance(rbac.InheritanceRecord{Senior: id("admins"), Junior: id("staff")})
	}},
	{"SetDeclaration", func(r rbac.Records) error {
		return r.SetDeclaration(rbac.Declaration{Kind: "group", Key: "admins", Text: "changed"})
	}},
	{"AddMembership", func(r rbac.Records) error { return r.AddMembership(member("bob", "staff")) }},
	{"SetMembership", func(r rbac.Records) error {
		m := member("alice", "staff")
		m.Note = "changed"
		return r.SetMembership(m)
	}},
	{"DeleteMembership", func(r rbac.Records) error { return r.DeleteMembership(id("alice"), id("staff"), "org:1") }},
	{"AddTicket", func(r rbac.Records) error { return r.AddTicket(ticket("new", "bob", "guests")) }},
	{"SetTicketGroups", func(r rbac.Records) error { return r.SetTicketGroups(id("t1"), ids("staff")) }},
	{"TouchTicket", func(r rbac.Records) error { return r.TouchTicket(id("t2"), noon.Add(time.Minute)) }},
	{"DeleteTicket", func(r rbac.Records) error { return r.DeleteTicket(id("t3")) }},
	{"DeleteDeadTickets", func(r rbac.Records) error { _, err := r.DeleteDeadTickets(noon, time.Time{}, 9); return err }},
	{"SetThrottle", func(r rbac.Records) error {
		return r.SetThrottle(rbac.ThrottleRecord{Key: hash("k1"), Failures: 9, Last: noon})
	}},
	{"DeleteIdleThrottles", func(r rbac.Records) error { _, err := r.DeleteIdleThrottles(noon, noon, 9); return err }},
	{"AddChange", func(r rbac.Records) error { return r.AddChange(rbac.Change{Revision: 2}) }},
}

// lookups call every method that reads. Each succeeds on the seed.
var lookups = []call{
	{"Head", func(r rbac.Records) error { _, err := r.Head(); return err }},
	{"User", func(r rbac.Records) error { _, err := r.User(id("alice")); return err }},
	{"UserByName", func(r rbac.Records) error { _, err := r.UserByName("bob"); return err }},
	{"UserByEmail", func(r rbac.Records) error { _, err := r.UserByEmail("alice"); return found(err) }},
	{"UserBySubject", func(r rbac.Records) error { _, err := r.UserBySubject("alice"); return found(err) }},
	{"Users", func(r rbac.Records) error { _, err := all(r.Users(rbac.UserFilter{})); return err }},
	{"Sections", func(r rbac.Records) error { _, err := r.Sections(); return err }},
	{"Section", func(r rbac.Records) error { _, err := r.Section("posts"); return err }},
	{"Permissions", func(r rbac.Records) error { _, err := r.Permissions(); return err }},
	{"Permission", func(r rbac.Records) error { _, err := r.Permission("post.edit"); return err }},
	{"Groups", func(r rbac.Records) error { _, err := r.Groups(); return err }},
	{"Group", func(r rbac.Records) error { _, err := r.Group(id("staff")); return err }},
	{"GroupByName", func(r rbac.Records) error { _, err := r.GroupByName("admins"); return err }},
	{"Grants", func(r rbac.Records) error { _, err := r.Grants(); return err }},
	{"GroupGrants", func(r rbac.Records) error { _, err := r.GroupGrants(id("staff")); return err }},
	{"PermissionGrants", func(r rbac.Records) error { _, err := r.PermissionGrants("*"); return err }},
	{"Grant", func(r rbac.Records) error { _, err := r.Grant(id("staff"), "post.edit"); return err }},
	{"Inheritances", func(r rbac.Records) error { _, err := r.Inheritances(); return err }},
	{"Juniors", func(r rbac.Records) error { _, err := r.Juniors(id("admins")); return err }},
	{"Seniors", func(r rbac.Records) error { _, err := r.Seniors(id("staff")); return err }},
	{"Declarations", func(r rbac.Records) error { _, err := r.Declarations(); return err }},
	{"Membership", func(r rbac.Records) error { _, err := r.Membership(id("alice"), id("staff"), "org:1"); return err }},
	{"UserMemberships", func(r rbac.Records) error { _, err := r.UserMemberships(id("alice")); return err }},
	{"GroupMembers", func(r rbac.Records) error { _, err := all(r.GroupMembers(id("staff"))); return err }},
	{"Ticket", func(r rbac.Records) error { _, err := r.Ticket(id("t1")); return err }},
	{"TicketByHash", func(r rbac.Records) error { _, err := r.TicketByHash(hash("t2")); return err }},
	{"UserTickets", func(r rbac.Records) error { _, err := r.UserTickets(id("alice")); return err }},
	{"GroupTickets", func(r rbac.Records) error { _, err := all(r.GroupTickets(ids("staff"))); return err }},
	{"IdleTickets", func(r rbac.Records) error { _, err := all(r.IdleTickets(noon)); return err }},
	{"Throttle", func(r rbac.Records) error { _, err := r.Throttle(hash("k1")); return err }},
	{"Changes", func(r rbac.Records) error { _, err := all(r.Changes(rbac.ChangeQuery{})); return err }},
}

// locks call the methods that read for a change. Each succeeds on the seed, in an Update.
var locks = []call{
	{"LockHead", func(r rbac.Records) error { _, err := r.LockHead(); return err }},
	{"LockUser", func(r rbac.Records) error { _, err := r.LockUser(id("alice")); return err }},
}

// found lets ErrNotFound pass for an answer.
func found(err error) error {
	if err == rbac.ErrNotFound {
		return nil
	}
	return err
}

// tables is all that a seeded store holds.
type tables struct {
	Head         rbac.Head
	Users        []rbac.UserRecord
	Sections     []rbac.Section
	Permissions  []rbac.Permission
	Groups       []rbac.Group
	Grants       []rbac.GrantRecord
	Inheritances []rbac.InheritanceRecord
	Declarations []rbac.Declaration
	Memberships  [][]rbac.MembershipRecord
	Members      [][]rbac.Member
	UserTickets  [][]rbac.TicketRecord
	Tickets      []rbac.TicketRecord
	Throttles    []rbac.ThrottleRecord
	Changes      []rbac.Change
}

func dump(r rbac.Records) (t tables, err error) {
	add := func(err2 error) {
		if err == nil {
			err = err2
		}
	}
	keep(&t.Head, add)(r.Head())
	keep(&t.Users, add)(all(r.Users(rbac.UserFilter{})))
	keep(&t.Sections, add)(r.Sections())
	keep(&t.Permissions, add)(r.Permissions())
	keep(&t.Groups, add)(r.Groups())
	keep(&t.Grants, add)(r.Grants())
	keep(&t.Inheritances, add)(r.Inheritances())
	keep(&t.Declarations, add)(r.Declarations())
	for _, u := range t.Users {
		t.Memberships = append(t.Memberships, nil)
		keep(&t.Memberships[len(t.Memberships)-1], add)(r.UserMemberships(u.ID))
		t.UserTickets = append(t.UserTickets, nil)
		keep(&t.UserTickets[len(t.UserTickets)-1], add)(r.UserTickets(u.ID))
	}
	for _, g := range t.Groups {
		t.Members = append(t.Members, nil)
		keep(&t.Members[len(t.Members)-1], add)(all(r.GroupMembers(g.ID)))
	}
	keep(&t.Tickets, add)(all(r.IdleTickets(times[len(times)-1])))
	for _, key := range [][32]byte{hash("k1"), hash("k2")} {
		t.Throttles = append(t.Throttles, rbac.ThrottleRecord{})
		keep(&t.Throttles[len(t.Throttles)-1], add)(r.Throttle(key))
	}
	keep(&t.Changes, add)(all(r.Changes(rbac.ChangeQuery{})))
	return t, err
}

// keep stores a result in a table and hands its error on.
func keep[R any](table *R, fail func(error)) func(R, error) {
	return func(result R, err error) {
		*table = result
		fail(err)
	}
}

// unknown calls every method that answers ErrNotFound, with a key that nothing has.
var unknown = []call{
	{"User", func(r rbac.Records) error { _, err := r.User(nobody); return err }},
	{"UserByName", func(r rbac.Records) error { _, err := r.UserByName("Alice"); return err }},
	{"UserByEmail", func(r rbac.Records) error { _, err := r.UserByEmail("nobody"); return err }},
	{"UserBySubject", func(r rbac.Records) error { _, err := r.UserBySubject("nobody"); return err }},
	{"LockUser", func(r rbac.Records) error { _, err := r.LockUser(nobody); return err }},
	{"SetUser", func(r rbac.Records) error { return r.SetUser(user("nobody")) }},
	{"SetPasswordHash", func(r rbac.Records) error { return r.SetPasswordHash(nobody, "hash") }},
	{"SetLastLogin", func(r rbac.Records) error { return r.SetLastLogin(nobody, noon) }},
	{"DeleteUser", func(r rbac.Records) error { return r.DeleteUser(nobody) }},
	{"Section", func(r rbac.Records) error { _, err := r.Section("Posts"); return err }},
	{"SetSection", func(r rbac.Records) error { return r.SetSection(rbac.Section{Name: "nothing"}) }},
	{"DeleteSection", func(r rbac.Records) error { return r.DeleteSection("nothing") }},
	{"Permission", func(r rbac.Records) error { _, err := r.Permission("post.*"); return err }},
	{"SetPermission", func(r rbac.Records) error { return r.SetPermission(rbac.Permission{ID: nobody, Name: "post.edit"}) }},
	{"DeletePermission", func(r rbac.Records) error { return r.DeletePermission(nobody) }},
	{"Group", func(r rbac.Records) error { _, err := r.Group(nobody); return err }},
	{"GroupByName", func(r rbac.Records) error { _, err := r.GroupByName("Staff"); return err }},
	{"SetGroup", func(r rbac.Records) error { return r.SetGroup(group("nobody")) }},
	{"DeleteGroup", func(r rbac.Records) error { return r.DeleteGroup(nobody) }},
	{"Grant", func(r rbac.Records) error { _, err := r.Grant(id("admins"), "post.edit"); return err }},
	{"SetGrant", func(r rbac.Records) error {
		return r.SetGrant(rbac.GrantRecord{Group: id("admins"), Permission: "post.edit"})
	}},
	{"DeleteGrant", func(r rbac.Records) error { return r.DeleteGrant(id("staff"), "*") }},
	{"DeleteInheritance", func(r rbac.Records) error {
		return r.DeleteInheritance(rbac.InheritanceRecord{Senior: id("staff"), Junior: id("admins")})
	}},
	{"Membership", func(r rbac.Records) error { _, err := r.Membership(id("bob"), id("admins"), "org:1"); return err }},
	{"SetMembership", func(r rbac.Records) error { return r.SetMembership(member("bob", "staff")) }},
	{"DeleteMembership", func(r rbac.Records) error { return r.DeleteMembership(id("alice"), id("staff"), "org:2") }},
	{"Ticket", func(r rbac.Records) error { _, err := r.Ticket(nobody); return err }},
	{"TicketByHash", func(r rbac.Records) error { _, err := r.TicketByHash(hash("nobody")); return err }},
	{"SetTicketGroups", func(r rbac.Records) error { return r.SetTicketGroups(nobody, nil) }},
	{"DeleteTicket", func(r rbac.Records) error { return r.DeleteTicket(nobody) }},
}

var nobody = id("nobody")

// faults are calls that fail on the seed: what they add is there, or what they refer to is not, or still is.
var faults = []call{
	{"AddUser: id taken", func(r rbac.Records) error { u := user("new"); u.ID = id("bob"); return r.AddUser(u) }},
	{"AddUser: name taken", func(r rbac.Records) error { u := user("new"); u.Name = "bob"; return r.AddUser(u) }},
	{"AddUser: e-mail taken", func(r rbac.Records) error { return addTwo(r, func(u *rbac.UserRecord) { u.EmailKey = "a@b" }) }},
	{"AddUser: subject taken", func(r rbac.Records) error { return addTwo(r, func(u *rbac.UserRecord) { u.Subject = "s" }) }},
	{"SetUser: name taken", func(r rbac.Records) error { u := user("alice"); u.Name = "bob"; return r.SetUser(u) }},
	{"SetUser: e-mail taken", func(r rbac.Records) error { return setTwo(r, func(u *rbac.UserRecord) { u.EmailKey = "a@b" }) }},
	{"SetUser: subject taken", func(r rbac.Records) error { return setTwo(r, func(u *rbac.UserRecord) { u.Subject = "s" }) }},
	{"DeleteUser: has memberships", func(r rbac.Records) error {
		if err := r.AddMembership(member("leaver", "staff")); err != nil {
			return err
		}
		return r.DeleteUser(id("leaver"))
	}},
	{"DeleteUser: has tickets", func(r rbac.Records) error {
		if err := r.AddTicket(ticket("new", "leaver")); err != nil {
			return err
		}
		return r.DeleteUser(id("leaver"))
	}},
	{"AddSection: taken", func(r rbac.Records) error { return r.AddSection(rbac.Section{Name: "posts"}) }},
	{"AddPermission: id taken", func(r rbac.Records) error { return r.AddPermission(rbac.Permission{ID: id("edit"), Name: "new"}) }},
	{"AddPermission: name taken", func(r rbac.Records) error { return r.AddPermission(rbac.Permission{ID: id("new"), Name: "post.edit"}) }},
	{"AddGroup: id taken", func(r rbac.Records) error { return r.AddGroup(rbac.Group{ID: id("staff"), Name: "new"}) }},
	{"AddGroup: name taken", func(r rbac.Records) error { return r.AddGroup(rbac.Group{ID: id("new"), Name: "staff"}) }},
	{"SetGroup: name taken", func(r rbac.Records) error { return r.SetGroup(rbac.Group{ID: id("staff"), Name: "admins"}) }},
	{"DeleteGroup: has grants", func(r rbac.Records) error {
		if err := r.AddGrant(rbac.GrantRecord{Group: id("empty"), Permission: "post.edit"}); err != nil {
			return err
		}
		return r.DeleteGroup(id("empty"))
	}},
	{"DeleteGroup: has juniors", func(r rbac.Records) error { return deleteInheriting(r, "empty", "guests") }},
	{"DeleteGroup: has seniors", func(r rbac.Records) error { return deleteInheriting(r, "guests", "empty") }},
	{"DeleteGroup: has members", func(r rbac.Records) error {
		if err := r.AddMembership(member("bob", "empty")); err != nil {
			return err
		}
		return r.DeleteGroup(id("empty"))
	}},
	{"DeleteGroup: in tickets", func(r rbac.Records) error {
		if err := r.AddTicket(ticket("new", "bob", "empty")); err != nil {
			return err
		}
		return r.DeleteGroup(id("empty"))
	}},
	{"AddGrant: taken", func(r rbac.Records) error { return r.AddGrant(rbac.GrantRecord{Group: id("admins"), Permission: "*"}) }},
	{"AddGrant: no group", func(r rbac.Records) error { return r.AddGrant(rbac.GrantRecord{Group: nobody, Permission: "*"}) }},
	{"AddInheritance: taken", func(r rbac.Records) error {
		return r.AddInheritance(rbac.InheritanceRecord{Senior: id("admins"), Junior: id("staff")})
	}},
	{"AddInheritance: no senior", func(r rbac.Records) error {
		return r.AddInheritance(rbac.InheritanceRecord{Senior: nobody, Junior: id("staff")})
	}},
	{"AddInheritance: no junior", func(r rbac.Records) error {
		return r.AddInheritance(rbac.InheritanceRecord{Senior: id("staff"), Junior: nobody})
	}},
	{"AddMembership: taken", func(r rbac.Records) error { return r.AddMembership(member("alice", "staff")) }},
	{"AddMembership: no user", func(r rbac.Records) error { return r.AddMembership(member("nobody", "staff")) }},
	{"AddMembership: no group", func(r rbac.Records) error { return r.AddMembership(member("alice", "nobody")) }},
	{"AddTicket: id taken", func(r rbac.Records) error { t := ticket("new", "bob"); t.ID = id("t1"); return r.AddTicket(t) }},
	{"AddTicket: hash taken", func(r rbac.Records) error { t := ticket("new", "bob"); t.Hash = hash("t1"); return r.AddTicket(t) }},
	{"AddTicket: no user", func(r rbac.Records) error { return r.AddTicket(ticket("new", "nobody")) }},
	{"AddTicket: no group", func(r rbac.Records) error { return r.AddTicket(ticket("new", "bob", "staff", "nobody")) }},
	{"SetTicketGroups: no group", func(r rbac.Records) error { return r.SetTicketGroups(id("t1"), ids("nobody")) }},
	{"AddChange: taken", func(r rbac.Records) error { return r.AddChange(rbac.Change{Revision: 1, Seq: 1}) }},
}

func addTwo(r rbac.Records, set func(*rbac.UserRecord)) error {
	a, b := user("new a"), user("new b")
	set(&a)
	set(&b)
	if err := r.AddUser(a); err != nil {
		return err
	}
	return r.AddUser(b)
}

func setTwo(r rbac.Records, set func(*rbac.UserRecord)) error {
	a, b := user("alice"), user("bob")
	set(&a)
	set(&b)
	if err := r.SetUser(a); err != nil {
		return err
	}
	return r.SetUser(b)
}

func deleteInheriting(r rbac.Records, senior, junior string) error {
	if err := r.AddInheritance(rbac.InheritanceRecord{Senior: id(senior), Junior: id(junior)}); err != nil {
		return err
	}
	return r.DeleteGroup(id("empty"))
}
