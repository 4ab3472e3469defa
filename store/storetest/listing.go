package storetest

import (
	"cmp"
	"errors"
	"fmt"
	"iter"
	"os"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/google/uuid"

	"github.com/rbac-go/rbac/store"
)

// many is more than a page of a listing, for pages of a sane size. A store with
// larger pages sets RBAC_LISTED to a larger number, and a thorough test to
// several pages.
var many = listed()

func listed() int {
	if n, err := strconv.Atoi(os.Getenv("RBAC_LISTED")); err == nil && n > 0 {
		return n
	}
	return 300
}

// listing is one listing by sequence over many records. A text identifies each
// record, and the texts sort as the listing does. manyRecords adds the records
// with even numbers; odd numbers are left for writes during the listing.
type listing struct {
	name   string
	newest bool // greatest text first
	key    func(number int) string
	list   func(store.Records) iter.Seq2[string, error]
	add    func(r store.Records, key string) error
	// remove takes a record out of the listing; nil: no method does.
	remove func(r store.Records, key string) error
}

var listings = []listing{
	{
		name: "Users",
		key:  func(i int) string { return fmt.Sprintf("number %05d", i) },
		list: func(r store.Records) iter.Seq2[string, error] {
			return keys(r.Users(store.UserFilter{Search: "number"}), func(u store.UserRecord) string { return u.Name })
		},
		add:    func(r store.Records, key string) error { return r.AddUser(user(key)) },
		remove: func(r store.Records, key string) error { return r.DeleteUser(id(key)) },
	},
	{
		name: "Users of groups",
		key:  func(i int) string { return fmt.Sprintf("member %05d", i) },
		list: func(r store.Records) iter.Seq2[string, error] {
			return keys(r.Users(store.UserFilter{Groups: ids("big", "small"), At: noon}), func(u store.UserRecord) string { return u.Name })
		},
		add: func(r store.Records, key string) error {
			return errors.Join(r.AddUser(user(key)), r.PutMembership(member(key, "big")))
		},
		remove: func(r store.Records, key string) error { return r.DeleteMembership(id(key), id("big"), "") },
	},
	{
		name: "Memberships of a group",
		key:  func(i int) string { return fmt.Sprintf("scope %05d", i) },
		list: func(r store.Records) iter.Seq2[string, error] {
			return keys(r.Memberships(store.MembershipFilter{Group: id("scopes")}), scopeKey)
		},
		add:    inGroup("scopes").add,
		remove: inGroup("scopes").remove,
	},
	{
		name: "Memberships of users",
		key:  func(i int) string { return fmt.Sprintf("of users %05d", i) },
		list: func(r store.Records) iter.Seq2[string, error] {
			return keys(r.Memberships(store.MembershipFilter{Users: ids("owner", "unknown"), Group: id("users")}), scopeKey)
		},
		add:    inGroup("users").add,
		remove: inGroup("users").remove,
	},
	{
		name: "Memberships in scopes",
		key:  func(i int) string { return id(fmt.Sprint("in a scope ", i)).String() },
		list: func(r store.Records) iter.Seq2[string, error] {
			f := store.MembershipFilter{Scopes: []string{"big scope", "small scope"}}
			return keys(r.Memberships(f), func(m store.Member) string { return m.User.String() })
		},
		add: func(r store.Records, key string) error {
			m := store.Membership{User: uuid.MustParse(key), Group: id("in scopes"), Scope: "big scope"}
			u := store.UserRecord{User: store.User{ID: m.User, Name: key}}
			return errors.Join(r.AddUser(u), r.PutMembership(m))
		},
		remove: func(r store.Records, key string) error {
			return r.DeleteMembership(uuid.MustParse(key), id("in scopes"), "big scope")
		},
	},
	{
		name: "Memberships ending",
		key:  func(i int) string { return fmt.Sprintf("%08d", i) },
		list: func(r store.Records) iter.Seq2[string, error] {
			f := store.MembershipFilter{EndingBefore: noon}
			return keys(r.Memberships(f), func(m store.Member) string { return fmt.Sprintf("%08d", m.Until.Unix()) })
		},
		add: func(r store.Records, key string) error {
			i, err := strconv.Atoi(key)
			m := store.Membership{User: id("owner"), Group: id("ending"), Scope: "ending " + key, Until: time.Unix(int64(i), 0)}
			return errors.Join(err, r.PutMembership(m))
		},
		remove: func(r store.Records, key string) error {
			return r.DeleteMembership(id("owner"), id("ending"), "ending "+key)
		},
	},
	{
		name: "Scopes",
		key:  func(i int) string { return fmt.Sprintf("distinct %05d", i) },
		list: func(r store.Records) iter.Seq2[string, error] {
			return func(yield func(string, error) bool) {
				for scope, err := range r.Scopes() {
					if err == nil && !strings.HasPrefix(scope, "distinct ") {
						continue // of another listing
					}
					if !yield(scope, err) {
						return
					}
				}
			}
		},
		add:    inGroup("distinct").add,
		remove: inGroup("distinct").remove,
	},
	{
		name: "Tickets of groups",
		key:  func(i int) string { return id(fmt.Sprint("of a group ", i)).String() },
		list: func(r store.Records) iter.Seq2[string, error] {
			return keys(r.Tickets(store.TicketFilter{Groups: ids("big", "small")}), ticketKey)
		},
		add:    func(r store.Records, key string) error { return addTicketByKey(r, key, noon, "big") },
		remove: func(r store.Records, key string) error { return r.DeleteTicket(uuid.MustParse(key)) },
	},
	{
		name: "Tickets seen before",
		key:  func(i int) string { return id(fmt.Sprint("idle ", i)).String() },
		list: func(r store.Records) iter.Seq2[string, error] {
			return keys(r.Tickets(store.TicketFilter{SeenBefore: noon}), ticketKey)
		},
		add:    func(r store.Records, key string) error { return addTicketByKey(r, key, noon.Add(-time.Hour)) },
		remove: func(r store.Records, key string) error { return r.TouchTicket(uuid.MustParse(key), noon) },
	},
	{
		name: "Tickets, newest first", newest: true,
		key: func(i int) string { return id(fmt.Sprint("new ", i)).String() },
		list: func(r store.Records) iter.Seq2[string, error] {
			return keys(r.Tickets(store.TicketFilter{Newest: true, User: id("visitor")}), ticketKey)
		},
		add:    func(r store.Records, key string) error { return addTicketOf(r, "visitor", key, noon) },
		remove: func(r store.Records, key string) error { return r.DeleteTicket(uuid.MustParse(key)) },
	},
	{
		name: "Logins", newest: true,
		key: func(i int) string { return fmt.Sprintf("%08d", i) },
		list: func(r store.Records) iter.Seq2[string, error] {
			return keys(r.Logins(store.LoginFilter{User: id("visitor")}), func(l store.UserLogin) string { return fmt.Sprintf("%08d", l.First.Unix()) })
		},
		add: func(r store.Records, key string) error {
			i, err := strconv.Atoi(key)
			return errors.Join(err, r.CountLogin(login("visitor", "login "+key, i%3 == 0, time.Unix(int64(i), 0)), 10*many))
		},
	},
	{
		name: "Changes",
		key:  func(i int) string { return fmt.Sprintf("%06d", i+1) },
		list: func(r store.Records) iter.Seq2[string, error] {
			return keys(r.Changes(store.ChangeFilter{}), changeKey)
		},
		add: addChangeByKey,
	},
	{
		name: "Changes, newest first", newest: true,
		key: func(i int) string { return fmt.Sprintf("%06d", i+1) },
		list: func(r store.Records) iter.Seq2[string, error] {
			return keys(r.Changes(store.ChangeFilter{Newest: true}), changeKey)
		},
		add: addChangeByKey,
	},
}

