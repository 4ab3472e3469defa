package storetest

import (
	"time"

	"github.com/rbac-go/rbac/store"
)

// call is one call of a method of Records.
type call struct {
	name string
	f    func(store.Records) error
}

func steps(r store.Records, calls []call) error {
	return each(calls, func(c call) error { return c.f(r) })
}

// edits call every method that writes. Each edit succeeds on the seed, alone
// and after all earlier edits, and changes something.
var edits = []call{
	{"SetHead", func(r store.Records) error { return r.SetHead(store.Head{Revision: 2, Nonce: 22}) }},
	{"AddUser", func(r store.Records) error { return r.AddUser(user("carol")) }},
	{"SetUser", func(r store.Records) error {
		u := user("alice")
		u.Name, u.EmailKey = "alicia", "a@b"
		return r.SetUser(u)
	}},
	{"SetPasswordHash", func(r store.Records) error { return r.SetPasswordHash(id("alice"), "hash") }},
	{"SetLastLogin", func(r store.Records) error { return r.SetLastLogin(id("bob"), noon) }},
	{"SetPacedUntil", func(r store.Records) error { return r.SetPacedUntil(id("bob"), noon) }},
	{"DeleteUser", func(r store.Records) error { return r.DeleteUser(id("leaver")) }},
	{"PutSection new", func(r store.Records) error { return r.PutSection(store.Section{Name: "new"}) }},
	{"PutSection", func(r store.Records) error { return r.PutSection(store.Section{Name: "posts", Title: "All posts"}) }},
	{"DeleteSection", func(r store.Records) error { return r.DeleteSection("old") }},
	{"PutPermission new", func(r store.Records) error { return r.PutPermission(store.Permission{ID: id("p"), Name: "p"}) }},
	{"PutPermission", func(r store.Records) error {
		return r.PutPermission(store.Permission{ID: id("edit"), Name: "post.edit", Title: "Edit"})
	}},
	{"DeletePermission", func(r store.Records) error { return r.DeletePermission(id("old")) }},
	{"PutGroup new", func(r store.Records) error { return r.PutGroup(group("new")) }},
	{"PutGroup", func(r store.Records) error { g := group("staff"); g.Name = "team"; return r.PutGroup(g) }},
	{"DeleteGroup", func(r store.Records) error { return r.DeleteGroup(id("empty")) }},
	{"PutGrant new", func(r store.Records) error {
		return r.PutGrant(store.Grant{Group: id("staff"), Permission: "post.*"})
	}},
	{"PutGrant", func(r store.Records) error {
		return r.PutGrant(store.Grant{Group: id("staff"), Permission: "post.edit", Note: "changed"})
	}},
	{"DeleteGrant", func(r store.Records) error { return r.DeleteGrant(id("admins"), "*") }},
	{"AddInheritance", func(r store.Records) error {
		return r.AddInheritance(store.Inheritance{Senior: id("staff"), Junior: id("guests")})
	}},
	{"DeleteInheritance", func(r store.Records) error {
		return r.DeleteInheritance(store.Inheritance{Senior: id("admins"), Junior: id("staff")})
	}},
	{"PutDeclaration", func(r store.Records) error {
		return r.PutDeclaration(store.Declaration{Kind: "group", Key: "admins", Text: "changed"})
	}},
	{"PutSeparation new", func(r store.Records) error { return r.PutSeparation(separation(true, "new", 2, "staff", "guests")) }},
	{"PutSeparation", func(r store.Records) error {
		return r.PutSeparation(separation(false, "duties", 3, "admins", "guests"))
	}},
	{"DeleteSeparation", func(r store.Records) error { return r.DeleteSeparation(true, "duties") }},
	{"PutDelegation new", func(r store.Records) error { return r.PutDelegation(delegation("guests", "guests")) }},
	{"PutDelegation", func(r store.Records) error { return r.PutDelegation(delegation("admins", "guests")) }},
	{"DeleteDelegation", func(r store.Records) error { return r.DeleteDelegation(id("staff")) }},
	{"PutMembership new", func(r store.Records) error { return r.PutMembership(member("bob", "staff")) }},
	{"PutMembership", func(r store.Records) error {
		m := member("alice", "staff")
		m.Note = "changed"
		return r.PutMembership(m)
	}},
	{"DeleteMembership", func(r store.Records) error { return r.DeleteMembership(id("alice"), id("staff"), "org:1") }},
	{"AddTicket", func(r store.Records) error { return r.AddTicket(ticket("new", "bob", "guests")) }},
	{"SetTicketExpires", func(r store.Records) error { return r.SetTicketExpires(id("t1"), noon.Add(tick)) }},
	{"SetTicketGroups", func(r store.Records) error { return r.SetTicketGroups(id("t1"), ids("staff")) }},
	{"TouchTicket", func(r store.Records) error { return r.TouchTicket(id("t2"), noon.Add(time.Minute)) }},
	{"DeleteTicket", func(r store.Records) error { return r.DeleteTicket(id("t3")) }},
	{"DeleteDeadTickets", func(r store.Records) error { _, err := r.DeleteDeadTickets(noon, 9); return err }},
	{"PutLink new", func(r store.Records) error { return r.PutLink(link("bob", "invite")) }},
	{"PutLink", func(r store.Records) error { l := link("alice", "verify"); l.Hash = hash("again"); return r.PutLink(l) }},
	{"DeleteLink", func(r store.Records) error { return r.DeleteLink(id("alice"), "reset") }},
	{"CountLogin new", func(r store.Records) error { return r.CountLogin(login("bob", "new", true, noon), 9) }},
	{"CountLogin", func(r store.Records) error { return r.CountLogin(login("alice", "l1", false, noon), 9) }},
	{"DeleteLogins", func(r store.Records) error { _, err := r.DeleteLogins(noon.Add(tick), 1); return err }},
	{"PutTicketValue", func(r store.Records) error { return r.PutTicketValue(ticketValue("t2", "lang", "nl")) }},
	{"DeleteTicketValue", func(r store.Records) error { return r.DeleteTicketValue(id("t1"), "lang") }},
	{"PutThrottle", func(r store.Records) error {
		return r.PutThrottle(store.Throttle{Key: hash("k1"), Last: noon, Until: noon, State: "9"})
	}},
	{"DeleteThrottle", func(r store.Records) error { return r.DeleteThrottle(hash("k1")) }},
	{"DeleteIdleThrottles", func(r store.Records) error { _, err := r.DeleteIdleThrottles(noon.Add(time.Hour), 9, 9); return err }},
	{"DeleteChanges", func(r store.Records) error {
		if err := r.AddChange(store.Change{Revision: 9}); err != nil { // the last revision stays
			return err
		}
		_, err := r.DeleteChanges(noon.Add(tick), 9)
		return err
	}},
	{"AddChange", func(r store.Records) error { return r.AddChange(store.Change{Revision: 2}) }},
}

