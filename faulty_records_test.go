package rbac_test

import (
	"context"
	"iter"
	"time"

	"github.com/google/uuid"

	"github.com/rbac-go/rbac/store"
)

// faultyRecords are spoiled by the failing call: as in a store, all later calls
// are refused.
type faultyRecords struct {
	store.Records
	store  *faulty
	ctx    context.Context
	failed error
}

func (r *faultyRecords) spoiled() error {
	if r.failed == nil {
		r.failed = r.store.call(r.ctx)
	}
	return r.failed
}

func (r *faultyRecords) write(f func() error) error {
	if err := r.spoiled(); err != nil {
		return err
	}
	return f()
}

func read[T any](r *faultyRecords, f func() (T, error)) (T, error) {
	if err := r.spoiled(); err != nil {
		var none T
		return none, err
	}
	return f()
}

// list fails at its beginning or after a record, as the count requires.
func list[T any](r *faultyRecords, records iter.Seq2[T, error]) iter.Seq2[T, error] {
	return func(yield func(T, error) bool) {
		var none T
		if err := r.spoiled(); err != nil {
			yield(none, err)
			return
		}
		for record, err := range records {
			if !yield(record, err) {
				return
			}
			if err := r.spoiled(); err != nil {
				yield(none, err)
				return
			}
		}
	}
}

func (r *faultyRecords) Head(lock store.Lock) (store.Head, error) {
	return read(r, func() (store.Head, error) { return r.Records.Head(lock) })
}

func (r *faultyRecords) SetHead(x store.Head) error {
	return r.write(func() error { return r.Records.SetHead(x) })
}

func (r *faultyRecords) User(x store.UserKey) (store.UserRecord, error) {
	return read(r, func() (store.UserRecord, error) { return r.Records.User(x) })
}

func (r *faultyRecords) LockUser(id uuid.UUID) (store.UserRecord, error) {
	return read(r, func() (store.UserRecord, error) { return r.Records.LockUser(id) })
}

func (r *faultyRecords) Users(x store.UserFilter) iter.Seq2[store.UserRecord, error] {
	return list(r, r.Records.Users(x))
}

func (r *faultyRecords) CountUsers(x store.UserFilter) (int, error) {
	return read(r, func() (int, error) { return r.Records.CountUsers(x) })
}

func (r *faultyRecords) AddUser(x store.UserRecord) error {
	return r.write(func() error { return r.Records.AddUser(x) })
}

func (r *faultyRecords) SetUser(x store.UserRecord) error {
	return r.write(func() error { return r.Records.SetUser(x) })
}

func (r *faultyRecords) SetPasswordHash(id uuid.UUID, hash string) error {
	return r.write(func() error { return r.Records.SetPasswordHash(id, hash) })
}

func (r *faultyRecords) SetLastLogin(id uuid.UUID, at time.Time) error {
	return r.write(func() error { return r.Records.SetLastLogin(id, at) })
}

func (r *faultyRecords) SetPacedUntil(id uuid.UUID, at time.Time) error {
	return r.write(func() error { return r.Records.SetPacedUntil(id, at) })
}

func (r *faultyRecords) DeleteUser(id uuid.UUID) error {
	return r.write(func() error { return r.Records.DeleteUser(id) })
}

func (r *faultyRecords) Sections() ([]store.Section, error) {
	return read(r, func() ([]store.Section, error) { return r.Records.Sections() })
}

func (r *faultyRecords) Section(name string) (store.Section, error) {
	return read(r, func() (store.Section, error) { return r.Records.Section(name) })
}

func (r *faultyRecords) PutSection(x store.Section) error {
	return r.write(func() error { return r.Records.PutSection(x) })
}

func (r *faultyRecords) DeleteSection(name string) error {
	return r.write(func() error { return r.Records.DeleteSection(name) })
}

func (r *faultyRecords) Permissions() ([]store.Permission, error) {
	return read(r, func() ([]store.Permission, error) { return r.Records.Permissions() })
}

func (r *faultyRecords) Permission(name string) (store.Permission, error) {
	return read(r, func() (store.Permission, error) { return r.Records.Permission(name) })
}

func (r *faultyRecords) PutPermission(x store.Permission) error {
	return r.write(func() error { return r.Records.PutPermission(x) })
}

func (r *faultyRecords) DeletePermission(id uuid.UUID) error {
	return r.write(func() error { return r.Records.DeletePermission(id) })
}

func (r *faultyRecords) Groups() ([]store.Group, error) {
	return read(r, func() ([]store.Group, error) { return r.Records.Groups() })
}

func (r *faultyRecords) Group(x store.GroupKey) (store.Group, error) {
	return read(r, func() (store.Group, error) { return r.Records.Group(x) })
}

func (r *faultyRecords) PutGroup(x store.Group) error {
	return r.write(func() error { return r.Records.PutGroup(x) })
}

func (r *faultyRecords) DeleteGroup(id uuid.UUID) error {
	return r.write(func() error { return r.Records.DeleteGroup(id) })
}

func (r *faultyRecords) Grants(x store.GrantFilter) ([]store.Grant, error) {
	return read(r, func() ([]store.Grant, error) { return r.Records.Grants(x) })
}

func (r *faultyRecords) Grant(group uuid.UUID, permission string) (store.Grant, error) {
	return read(r, func() (store.Grant, error) { return r.Records.Grant(group, permission) })
}

func (r *faultyRecords) PutGrant(x store.Grant) error {
	return r.write(func() error { return r.Records.PutGrant(x) })
}

func (r *faultyRecords) DeleteGrant(group uuid.UUID, permission string) error {
	return r.write(func() error { return r.Records.DeleteGrant(group, permission) })
}

