package storetest

import (
	"github.com/rbac-go/rbac/store"
)

// unknown calls every method that returns ErrNotFound, with a key that no
// record has.
var unknown = []call{
	{"User", func(r store.Records) error { _, err := r.User(store.UserKey{ID: nobody}); return err }},
	{"User by name", func(r store.Records) error { _, err := r.User(store.UserKey{Name: "Alice"}); return err }},
	{"User by e-mail key", func(r store.Records) error { _, err := r.User(store.UserKey{EmailKey: "nobody"}); return err }},
	{"User by subject", func(r store.Records) error { _, err := r.User(store.UserKey{Subject: "nobody"}); return err }},
	{"LockUser", func(r store.Records) error { _, err := r.LockUser(nobody); return err }},
	{"SetUser", func(r store.Records) error { return r.SetUser(user("nobody")) }},
	{"SetPasswordHash", func(r store.Records) error { return r.SetPasswordHash(nobody, "hash") }},
	{"SetLastLogin", func(r store.Records) error { return r.SetLastLogin(nobody, noon) }},
	{"SetPacedUntil", func(r store.Records) error { return r.SetPacedUntil(nobody, noon) }},
	{"DeleteUser", func(r store.Records) error { return r.DeleteUser(nobody) }},
	{"Section", func(r store.Records) error { _, err := r.Section("Posts"); return err }},
	{"DeleteSection", func(r store.Records) error { return r.DeleteSection("nothing") }},
	{"Permission", func(r store.Records) error { _, err := r.Permission("post.*"); return err }},
	{"DeletePermission", func(r store.Records) error { return r.DeletePermission(nobody) }},
	{"Group", func(r store.Records) error { _, err := r.Group(store.GroupKey{ID: nobody}); return err }},
	{"Group by name", func(r store.Records) error { _, err := r.Group(store.GroupKey{Name: "Staff"}); return err }},
	{"DeleteGroup", func(r store.Records) error { return r.DeleteGroup(nobody) }},
	{"Grant", func(r store.Records) error { _, err := r.Grant(id("admins"), "post.edit"); return err }},
	{"DeleteGrant", func(r store.Records) error { return r.DeleteGrant(id("staff"), "*") }},
	{"DeleteInheritance", func(r store.Records) error {
		return r.DeleteInheritance(store.Inheritance{Senior: id("staff"), Junior: id("admins")})
	}},
	{"Separation", func(r store.Records) error { _, err := r.Separation(false, "desks"); return err }},
	{"DeleteSeparation", func(r store.Records) error { return r.DeleteSeparation(false, "desks") }},
	{"DeleteDelegation", func(r store.Records) error { return r.DeleteDelegation(id("guests")) }},
	{"Membership", func(r store.Records) error { _, err := r.Membership(id("bob"), id("admins"), "org:1"); return err }},
	{"DeleteMembership", func(r store.Records) error { return r.DeleteMembership(id("alice"), id("staff"), "org:2") }},
	{"Ticket", func(r store.Records) error { _, err := r.Ticket(store.TicketKey{ID: nobody}); return err }},
	{"Ticket by hash", func(r store.Records) error { _, err := r.Ticket(store.TicketKey{Hash: hash("nobody")}); return err }},
	{"SetTicketExpires", func(r store.Records) error { return r.SetTicketExpires(nobody, noon) }},
	{"SetTicketGroups", func(r store.Records) error { return r.SetTicketGroups(nobody, nil) }},
	{"DeleteTicket", func(r store.Records) error { return r.DeleteTicket(nobody) }},
	{"Link", func(r store.Records) error { _, err := r.Link(hash("nobody")); return err }},
	{"DeleteLink", func(r store.Records) error { return r.DeleteLink(id("bob"), "Reset") }},
	{"PutTicketValue", func(r store.Records) error { return r.PutTicketValue(ticketValue("nobody", "lang", "de")) }},
	{"DeleteTicketValue", func(r store.Records) error { return r.DeleteTicketValue(id("t1"), "Lang") }},
}

var nobody = id("nobody")

