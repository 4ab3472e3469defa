package storetest

import (
	"errors"
	"fmt"
	"slices"
	"strconv"
	"sync"
	"time"

	"github.com/rbac-go/rbac/store"
)

var concurrencyRules = []rule{
	{"view one state", "View sees one state of the store from beginning to end, though an Update commits meanwhile.", func(w *world) {
		w.update(seed)
		before := get(w, dump)
		var meanwhile <-chan error
		var head store.Head
		var first, second tables
		get(w, func(r store.Records) (_ int, err error) {
			// A store may choose its state at the first read.
			if head, err = r.Head(store.NoLock); err != nil {
				return 0, err
			}
			if meanwhile == nil {
				meanwhile = w.meanwhile(func(r store.Records) error { return steps(r, edits) })
			}
			if first, err = dump(r); err == nil {
				second, err = dump(r)
			}
			return 0, err
		})
		if err := <-meanwhile; err != nil {
			w.Fatalf("Update: %v", err)
		}
		want := get(w, dump)
		w.differ("the Update", before, want)
		if head == before.Head {
			want = before
		}
		w.equal("what the View saw", first, want)
		w.equal("what it saw later", second, want)
	}},
	{"view one state in listings", "A listing in a View shows one state from its first record to its last, though an Update commits meanwhile.", func(w *world) {
		w.update(manyRecords)
		for i, l := range listings {
			list := func(r store.Records) ([]string, error) { return store.Collect(l.list(r)) }
			before := get(w, list)
			var meanwhile <-chan error
			var got []string
			get(w, func(r store.Records) (int, error) {
				got = nil
				for key, err := range l.list(r) {
					if err != nil {
						return 0, err
					}
					if got = append(got, key); meanwhile == nil {
						meanwhile = w.meanwhile(func(r store.Records) error { return l.shuffle(r, i) })
					}
				}
				return 0, nil
			})
			if err := <-meanwhile; err != nil {
				w.Fatalf("%s: Update: %v", l.name, err)
			}
			if !slices.Equal(got, get(w, list)) { // a second run of f may see the later state
				w.equal(l.name, got, before)
			}
		}
	}},
	{"views and updates", "However many Views and Updates run at once, each View sees all of an Update or nothing.", func(w *world) {
		w.update(func(r store.Records) error { return seed(r) })
		const writers, readers, rounds = 2, 4, 25
		errs := make(chan error, writers+readers)
		for range writers {
			go func() { errs <- w.repeat(rounds, func() error { return w.store.Update(w.ctx, writeNumber) }) }()
		}
		for range readers {
			go func() { errs <- w.repeat(rounds, func() error { return w.store.View(w.ctx, readNumber) }) }()
		}
		for range writers + readers {
			if err := <-errs; err != nil {
				w.Errorf("%v", err)
			}
		}
	}},
	{"two writers of the head", "Two Updates never both succeed if each would have seen the other's writes in the head that it locked.", func(w *world) {
		w.counts(func(r store.Records) (int, error) {
			h, err := r.Head(store.ExclusiveLock)
			if err != nil {
				return 0, err
			}
			h.Revision++
			return int(h.Revision), r.SetHead(h)
		})
	}},
	{"two writers of a user", "Two Updates never both succeed if each would have seen the other's writes in a user that it locked.", func(w *world) {
		w.update(func(r store.Records) error { return addUsers(r, "alice", "bob") })
		w.counts(func(r store.Records) (int, error) {
			u, err := r.LockUser(id("alice"))
			if err != nil {
				return 0, err
			}
			n, _ := strconv.Atoi(u.Note)
			u.Note = strconv.Itoa(n + 1)
			return n + 1, r.SetUser(u)
		})
		w.counts(func(r store.Records) (int, error) {
			u, err := r.LockUser(id("bob"))
			if err != nil {
				return 0, err
			}
			n, _ := strconv.Atoi(u.PasswordHash)
			return n + 1, r.SetPasswordHash(u.ID, strconv.Itoa(n+1))
		})
	}},
	{"two writers of a throttle", "Two Updates never both succeed if each would have seen the other's writes in a throttle that it read, one that was not there before included.", func(w *world) {
		for _, key := range []string{"k1", "k2", "k3"} {
			w.counts(func(r store.Records) (int, error) {
				t, err := r.Throttle(hash(key))
				if err != nil {
					return 0, err
				}
				n, _ := strconv.Atoi(t.State)
				t.State = strconv.Itoa(n + 1)
				return n + 1, r.PutThrottle(t)
			})
		}
	}},
	{"two writers, one name", "Of two Updates at once that add the same name, one succeeds.", func(w *world) {
		for round := range 10 {
			name := fmt.Sprint("same ", round)
			errs := make(chan error, 4)
			for i := range cap(errs) {
				go func() {
					errs <- w.store.Update(w.ctx, func(r store.Records) error {
						u := user(name)
						u.ID = id(fmt.Sprint(name, i))
						return r.AddUser(u)
					})
				}()
			}
			won := 0
			for range cap(errs) {
				if err := <-errs; err == nil {
					won++
				} else if !contention(err) {
					w.Errorf("AddUser: the error must wrap ErrUnavailable or ErrBusy: %v", err)
				}
			}
			w.equal("Updates that succeeded", won, 1)
			w.equal("users", len(w.userNames(store.UserFilter{Search: name})), 1)
		}
	}},
}