func manyRecords(r store.Records) error {
	return addRecords(r, listings[:len(listings)-1]...) // the last two listings share a table
}

func addRecords(r store.Records, listings ...listing) error {
	if err := errors.Join(addUsers(r, "owner", "visitor"), addGroups(r, "big", "small", "scopes", "users", "in scopes", "ending", "distinct")); err != nil {
		return err
	}
	return each(listings, func(l listing) error {
		return each(l.sorted(), func(key string) error { return l.add(r, key) })
	})
}

// sorted lists the texts of the existing records in the order of the listing.
func (l listing) sorted() (list []string) {
	for i := range many {
		list = append(list, l.key(2*i))
	}
	slices.SortFunc(list, l.compare)
	return list
}

func (l listing) compare(a, b string) int {
	if l.newest {
		a, b = b, a
	}
	return cmp.Compare(a, b)
}

// underWrites runs the listing. At every record, underWrites adds further
// records, near and far, and removes some existing records. got are the listed
// records, removed the removed records.
func (l listing) underWrites(r store.Records) (got []string, removed map[string]bool, err error) {
	sorted, added := l.sorted(), map[string]bool{}
	removed = map[string]bool{}
	for key, err := range l.list(r) {
		if err != nil {
			return nil, nil, err
		}
		got = append(got, key)
		i, there := slices.BinarySearchFunc(sorted, key, l.compare)
		if !there {
			continue // added during the listing
		}
		number := 2 * i
		if l.newest {
			number = 2 * (many - 1 - i)
		}
		for _, n := range []int{number - 1, number + 1, number + 1001} {
			if k := l.key(n); n > 0 && !added[k] {
				added[k] = true
				if err := l.add(r, k); err != nil {
					return nil, nil, err
				}
			}
		}
		for _, j := range []int{i, i + 7, i + many/2} {
			if l.remove == nil || i%3 != 0 || j >= many || removed[sorted[j]] {
				continue
			}
			removed[sorted[j]] = true
			if err := l.remove(r, sorted[j]); err != nil {
				return nil, nil, err
			}
		}
	}
	return got, removed, nil
}

