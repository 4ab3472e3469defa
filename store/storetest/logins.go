package storetest

import (
	"cmp"
	"fmt"
	"slices"
	"time"

	"github.com/google/uuid"

	"github.com/rbac-go/rbac/store"
)

var loginRules = []rule{
	{"logins round trip", "A login is given back as it was counted, with the name that its user has now.", func(w *world) {
		want := sampleLogins()
		w.update(func(r store.Records) error { return addUsers(r, "alice", "bob") })
		w.countLogins(want...)
		w.update(func(r store.Records) error {
			u := user("alice")
			u.Name = "alicia"
			return r.SetUser(u)
		})
		w.equal("Logins", w.logins(store.LoginFilter{}), newest(want, store.LoginFilter{}, map[uuid.UUID]string{id("alice"): "alicia", id("bob"): "bob"}))
	}},
	{"logins newest first", "Logins lists what the filter selects by First, then ID, the greatest first, from any place on.", func(w *world) {
		logins := sampleLogins()
		w.update(func(r store.Records) error { return addUsers(r, "alice", "bob", "carol") })
		w.countLogins(logins...)
		places := []store.LoginPlace{{}, {First: noon, ID: id("gone")}, {First: times[0]}}
		for _, l := range logins {
			places = append(places, store.LoginPlace{First: l.First, ID: l.ID})
		}
		names := map[uuid.UUID]string{id("alice"): "alice", id("bob"): "bob"}
		for _, user := range []uuid.UUID{{}, id("alice"), id("bob"), id("carol"), nobody} {
			for _, kind := range []store.LoginKind{store.AnyLogin, store.SuccessfulLogin, store.FailedLogin} {
				for _, place := range places {
					f := store.LoginFilter{User: user, Kind: kind, After: place}
					w.equal(fmt.Sprintf("Logins(%+v)", f), w.logins(f), newest(logins, f, names))
				}
			}
		}
	}},
	{"logins counted again", "CountLogin adds Count to the record with the same ID, takes the later Last and the last UserAgent, and leaves the rest.", func(w *world) {
		w.update(func(r store.Records) error { return addUsers(r, "alice") })
		first := login("alice", "hour", true, noon)
		w.countLogins(first)
		later := first
		later.First, later.Last, later.Count, later.UserAgent = noon.Add(time.Minute), noon.Add(time.Minute), 3, "later"
		earlier := first
		earlier.First, earlier.Last, earlier.UserAgent = noon.Add(-time.Minute), noon.Add(-time.Minute), "earlier"
		w.countLogins(later, earlier)
		want := first
		want.Last, want.Count, want.UserAgent = later.Last, 5, "earlier"
		w.equal("Logins", w.logins(store.LoginFilter{}), []store.UserLogin{{Login: want, UserName: "alice"}})
	}},
	{"logins capped", "CountLogin keeps so many records of the user with the same Failed, the greatest by First, then ID; and no fewer of others.", func(w *world) {
		w.update(func(r store.Records) error { return addUsers(r, "alice", "bob") })
		w.countLogins(login("bob", "other", false, noon.Add(-time.Hour)), login("alice", "failed", true, noon.Add(-time.Hour)))
		for i := range 5 {
			l := login("alice", fmt.Sprint(i), false, noon.Add(time.Duration(i)*time.Minute))
			w.update(func(r store.Records) error { return r.CountLogin(l, 3) })
		}
		// Older than all: deleted at once.
		w.update(func(r store.Records) error {
			return r.CountLogin(login("alice", "old", false, noon.Add(-time.Minute)), 3)
		})
		w.equal("Logins of alice", w.loginIDs(store.LoginFilter{User: id("alice")}), []uuid.UUID{id("4"), id("3"), id("2"), id("failed")})
		w.equal("Logins of bob", w.loginIDs(store.LoginFilter{User: id("bob")}), ids("other"))
		w.update(func(r store.Records) error { return r.CountLogin(login("alice", "4", false, noon), 1) })
		w.equal("Logins with a smaller cap", w.loginIDs(store.LoginFilter{User: id("alice"), Kind: store.SuccessfulLogin}), ids("4"))
		w.update(func(r store.Records) error { return r.CountLogin(login("alice", "new", false, noon), 0) })
		w.equal("Logins that are not kept", w.loginIDs(store.LoginFilter{User: id("alice"), Kind: store.SuccessfulLogin}), []uuid.UUID(nil))
	}},
	{"logins of nobody", "CountLogin adds no record for a user who does not exist, and that is no error; DeleteUser deletes the logins of the user.", func(w *world) {
		w.update(func(r store.Records) error { return addUsers(r, "alice", "bob") })
		w.countLogins(login("nobody", "1", true, noon), login("alice", "2", true, noon), login("alice", "3", false, noon), login("bob", "4", true, noon))
		zero := login("alice", "5", true, noon)
		zero.User = uuid.Nil
		w.countLogins(zero)
		w.update(func(r store.Records) error { return r.DeleteUser(id("alice")) })
		w.update(func(r store.Records) error { return addUsers(r, "alice") })
		w.equal("Logins", w.loginIDs(store.LoginFilter{}), ids("4"))
	}},
	{"logins deleted", "DeleteLogins deletes records whose First is before a time, no more than the limit, and counts them.", func(w *world) {
		w.update(func(r store.Records) error { return addUsers(r, "alice") })
		for _, failed := range []bool{true, false} {
			for i := range 4 {
				l := login("alice", fmt.Sprint(failed, i), failed, noon.Add(time.Duration(i)*tick))
				l.Last = noon.Add(time.Hour)
				w.countLogins(l)
			}
		}
		w.countLogins(login("alice", "zero", false, time.Time{}))
		for _, c := range []struct{ limit, want int }{{0, 0}, {2, 2}, {2, 2}, {9, 1}, {9, 0}} {
			n := 0
			w.update(func(r store.Records) (err error) { n, err = r.DeleteLogins(noon.Add(2*tick), c.limit); return err })
			w.equal("DeleteLogins", n, c.want)
		}
		for _, l := range w.logins(store.LoginFilter{}) {
			if l.First.Before(noon.Add(2 * tick)) {
				w.Errorf("there is still %+v", l)
			}
		}
		w.equal("Logins left", len(w.logins(store.LoginFilter{})), 4)
	}},
}