// meanwhile runs an Update beside an open transaction, and gives the Update the
// chance to commit before meanwhile returns. If the Update has to wait for the
// transaction, the result of the Update comes later.
func (w *world) meanwhile(f func(store.Records) error) <-chan error {
	done, result := make(chan struct{}), make(chan error, 1)
	go func() {
		defer close(done)
		result <- w.store.Update(w.ctx, f)
	}()
	select {
	case <-done:
	case <-time.After(100 * time.Millisecond):
	}
	return result
}

// shuffle adds records all over the listing, and removes some.
func (l listing) shuffle(r store.Records, seed int) error {
	sorted := l.sorted()
	for i := 1; i < many; i += 10 {
		if err := l.add(r, l.key(2*i+1+many*4*(seed&1))); err != nil {
			return err
		}
		if l.remove != nil {
			if err := l.remove(r, sorted[many-i]); err != nil {
				return err
			}
		}
	}
	return nil
}

// writeNumber writes one number to several records.
func writeNumber(r store.Records) error {
	h, err := r.Head(store.ExclusiveLock)
	if err != nil {
		return err
	}
	h.Revision++
	note := fmt.Sprint(h.Revision)
	u, g, m := user("alice"), group("staff"), member("alice", "staff")
	u.Note, g.Note, m.Note = note, note, note
	return errors.Join(
		r.SetUser(u), r.PutGroup(g), r.PutMembership(m), r.SetLastLogin(id("bob"), noon.Add(time.Duration(h.Revision)*time.Second)),
		r.AddChange(store.Change{Revision: h.Revision}), r.SetHead(h),
	)
}

// readNumber reads the records of writeNumber in another order.
func readNumber(r store.Records) error {
	log, err1 := store.Collect(r.Changes(store.ChangeFilter{Newest: true, Limit: 1}))
	m, err2 := r.Membership(id("alice"), id("staff"), "")
	g, err3 := r.Group(store.GroupKey{ID: id("staff")})
	u, err4 := r.User(store.UserKey{ID: id("alice")})
	bob, err5 := r.User(store.UserKey{Name: "bob"})
	h, err6 := r.Head(store.NoLock)
	if err := errors.Join(err1, err2, err3, err4, err5, err6); err != nil {
		return err
	}
	if h.Revision == 1 {
		return nil // no Update has written yet
	}
	note := fmt.Sprint(h.Revision)
	if log[0].Revision != h.Revision || m.Note != note || g.Note != note || u.Note != note ||
		!bob.LastLogin.Equal(noon.Add(time.Duration(h.Revision)*time.Second)) {
		return fmt.Errorf("one View saw log %d, membership %s, group %s, user %s, login %v, head %d", log[0].Revision, m.Note, g.Note, u.Note, bob.LastLogin, h.Revision)
	}
	return nil
}

// repeat runs do until do fails. Contention alone is no failure.
func (w *world) repeat(times int, do func() error) error {
	for range times {
		if err := do(); err != nil && (!contention(err) || w.ctx.Err() != nil) {
			return err
		}
	}
	return nil
}

// contention reports whether the cause of an error may be other transactions
// that were in the way.
func contention(err error) bool {
	return errors.Is(err, store.ErrUnavailable) || errors.Is(err, store.ErrBusy)
}

// counts lets eight writers increment a count with add at once, and requires
// that the count equals the number of successful Updates. An Update may fail,
// but not all Updates may fail.
func (w *world) counts(add func(store.Records) (int, error)) {
	w.Helper()
	const writers, rounds = 8, 10
	var group sync.WaitGroup
	var mu sync.Mutex
	succeeded := 0
	for range writers {
		group.Go(func() {
			for range rounds {
				err := w.store.Update(w.ctx, func(r store.Records) error { _, err := add(r); return err })
				if err != nil && !contention(err) {
					w.Errorf("Update: %v", err)
				}
				if err == nil {
					mu.Lock()
					succeeded++
					mu.Unlock()
				}
			}
		})
	}
	group.Wait()
	next := 0
	w.update(func(r store.Records) (err error) {
		next, err = add(r)
		return err
	})
	w.equal("the count", next-1, succeeded)
	if succeeded == 0 {
		w.Errorf("no Update succeeded")
	}
}
