package rbac

import (
	"context"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/google/uuid"
)

// updateRecords are the Records of an Update, which has locked the head. They do not ask the store again for what nobody else
// can change until it ends, so that an Update that loads thousands of users does not
// look the same up thousands of times. Every answer is what the store would give:
//
//   - Groups, inheritances, separation sets and memberships, and who has which name, change in Updates only, and the lock of the
//     head keeps all others out. What this Update writes itself passes through here.
//   - A user whom the Update has locked is as it was until the Update changes it. Nobody makes a ticket for it meanwhile,
//     since who does locks the user first; so one without tickets stays without. (Tickets that there are may be swept.)
//   - A user whom the Update has added is not visible to anybody else.
//
// Texts that are kept are the store's own or copies, since the host may reuse the bytes of its own.
type updateRecords struct {
	Records
	ctx  context.Context
	over bool // nothing that was remembered is told any more

	groups     map[string]Group          // by name, those asked for
	users      map[uuid.UUID]UserRecord  // locked or added
	userNames  map[string]uuid.UUID      // of users
	ticketless map[uuid.UUID]struct{}    // of users, those without a ticket
	added      map[uuid.UUID][]memberKey // users added, and what they were made members of, whether they still are or not
	juniors    wholeTable[uuid.UUID]
	sets       [2]wholeTable[SeparationRecord] // static, dynamic
}

type memberKey struct {
	group uuid.UUID
	scope string
}

// Unwrap is that of the store's Records, if they have one. The host may then write by itself, or undo: from here on the store is asked.
func (r *updateRecords) Unwrap() any {
	r.over = true
	if u, ok := r.Records.(interface{ Unwrap() any }); ok {
		return u.Unwrap()
	}
	return nil
}

// fresh reports whether what is remembered may be told. After the end of the transaction the store has to refuse.
func (r *updateRecords) fresh() bool { return !r.over && r.ctx.Err() == nil }

// keep sets a value in a map that may not have been made yet.
func keep[K comparable, V any](m *map[K]V, key K, value V) {
	if *m == nil {
		*m = map[K]V{}
	}
	(*m)[key] = value
}

func (r *updateRecords) GroupByName(name string) (Group, error) {
	if g, ok := r.groups[name]; ok && r.fresh() {
		return g, nil
	}
	g, err := r.Records.GroupByName(name)
	if err == nil {
		keep(&r.groups, g.Name, g)
	}
	return g, err
}

func (r *updateRecords) SetGroup(g Group) error {
	r.groups = nil // its old name may be in there
	return r.Records.SetGroup(g)
}

func (r *updateRecords) DeleteGroup(id uuid.UUID) error {
	r.groups = nil
	return r.Records.DeleteGroup(id)
}

func (r *updateRecords) UserByName(name string) (UserRecord, error) {
	if id, ok := r.userNames[name]; ok && r.fresh() {
		return r.users[id], nil
	}
	return r.Records.UserByName(name)
}

func (r *updateRecords) LockUser(id uuid.UUID) (UserRecord, error) {
	if u, ok := r.users[id]; ok && r.fresh() {
		return u, nil
	}
	u, err := r.Records.LockUser(id)
	if err == nil {
		r.keepUser(u)
	}
	return u, err
}

func (r *updateRecords) keepUser(u UserRecord) {
	keep(&r.users, u.ID, u)
	keep(&r.userNames, u.Name, u.ID)
}

// dropUser is called before the user is written.
func (r *updateRecords) dropUser(id uuid.UUID) {
	delete(r.userNames, r.users[id].Name)
	delete(r.users, id)
	delete(r.ticketless, id)
	delete(r.added, id)
}

func (r *updateRecords) AddUser(u UserRecord) error {
	err := r.Records.AddUser(u)
	if err == nil {
		for _, text := range []*string{&u.Name, &u.Email, &u.EmailKey, &u.Subject, &u.DisplayName, &u.Note, &u.PasswordHash} {
			*text = strings.Clone(*text)
		}
		r.keepUser(u)
		keep(&r.ticketless, u.ID, struct{}{})
		keep(&r.added, u.ID, nil)
	}
	return err
}

func (r *updateRecords) SetUser(u UserRecord) error {
	r.dropUser(u.ID)
	return r.Records.SetUser(u)
}

func (r *updateRecords) SetPasswordHash(id uuid.UUID, hash string) error {
	r.dropUser(id)
	return r.Records.SetPasswordHash(id, hash)
}

func (r *updateRecords) SetLastLogin(id uuid.UUID, at time.Time) error {
	r.dropUser(id)
	return r.Records.SetLastLogin(id, at)
}

func (r *updateRecords) DeleteUser(id uuid.UUID) error {
	r.dropUser(id)
	return r.Records.DeleteUser(id)
}

