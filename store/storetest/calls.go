package storetest

import (
	"time"

	"github.com/rbac-go/rbac"
)

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
	{"SetPacedUntil", func(r rbac.Records) error { return r.SetPacedUntil(id("bob"), noon) }},
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
	{"AddSeparation", func(r rbac.Records) error { return r.AddSeparation(separation(true, "new", 2, "staff", "guests")) }},
	{"SetSeparation", func(r rbac.Records) error { return r.SetSeparation(separation(false, "duties", 3, "admins", "guests")) }},
	{"DeleteSeparation", func(r rbac.Records) error { return r.DeleteSeparation(true, "duties") }},
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
	{"DeleteDeadTickets", func(r rbac.Records) error { _, err := r.DeleteDeadTickets(noon, 9); return err }},
	{"SetTicketValue", func(r rbac.Records) error { return r.SetTicketValue(ticketValue("t2", "lang", "nl")) }},
	{"DeleteTicketValue", func(r rbac.Records) error { return r.DeleteTicketValue(id("t1"), "lang") }},
	{"SetThrottle", func(r rbac.Records) error {
		return r.SetThrottle(rbac.ThrottleRecord{Key: hash("k1"), Last: noon, Until: noon, State: "9"})
	}},
	{"DeleteThrottle", func(r rbac.Records) error { return r.DeleteThrottle(hash("k1")) }},
	{"DeleteIdleThrottles", func(r rbac.Records) error { _, err := r.DeleteIdleThrottles(noon.Add(time.Hour), 9, 9); return err }},
	{"DeleteChanges", func(r rbac.Records) error {
		if err := r.AddChange(rbac.Change{Revision: 9}); err != nil { // the last revision stays
			return err
		}
		_, err := r.DeleteChanges(noon.Add(tick), 9)
		return err
	}},
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
	{"Separations", func(r rbac.Records) error { _, err := r.Separations(false); return err }},
	{"Separation", func(r rbac.Records) error { _, err := r.Separation(true, "desks"); return err }},
	{"GroupSeparations", func(r rbac.Records) error { _, err := r.GroupSeparations(true, ids("staff")); return err }},
	{"Membership", func(r rbac.Records) error { _, err := r.Membership(id("alice"), id("staff"), "org:1"); return err }},
	{"UserMemberships", func(r rbac.Records) error { _, err := r.UserMemberships(id("alice")); return err }},
	{"GroupMembers", func(r rbac.Records) error { _, err := all(r.GroupMembers(id("staff"))); return err }},
	{"Ticket", func(r rbac.Records) error { _, err := r.Ticket(id("t1")); return err }},
	{"TicketByHash", func(r rbac.Records) error { _, err := r.TicketByHash(hash("t2")); return err }},
	{"UserTickets", func(r rbac.Records) error { _, err := r.UserTickets(id("alice")); return err }},
	{"GroupTickets", func(r rbac.Records) error { _, err := all(r.GroupTickets(ids("staff"))); return err }},
	{"IdleTickets", func(r rbac.Records) error { _, err := all(r.IdleTickets(noon)); return err }},
	{"TicketValues", func(r rbac.Records) error { _, err := r.TicketValues(id("t1")); return err }},
	{"Throttle", func(r rbac.Records) error { _, err := r.Throttle(hash("k1")); return err }},
	{"UserThrottles", func(r rbac.Records) error { _, err := r.UserThrottles(id("alice")); return err }},
	{"Changes", func(r rbac.Records) error { _, err := all(r.Changes(rbac.ChangeQuery{})); return err }},
}

// locks call the methods that read for a change. Each succeeds on the seed, in an Update.
var locks = []call{
	{"LockHead", func(r rbac.Records) error { _, err := r.LockHead(); return err }},
	{"ShareHead", func(r rbac.Records) error { _, err := r.ShareHead(); return err }},
	{"LockUser", func(r rbac.Records) error { _, err := r.LockUser(id("alice")); return err }},
}

// found lets ErrNotFound pass for an answer.
func found(err error) error {
	if err == rbac.ErrNotFound {
		return nil
	}
	return err
}
