package sqlplans

import (
	"iter"
	"time"

	"github.com/google/uuid"
	"github.com/rbac-go/rbac"
)

// Call is a call of rbac.Records. Its name begins with that of the method.
type Call struct {
	Name  string
	Whole bool // may read a table from end to end
	Sorts bool // may sort what it found
	Do    func(r rbac.Records)
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
	{"Head", false, false, func(r rbac.Records) { r.Head() }},
	{"LockHead", false, false, func(r rbac.Records) { r.LockHead() }},
	{"ShareHead", false, false, func(r rbac.Records) { r.ShareHead() }},
	{"SetHead", false, false, func(r rbac.Records) { r.SetHead(rbac.Head{}) }},
	{"User", false, false, func(r rbac.Records) { r.User(id) }},
	{"LockUser", false, false, func(r rbac.Records) { r.LockUser(id) }},
	{"UserByName", false, false, func(r rbac.Records) { r.UserByName("a") }},
	{"UserByEmail", false, false, func(r rbac.Records) { r.UserByEmail("a") }},
	{"UserBySubject", false, false, func(r rbac.Records) { r.UserBySubject("a") }},
	{"Users", true, false, func(r rbac.Records) { drain(r.Users(rbac.UserFilter{})) }},
	{"Users after", false, false, func(r rbac.Records) { drain(r.Users(rbac.UserFilter{After: "a"})) }},
	{"Users of groups", false, true, func(r rbac.Records) { drain(r.Users(rbac.UserFilter{After: "a", Groups: ids, At: at})) }},
	{"Users searched", true, false, func(r rbac.Records) { drain(r.Users(rbac.UserFilter{Search: "a", Enabled: true})) }},
	{"SetUser", false, false, func(r rbac.Records) { r.SetUser(rbac.UserRecord{}) }},
	{"SetPasswordHash", false, false, func(r rbac.Records) { r.SetPasswordHash(id, "") }},
	{"SetLastLogin", false, false, func(r rbac.Records) { r.SetLastLogin(id, at) }},
	{"DeleteUser", false, false, func(r rbac.Records) { r.DeleteUser(id) }},
	{"Sections", true, false, func(r rbac.Records) { r.Sections() }},
	{"Section", false, false, func(r rbac.Records) { r.Section("a") }},
	{"SetSection", false, false, func(r rbac.Records) { r.SetSection(rbac.Section{}) }},
	{"DeleteSection", false, false, func(r rbac.Records) { r.DeleteSection("a") }},
	{"Permissions", true, false, func(r rbac.Records) { r.Permissions() }},
	{"Permission", false, false, func(r rbac.Records) { r.Permission("a") }},
	{"SetPermission", false, false, func(r rbac.Records) { r.SetPermission(rbac.Permission{}) }},
	{"DeletePermission", false, false, func(r rbac.Records) { r.DeletePermission(id) }},
	{"Groups", true, false, func(r rbac.Records) { r.Groups() }},
	{"Group", false, false, func(r rbac.Records) { r.Group(id) }},
	{"GroupByName", false, false, func(r rbac.Records) { r.GroupByName("a") }},
	{"SetGroup", false, false, func(r rbac.Records) { r.SetGroup(rbac.Group{}) }},
	{"DeleteGroup", false, false, func(r rbac.Records) { r.DeleteGroup(id) }},
	{"Grants", true, false, func(r rbac.Records) { r.Grants() }},
	{"GroupGrants", false, false, func(r rbac.Records) { r.GroupGrants(id) }},
	{"PermissionGrants", false, false, func(r rbac.Records) { r.PermissionGrants("a") }},
	{"Grant", false, false, func(r rbac.Records) { r.Grant(id, "a") }},
	{"SetGrant", false, false, func(r rbac.Records) { r.SetGrant(rbac.GrantRecord{}) }},
	{"DeleteGrant", false, false, func(r rbac.Records) { r.DeleteGrant(id, "a") }},
	{"Inheritances", true, false, func(r rbac.Records) { r.Inheritances() }},
	{"Juniors", false, false, func(r rbac.Records) { r.Juniors(id) }},
	{"Seniors", false, false, func(r rbac.Records) { r.Seniors(id) }},
	{"DeleteInheritance", false, false, func(r rbac.Records) { r.DeleteInheritance(rbac.InheritanceRecord{}) }},
	{"Separations", false, false, func(r rbac.Records) { r.Separations(true) }},
	{"Separation", false, false, func(r rbac.Records) { r.Separation(true, "a") }},
	{"GroupSeparations", false, false, func(r rbac.Records) { r.GroupSeparations(true, ids) }},
	{"SetSeparation", false, false, func(r rbac.Records) { r.SetSeparation(rbac.SeparationRecord{Dynamic: true, Name: "a"}) }},
	{"DeleteSeparation", false, false, func(r rbac.Records) { r.DeleteSeparation(true, "a") }},
	{"Declarations", true, false, func(r rbac.Records) { r.Declarations() }},
	{"SetDeclaration", false, false, func(r rbac.Records) { r.SetDeclaration(rbac.Declaration{}) }},
	{"Membership", false, false, func(r rbac.Records) { r.Membership(id, id, "") }},
	{"UserMemberships", false, false, func(r rbac.Records) { r.UserMemberships(id) }},
	{"GroupMembers", false, false, func(r rbac.Records) { drain(r.GroupMembers(id)) }},
	{"SetMembership", false, false, func(r rbac.Records) { r.SetMembership(rbac.MembershipRecord{}) }},
	{"DeleteMembership", false, false, func(r rbac.Records) { r.DeleteMembership(id, id, "") }},
	{"Ticket", false, false, func(r rbac.Records) { r.Ticket(id) }},
	{"TicketByHash", false, false, func(r rbac.Records) { r.TicketByHash(rbac.TokenHash{}) }},
	{"UserTickets", false, false, func(r rbac.Records) { r.UserTickets(id) }},
	{"GroupTickets", false, false, func(r rbac.Records) { drain(r.GroupTickets(ids)) }},
	{"IdleTickets", true, false, func(r rbac.Records) { drain(r.IdleTickets(at)) }},
	{"SetTicketGroups", false, false, func(r rbac.Records) { r.SetTicketGroups(id, nil) }},
	{"TouchTicket", false, false, func(r rbac.Records) { r.TouchTicket(id, at) }},
	{"DeleteTicket", false, false, func(r rbac.Records) { r.DeleteTicket(id) }},
	{"DeleteDeadTickets", false, false, func(r rbac.Records) { r.DeleteDeadTickets(at, at, 9) }},
	{"TicketValues", false, false, func(r rbac.Records) { r.TicketValues(id) }},
	{"SetTicketValue", false, false, func(r rbac.Records) { r.SetTicketValue(rbac.TicketValueRecord{}) }},
	{"DeleteTicketValue", false, false, func(r rbac.Records) { r.DeleteTicketValue(id, "a") }},
	{"Throttle", false, false, func(r rbac.Records) { r.Throttle([32]byte{}) }},
	{"SetThrottle", false, false, func(r rbac.Records) { r.SetThrottle(rbac.ThrottleRecord{}) }},
	{"DeleteIdleThrottles", false, false, func(r rbac.Records) { r.DeleteIdleThrottles(at, at, 9) }},
	{"Changes", true, false, func(r rbac.Records) { drain(r.Changes(rbac.ChangeQuery{})) }},
	{"DeleteChanges", false, false, func(r rbac.Records) { r.DeleteChanges(at, 9) }},
	{"Changes after", false, false, func(r rbac.Records) { drain(r.Changes(rbac.ChangeQuery{After: 1})) }},
	{"Changes by actor", false, false, func(r rbac.Records) { drain(r.Changes(rbac.ChangeQuery{Actor: "a", Newest: true})) }},
	{"Changes on subject", false, true, func(r rbac.Records) { drain(r.Changes(rbac.ChangeQuery{Subject: "a"})) }},
	{"Changes since", false, false, func(r rbac.Records) { drain(r.Changes(rbac.ChangeQuery{Since: at})) }},
	{"Changes until", false, false, func(r rbac.Records) { drain(r.Changes(rbac.ChangeQuery{Until: at, Newest: true})) }},
}

func drain[T any](seq iter.Seq2[T, error]) {
	for range seq {
	}
}
