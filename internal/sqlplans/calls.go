package sqlplans

import (
	"iter"
	"time"

	"github.com/google/uuid"
	"github.com/rbac-go/rbac/store"
)

// Call is a call of store.Records or of store.Finder. Name is the name of the
// method and, of a filter, the names of the fields that are set.
type Call struct {
	Name  string
	Whole bool // may read a table from end to end
	Sorts bool // may sort the rows found
	Do    func(r store.Records)
	Find  store.Sought
}

var (
	id     = uuid.UUID{1} // of the user, the group and the ticket that Seed adds
	ids    = []uuid.UUID{id}
	both   = []uuid.UUID{id, {2}}
	scopes = []string{"org:1", "org:2"}
	member = store.Membership{User: id, Group: id, Scope: "org:1", Until: was}
	was    = time.Unix(0, 0) // the end of the records that Seed adds
	at     = time.Unix(1, 0)

	last  = store.ChangeKey{Revision: 1}
	place = store.TicketPlace{Created: at, ID: id}

	loginPlace = store.LoginPlace{First: at, ID: id}
)

// Seed adds the records that Calls look up.
func Seed(r store.Records) error {
	for _, err := range []error{
		r.AddUser(store.UserRecord{User: store.User{ID: id, Name: "a"}}),
		r.PutGroup(store.Group{ID: id, Name: "a"}),
		r.AddTicket(store.Ticket{ID: id, User: id, Narrowed: true, Groups: ids, LastSeen: was, Expires: was}),
		r.PutSeparation(store.Separation{Dynamic: true, Name: "a", Groups: ids}),
		r.PutMembership(member),
		r.PutDelegation(store.Delegation{Group: id, Assign: ids}),
		r.AddChange(store.Change{At: was}),
		r.AddChange(store.Change{Revision: 1, At: at}),
	} {
		if err != nil {
			return err
		}
	}
	return nil
}