// complete requires that got contains, in order and once each, all records but
// the removed records. got may also contain removed and added records.
func (w *world) complete(l listing, got []string, removed map[string]bool) {
	w.Helper()
	there := map[string]bool{}
	for i, key := range got {
		if there[key] = true; i > 0 && l.compare(got[i-1], key) >= 0 {
			w.Fatalf("%s: record %d is %s, and %s comes after it", l.name, i, got[i-1], key)
		}
	}
	for i, key := range l.sorted() {
		if !there[key] && !removed[key] {
			w.Fatalf("%s: of %d records, %d (%s) is missing", l.name, len(got), i, key)
		}
	}
}

// keys reduces records to their texts. For a zero record, as every record with
// an error should be, the text is empty.
func keys[R any](seq iter.Seq2[R, error], key func(R) string) iter.Seq2[string, error] {
	return func(yield func(string, error) bool) {
		for r, err := range seq {
			text := ""
			if !reflect.ValueOf(r).IsZero() {
				text = key(r)
			}
			if !yield(text, err) {
				return
			}
		}
	}
}

func scopeKey(m store.Member) string { return m.Scope }

// inGroup is a group whose members are one user, in the scopes of a listing.
type inGroup string

func (g inGroup) add(r store.Records, scope string) error {
	return r.PutMembership(store.Membership{User: id("owner"), Group: id(string(g)), Scope: scope})
}

func (g inGroup) remove(r store.Records, scope string) error {
	return r.DeleteMembership(id("owner"), id(string(g)), scope)
}

func ticketKey(t store.UserTicket) string { return t.ID.String() }

func changeKey(c store.Change) string { return fmt.Sprintf("%06d", c.Revision) }

func addTicketByKey(r store.Records, key string, seen time.Time, groups ...string) error {
	return addTicketOf(r, "owner", key, seen, groups...)
}

func addTicketOf(r store.Records, user, key string, seen time.Time, groups ...string) error {
	t := ticket(key, user, groups...)
	t.ID, t.LastSeen = uuid.MustParse(key), seen
	return r.AddTicket(t)
}

func addChangeByKey(r store.Records, key string) error {
	revision, err := strconv.Atoi(key)
	return errors.Join(err, r.AddChange(store.Change{Revision: store.Revision(revision)}))
}
