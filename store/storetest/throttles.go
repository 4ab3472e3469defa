package storetest

import (
	"fmt"
	"strconv"
	"time"

	"github.com/google/uuid"
	"github.com/rbac-go/rbac/store"
)

var throttleRules = []rule{
	{"throttles", "A throttle is added or replaced by key and given back as it was set; where there is none, one with nothing but the key.", func(w *world) {
		for round := range 3 {
			for i, text := range texts {
				want := store.Throttle{Key: hash(text)}
				if round > 0 {
					want.User, want.State = pick([]uuid.UUID{{}, id("alice"), id("gone")}, i+round), pick(texts, i+round)
					want.Last, want.Until = pick(times, i+1), pick(times, i+2*round)
					w.update(func(r store.Records) error { return r.PutThrottle(want) })
				}
				w.equal("Throttle", w.throttle(text), want)
			}
		}
	}},
	{"throttles in an Update", "An Update reads the throttle that it set, and one that is not there adds none.", func(w *world) {
		want := store.Throttle{Key: hash("k"), User: id("alice"), Last: noon, Until: noon.Add(time.Hour), State: "3"}
		var none, got store.Throttle
		w.update(func(r store.Records) (err error) {
			if none, err = r.Throttle(want.Key); err != nil {
				return err
			}
			if err = r.PutThrottle(want); err != nil {
				return err
			}
			got, err = r.Throttle(want.Key)
			return err
		})
		w.equal("Throttle before", none, store.Throttle{Key: want.Key})
		w.equal("Throttle after", got, want)
		w.update(func(r store.Records) error { _, err := r.Throttle(hash("other")); return err })
		w.equal("Throttle only read", w.throttle("other"), store.Throttle{Key: hash("other")})
	}},
	{"throttles of a user", "UserThrottles lists the records of one user in byte order of Key, as each was last set.", func(w *world) {
		var want []store.Throttle
		for i := range 12 {
			t := store.Throttle{Key: [32]byte{byte(200 - 7*i)}, User: id(pick([]string{"alice", "bob"}, i)), Last: noon, Until: noon, State: strconv.Itoa(i)}
			w.update(func(r store.Records) error { return r.PutThrottle(t) })
			if t.User == id("alice") {
				want = append([]store.Throttle{t}, want...)
			}
		}
		w.update(func(r store.Records) error { return r.PutThrottle(store.Throttle{Key: [32]byte{1}, Until: noon}) })
		w.equal("of alice", w.userThrottles("alice"), want)
		want[1].State = "changed"
		w.update(func(r store.Records) error { return r.PutThrottle(want[1]) })
		moved := want[2]
		moved.User = id("bob")
		w.update(func(r store.Records) error { return r.PutThrottle(moved) })
		w.equal("of alice, one changed and one moved", w.userThrottles("alice"), append(want[:2:2], want[3:]...))
		w.equal("of bob", len(w.userThrottles("bob")), 7)
		w.equal("of somebody without any", len(w.userThrottles("carol")), 0)
	}},
	{"throttles deleted", "DeleteThrottle deletes the record of a key, and returns ErrNotFound where there is none.", func(w *world) {
		t := store.Throttle{Key: hash("k"), User: id("alice"), Last: noon, Until: noon.Add(time.Hour), State: "3"}
		var missing error
		w.update(func(r store.Records) error {
			missing = r.DeleteThrottle(t.Key)
			return r.PutThrottle(t)
		})
		w.equal("DeleteThrottle of none is ErrNotFound", missing, store.ErrNotFound)
		w.update(func(r store.Records) error { return r.DeleteThrottle(t.Key) })
		w.equal("Throttle", w.throttle("k"), store.Throttle{Key: t.Key})
		w.equal("UserThrottles", len(w.userThrottles("alice")), 0)
		w.equal("deleted as idle", w.deleteIdle(noon.Add(2*time.Hour), 0, 9), 0)
	}},
	{"throttles idle", "DeleteIdleThrottles deletes records with Until at or before now, whosever they are.", func(w *world) {
		stays := map[string]bool{}
		for _, user := range []string{"", "alice"} {
			for name, until := range map[string]time.Time{"zero": {}, "old": noon.Add(-tick), "at the border": noon, "new": noon.Add(tick)} {
				t := store.Throttle{Key: hash(name + user), Until: until, State: "kept"}
				if user != "" {
					t.User = id(user)
				}
				stays[name+user] = name == "new"
				w.update(func(r store.Records) error { return r.PutThrottle(t) })
			}
		}
		w.equal("deleted", w.deleteIdle(noon, 100, 100), 6)
		for name, stays := range stays {
			w.equal(name+" stays", w.throttle(name).State == "kept", stays)
		}
		w.equal("deleted the second time", w.deleteIdle(noon, 100, 100), 0)
	}},
	{"throttles of nobody make room", "Of the records without User, DeleteIdleThrottles keeps the latest by Last; it deletes no user's record.", func(w *world) {
		w.update(func(r store.Records) error {
			for i := range 20 {
				t := store.Throttle{Key: hash(fmt.Sprint(i)), Last: noon.Add(time.Duration(20-i) * tick), Until: noon.Add(time.Hour), State: "kept"}
				if i%4 == 3 {
					t.User, t.Last = id("alice"), time.Time{}
				}
				if err := r.PutThrottle(t); err != nil {
					return err
				}
			}
			return nil
		})
		for _, c := range []struct{ keep, limit, want int }{{15, 9, 0}, {9, 0, 0}, {9, 4, 4}, {9, 4, 2}, {9, 4, 0}} {
			w.equal(fmt.Sprintf("deleted beyond %d, at most %d", c.keep, c.limit), w.deleteIdle(noon, c.keep, c.limit), c.want)
		}
		for i := range 20 {
			w.equal(fmt.Sprint(i, " stays"), w.throttle(fmt.Sprint(i)).State == "kept", i%4 == 3 || i < 12)
		}
		w.update(func(r store.Records) error {
			return r.PutThrottle(store.Throttle{Key: hash("ended"), Last: noon.Add(time.Hour), Until: noon})
		})
		w.equal("deleted, the ended one does not count", w.deleteIdle(noon, 9, 100), 1)
	}},
	{"throttles moved", "A throttle is idle by its latest Until.", func(w *world) {
		t := store.Throttle{Key: hash("k"), Until: noon, State: "1"}
		w.update(func(r store.Records) error { return r.PutThrottle(t) })
		t.Until = noon.Add(time.Hour)
		w.update(func(r store.Records) error { return r.PutThrottle(t) })
		w.equal("deleted", w.deleteIdle(noon.Add(time.Minute), 9, 9), 0)
		w.equal("Throttle", w.throttle("k"), t)
		w.equal("deleted later", w.deleteIdle(noon.Add(2*time.Hour), 9, 9), 1)
	}},
}

func (w *world) throttle(name string) store.Throttle {
	w.Helper()
	return get(w, func(r store.Records) (store.Throttle, error) { return r.Throttle(hash(name)) })
}

func (w *world) userThrottles(user string) []store.Throttle {
	w.Helper()
	return get(w, func(r store.Records) ([]store.Throttle, error) { return r.UserThrottles(id(user)) })
}

func (w *world) deleteIdle(now time.Time, keep, limit int) (n int) {
	w.Helper()
	w.update(func(r store.Records) (err error) {
		n, err = r.DeleteIdleThrottles(now, keep, limit)
		return err
	})
	return n
}