// Calls are the calls that look records up.
var Calls = []Call{
	{Name: "Find a ticket", Find: store.Sought{Ticket: store.TokenHash{1}}},
	{Name: "Find a user", Find: store.Sought{User: "a"}},
	{Name: "Find by subject", Find: store.Sought{Subject: "a"}},
	{Name: "Head", Do: func(r store.Records) { r.Head(store.NoLock) }},
	{Name: "Head exclusive", Do: func(r store.Records) { r.Head(store.ExclusiveLock) }},
	{Name: "Head shared", Do: func(r store.Records) { r.Head(store.ShareLock) }},
	{Name: "SetHead", Do: func(r store.Records) { r.SetHead(store.Head{}) }},
	{Name: "User ID", Do: func(r store.Records) { r.User(store.UserKey{ID: id}) }},
	{Name: "LockUser", Do: func(r store.Records) { r.LockUser(id) }},
	{Name: "User Name", Do: func(r store.Records) { r.User(store.UserKey{Name: "a"}) }},
	{Name: "User EmailKey", Do: func(r store.Records) { r.User(store.UserKey{EmailKey: "a"}) }},
	{Name: "User Subject", Do: func(r store.Records) { r.User(store.UserKey{Subject: "a"}) }},
	{Name: "Users", Whole: true, Do: func(r store.Records) { drain(r.Users(store.UserFilter{})) }},
	{Name: "Users After Limit", Do: func(r store.Records) { drain(r.Users(store.UserFilter{After: "a", Limit: 9})) }},
	{Name: "Users Groups", Sorts: true, Do: func(r store.Records) { drain(r.Users(store.UserFilter{Groups: ids})) }},
	{Name: "Users After Groups At", Do: func(r store.Records) { drain(r.Users(store.UserFilter{After: "a", Groups: ids, At: at})) }},
	{Name: "Users Search Enabled", Whole: true, Sorts: true, Do: func(r store.Records) { drain(r.Users(store.UserFilter{Search: "a", Enabled: true})) }},
	{Name: "Users Disabled", Whole: true, Do: func(r store.Records) { drain(r.Users(store.UserFilter{Disabled: true})) }},
	{Name: "Users Disabled After", Do: func(r store.Records) { drain(r.Users(store.UserFilter{Disabled: true, After: "a"})) }},
	{Name: "Users LastLoginBefore", Whole: true, Sorts: true, Do: func(r store.Records) { drain(r.Users(store.UserFilter{LastLoginBefore: at})) }},
	{Name: "Users Groups Permanent", Do: func(r store.Records) { drain(r.Users(store.UserFilter{Groups: ids, Permanent: true})) }},
	{Name: "Users Groups Search", Sorts: true, Do: func(r store.Records) { drain(r.Users(store.UserFilter{Groups: ids, Search: "a"})) }},
	{Name: "Users Groups Scopes", Sorts: true, Do: func(r store.Records) { drain(r.Users(store.UserFilter{Groups: ids, Scopes: scopes})) }},
	{Name: "Users Scopes", Sorts: true, Do: func(r store.Records) { drain(r.Users(store.UserFilter{Scopes: scopes})) }},
	{Name: "Users Groups AlsoGroups AlsoScopes", Sorts: true, Do: func(r store.Records) {
		drain(r.Users(store.UserFilter{Groups: ids, AlsoGroups: ids, AlsoScopes: scopes}))
	}},
	{Name: "CountUsers", Whole: true, Do: func(r store.Records) { r.CountUsers(store.UserFilter{}) }},
	{Name: "CountUsers After Limit Search Enabled LastLoginBefore", Whole: true, Do: func(r store.Records) {
		r.CountUsers(store.UserFilter{After: "a", Limit: 1, Search: "a", Enabled: true, LastLoginBefore: at})
	}},
	{Name: "CountUsers Disabled", Whole: true, Do: func(r store.Records) { r.CountUsers(store.UserFilter{Disabled: true}) }},
	{Name: "CountUsers Groups At Scopes Permanent", Do: func(r store.Records) {
		r.CountUsers(store.UserFilter{Groups: ids, At: at, Scopes: []string{""}, Permanent: true})
	}},
	{Name: "CountUsers Groups AlsoGroups AlsoScopes", Do: func(r store.Records) {
		r.CountUsers(store.UserFilter{Groups: ids, AlsoGroups: ids, AlsoScopes: scopes})
	}},
	{Name: "SetUser", Do: func(r store.Records) { r.SetUser(store.UserRecord{}) }},
	{Name: "SetPasswordHash", Do: func(r store.Records) { r.SetPasswordHash(id, "") }},
	{Name: "SetLastLogin", Do: func(r store.Records) { r.SetLastLogin(id, at) }},
	{Name: "SetPacedUntil", Do: func(r store.Records) { r.SetPacedUntil(id, at) }},
	{Name: "DeleteUser", Do: func(r store.Records) { r.DeleteUser(id) }},
	{Name: "Sections", Whole: true, Do: func(r store.Records) { r.Sections() }},
	{Name: "Section", Do: func(r store.Records) { r.Section("a") }},
	{Name: "PutSection", Do: func(r store.Records) { r.PutSection(store.Section{}) }},
	{Name: "DeleteSection", Do: func(r store.Records) { r.DeleteSection("a") }},
	{Name: "Permissions", Whole: true, Do: func(r store.Records) { r.Permissions() }},
	{Name: "Permission", Do: func(r store.Records) { r.Permission("a") }},
	{Name: "PutPermission", Do: func(r store.Records) { r.PutPermission(store.Permission{}) }},
	{Name: "DeletePermission", Do: func(r store.Records) { r.DeletePermission(id) }},
	{Name: "Groups", Whole: true, Do: func(r store.Records) { r.Groups() }},
	{Name: "Group ID", Do: func(r store.Records) { r.Group(store.GroupKey{ID: id}) }},
	{Name: "Group Name", Do: func(r store.Records) { r.Group(store.GroupKey{Name: "a"}) }},
	{Name: "PutGroup", Do: func(r store.Records) { r.PutGroup(store.Group{}) }},
	{Name: "DeleteGroup", Do: func(r store.Records) { r.DeleteGroup(id) }},
	{Name: "Grants", Whole: true, Do: func(r store.Records) { r.Grants(store.GrantFilter{}) }},
	{Name: "Grants Group", Do: func(r store.Records) { r.Grants(store.GrantFilter{Group: id}) }},
	{Name: "Grants Permission", Do: func(r store.Records) { r.Grants(store.GrantFilter{Permission: "a"}) }},
	{Name: "Grant", Do: func(r store.Records) { r.Grant(id, "a") }},
	{Name: "PutGrant", Do: func(r store.Records) { r.PutGrant(store.Grant{}) }},
	{Name: "DeleteGrant", Do: func(r store.Records) { r.DeleteGrant(id, "a") }},
	{Name: "Inheritances", Whole: true, Do: func(r store.Records) { r.Inheritances(store.InheritanceFilter{}) }},
	{Name: "Inheritances Senior", Do: func(r store.Records) { r.Inheritances(store.InheritanceFilter{Senior: id}) }},
	{Name: "Inheritances Junior", Do: func(r store.Records) { r.Inheritances(store.InheritanceFilter{Junior: id}) }},
	{Name: "DeleteInheritance", Do: func(r store.Records) { r.DeleteInheritance(store.Inheritance{}) }},
	{Name: "Separations Dynamic", Do: func(r store.Records) { r.Separations(store.SeparationFilter{Dynamic: true}) }},
	{Name: "Separation", Do: func(r store.Records) { r.Separation(true, "a") }},
	{Name: "Separations Dynamic Groups", Do: func(r store.Records) { r.Separations(store.SeparationFilter{Dynamic: true, Groups: ids}) }},
	{Name: "PutSeparation", Do: func(r store.Records) { r.PutSeparation(store.Separation{Dynamic: true, Name: "a"}) }},
	{Name: "DeleteSeparation", Do: func(r store.Records) { r.DeleteSeparation(true, "a") }},
	{Name: "Delegations", Whole: true, Do: func(r store.Records) { r.Delegations() }},
	{Name: "PutDelegation", Do: func(r store.Records) { r.PutDelegation(store.Delegation{Group: id}) }},
	{Name: "DeleteDelegation", Do: func(r store.Records) { r.DeleteDelegation(id) }},
	{Name: "Declarations", Whole: true, Do: func(r store.Records) { r.Declarations() }},
	{Name: "PutDeclaration", Do: func(r store.Records) { r.PutDeclaration(store.Declaration{}) }},
	{Name: "Membership", Do: func(r store.Records) { r.Membership(id, id, "") }},
	{Name: "UserMemberships", Do: func(r store.Records) { r.UserMemberships(id) }},
	{Name: "Memberships", Whole: true, Do: members(store.MembershipFilter{})},
	{Name: "Memberships After Limit", Do: members(store.MembershipFilter{After: member, Limit: 9})},
	{Name: "Memberships Users", Do: members(store.MembershipFilter{Users: both})},
	{Name: "Memberships Users NoNames", Do: members(store.MembershipFilter{Users: both, NoNames: true})},
	{Name: "Memberships Users After", Do: members(store.MembershipFilter{Users: both, After: member})},
	{Name: "Memberships Users Group Scopes", Do: members(store.MembershipFilter{Users: both, Group: id, Scopes: scopes})},
	{Name: "Memberships Group", Do: members(store.MembershipFilter{Group: id})},
	{Name: "Memberships Group After", Do: members(store.MembershipFilter{Group: id, After: member})},
	{Name: "Memberships Group EndingBefore", Do: members(store.MembershipFilter{Group: id, EndingBefore: at})},
	{Name: "Memberships Scopes", Do: members(store.MembershipFilter{Scopes: scopes})},
	{Name: "Memberships Scopes one", Do: members(store.MembershipFilter{Scopes: scopes[:1]})},
	{Name: "Memberships Scopes After", Do: members(store.MembershipFilter{Scopes: scopes, After: member})},
	{Name: "Memberships Scopes Group", Do: members(store.MembershipFilter{Scopes: scopes, Group: id})},
	{Name: "Memberships Scopes Group After", Do: members(store.MembershipFilter{Scopes: scopes, Group: id, After: member})},
	{Name: "Memberships EndingBefore", Do: members(store.MembershipFilter{EndingBefore: at})},
	{Name: "Memberships EndingBefore After", Do: members(store.MembershipFilter{EndingBefore: at, After: member})},
	{Name: "Scopes", Do: func(r store.Records) { drain(r.Scopes()) }},
	{Name: "PutMembership", Do: func(r store.Records) { r.PutMembership(store.Membership{}) }},
	{Name: "DeleteMembership", Do: func(r store.Records) { r.DeleteMembership(id, id, "") }},
	{Name: "Ticket ID", Do: func(r store.Records) { r.Ticket(store.TicketKey{ID: id}) }},
	{Name: "Ticket Hash", Do: func(r store.Records) { r.Ticket(store.TicketKey{Hash: store.TokenHash{1}}) }},
	{Name: "Tickets", Whole: true, Do: func(r store.Records) { drain(r.Tickets(store.TicketFilter{})) }},
	{Name: "UserTickets", Do: func(r store.Records) { r.UserTickets(id) }},
	{Name: "Tickets Groups", Do: func(r store.Records) { drain(r.Tickets(store.TicketFilter{Groups: ids})) }},
	{Name: "Tickets SeenBefore", Whole: true, Do: func(r store.Records) { drain(r.Tickets(store.TicketFilter{SeenBefore: at})) }},
	{Name: "Tickets Newest", Sorts: true, Do: func(r store.Records) { drain(r.Tickets(store.TicketFilter{Newest: true})) }},
	{Name: "Tickets Newest After", Sorts: true, Do: func(r store.Records) { drain(r.Tickets(store.TicketFilter{Newest: true, After: place})) }},
	{Name: "Tickets Newest Kind", Do: func(r store.Records) { drain(r.Tickets(store.TicketFilter{Newest: true, Kind: store.KeyTicket})) }},
	{Name: "Tickets Newest Kind After", Do: func(r store.Records) {
		drain(r.Tickets(store.TicketFilter{Newest: true, Kind: store.SessionTicket, After: place}))
	}},
	{Name: "Tickets Newest User", Do: func(r store.Records) { drain(r.Tickets(store.TicketFilter{Newest: true, User: id})) }},
	{Name: "Tickets Newest User Kind After", Do: func(r store.Records) {
		drain(r.Tickets(store.TicketFilter{Newest: true, User: id, Kind: store.KeyTicket, After: place}))
	}},
	{Name: "SetTicketExpires", Do: func(r store.Records) { r.SetTicketExpires(id, at) }},
	{Name: "SetTicketGroups", Do: func(r store.Records) { r.SetTicketGroups(id, nil) }},
	{Name: "TouchTicket", Do: func(r store.Records) { r.TouchTicket(id, at) }},
	{Name: "DeleteTicket", Do: func(r store.Records) { r.DeleteTicket(id) }},
	{Name: "DeleteDeadTickets", Do: func(r store.Records) { r.DeleteDeadTickets(at, 9) }},
	{Name: "TicketValues", Do: func(r store.Records) { r.TicketValues(id) }},
	{Name: "PutTicketValue", Do: func(r store.Records) { r.PutTicketValue(store.TicketValue{}) }},
	{Name: "DeleteTicketValue", Do: func(r store.Records) { r.DeleteTicketValue(id, "a") }},
	{Name: "Link", Do: func(r store.Records) { r.Link(store.TokenHash{}) }},
	{Name: "UserLinks", Do: func(r store.Records) { r.UserLinks(id) }},
	{Name: "ExpiredLinks", Do: func(r store.Records) { r.ExpiredLinks(at, 9) }},
	{Name: "PutLink", Do: func(r store.Records) { r.PutLink(store.Link{User: id}) }},
	{Name: "DeleteLink", Do: func(r store.Records) { r.DeleteLink(id, "a") }},
	{Name: "Logins", Sorts: true, Do: logins(store.LoginFilter{})},
	{Name: "Logins After", Sorts: true, Do: logins(store.LoginFilter{After: loginPlace})},
	{Name: "Logins Kind", Do: logins(store.LoginFilter{Kind: store.FailedLogin})},
	{Name: "Logins Kind After", Do: logins(store.LoginFilter{Kind: store.SuccessfulLogin, After: loginPlace})},
	{Name: "Logins User", Sorts: true, Do: logins(store.LoginFilter{User: id})},
	{Name: "Logins User After", Sorts: true, Do: logins(store.LoginFilter{User: id, After: loginPlace})},
	{Name: "Logins User Kind", Do: logins(store.LoginFilter{User: id, Kind: store.FailedLogin})},
	{Name: "Logins User Kind After", Do: logins(store.LoginFilter{User: id, Kind: store.SuccessfulLogin, After: loginPlace})},
	{Name: "CountLogin", Do: func(r store.Records) { r.CountLogin(store.Login{ID: id, User: id}, 9) }},
	{Name: "DeleteLogins", Do: func(r store.Records) { r.DeleteLogins(at, 9) }},
	{Name: "Throttle", Do: func(r store.Records) { r.Throttle([32]byte{}) }},
	{Name: "PutThrottle", Do: func(r store.Records) { r.PutThrottle(store.Throttle{}) }},
	{Name: "DeleteIdleThrottles", Do: func(r store.Records) { r.DeleteIdleThrottles(at, 9, 9) }},
	{Name: "UserThrottles", Sorts: true, Do: func(r store.Records) { r.UserThrottles(id) }},
	{Name: "DeleteThrottle", Do: func(r store.Records) { r.DeleteThrottle([32]byte{}) }},
	{Name: "Changes", Whole: true, Do: func(r store.Records) { drain(r.Changes(store.ChangeFilter{})) }},
	{Name: "DeleteChanges", Do: func(r store.Records) { r.DeleteChanges(at, 9) }},
	{Name: "Changes After Limit", Do: func(r store.Records) { drain(r.Changes(store.ChangeFilter{After: 1, Limit: 9})) }},
	{Name: "Changes Actor Newest", Do: func(r store.Records) { drain(r.Changes(store.ChangeFilter{Actor: "a", Newest: true})) }},
	{Name: "Changes Actor Action Scope", Do: func(r store.Records) { drain(r.Changes(store.ChangeFilter{Actor: "a", Action: "a", Scope: "a"})) }},
	{Name: "Changes Action Newest", Do: func(r store.Records) { drain(r.Changes(store.ChangeFilter{Action: "a", Newest: true})) }},
	{Name: "Changes Action Last", Do: func(r store.Records) { drain(r.Changes(store.ChangeFilter{Action: "a", Last: last})) }},
	{Name: "Changes Scope", Do: func(r store.Records) { drain(r.Changes(store.ChangeFilter{Scope: "a"})) }},
	{Name: "Changes Scope Last Newest", Do: func(r store.Records) { drain(r.Changes(store.ChangeFilter{Scope: "a", Last: last, Newest: true})) }},
	{Name: "Changes Scope Since Until", Do: func(r store.Records) { drain(r.Changes(store.ChangeFilter{Scope: "a", Since: was, Until: at})) }},
	{Name: "Changes Subject", Sorts: true, Do: func(r store.Records) { drain(r.Changes(store.ChangeFilter{Subject: "a"})) }},
	{Name: "Changes Subject Last Newest", Sorts: true, Do: func(r store.Records) { drain(r.Changes(store.ChangeFilter{Subject: "a", Last: last, Newest: true})) }},
	{Name: "Changes Subject Since Until", Sorts: true, Do: func(r store.Records) { drain(r.Changes(store.ChangeFilter{Subject: "a", Since: was, Until: at})) }},
	{Name: "Changes Since", Do: func(r store.Records) { drain(r.Changes(store.ChangeFilter{Since: at})) }},
	{Name: "Changes Since Newest", Do: func(r store.Records) { drain(r.Changes(store.ChangeFilter{Since: at, Newest: true})) }},
	{Name: "Changes Until", Do: func(r store.Records) { drain(r.Changes(store.ChangeFilter{Until: at})) }},
	{Name: "Changes Until Newest", Do: func(r store.Records) { drain(r.Changes(store.ChangeFilter{Until: at, Newest: true})) }},
	{Name: "Changes Since Until Last", Do: func(r store.Records) { drain(r.Changes(store.ChangeFilter{Since: was, Until: at, Last: last})) }},
}

func members(f store.MembershipFilter) func(store.Records) {
	return func(r store.Records) { drain(r.Memberships(f)) }
}

func logins(f store.LoginFilter) func(store.Records) {
	return func(r store.Records) { drain(r.Logins(f)) }
}

func drain[T any](seq iter.Seq2[T, error]) {
	for range seq {
	}
}