func (r *updateRecords) UserTickets(user uuid.UUID) ([]TicketRecord, error) {
	if _, ok := r.ticketless[user]; ok && r.fresh() {
		return nil, nil
	}
	tickets, err := r.Records.UserTickets(user)
	if _, locked := r.users[user]; locked && err == nil && len(tickets) == 0 {
		keep(&r.ticketless, user, struct{}{})
	}
	return tickets, err
}

func (r *updateRecords) AddTicket(t TicketRecord) error {
	delete(r.ticketless, t.User)
	return r.Records.AddTicket(t)
}

func (r *updateRecords) Membership(user, group uuid.UUID, scope string) (MembershipRecord, error) {
	if were, ok := r.added[user]; ok && r.fresh() && !slices.Contains(were, memberKey{group, scope}) {
		return MembershipRecord{}, ErrNotFound
	}
	return r.Records.Membership(user, group, scope)
}

func (r *updateRecords) AddMembership(m MembershipRecord) error {
	if were, ok := r.added[m.User]; ok {
		r.added[m.User] = append(were, memberKey{m.Group, strings.Clone(m.Scope)})
	}
	return r.Records.AddMembership(m)
}

// wholeTable is a table by group: asked group by group at first, and read whole for who goes on asking.
type wholeTable[V any] struct {
	asked int
	by    map[uuid.UUID][]V // nil until it was read
}

// askedOften is when reading a table of some thousand records whole costs less than going on.
const askedOften = 256

// often counts a question, and reports whether it is the one at which the table is to be read.
func (t *wholeTable[V]) often() bool {
	t.asked++
	return t.by == nil && t.asked > askedOften
}

func (r *updateRecords) Juniors(senior uuid.UUID) ([]uuid.UUID, error) {
	if r.juniors.often() {
		all, err := r.Records.Inheritances()
		if err != nil {
			return nil, err
		}
		r.juniors.by = map[uuid.UUID][]uuid.UUID{}
		for _, i := range all {
			r.juniors.by[i.Senior] = append(r.juniors.by[i.Senior], i.Junior)
		}
	}
	if r.juniors.by == nil || !r.fresh() {
		return r.Records.Juniors(senior)
	}
	return slices.Clone(r.juniors.by[senior]), nil
}

func (r *updateRecords) AddInheritance(i InheritanceRecord) error {
	if by := r.juniors.by; by != nil {
		by[i.Senior] = sortIDs(append(by[i.Senior], i.Junior))
	}
	return r.Records.AddInheritance(i)
}

func (r *updateRecords) DeleteInheritance(i InheritanceRecord) error {
	if by := r.juniors.by; by != nil {
		by[i.Senior] = slices.DeleteFunc(by[i.Senior], func(j uuid.UUID) bool { return j == i.Junior })
	}
	return r.Records.DeleteInheritance(i)
}

func (r *updateRecords) GroupSeparations(dynamic bool, groups []uuid.UUID) ([]SeparationRecord, error) {
	t := &r.sets[0]
	if dynamic {
		t = &r.sets[1]
	}
	if t.often() {
		all, err := r.Records.Separations(dynamic)
		if err != nil {
			return nil, err
		}
		t.by = map[uuid.UUID][]SeparationRecord{}
		for _, s := range all {
			for _, g := range s.Groups {
				t.by[g] = append(t.by[g], s)
			}
		}
	}
	if t.by == nil || !r.fresh() {
		return r.Records.GroupSeparations(dynamic, groups)
	}
	return setsWith(t.by, groups), nil
}

// setsWith returns the sets of groups, each once, by name.
func setsWith(by map[uuid.UUID][]SeparationRecord, groups []uuid.UUID) []SeparationRecord {
	found := map[string]SeparationRecord{}
	for _, g := range groups {
		for _, s := range by[g] {
			found[s.Name] = s
		}
	}
	var sets []SeparationRecord
	for _, name := range slices.Sorted(maps.Keys(found)) {
		s := found[name]
		s.Groups = slices.Clone(s.Groups)
		sets = append(sets, s)
	}
	return sets
}

func (r *updateRecords) AddSeparation(s SeparationRecord) error {
	r.sets = [2]wholeTable[SeparationRecord]{}
	return r.Records.AddSeparation(s)
}

func (r *updateRecords) SetSeparation(s SeparationRecord) error {
	r.sets = [2]wholeTable[SeparationRecord]{}
	return r.Records.SetSeparation(s)
}

func (r *updateRecords) DeleteSeparation(dynamic bool, name string) error {
	r.sets = [2]wholeTable[SeparationRecord]{}
	return r.Records.DeleteSeparation(dynamic, name)
}