// login returns a login of a user that was counted once.
func login(user, name string, failed bool, at time.Time) store.Login {
	return store.Login{ID: id(name), User: id(user), Failed: failed, First: at, Last: at, Count: 1, Addr: "192.0.2.7/32", Method: "password", Outcome: "success"}
}

// sampleLogins returns logins of alice and bob, in no order.
func sampleLogins() (list []store.Login) {
	for i, text := range texts {
		l := login([]string{"alice", "bob"}[i%2], fmt.Sprint("login", i), i%3 == 0, pick(times, i))
		l.Last, l.Count = pick(times, i+1), i+1
		l.Addr, l.UserAgent, l.Method, l.Outcome = text, pick(texts, i+1), pick(texts, i+2), pick(texts, i+3)
		twin := l
		twin.ID = id(fmt.Sprint("twin", i))
		list = append(list, l, twin)
	}
	return list
}

// newest returns the listing of logins that a filter selects.
func newest(logins []store.Login, f store.LoginFilter, names map[uuid.UUID]string) (list []store.UserLogin) {
	compare := func(a, b store.LoginPlace) int { return cmp.Or(b.First.Compare(a.First), compareIDs(b.ID, a.ID)) }
	for _, l := range logins {
		of := f.User == uuid.Nil || f.User == l.User
		kind := f.Kind == store.AnyLogin || l.Failed == (f.Kind == store.FailedLogin)
		after := f.After == (store.LoginPlace{}) || compare(f.After, store.LoginPlace{First: l.First, ID: l.ID}) < 0
		if of && kind && after {
			list = append(list, store.UserLogin{Login: l, UserName: names[l.User]})
		}
	}
	slices.SortFunc(list, func(a, b store.UserLogin) int {
		return compare(store.LoginPlace{First: a.First, ID: a.ID}, store.LoginPlace{First: b.First, ID: b.ID})
	})
	return list
}

// countLogins counts logins and keeps them all.
func (w *world) countLogins(logins ...store.Login) {
	w.Helper()
	w.update(func(r store.Records) error {
		return each(logins, func(l store.Login) error { return r.CountLogin(l, 10*many) })
	})
}

func (w *world) logins(f store.LoginFilter) []store.UserLogin {
	w.Helper()
	return get(w, func(r store.Records) ([]store.UserLogin, error) { return store.Collect(r.Logins(f)) })
}

func (w *world) loginIDs(f store.LoginFilter) (list []uuid.UUID) {
	w.Helper()
	for _, l := range w.logins(f) {
		list = append(list, l.ID)
	}
	return list
}