// faults are calls that fail on the seed: an added record exists already, a
// referenced record does not exist, or a deleted record is still referenced.
var faults = []call{
	{"AddUser: id taken", func(r store.Records) error { u := user("new"); u.ID = id("bob"); return r.AddUser(u) }},
	{"AddUser: name taken", func(r store.Records) error { u := user("new"); u.Name = "bob"; return r.AddUser(u) }},
	{"AddUser: e-mail taken", func(r store.Records) error { return addTwo(r, func(u *store.UserRecord) { u.EmailKey = "a@b" }) }},
	{"AddUser: subject taken", func(r store.Records) error { return addTwo(r, func(u *store.UserRecord) { u.Subject = "s" }) }},
	{"SetUser: name taken", func(r store.Records) error { u := user("alice"); u.Name = "bob"; return r.SetUser(u) }},
	{"SetUser: e-mail taken", func(r store.Records) error { return setTwo(r, func(u *store.UserRecord) { u.EmailKey = "a@b" }) }},
	{"SetUser: subject taken", func(r store.Records) error { return setTwo(r, func(u *store.UserRecord) { u.Subject = "s" }) }},
	{"DeleteUser: has memberships", func(r store.Records) error {
		if err := r.PutMembership(member("leaver", "staff")); err != nil {
			return err
		}
		return r.DeleteUser(id("leaver"))
	}},
	{"DeleteUser: has tickets", func(r store.Records) error {
		if err := r.AddTicket(ticket("new", "leaver")); err != nil {
			return err
		}
		return r.DeleteUser(id("leaver"))
	}},
	{"DeleteUser: has links", func(r store.Records) error {
		if err := r.PutLink(link("leaver", "reset")); err != nil {
			return err
		}
		return r.DeleteUser(id("leaver"))
	}},
	{"PutPermission new: name taken", func(r store.Records) error {
		return r.PutPermission(store.Permission{ID: id("new"), Name: "post.edit"})
	}},
	{"PutPermission: name taken", func(r store.Records) error {
		return r.PutPermission(store.Permission{ID: id("old"), Name: "post.edit"})
	}},
	{"PutGroup new: name taken", func(r store.Records) error { return r.PutGroup(store.Group{ID: id("new"), Name: "staff"}) }},
	{"PutGroup: name taken", func(r store.Records) error { return r.PutGroup(store.Group{ID: id("staff"), Name: "admins"}) }},
	{"DeleteGroup: has grants", func(r store.Records) error {
		if err := r.PutGrant(store.Grant{Group: id("empty"), Permission: "post.edit"}); err != nil {
			return err
		}
		return r.DeleteGroup(id("empty"))
	}},
	{"DeleteGroup: has juniors", func(r store.Records) error { return deleteInheriting(r, "empty", "guests") }},
	{"DeleteGroup: has seniors", func(r store.Records) error { return deleteInheriting(r, "guests", "empty") }},
	{"DeleteGroup: has members", func(r store.Records) error {
		if err := r.PutMembership(member("bob", "empty")); err != nil {
			return err
		}
		return r.DeleteGroup(id("empty"))
	}},
	{"DeleteGroup: in tickets", func(r store.Records) error {
		if err := r.AddTicket(ticket("new", "bob", "empty")); err != nil {
			return err
		}
		return r.DeleteGroup(id("empty"))
	}},
	{"DeleteGroup: in separation sets", func(r store.Records) error {
		if err := r.PutSeparation(separation(true, "new", 2, "staff", "empty")); err != nil {
			return err
		}
		return r.DeleteGroup(id("empty"))
	}},
	{"DeleteGroup: has a delegation", func(r store.Records) error {
		if err := r.PutDelegation(delegation("empty", "staff")); err != nil {
			return err
		}
		return r.DeleteGroup(id("empty"))
	}},
	{"DeleteGroup: in delegations", func(r store.Records) error {
		if err := r.PutDelegation(delegation("staff", "empty")); err != nil {
			return err
		}
		return r.DeleteGroup(id("empty"))
	}},
	{"PutDelegation: no group", func(r store.Records) error { return r.PutDelegation(delegation("nobody", "staff")) }},
	{"PutDelegation: no group to assign", func(r store.Records) error { return r.PutDelegation(delegation("staff", "nobody")) }},
	{"PutSeparation new: no group", func(r store.Records) error { return r.PutSeparation(separation(true, "new", 2, "nobody")) }},
	{"PutSeparation: no group", func(r store.Records) error { return r.PutSeparation(separation(true, "desks", 2, "nobody")) }},
	{"PutGrant new: no group", func(r store.Records) error { return r.PutGrant(store.Grant{Group: nobody, Permission: "*"}) }},
	{"AddInheritance: taken", func(r store.Records) error {
		return r.AddInheritance(store.Inheritance{Senior: id("admins"), Junior: id("staff")})
	}},
	{"AddInheritance: no senior", func(r store.Records) error {
		return r.AddInheritance(store.Inheritance{Senior: nobody, Junior: id("staff")})
	}},
	{"AddInheritance: no junior", func(r store.Records) error {
		return r.AddInheritance(store.Inheritance{Senior: id("staff"), Junior: nobody})
	}},
	{"PutMembership new: no user", func(r store.Records) error { return r.PutMembership(member("nobody", "staff")) }},
	{"PutMembership new: no group", func(r store.Records) error { return r.PutMembership(member("alice", "nobody")) }},
	{"AddTicket: id taken", func(r store.Records) error { t := ticket("new", "bob"); t.ID = id("t1"); return r.AddTicket(t) }},
	{"AddTicket: hash taken", func(r store.Records) error { t := ticket("new", "bob"); t.Hash = hash("t1"); return r.AddTicket(t) }},
	{"AddTicket: no user", func(r store.Records) error { return r.AddTicket(ticket("new", "nobody")) }},
	{"AddTicket: no group", func(r store.Records) error { return r.AddTicket(ticket("new", "bob", "staff", "nobody")) }},
	{"SetTicketGroups: no group", func(r store.Records) error { return r.SetTicketGroups(id("t1"), ids("nobody")) }},
	{"PutLink: hash taken", func(r store.Records) error {
		l := link("bob", "invite")
		l.Hash = hash("alice reset")
		return r.PutLink(l)
	}},
	{"PutLink: no user", func(r store.Records) error { return r.PutLink(link("nobody", "reset")) }},
	{"AddChange: taken", func(r store.Records) error { return r.AddChange(store.Change{Revision: 1, Seq: 1}) }},
}

func addTwo(r store.Records, set func(*store.UserRecord)) error {
	a, b := user("new a"), user("new b")
	set(&a)
	set(&b)
	if err := r.AddUser(a); err != nil {
		return err
	}
	return r.AddUser(b)
}

func setTwo(r store.Records, set func(*store.UserRecord)) error {
	a, b := user("alice"), user("bob")
	set(&a)
	set(&b)
	if err := r.SetUser(a); err != nil {
		return err
	}
	return r.SetUser(b)
}

func deleteInheriting(r store.Records, senior, junior string) error {
	if err := r.AddInheritance(store.Inheritance{Senior: id(senior), Junior: id(junior)}); err != nil {
		return err
	}
	return r.DeleteGroup(id("empty"))
}
