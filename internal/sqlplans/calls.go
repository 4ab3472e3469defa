package sqlplans

import (
	"iter"
	"time"

	"github.com/google/uuid"
	"github.com/rbac-go/rbac"
)

// Call is a call of rbac.Records, whose name begins with that of the method, or of rbac.Finder.
type Call struct {
	Name  string
	Whole bool // may read a table from end to end
	Sorts bool // may sort what it found
	Do    func(r rbac.Records)
	Find  rbac.Sought
}

var (
	id  uuid.UUID // of the user, the group and the ticket that Seed adds
	ids = []uuid.UUID{id}
	was = time.Unix(0, 0) // when all of them ended
	at  = time.Unix(1, 0)
)

// Seed adds what the calls find.
func Seed(r rbac.Records) error {
	for _, err := range []error{
		r.AddUser(rbac.UserRecord{User: rbac.User{Name: "a"}}),
		r.AddGroup(rbac.Group{Name: "a"}),
		r.AddTicket(rbac.TicketRecord{Narrowed: true, Groups: ids, LastSeen: was, Expires: was}),
		r.AddSeparation(rbac.SeparationRecord{Dynamic: true, Name: "a", Groups: ids}),
		r.AddChange(rbac.Change{At: was}),
		r.AddChange(rbac.Change{Revision: 1, At: at}),
	} {
		if err != nil {
			return err
		}
	}
	return nil
}

