package storetest

import (
	"time"

	"github.com/rbac-go/rbac/store"
)

// seed adds records to every table, for every call to work on.
func seed(r store.Records) error {
	return steps(r, []call{
		{"SetHead", func(r store.Records) error { return r.SetHead(store.Head{Revision: 1, Nonce: 11}) }},
		{"users", func(r store.Records) error { return addUsers(r, "alice", "bob", "leaver") }},
		{"groups", func(r store.Records) error { return addGroups(r, "admins", "staff", "guests", "empty") }},
		{"sections", func(r store.Records) error {
			return each([]store.Section{{Name: "posts", Title: "Posts"}, {Name: "old"}}, r.PutSection)
		}},
		{"permissions", func(r store.Records) error {
			return each([]store.Permission{{ID: id("edit"), Name: "post.edit", Section: "posts"}, {ID: id("old"), Name: "post.old"}}, r.PutPermission)
		}},
		{"grants", func(r store.Records) error {
			return each([]store.Grant{{Group: id("staff"), Permission: "post.edit"}, {Group: id("admins"), Permission: "*"}}, r.PutGrant)
		}},
		{"inheritances", func(r store.Records) error {
			return each([]store.Inheritance{{Senior: id("admins"), Junior: id("staff")}, {Senior: id("admins"), Junior: id("guests")}}, r.AddInheritance)
		}},
		{"PutDeclaration", func(r store.Records) error { return r.PutDeclaration(store.Declaration{Kind: "group", Key: "admins"}) }},
		{"separations", func(r store.Records) error {
			return each([]store.Separation{separation(false, "duties", 2, "admins", "staff", "guests"),
				separation(true, "duties", 2, "admins", "staff"), separation(true, "desks", 2, "staff", "guests")}, r.PutSeparation)
		}},
		{"delegations", func(r store.Records) error {
			return each([]store.Delegation{delegation("admins", "staff", "guests"), delegation("staff", "guests")}, r.PutDelegation)
		}},
		{"memberships", func(r store.Records) error {
			scoped := member("alice", "staff")
			scoped.Scope = "org:1"
			return each([]store.Membership{member("alice", "staff"), scoped, member("bob", "admins")}, r.PutMembership)
		}},
		{"tickets", func(r store.Records) error {
			dead := ticket("dead", "bob")
			dead.Expires = noon.Add(-time.Hour)
			return each([]store.Ticket{ticket("t1", "alice"), ticket("t2", "alice", "staff", "guests"), ticket("t3", "bob"), dead}, r.AddTicket)
		}},
		{"ticket values", func(r store.Records) error {
			return each([]store.TicketValue{ticketValue("t1", "lang", "de"), ticketValue("t1", "flash", "Saved."), ticketValue("t3", "lang", "fr"), ticketValue("dead", "lang", "it")}, r.PutTicketValue)
		}},
		{"links", func(r store.Records) error {
			return each([]store.Link{link("alice", "reset"), link("alice", "verify"), link("bob", "reset")}, r.PutLink)
		}},
		{"logins", func(r store.Records) error {
			return each([]store.Login{login("alice", "l1", false, noon), login("alice", "l2", true, noon), login("leaver", "l3", true, noon.Add(-tick))},
				func(l store.Login) error { return r.CountLogin(l, 9) })
		}},
		{"throttles", func(r store.Records) error {
			return each([]store.Throttle{
				{Key: hash("k1"), User: id("alice"), Last: noon, Until: noon, State: "1"}, {Key: hash("k2"), Until: noon.Add(time.Hour), State: "2"}}, r.PutThrottle)
		}},
		{"changes", func(r store.Records) error {
			return each([]store.Change{{Revision: 1, Action: "AddUser", At: noon}, {Revision: 1, Seq: 1, After: []byte(`{}`)}}, r.AddChange)
		}},
	})
}

// tables are the contents of a seeded store.
type tables struct {
	Head         store.Head
	Users        []store.UserRecord
	Sections     []store.Section
	Permissions  []store.Permission
	Groups       []store.Group
	Grants       []store.Grant
	Inheritances []store.Inheritance
	Declarations []store.Declaration
	Static       []store.Separation
	Dynamic      []store.Separation
	Delegations  []store.Delegation
	Memberships  [][]store.Membership
	Members      []store.Member
	Scoped       []store.Member
	Ending       []store.Member
	Scopes       []string
	UserTickets  [][]store.Ticket
	Tickets      []store.Ticket
	Values       []store.TicketValue
	Links        [][]store.Link
	Expired      []store.Link
	Logins       []store.UserLogin
	Throttles    []store.Throttle
	Changes      []store.Change
}

func dump(r store.Records) (t tables, err error) {
	add := func(err2 error) {
		if err == nil {
			err = err2
		}
	}
	keep(&t.Head, add)(r.Head(store.NoLock))
	keep(&t.Users, add)(store.Collect(r.Users(store.UserFilter{})))
	keep(&t.Sections, add)(r.Sections())
	keep(&t.Permissions, add)(r.Permissions())
	keep(&t.Groups, add)(r.Groups())
	keep(&t.Grants, add)(r.Grants(store.GrantFilter{}))
	keep(&t.Inheritances, add)(r.Inheritances(store.InheritanceFilter{}))
	keep(&t.Declarations, add)(r.Declarations())
	keep(&t.Static, add)(r.Separations(store.SeparationFilter{}))
	keep(&t.Dynamic, add)(r.Separations(store.SeparationFilter{Dynamic: true}))
	keep(&t.Delegations, add)(r.Delegations())
	for _, u := range t.Users {
		t.Memberships = append(t.Memberships, nil)
		keep(&t.Memberships[len(t.Memberships)-1], add)(r.UserMemberships(u.ID))
		t.UserTickets = append(t.UserTickets, nil)
		keep(&t.UserTickets[len(t.UserTickets)-1], add)(r.UserTickets(u.ID))
		t.Links = append(t.Links, nil)
		keep(&t.Links[len(t.Links)-1], add)(r.UserLinks(u.ID))
	}
	keep(&t.Scopes, add)(store.Collect(r.Scopes()))
	for _, g := range t.Groups {
		members, err := store.Collect(r.Memberships(store.MembershipFilter{Group: g.ID}))
		add(err)
		t.Members = append(t.Members, members...)
	}
	scoped := store.MembershipFilter{Scopes: append(t.Scopes, "")}
	keep(&t.Scoped, add)(store.Collect(r.Memberships(scoped)))
	ending := store.MembershipFilter{EndingBefore: times[len(times)-1]}
	keep(&t.Ending, add)(store.Collect(r.Memberships(ending)))
	keep(&t.Tickets, add)(collectTickets(r.Tickets(store.TicketFilter{SeenBefore: times[len(times)-1]})))
	keep(&t.Values, add)(ticketValues(r, t.Tickets))
	keep(&t.Expired, add)(r.ExpiredLinks(noon, 9))
	keep(&t.Logins, add)(store.Collect(r.Logins(store.LoginFilter{})))
	for _, key := range [][32]byte{hash("k1"), hash("k2")} {
		t.Throttles = append(t.Throttles, store.Throttle{})
		keep(&t.Throttles[len(t.Throttles)-1], add)(r.Throttle(key))
	}
	keep(&t.Changes, add)(store.Collect(r.Changes(store.ChangeFilter{})))
	return t, err
}

// keep stores a result in a table and passes its error to fail.
func keep[R any](table *R, fail func(error)) func(R, error) {
	return func(result R, err error) {
		*table = result
		fail(err)
	}
}
