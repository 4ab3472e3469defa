package storefault

import (
	"iter"
	"time"

	"github.com/google/uuid"

	"github.com/rbac-go/rbac/store"
)

// Each method of Records asks the hook first. A test compares the methods with
// those of store.Records.

func (r *records) Head(x store.Lock) (store.Head, error) {
	return get(r, func() (store.Head, error) { return r.Records.Head(x) }, "Head", x)
}

func (r *records) SetHead(x store.Head) error {
	return r.do(func() error { return r.Records.SetHead(x) }, "SetHead", x)
}

func (r *records) User(x store.UserKey) (store.UserRecord, error) {
	return get(r, func() (store.UserRecord, error) { return r.Records.User(x) }, "User", x)
}

func (r *records) LockUser(id uuid.UUID) (store.UserRecord, error) {
	return get(r, func() (store.UserRecord, error) { return r.Records.LockUser(id) }, "LockUser", id)
}

func (r *records) Users(x store.UserFilter) iter.Seq2[store.UserRecord, error] {
	return list(r, r.Records.Users(x), "Users", x)
}

func (r *records) CountUsers(x store.UserFilter) (int, error) {
	return get(r, func() (int, error) { return r.Records.CountUsers(x) }, "CountUsers", x)
}

func (r *records) AddUser(x store.UserRecord) error {
	return r.do(func() error { return r.Records.AddUser(x) }, "AddUser", x)
}

func (r *records) SetUser(x store.UserRecord) error {
	return r.do(func() error { return r.Records.SetUser(x) }, "SetUser", x)
}

func (r *records) SetPasswordHash(id uuid.UUID, hash string) error {
	return r.do(func() error { return r.Records.SetPasswordHash(id, hash) }, "SetPasswordHash", id, hash)
}

func (r *records) SetLastLogin(id uuid.UUID, at time.Time) error {
	return r.do(func() error { return r.Records.SetLastLogin(id, at) }, "SetLastLogin", id, at)
}

func (r *records) SetPacedUntil(id uuid.UUID, at time.Time) error {
	return r.do(func() error { return r.Records.SetPacedUntil(id, at) }, "SetPacedUntil", id, at)
}

func (r *records) DeleteUser(id uuid.UUID) error {
	return r.do(func() error { return r.Records.DeleteUser(id) }, "DeleteUser", id)
}

func (r *records) Sections() ([]store.Section, error) {
	return get(r, func() ([]store.Section, error) { return r.Records.Sections() }, "Sections")
}

func (r *records) Section(name string) (store.Section, error) {
	return get(r, func() (store.Section, error) { return r.Records.Section(name) }, "Section", name)
}

func (r *records) PutSection(x store.Section) error {
	return r.do(func() error { return r.Records.PutSection(x) }, "PutSection", x)
}

func (r *records) DeleteSection(name string) error {
	return r.do(func() error { return r.Records.DeleteSection(name) }, "DeleteSection", name)
}

func (r *records) Permissions() ([]store.Permission, error) {
	return get(r, func() ([]store.Permission, error) { return r.Records.Permissions() }, "Permissions")
}

func (r *records) Permission(name string) (store.Permission, error) {
	return get(r, func() (store.Permission, error) { return r.Records.Permission(name) }, "Permission", name)
}

func (r *records) PutPermission(x store.Permission) error {
	return r.do(func() error { return r.Records.PutPermission(x) }, "PutPermission", x)
}

func (r *records) DeletePermission(id uuid.UUID) error {
	return r.do(func() error { return r.Records.DeletePermission(id) }, "DeletePermission", id)
}

func (r *records) Groups() ([]store.Group, error) {
	return get(r, func() ([]store.Group, error) { return r.Records.Groups() }, "Groups")
}

func (r *records) Group(x store.GroupKey) (store.Group, error) {
	return get(r, func() (store.Group, error) { return r.Records.Group(x) }, "Group", x)
}

func (r *records) PutGroup(x store.Group) error {
	return r.do(func() error { return r.Records.PutGroup(x) }, "PutGroup", x)
}

func (r *records) DeleteGroup(id uuid.UUID) error {
	return r.do(func() error { return r.Records.DeleteGroup(id) }, "DeleteGroup", id)
}

func (r *records) Grants(x store.GrantFilter) ([]store.Grant, error) {
	return get(r, func() ([]store.Grant, error) { return r.Records.Grants(x) }, "Grants", x)
}

func (r *records) Grant(group uuid.UUID, permission string) (store.Grant, error) {
	return get(r, func() (store.Grant, error) { return r.Records.Grant(group, permission) }, "Grant", group, permission)
}

