package storetest

import (
	"errors"
	"fmt"
	"iter"
	"slices"

	"github.com/rbac-go/rbac/store"
)

var listingRules = []rule{
	{"listing whole", "A listing yields each record exactly once, in its order, however many there are and however often it is run.", func(w *world) {
		w.update(manyRecords)
		for _, l := range listings {
			var first, second []string
			get(w, func(r store.Records) (_ int, err error) {
				seq := l.list(r)
				if first, err = store.Collect(seq); err == nil {
					second, err = store.Collect(seq)
				}
				return 0, err
			})
			w.equal(l.name, first, l.sorted())
			w.equal(l.name+" the second time", second, first)
		}
	}},
	{"listing under writes", "Writes inside a listing, before and behind where it is, make it neither skip nor repeat a record that is there all the time.", func(w *world) {
		w.update(manyRecords)
		for _, l := range listings {
			var got []string
			var removed map[string]bool
			w.rollBack(func(r store.Records) (err error) {
				got, removed, err = l.underWrites(r)
				return err
			})
			w.complete(l, got, removed)
		}
	}},
	{"listing under writes to new records", "Writes inside a listing of records that the same Update added make it neither skip nor repeat one.", func(w *world) {
		for _, l := range listings {
			var got []string
			var removed map[string]bool
			w.rollBack(func(r store.Records) (err error) {
				if err = addRecords(r, l); err == nil {
					got, removed, err = l.underWrites(r)
				}
				return err
			})
			w.complete(l, got, removed)
		}
	}},
	{"listing own writes", "A listing begun after writes in the same Update shows them.", func(w *world) {
		w.update(manyRecords)
		for _, l := range listings {
			var got []string
			want := append(l.sorted(), l.key(1), l.key(1001))
			w.rollBack(func(r store.Records) (err error) {
				if err := each(want[many:], func(key string) error { return l.add(r, key) }); err != nil {
					return err
				}
				if l.remove != nil {
					err = each(want[:many/2], func(key string) error { return l.remove(r, key) })
				}
				if err == nil {
					got, err = store.Collect(l.list(r))
				}
				return err
			})
			if l.remove != nil {
				want = want[many/2:]
			}
			slices.SortFunc(want, l.compare)
			w.equal(l.name, got, want)
		}
	}},
	{"listing and calls", "Any method may be called while a listing runs, another listing too.", func(w *world) {
		w.update(seed)
		n := 0
		get(w, func(r store.Records) (int, error) {
			n = 0
			for _, err := range r.Users(store.UserFilter{}) {
				if err != nil {
					return 0, err
				}
				if n++; steps(r, lookups) != nil {
					return 0, steps(r, lookups)
				}
			}
			return 0, nil
		})
		w.equal("users listed", n, 3)
	}},
	{"listing and edits", "Writing methods may be called while a listing runs, and the Update commits them.", func(w *world) {
		w.update(seed)
		want := w.edited()
		n := 0
		w.update(func(r store.Records) error {
			n = 0
			for _, err := range r.Tickets(store.TicketFilter{SeenBefore: noon.Add(tick)}) {
				if err != nil {
					return err
				}
				for n < len(edits) {
					if err := edits[n].f(r); err != nil {
						return fmt.Errorf("%s: %w", edits[n].name, err)
					}
					if n++; n%10 == 0 {
						break
					}
				}
			}
			return steps(r, edits[n:])
		})
		w.equal("the store afterwards", get(w, dump), want)
	}},
	{"listing broken off", "A listing can be left at any record, and the transaction goes on.", func(w *world) {
		w.update(manyRecords)
		for _, l := range listings {
			for _, stop := range []int{1, 2, many / 2, many} {
				n := 0
				w.update(func(r store.Records) error {
					n = 0
					for _, err := range l.list(r) {
						if err != nil {
							return err
						}
						if n++; n == stop {
							break
						}
					}
					_, err := r.Head(store.NoLock)
					return errors.Join(err, r.SetHead(store.Head{Revision: store.Revision(stop)}))
				})
				w.equal(l.name+": records until the break", n, stop)
				w.equal("Head", get(w, head).Revision, store.Revision(stop))
			}
		}
	}},
	{"listing dead", "The sequences that Records returned are dead when f has returned: using them gives ErrTxDone, once, last, with a zero record.", func(w *world) {
		w.update(manyRecords)
		for _, l := range listings {
			var seq iter.Seq2[string, error]
			keep := func(r store.Records) error { seq = l.list(r); return nil }
			get(w, func(r store.Records) (int, error) { return 0, keep(r) })
			w.dead(l.name+" of a View", seq)
			w.update(keep)
			w.dead(l.name+" of an Update", seq)

			var next func() (string, error, bool)
			var stop func()
			get(w, func(r store.Records) (int, error) {
				next, stop = iter.Pull2(l.list(r))
				_, err, _ := next()
				return 0, err
			})
			w.dead(l.name+", half run", func(yield func(string, error) bool) {
				for key, err, ok := next(); ok && yield(key, err); key, err, ok = next() {
				}
			})
			stop()
		}
	}},
	{"listing spoiled", "A fault inside a listing spoils the transaction as it does elsewhere.", func(w *world) {
		w.update(seed)
		w.rolledBack("fault in a listing", func() {
			err := w.store.Update(w.ctx, func(r store.Records) error {
				for range r.Users(store.UserFilter{}) {
					_ = faults[0].f(r)
				}
				return nil
			})
			w.unavailable("Update", err)
		})
	}},
}

// rollBack runs f in an Update that is not committed.
func (w *world) rollBack(f func(store.Records) error) {
	w.Helper()
	err := w.store.Update(w.ctx, func(r store.Records) error {
		if err := f(r); err != nil {
			return err
		}
		return errStop
	})
	if err != errStop {
		w.Fatalf("Update: %v", err)
	}
}

// edited returns the contents of the store after all edits.
func (w *world) edited() (t tables) {
	w.Helper()
	w.rollBack(func(r store.Records) (err error) {
		if err = steps(r, edits); err == nil {
			t, err = dump(r)
		}
		return err
	})
	return t
}

// dead requires that a sequence ends with one error and a zero record.
func (w *world) dead(what string, seq iter.Seq2[string, error]) {
	w.Helper()
	var last error
	for key, err := range seq {
		if last != nil {
			w.Errorf("%s: goes on after its error", what)
			return
		}
		if last = err; err != nil && key != "" {
			w.Errorf("%s: yields %s with its error", what, key)
		}
	}
	w.over(what, last)
}