// lookups call every method that reads. Each lookup succeeds on the seed.
var lookups = []call{
	{"Head", func(r store.Records) error { _, err := r.Head(store.NoLock); return err }},
	{"User", func(r store.Records) error { _, err := r.User(store.UserKey{ID: id("alice")}); return err }},
	{"User by name", func(r store.Records) error { _, err := r.User(store.UserKey{Name: "bob"}); return err }},
	{"User by e-mail key", func(r store.Records) error { _, err := r.User(store.UserKey{EmailKey: "alice"}); return found(err) }},
	{"User by subject", func(r store.Records) error { _, err := r.User(store.UserKey{Subject: "alice"}); return found(err) }},
	{"Users", func(r store.Records) error { _, err := store.Collect(r.Users(store.UserFilter{})); return err }},
	{"Users of groups", func(r store.Records) error {
		_, err := store.Collect(r.Users(store.UserFilter{Groups: ids("staff"), Scopes: []string{"", "org:1"}, At: noon}))
		return found(err)
	}},
	{"CountUsers", func(r store.Records) error {
		_, err := r.CountUsers(store.UserFilter{Groups: ids("staff"), AlsoScopes: []string{"org:1"}, At: noon})
		return err
	}},
	{"Sections", func(r store.Records) error { _, err := r.Sections(); return err }},
	{"Section", func(r store.Records) error { _, err := r.Section("posts"); return err }},
	{"Permissions", func(r store.Records) error { _, err := r.Permissions(); return err }},
	{"Permission", func(r store.Records) error { _, err := r.Permission("post.edit"); return err }},
	{"Groups", func(r store.Records) error { _, err := r.Groups(); return err }},
	{"Group", func(r store.Records) error { _, err := r.Group(store.GroupKey{ID: id("staff")}); return err }},
	{"Group by name", func(r store.Records) error { _, err := r.Group(store.GroupKey{Name: "admins"}); return err }},
	{"Grants", func(r store.Records) error { _, err := r.Grants(store.GrantFilter{}); return err }},
	{"Grants of a group", func(r store.Records) error { _, err := r.Grants(store.GrantFilter{Group: id("staff")}); return err }},
	{"Grants of a permission", func(r store.Records) error { _, err := r.Grants(store.GrantFilter{Permission: "*"}); return err }},
	{"Grant", func(r store.Records) error { _, err := r.Grant(id("staff"), "post.edit"); return err }},
	{"Inheritances", func(r store.Records) error { _, err := r.Inheritances(store.InheritanceFilter{}); return err }},
	{"Inheritances of a senior", func(r store.Records) error {
		_, err := r.Inheritances(store.InheritanceFilter{Senior: id("admins")})
		return err
	}},
	{"Inheritances of a junior", func(r store.Records) error {
		_, err := r.Inheritances(store.InheritanceFilter{Junior: id("staff")})
		return err
	}},
	{"Declarations", func(r store.Records) error { _, err := r.Declarations(); return err }},
	{"Separations", func(r store.Records) error {
		_, err := r.Separations(store.SeparationFilter{})
		return err
	}},
	{"Separation", func(r store.Records) error { _, err := r.Separation(true, "desks"); return err }},
	{"Separations of groups", func(r store.Records) error {
		_, err := r.Separations(store.SeparationFilter{Dynamic: true, Groups: ids("staff")})
		return err
	}},
	{"Delegations", func(r store.Records) error { _, err := r.Delegations(); return err }},
	{"Membership", func(r store.Records) error { _, err := r.Membership(id("alice"), id("staff"), "org:1"); return err }},
	{"UserMemberships", func(r store.Records) error { _, err := r.UserMemberships(id("alice")); return err }},
	{"Memberships", func(r store.Records) error {
		_, err := store.Collect(r.Memberships(store.MembershipFilter{}))
		return err
	}},
	{"Memberships of users", func(r store.Records) error {
		_, err := store.Collect(r.Memberships(store.MembershipFilter{Users: ids("alice", "bob")}))
		return err
	}},
	{"Memberships in a scope", func(r store.Records) error {
		_, err := store.Collect(r.Memberships(store.MembershipFilter{Scopes: []string{"org:1"}}))
		return err
	}},
	{"Scopes", func(r store.Records) error { _, err := store.Collect(r.Scopes()); return err }},
	{"Ticket", func(r store.Records) error { _, err := r.Ticket(store.TicketKey{ID: id("t1")}); return err }},
	{"Ticket by hash", func(r store.Records) error { _, err := r.Ticket(store.TicketKey{Hash: hash("t2")}); return err }},
	{"UserTickets", func(r store.Records) error {
		_, err := r.UserTickets(id("alice"))
		return err
	}},
	{"Tickets of groups", func(r store.Records) error {
		_, err := collectTickets(r.Tickets(store.TicketFilter{Groups: ids("staff")}))
		return err
	}},
	{"Tickets seen before", func(r store.Records) error {
		_, err := collectTickets(r.Tickets(store.TicketFilter{SeenBefore: noon}))
		return err
	}},
	{"Tickets newest first", func(r store.Records) error {
		_, err := store.Collect(r.Tickets(store.TicketFilter{Newest: true, Kind: store.SessionTicket}))
		return err
	}},
	{"Tickets of a user", func(r store.Records) error {
		_, err := store.Collect(r.Tickets(store.TicketFilter{Newest: true, User: id("alice")}))
		return err
	}},
	{"Link", func(r store.Records) error { _, err := r.Link(hash("alice reset")); return found(err) }},
	{"UserLinks", func(r store.Records) error { _, err := r.UserLinks(id("alice")); return err }},
	{"ExpiredLinks", func(r store.Records) error { _, err := r.ExpiredLinks(noon, 9); return err }},
	{"Logins", func(r store.Records) error {
		_, err := store.Collect(r.Logins(store.LoginFilter{}))
		return err
	}},
	{"Logins of a user", func(r store.Records) error {
		_, err := store.Collect(r.Logins(store.LoginFilter{User: id("alice"), Kind: store.FailedLogin}))
		return err
	}},
	{"TicketValues", func(r store.Records) error { _, err := r.TicketValues(id("t1")); return err }},
	{"Throttle", func(r store.Records) error { _, err := r.Throttle(hash("k1")); return err }},
	{"UserThrottles", func(r store.Records) error { _, err := r.UserThrottles(id("alice")); return err }},
	{"Changes of a subject", func(r store.Records) error {
		_, err := store.Collect(r.Changes(store.ChangeFilter{Subject: "alice", Since: noon, Newest: true}))
		return err
	}},
	{"Changes", func(r store.Records) error { _, err := store.Collect(r.Changes(store.ChangeFilter{})); return err }},
}

// locks call the methods that read a record for a change. Each call succeeds on
// the seed, in an Update.
var locks = []call{
	{"Head exclusive", func(r store.Records) error { _, err := r.Head(store.ExclusiveLock); return err }},
	{"Head shared", func(r store.Records) error { _, err := r.Head(store.ShareLock); return err }},
	{"LockUser", func(r store.Records) error { _, err := r.LockUser(id("alice")); return err }},
}

// found accepts ErrNotFound as a valid answer.
func found(err error) error {
	if err == store.ErrNotFound {
		return nil
	}
	return err
}