// Calls are those that look something up.
var Calls = []Call{
	{Name: "Find a ticket", Find: rbac.Sought{Ticket: rbac.TokenHash{1}}},
	{Name: "Find a user", Find: rbac.Sought{User: "a"}},
	{Name: "Find by subject", Find: rbac.Sought{Subject: "a"}},
	{Name: "Head", Do: func(r rbac.Records) { r.Head() }},
	{Name: "LockHead", Do: func(r rbac.Records) { r.LockHead() }},
	{Name: "ShareHead", Do: func(r rbac.Records) { r.ShareHead() }},
	{Name: "SetHead", Do: func(r rbac.Records) { r.SetHead(rbac.Head{}) }},
	{Name: "User", Do: func(r rbac.Records) { r.User(id) }},
	{Name: "LockUser", Do: func(r rbac.Records) { r.LockUser(id) }},
	{Name: "UserByName", Do: func(r rbac.Records) { r.UserByName("a") }},
	{Name: "UserByEmail", Do: func(r rbac.Records) { r.UserByEmail("a") }},
	{Name: "UserBySubject", Do: func(r rbac.Records) { r.UserBySubject("a") }},
	{Name: "Users", Whole: true, Do: func(r rbac.Records) { drain(r.Users(rbac.UserFilter{})) }},
	{Name: "Users after", Do: func(r rbac.Records) { drain(r.Users(rbac.UserFilter{After: "a"})) }},
	{Name: "Users of groups", Sorts: true, Do: func(r rbac.Records) { drain(r.Users(rbac.UserFilter{After: "a", Groups: ids, At: at})) }},
	{Name: "Users searched", Whole: true, Do: func(r rbac.Records) { drain(r.Users(rbac.UserFilter{Search: "a", Enabled: true})) }},
	{Name: "SetUser", Do: func(r rbac.Records) { r.SetUser(rbac.UserRecord{}) }},
	{Name: "SetPasswordHash", Do: func(r rbac.Records) { r.SetPasswordHash(id, "") }},
	{Name: "SetLastLogin", Do: func(r rbac.Records) { r.SetLastLogin(id, at) }},
	{Name: "SetPacedUntil", Do: func(r rbac.Records) { r.SetPacedUntil(id, at) }},
	{Name: "DeleteUser", Do: func(r rbac.Records) { r.DeleteUser(id) }},
	{Name: "Sections", Whole: true, Do: func(r rbac.Records) { r.Sections() }},
	{Name: "Section", Do: func(r rbac.Records) { r.Section("a") }},
	{Name: "SetSection", Do: func(r rbac.Records) { r.SetSection(rbac.Section{}) }},
	{Name: "DeleteSection", Do: func(r rbac.Records) { r.DeleteSection("a") }},
	{Name: "Permissions", Whole: true, Do: func(r rbac.Records) { r.Permissions() }},
	{Name: "Permission", Do: func(r rbac.Records) { r.Permission("a") }},
	{Name: "SetPermission", Do: func(r rbac.Records) { r.SetPermission(rbac.Permission{}) }},
	{Name: "DeletePermission", Do: func(r rbac.Records) { r.DeletePermission(id) }},
	{Name: "Groups", Whole: true, Do: func(r rbac.Records) { r.Groups() }},
	{Name: "Group", Do: func(r rbac.Records) { r.Group(id) }},
	{Name: "GroupByName", Do: func(r rbac.Records) { r.GroupByName("a") }},
	{Name: "SetGroup", Do: func(r rbac.Records) { r.SetGroup(rbac.Group{}) }},
	{Name: "DeleteGroup", Do: func(r rbac.Records) { r.DeleteGroup(id) }},
	{Name: "Grants", Whole: true, Do: func(r rbac.Records) { r.Grants() }},
	{Name: "GroupGrants", Do: func(r rbac.Records) { r.GroupGrants(id) }},
	{Name: "PermissionGrants", Do: func(r rbac.Records) { r.PermissionGrants("a") }},
	{Name: "Grant", Do: func(r rbac.Records) { r.Grant(id, "a") }},
	{Name: "SetGrant", Do: func(r rbac.Records) { r.SetGrant(rbac.GrantRecord{}) }},
	{Name: "DeleteGrant", Do: func(r rbac.Records) { r.DeleteGrant(id, "a") }},
	{Name: "Inheritances", Whole: true, Do: func(r rbac.Records) { r.Inheritances() }},
	{Name: "Juniors", Do: func(r rbac.Records) { r.Juniors(id) }},
	{Name: "Seniors", Do: func(r rbac.Records) { r.Seniors(id) }},
	{Name: "DeleteInheritance", Do: func(r rbac.Records) { r.DeleteInheritance(rbac.InheritanceRecord{}) }},
	{Name: "Separations", Do: func(r rbac.Records) { r.Separations(true) }},
	{Name: "Separation", Do: func(r rbac.Records) { r.Separation(true, "a") }},
	{Name: "GroupSeparations", Do: func(r rbac.Records) { r.GroupSeparations(true, ids) }},
	{Name: "SetSeparation", Do: func(r rbac.Records) { r.SetSeparation(rbac.SeparationRecord{Dynamic: true, Name: "a"}) }},
	{Name: "DeleteSeparation", Do: func(r rbac.Records) { r.DeleteSeparation(true, "a") }},
	{Name: "Declarations", Whole: true, Do: func(r rbac.Records) { r.Declarations() }},
	{Name: "SetDeclaration", Do: func(r rbac.Records) { r.SetDeclaration(rbac.Declaration{}) }},
	{Name: "Membership", Do: func(r rbac.Records) { r.Membership(id, id, "") }},
	{Name: "UserMemberships", Do: func(r rbac.Records) { r.UserMemberships(id) }},
	{Name: "GroupMembers", Do: func(r rbac.Records) { drain(r.GroupMembers(id)) }},
	{Name: "SetMembership", Do: func(r rbac.Records) { r.SetMembership(rbac.MembershipRecord{}) }},
	{Name: "DeleteMembership", Do: func(r rbac.Records) { r.DeleteMembership(id, id, "") }},
	{Name: "Ticket", Do: func(r rbac.Records) { r.Ticket(id) }},
	{Name: "TicketByHash", Do: func(r rbac.Records) { r.TicketByHash(rbac.TokenHash{}) }},
	{Name: "UserTickets", Do: func(r rbac.Records) { r.UserTickets(id) }},
	{Name: "GroupTickets", Do: func(r rbac.Records) { drain(r.GroupTickets(ids)) }},
	{Name: "IdleTickets", Whole: true, Do: func(r rbac.Records) { drain(r.IdleTickets(at)) }},
	{Name: "SetTicketGroups", Do: func(r rbac.Records) { r.SetTicketGroups(id, nil) }},
	{Name: "TouchTicket", Do: func(r rbac.Records) { r.TouchTicket(id, at) }},
	{Name: "DeleteTicket", Do: func(r rbac.Records) { r.DeleteTicket(id) }},
	{Name: "DeleteDeadTickets", Do: func(r rbac.Records) { r.DeleteDeadTickets(at, 9) }},
	{Name: "TicketValues", Do: func(r rbac.Records) { r.TicketValues(id) }},
	{Name: "SetTicketValue", Do: func(r rbac.Records) { r.SetTicketValue(rbac.TicketValueRecord{}) }},
	{Name: "DeleteTicketValue", Do: func(r rbac.Records) { r.DeleteTicketValue(id, "a") }},
	{Name: "Throttle", Do: func(r rbac.Records) { r.Throttle([32]byte{}) }},
	{Name: "SetThrottle", Do: func(r rbac.Records) { r.SetThrottle(rbac.ThrottleRecord{}) }},
	{Name: "DeleteIdleThrottles", Do: func(r rbac.Records) { r.DeleteIdleThrottles(at, 9, 9) }},
	{Name: "UserThrottles", Sorts: true, Do: func(r rbac.Records) { r.UserThrottles(id) }},
	{Name: "DeleteThrottle", Do: func(r rbac.Records) { r.DeleteThrottle([32]byte{}) }},
	{Name: "Changes", Whole: true, Do: func(r rbac.Records) { drain(r.Changes(rbac.ChangeQuery{})) }},
	{Name: "DeleteChanges", Do: func(r rbac.Records) { r.DeleteChanges(at, 9) }},
	{Name: "Changes after", Do: func(r rbac.Records) { drain(r.Changes(rbac.ChangeQuery{After: 1})) }},
	{Name: "Changes by actor", Do: func(r rbac.Records) { drain(r.Changes(rbac.ChangeQuery{Actor: "a", Newest: true})) }},
	{Name: "Changes on subject", Sorts: true, Do: func(r rbac.Records) { drain(r.Changes(rbac.ChangeQuery{Subject: "a"})) }},
	{Name: "Changes since", Do: func(r rbac.Records) { drain(r.Changes(rbac.ChangeQuery{Since: at})) }},
	{Name: "Changes until", Do: func(r rbac.Records) { drain(r.Changes(rbac.ChangeQuery{Until: at, Newest: true})) }},
}

func drain[T any](seq iter.Seq2[T, error]) {
	for range seq {
	}
}