func (r *faultyRecords) Inheritances(x store.InheritanceFilter) ([]store.Inheritance, error) {
	return read(r, func() ([]store.Inheritance, error) { return r.Records.Inheritances(x) })
}

func (r *faultyRecords) AddInheritance(x store.Inheritance) error {
	return r.write(func() error { return r.Records.AddInheritance(x) })
}

func (r *faultyRecords) DeleteInheritance(x store.Inheritance) error {
	return r.write(func() error { return r.Records.DeleteInheritance(x) })
}

func (r *faultyRecords) Separations(x store.SeparationFilter) ([]store.Separation, error) {
	return read(r, func() ([]store.Separation, error) { return r.Records.Separations(x) })
}

func (r *faultyRecords) Separation(dynamic bool, name string) (store.Separation, error) {
	return read(r, func() (store.Separation, error) { return r.Records.Separation(dynamic, name) })
}

func (r *faultyRecords) PutSeparation(x store.Separation) error {
	return r.write(func() error { return r.Records.PutSeparation(x) })
}

func (r *faultyRecords) DeleteSeparation(dynamic bool, name string) error {
	return r.write(func() error { return r.Records.DeleteSeparation(dynamic, name) })
}

func (r *faultyRecords) Declarations() ([]store.Declaration, error) {
	return read(r, func() ([]store.Declaration, error) { return r.Records.Declarations() })
}

func (r *faultyRecords) PutDeclaration(x store.Declaration) error {
	return r.write(func() error { return r.Records.PutDeclaration(x) })
}

func (r *faultyRecords) Membership(user uuid.UUID, group uuid.UUID, scope string) (store.Membership, error) {
	return read(r, func() (store.Membership, error) { return r.Records.Membership(user, group, scope) })
}

func (r *faultyRecords) UserMemberships(user uuid.UUID) ([]store.Membership, error) {
	return read(r, func() ([]store.Membership, error) { return r.Records.UserMemberships(user) })
}

func (r *faultyRecords) GroupMembers(group uuid.UUID) iter.Seq2[store.Member, error] {
	return list(r, r.Records.GroupMembers(group))
}

func (r *faultyRecords) PutMembership(x store.Membership) error {
	return r.write(func() error { return r.Records.PutMembership(x) })
}

func (r *faultyRecords) DeleteMembership(user uuid.UUID, group uuid.UUID, scope string) error {
	return r.write(func() error { return r.Records.DeleteMembership(user, group, scope) })
}

func (r *faultyRecords) Ticket(x store.TicketKey) (store.Ticket, error) {
	return read(r, func() (store.Ticket, error) { return r.Records.Ticket(x) })
}

func (r *faultyRecords) UserTickets(user uuid.UUID) ([]store.Ticket, error) {
	return read(r, func() ([]store.Ticket, error) { return r.Records.UserTickets(user) })
}

func (r *faultyRecords) Tickets(x store.TicketFilter) iter.Seq2[store.Ticket, error] {
	return list(r, r.Records.Tickets(x))
}

func (r *faultyRecords) AddTicket(x store.Ticket) error {
	return r.write(func() error { return r.Records.AddTicket(x) })
}

func (r *faultyRecords) SetTicketGroups(id uuid.UUID, groups []uuid.UUID) error {
	return r.write(func() error { return r.Records.SetTicketGroups(id, groups) })
}

func (r *faultyRecords) TouchTicket(id uuid.UUID, seen time.Time) error {
	return r.write(func() error { return r.Records.TouchTicket(id, seen) })
}

func (r *faultyRecords) DeleteTicket(id uuid.UUID) error {
	return r.write(func() error { return r.Records.DeleteTicket(id) })
}

func (r *faultyRecords) DeleteDeadTickets(at time.Time, limit int) (int, error) {
	return read(r, func() (int, error) { return r.Records.DeleteDeadTickets(at, limit) })
}

func (r *faultyRecords) TicketValues(ticket uuid.UUID) ([]store.TicketValue, error) {
	return read(r, func() ([]store.TicketValue, error) { return r.Records.TicketValues(ticket) })
}

func (r *faultyRecords) PutTicketValue(x store.TicketValue) error {
	return r.write(func() error { return r.Records.PutTicketValue(x) })
}

func (r *faultyRecords) DeleteTicketValue(ticket uuid.UUID, key string) error {
	return r.write(func() error { return r.Records.DeleteTicketValue(ticket, key) })
}

func (r *faultyRecords) Throttle(key [32]byte) (store.Throttle, error) {
	return read(r, func() (store.Throttle, error) { return r.Records.Throttle(key) })
}

func (r *faultyRecords) PutThrottle(x store.Throttle) error {
	return r.write(func() error { return r.Records.PutThrottle(x) })
}

func (r *faultyRecords) DeleteChanges(before time.Time, limit int) (int, error) {
	return read(r, func() (int, error) { return r.Records.DeleteChanges(before, limit) })
}

func (r *faultyRecords) UserThrottles(user uuid.UUID) ([]store.Throttle, error) {
	return read(r, func() ([]store.Throttle, error) { return r.Records.UserThrottles(user) })
}

func (r *faultyRecords) DeleteThrottle(key [32]byte) error {
	return r.write(func() error { return r.Records.DeleteThrottle(key) })
}

func (r *faultyRecords) DeleteIdleThrottles(now time.Time, keep, limit int) (int, error) {
	return read(r, func() (int, error) { return r.Records.DeleteIdleThrottles(now, keep, limit) })
}

func (r *faultyRecords) AddChange(x store.Change) error {
	return r.write(func() error { return r.Records.AddChange(x) })
}

func (r *faultyRecords) Changes(x store.ChangeFilter) iter.Seq2[store.Change, error] {
	return list(r, r.Records.Changes(x))
}