func (r *records) PutGrant(x store.Grant) error {
	return r.do(func() error { return r.Records.PutGrant(x) }, "PutGrant", x)
}

func (r *records) DeleteGrant(group uuid.UUID, permission string) error {
	return r.do(func() error { return r.Records.DeleteGrant(group, permission) }, "DeleteGrant", group, permission)
}

func (r *records) Inheritances(x store.InheritanceFilter) ([]store.Inheritance, error) {
	return get(r, func() ([]store.Inheritance, error) { return r.Records.Inheritances(x) }, "Inheritances", x)
}

func (r *records) AddInheritance(x store.Inheritance) error {
	return r.do(func() error { return r.Records.AddInheritance(x) }, "AddInheritance", x)
}

func (r *records) DeleteInheritance(x store.Inheritance) error {
	return r.do(func() error { return r.Records.DeleteInheritance(x) }, "DeleteInheritance", x)
}

func (r *records) Declarations() ([]store.Declaration, error) {
	return get(r, func() ([]store.Declaration, error) { return r.Records.Declarations() }, "Declarations")
}

func (r *records) PutDeclaration(x store.Declaration) error {
	return r.do(func() error { return r.Records.PutDeclaration(x) }, "PutDeclaration", x)
}

func (r *records) Separations(x store.SeparationFilter) ([]store.Separation, error) {
	return get(r, func() ([]store.Separation, error) { return r.Records.Separations(x) }, "Separations", x)
}

func (r *records) Separation(dynamic bool, name string) (store.Separation, error) {
	return get(r, func() (store.Separation, error) { return r.Records.Separation(dynamic, name) }, "Separation", dynamic, name)
}

func (r *records) PutSeparation(x store.Separation) error {
	return r.do(func() error { return r.Records.PutSeparation(x) }, "PutSeparation", x)
}

func (r *records) DeleteSeparation(dynamic bool, name string) error {
	return r.do(func() error { return r.Records.DeleteSeparation(dynamic, name) }, "DeleteSeparation", dynamic, name)
}

func (r *records) Delegations() ([]store.Delegation, error) {
	return get(r, func() ([]store.Delegation, error) { return r.Records.Delegations() }, "Delegations")
}

func (r *records) PutDelegation(x store.Delegation) error {
	return r.do(func() error { return r.Records.PutDelegation(x) }, "PutDelegation", x)
}

func (r *records) DeleteDelegation(group uuid.UUID) error {
	return r.do(func() error { return r.Records.DeleteDelegation(group) }, "DeleteDelegation", group)
}

func (r *records) Membership(user, group uuid.UUID, scope string) (store.Membership, error) {
	return get(r, func() (store.Membership, error) { return r.Records.Membership(user, group, scope) }, "Membership", user, group, scope)
}

func (r *records) UserMemberships(user uuid.UUID) ([]store.Membership, error) {
	return get(r, func() ([]store.Membership, error) { return r.Records.UserMemberships(user) }, "UserMemberships", user)
}

func (r *records) Memberships(x store.MembershipFilter) iter.Seq2[store.Member, error] {
	return list(r, r.Records.Memberships(x), "Memberships", x)
}

func (r *records) Scopes() iter.Seq2[string, error] {
	return list(r, r.Records.Scopes(), "Scopes")
}

func (r *records) PutMembership(x store.Membership) error {
	return r.do(func() error { return r.Records.PutMembership(x) }, "PutMembership", x)
}

func (r *records) DeleteMembership(user, group uuid.UUID, scope string) error {
	return r.do(func() error { return r.Records.DeleteMembership(user, group, scope) }, "DeleteMembership", user, group, scope)
}

func (r *records) Ticket(x store.TicketKey) (store.Ticket, error) {
	return get(r, func() (store.Ticket, error) { return r.Records.Ticket(x) }, "Ticket", x)
}

func (r *records) UserTickets(user uuid.UUID) ([]store.Ticket, error) {
	return get(r, func() ([]store.Ticket, error) { return r.Records.UserTickets(user) }, "UserTickets", user)
}

func (r *records) Tickets(x store.TicketFilter) iter.Seq2[store.UserTicket, error] {
	return list(r, r.Records.Tickets(x), "Tickets", x)
}

func (r *records) AddTicket(x store.Ticket) error {
	return r.do(func() error { return r.Records.AddTicket(x) }, "AddTicket", x)
}

func (r *records) SetTicketExpires(id uuid.UUID, expires time.Time) error {
	return r.do(func() error { return r.Records.SetTicketExpires(id, expires) }, "SetTicketExpires", id, expires)
}

