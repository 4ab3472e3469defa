package rbac

import (
	"context"
	"maps"
	"slices"
	"strings"
	"sync/atomic"
	"time"

	"github.com/google/uuid"
	"github.com/rbac-go/rbac/store"
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
// What is kept of users is bounded. Texts are the store's own or copies, since the host may reuse the bytes of its own.
type updateRecords struct {
	store.Records
	ctx  context.Context
	size int         // about how many groups there are
	at   *policy     // what the store had when the Update began; nil: that is not known, or its groups are not so any more
	over atomic.Bool // nothing is told from memory any more; atomic, since a goroutine that the host left behind may still ask

	locked    int                             // how many users the store was asked for
	users     map[uuid.UUID]*rememberedUser   // locked or added
	userNames map[string]uuid.UUID            // of those whose record is known
	groups    wholeTable[string, store.Group] // by name
	juniors   wholeTable[uuid.UUID, []uuid.UUID]
	sets      [2]wholeTable[uuid.UUID, []store.Separation] // static and dynamic, by group
}

// rememberedUser is a user whom the Update has locked or added.
type rememberedUser struct {
	record     store.UserRecord
	known      bool        // record is as in the store
	ticketless bool        // there is no ticket
	added      bool        // by this Update
	were       []memberKey // of one added: all they were made members of, whether they still are or not
}

type memberKey struct {
	group uuid.UUID
	scope string
}

const (
	mostRemembered = 4096 // users; then all are forgotten
	longText       = 1024 // a user with so many bytes of text is not kept
	mostWere       = 32   // memberships of a user added; one with more is not known as added any more
)

// Unwrap is that of the store's Records, if they have one. The host may then write by itself, or undo: from here on the store is asked.
func (r *updateRecords) Unwrap() any {
	r.over.Store(true)
	if u, ok := r.Records.(interface{ Unwrap() any }); ok {
		return u.Unwrap()
	}
	return nil
}

// remembers reports whether anything may be told from memory, and be kept there. After the end of the transaction the store has to refuse.
func (r *updateRecords) remembers() bool { return !r.over.Load() && r.ctx.Err() == nil }

// user returns what is remembered of a user, nil if nothing is.
func (r *updateRecords) user(id uuid.UUID) *rememberedUser {
	if !r.remembers() {
		return nil
	}
	return r.users[id]
}

// keepUser remembers a user, locked or added, and returns nil for one who is not kept.
func (r *updateRecords) keepUser(u store.UserRecord) *rememberedUser {
	if !r.remembers() || len(u.DisplayName)+len(u.Note) >= longText {
		return nil
	}
	if r.users == nil || len(r.users) >= mostRemembered {
		r.users, r.userNames = map[uuid.UUID]*rememberedUser{}, map[string]uuid.UUID{}
	}
	m := r.users[u.ID]
	if m == nil {
		m = &rememberedUser{}
		r.users[u.ID] = m
	}
	m.record, m.known = u, true
	r.userNames[u.Name] = u.ID
	return m
}

// dropRecord is called before a user is written. It stays locked, or added.
func (r *updateRecords) dropRecord(id uuid.UUID) {
	if m := r.user(id); m != nil && m.known {
		delete(r.userNames, m.record.Name)
		m.record, m.known = store.UserRecord{}, false
	}
}

func (r *updateRecords) UserByName(name string) (store.UserRecord, error) {
	if id, ok := r.userNames[name]; ok && r.remembers() {
		return r.users[id].record, nil
	}
	return r.Records.UserByName(name)
}

func (r *updateRecords) LockUser(id uuid.UUID) (store.UserRecord, error) {
	if m := r.user(id); m != nil && m.known {
		return m.record, nil
	}
	u, err := r.Records.LockUser(id)
	if r.locked++; err == nil && r.locked > 1 { // most Updates lock one
		r.keepUser(u)
	}
	return u, err
}

func (r *updateRecords) AddUser(u store.UserRecord) error {
	if err := r.Records.AddUser(u); err != nil {
		return err
	}
	for _, text := range []*string{&u.Name, &u.Email, &u.EmailKey, &u.Subject, &u.DisplayName, &u.Note, &u.PasswordHash} {
		*text = strings.Clone(*text)
	}
	if m := r.keepUser(u); m != nil {
		m.added, m.ticketless = true, true
	}
	return nil
}

func (r *updateRecords) SetUser(u store.UserRecord) error {
	r.dropRecord(u.ID)
	return r.Records.SetUser(u)
}

func (r *updateRecords) SetPasswordHash(id uuid.UUID, hash string) error {
	r.dropRecord(id)
	return r.Records.SetPasswordHash(id, hash)
}

func (r *updateRecords) SetLastLogin(id uuid.UUID, at time.Time) error {
	r.dropRecord(id)
	return r.Records.SetLastLogin(id, at)
}

func (r *updateRecords) SetPacedUntil(id uuid.UUID, at time.Time) error {
	r.dropRecord(id)
	return r.Records.SetPacedUntil(id, at)
}

func (r *updateRecords) DeleteUser(id uuid.UUID) error {
	r.dropRecord(id)
	return r.Records.DeleteUser(id)
}

func (r *updateRecords) UserTickets(user uuid.UUID) ([]store.Ticket, error) {
	m := r.user(user)
	if m != nil && m.ticketless {
		return nil, nil
	}
	tickets, err := r.Records.UserTickets(user)
	if m != nil && err == nil {
		m.ticketless = len(tickets) == 0
	}
	return tickets, err
}

// UserThrottles is empty for a user whom the Update has added: nobody else can
// have tried to log in as that user yet.
func (r *updateRecords) UserThrottles(user uuid.UUID) ([]store.Throttle, error) {
	if m := r.user(user); m != nil && m.added {
		return nil, nil
	}
	return r.Records.UserThrottles(user)
}

func (r *updateRecords) AddTicket(t store.Ticket) error {
	if m := r.user(t.User); m != nil {
		m.ticketless = false
	}
	return r.Records.AddTicket(t)
}

func (r *updateRecords) Membership(user, group uuid.UUID, scope string) (store.Membership, error) {
	if m := r.user(user); m != nil && m.added && !slices.Contains(m.were, memberKey{group, scope}) {
		return store.Membership{}, ErrNotFound
	}
	return r.Records.Membership(user, group, scope)
}

func (r *updateRecords) AddMembership(rec store.Membership) error {
	if m := r.user(rec.User); m != nil && m.added {
		m.were = append(m.were, memberKey{rec.Group, strings.Clone(rec.Scope)})
		if len(m.were) > mostWere {
			m.added, m.were = false, nil
		}
	}
	return r.Records.AddMembership(rec)
}

// wholeTable is a table of the policy: asked for one record after another at first, and read whole for who goes on asking.
type wholeTable[K comparable, V any] struct {
	by    map[K]V
	whole bool // by has all there is
	asked int
}

// often counts a question to the store, and reports whether the table is to be read instead. Until then an Update costs what it
// touches, however large the store is; and reading the table costs about what the questions up to then did.
func (t *wholeTable[K, V]) often(worth int) bool {
	t.asked++
	return !t.whole && t.asked > max(askedOften, worth)
}

// askedOften is after how many questions even a small table is read. A question costs as much as reading ten
// records, and one about sets as much as a hundred.
const askedOften = 32

func (t *wholeTable[K, V]) fill(by map[K]V) { t.by, t.whole = by, true }

func (r *updateRecords) GroupByName(name string) (store.Group, error) {
	if !r.remembers() {
		return r.Records.GroupByName(name)
	}
	if g, ok := r.knownGroup(name); ok {
		return g, nil
	}
	if _, ok := r.groups.by[name]; !ok && r.groups.often(r.size/10) {
		if err := r.readGroups(); err != nil {
			return store.Group{}, err
		}
	}
	if g, ok := r.groups.by[name]; ok {
		return g, nil
	}
	g, err := r.Records.GroupByName(name)
	if err == nil && r.groups.asked > 1 { // most Updates ask for one
		keep(&r.groups.by, g.Name, g)
	}
	return g, err
}

// knownGroup finds a group in the policy, which saves who goes on asking the reading of all groups.
func (r *updateRecords) knownGroup(name string) (store.Group, bool) {
	if r.at == nil || r.groups.asked < askedOften {
		return store.Group{}, false
	}
	n, ok := r.at.groupNums.Get(name)
	if !ok {
		return store.Group{}, false
	}
	return store.Group(r.at.group(n).Group), true
}

// keep sets a value in a map that may not have been made yet.
func keep[K comparable, V any](m *map[K]V, key K, value V) {
	if *m == nil {
		*m = map[K]V{}
	}
	(*m)[key] = value
}

func (r *updateRecords) readGroups() error {
	all, err := r.Records.Groups()
	if err != nil {
		return err
	}
	by := make(map[string]store.Group, len(all))
	for _, g := range all {
		by[g.Name] = g
	}
	r.groups.fill(by)
	return nil
}

// SetGroup forgets all groups: which name this one had is not known here.
func (r *updateRecords) SetGroup(g store.Group) error {
	r.forgetGroups()
	return r.Records.SetGroup(g)
}

func (r *updateRecords) DeleteGroup(id uuid.UUID) error {
	r.forgetGroups()
	return r.Records.DeleteGroup(id)
}

func (r *updateRecords) forgetGroups() { r.groups, r.at = wholeTable[string, store.Group]{}, nil }

func (r *updateRecords) Juniors(senior uuid.UUID) ([]uuid.UUID, error) {
	if !r.remembers() {
		return r.Records.Juniors(senior)
	}
	if r.juniors.often(r.size / 10) {
		if err := r.readInheritances(); err != nil {
			return nil, err
		}
	}
	if r.juniors.whole {
		return slices.Clone(r.juniors.by[senior]), nil
	}
	return r.Records.Juniors(senior)
}

func (r *updateRecords) readInheritances() error {
	all, err := r.Records.Inheritances()
	if err != nil {
		return err
	}
	by := map[uuid.UUID][]uuid.UUID{}
	for _, i := range all {
		by[i.Senior] = append(by[i.Senior], i.Junior)
	}
	r.juniors.fill(by)
	return nil
}

func (r *updateRecords) AddInheritance(i store.Inheritance) error {
	if by := r.juniors.by; by != nil {
		by[i.Senior] = sortIDs(append(by[i.Senior], i.Junior))
	}
	return r.Records.AddInheritance(i)
}

func (r *updateRecords) DeleteInheritance(i store.Inheritance) error {
	if by := r.juniors.by; by != nil {
		by[i.Senior] = slices.DeleteFunc(by[i.Senior], func(j uuid.UUID) bool { return j == i.Junior })
	}
	return r.Records.DeleteInheritance(i)
}

func (r *updateRecords) GroupSeparations(dynamic bool, groups []uuid.UUID) ([]store.Separation, error) {
	if !r.remembers() {
		return r.Records.GroupSeparations(dynamic, groups)
	}
	t := &r.sets[0]
	if dynamic {
		t = &r.sets[1]
	}
	if t.often(r.size / 100) {
		all, err := r.Records.Separations(dynamic)
		if err != nil {
			return nil, err
		}
		t.fill(setsByGroup(all))
	}
	if t.whole {
		return setsWith(t.by, groups), nil
	}
	return r.Records.GroupSeparations(dynamic, groups)
}

func setsByGroup(sets []store.Separation) map[uuid.UUID][]store.Separation {
	by := map[uuid.UUID][]store.Separation{}
	for _, s := range sets {
		for _, g := range s.Groups {
			by[g] = append(by[g], s)
		}
	}
	return by
}

// setsWith returns the sets of groups, each once, by name.
func setsWith(by map[uuid.UUID][]store.Separation, groups []uuid.UUID) []store.Separation {
	if len(by) == 0 {
		return nil
	}
	found := map[string]store.Separation{}
	for _, g := range groups {
		for _, s := range by[g] {
			found[s.Name] = s
		}
	}
	var sets []store.Separation
	for _, name := range slices.Sorted(maps.Keys(found)) {
		s := found[name]
		s.Groups = slices.Clone(s.Groups)
		sets = append(sets, s)
	}
	return sets
}

func (r *updateRecords) AddSeparation(s store.Separation) error {
	r.forgetSets()
	return r.Records.AddSeparation(s)
}

func (r *updateRecords) SetSeparation(s store.Separation) error {
	r.forgetSets()
	return r.Records.SetSeparation(s)
}

func (r *updateRecords) DeleteSeparation(dynamic bool, name string) error {
	r.forgetSets()
	return r.Records.DeleteSeparation(dynamic, name)
}

func (r *updateRecords) forgetSets() { r.sets = [2]wholeTable[uuid.UUID, []store.Separation]{} }