func (r *records) SetTicketGroups(id uuid.UUID, groups []uuid.UUID) error {
	return r.do(func() error { return r.Records.SetTicketGroups(id, groups) }, "SetTicketGroups", id, groups)
}

func (r *records) TouchTicket(id uuid.UUID, seen time.Time) error {
	return r.do(func() error { return r.Records.TouchTicket(id, seen) }, "TouchTicket", id, seen)
}

func (r *records) DeleteTicket(id uuid.UUID) error {
	return r.do(func() error { return r.Records.DeleteTicket(id) }, "DeleteTicket", id)
}

func (r *records) DeleteDeadTickets(at time.Time, limit int) (int, error) {
	return get(r, func() (int, error) { return r.Records.DeleteDeadTickets(at, limit) }, "DeleteDeadTickets", at, limit)
}

func (r *records) TicketValues(ticket uuid.UUID) ([]store.TicketValue, error) {
	return get(r, func() ([]store.TicketValue, error) { return r.Records.TicketValues(ticket) }, "TicketValues", ticket)
}

func (r *records) PutTicketValue(x store.TicketValue) error {
	return r.do(func() error { return r.Records.PutTicketValue(x) }, "PutTicketValue", x)
}

func (r *records) DeleteTicketValue(ticket uuid.UUID, key string) error {
	return r.do(func() error { return r.Records.DeleteTicketValue(ticket, key) }, "DeleteTicketValue", ticket, key)
}

func (r *records) Link(hash store.TokenHash) (store.Link, error) {
	return get(r, func() (store.Link, error) { return r.Records.Link(hash) }, "Link", hash)
}

func (r *records) UserLinks(user uuid.UUID) ([]store.Link, error) {
	return get(r, func() ([]store.Link, error) { return r.Records.UserLinks(user) }, "UserLinks", user)
}

func (r *records) ExpiredLinks(at time.Time, limit int) ([]store.Link, error) {
	return get(r, func() ([]store.Link, error) { return r.Records.ExpiredLinks(at, limit) }, "ExpiredLinks", at, limit)
}

func (r *records) PutLink(x store.Link) error {
	return r.do(func() error { return r.Records.PutLink(x) }, "PutLink", x)
}

func (r *records) DeleteLink(user uuid.UUID, purpose string) error {
	return r.do(func() error { return r.Records.DeleteLink(user, purpose) }, "DeleteLink", user, purpose)
}

func (r *records) Logins(x store.LoginFilter) iter.Seq2[store.UserLogin, error] {
	return list(r, r.Records.Logins(x), "Logins", x)
}

func (r *records) CountLogin(x store.Login, keep int) error {
	return r.do(func() error { return r.Records.CountLogin(x, keep) }, "CountLogin", x, keep)
}

func (r *records) DeleteLogins(before time.Time, limit int) (int, error) {
	return get(r, func() (int, error) { return r.Records.DeleteLogins(before, limit) }, "DeleteLogins", before, limit)
}

func (r *records) Throttle(key [32]byte) (store.Throttle, error) {
	return get(r, func() (store.Throttle, error) { return r.Records.Throttle(key) }, "Throttle", key)
}

func (r *records) UserThrottles(user uuid.UUID) ([]store.Throttle, error) {
	return get(r, func() ([]store.Throttle, error) { return r.Records.UserThrottles(user) }, "UserThrottles", user)
}

func (r *records) PutThrottle(x store.Throttle) error {
	return r.do(func() error { return r.Records.PutThrottle(x) }, "PutThrottle", x)
}

func (r *records) DeleteThrottle(key [32]byte) error {
	return r.do(func() error { return r.Records.DeleteThrottle(key) }, "DeleteThrottle", key)
}

func (r *records) DeleteIdleThrottles(now time.Time, keep, limit int) (int, error) {
	return get(r, func() (int, error) { return r.Records.DeleteIdleThrottles(now, keep, limit) }, "DeleteIdleThrottles", now, keep, limit)
}

func (r *records) AddChange(x store.Change) error {
	return r.do(func() error { return r.Records.AddChange(x) }, "AddChange", x)
}

func (r *records) Changes(x store.ChangeFilter) iter.Seq2[store.Change, error] {
	return list(r, r.Records.Changes(x), "Changes", x)
}

func (r *records) DeleteChanges(before time.Time, limit int) (int, error) {
	return get(r, func() (int, error) { return r.Records.DeleteChanges(before, limit) }, "DeleteChanges", before, limit)
}
