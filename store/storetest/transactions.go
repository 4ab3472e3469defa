package storetest

import (
	"errors"
	"fmt"
	"slices"

	"github.com/rbac-go/rbac/store"
)

var errStop = errors.New("storetest: stop")

var transactionRules = []rule{
	{"update commits", "Update makes all of f's writes durable when it returns nil.", func(w *world) {
		w.update(seed)
		before := get(w, dump)
		var inside tables
		w.update(func(r store.Records) (err error) {
			if err = steps(r, edits); err == nil {
				inside, err = dump(r)
			}
			return err
		})
		w.equal("what f read of its writes", inside, get(w, dump))
		w.differ("all edits", before, inside)
	}},
	{"update read your writes", "f reads what it wrote, and so does the next View.", func(w *world) {
		w.update(seed)
		for _, edit := range edits {
			before := get(w, dump)
			var inside tables
			w.update(func(r store.Records) (err error) {
				if err = edit.f(r); err == nil {
					inside, err = dump(r)
				}
				return err
			})
			w.differ(edit.name, before, inside)
			w.equal("after "+edit.name, get(w, dump), inside)
		}
	}},
	{"update error", "An error from f rolls back, and is returned as it is.", func(w *world) {
		w.update(seed)
		for _, edit := range slices.Concat(edits, []call{{"all edits", func(r store.Records) error { return steps(r, edits) }}}) {
			w.rolledBack(edit.name, func() {
				err := w.store.Update(w.ctx, func(r store.Records) error {
					if err := edit.f(r); err != nil {
						return err
					}
					return errStop
				})
				if err != errStop {
					w.Errorf("%s: Update returned %v", edit.name, err)
				}
			})
		}
	}},
	{"view error", "An error from f is returned as it is, by View too, whatever it is.", func(w *world) {
		for _, want := range []error{errStop, store.ErrNotFound, store.ErrReadOnly, store.ErrUnavailable} {
			if err := w.store.View(w.ctx, func(store.Records) error { return want }); err != want {
				w.Errorf("View returned %v for %v", err, want)
			}
			if err := w.store.Update(w.ctx, func(store.Records) error { return want }); err != want {
				w.Errorf("Update returned %v for %v", err, want)
			}
		}
	}},
	{"panic", "A panic in f rolls back and goes on; the store works afterwards.", func(w *world) {
		w.update(seed)
		w.rolledBack("panic in Update", func() {
			w.panics("Update", func() {
				w.store.Update(w.ctx, func(r store.Records) error {
					if err := steps(r, edits); err != nil {
						return err
					}
					panic(errStop)
				})
			})
		})
		w.panics("View", func() { w.store.View(w.ctx, func(store.Records) error { panic(errStop) }) })
		w.update(func(r store.Records) error { return steps(r, edits) })
	}},
	{"faults spoil", "After an error other than ErrNotFound the transaction cannot commit: Update rolls back and returns that error even if f returns nil.", func(w *world) {
		w.update(seed)
		for _, fault := range faults {
			w.rolledBack(fault.name, func() {
				var fail error
				err := w.store.Update(w.ctx, func(r store.Records) error {
					if err := r.PutSection(store.Section{Name: "beside"}); err != nil {
						return err
					}
					fail = fault.f(r)
					return nil
				})
				if w.unavailable(fault.name, fail); fail != nil && !errors.Is(err, fail) {
					w.Errorf("%s: the method failed with %v, and Update returned %v", fault.name, fail, err)
				}
			})
		}
	}},
	{"faults spoil f's error", "An error from f is returned as it is, in a spoiled transaction too.", func(w *world) {
		w.update(seed)
		w.rolledBack("fault and error", func() {
			err := w.store.Update(w.ctx, func(r store.Records) error {
				if err := faults[0].f(r); err == nil {
					return nil
				}
				return errStop
			})
			if err != errStop {
				w.Errorf("Update returned %v", err)
			}
		})
	}},
	{"faults spoil for good", "What f does after a fault is not committed either.", func(w *world) {
		w.update(seed)
		w.rolledBack("edits after a fault", func() {
			err := w.store.Update(w.ctx, func(r store.Records) error {
				fault := faults[0].f(r)
				for _, edit := range edits {
					_ = edit.f(r) // may fail
				}
				if fault == nil {
					return errStop
				}
				return nil
			})
			w.unavailable("Update", err)
		})
	}},
	{"not found", "A method that reads, changes or deletes a record by its key returns ErrNotFound when it is not there, and that does not spoil the transaction.", func(w *world) {
		w.update(seed)
		before := get(w, dump)
		got := map[string]error{}
		w.update(func(r store.Records) error {
			for _, c := range unknown {
				got[c.name] = c.f(r)
			}
			return r.SetHead(store.Head{Revision: 5})
		})
		for _, c := range unknown {
			w.equal(c.name, got[c.name], store.ErrNotFound)
		}
		before.Head = store.Head{Revision: 5}
		w.equal("the store afterwards", get(w, dump), before)
	}},
	{"view read only", "In a View, writes fail with ErrReadOnly and write nothing; reads go on.", func(w *world) {
		w.update(seed)
		w.rolledBack("writes in a View", func() {
			got := map[string]error{}
			get(w, func(r store.Records) (int, error) {
				for _, edit := range edits {
					got[edit.name] = edit.f(r)
				}
				return 0, steps(r, lookups)
			})
			for _, edit := range edits {
				if !errors.Is(got[edit.name], store.ErrReadOnly) {
					w.Errorf("%s: %v", edit.name, got[edit.name])
				}
			}
		})
	}},
	{"views", "Views can be made at the same time as others, and a View after an Update sees it.", func(w *world) {
		w.update(seed)
		get(w, func(store.Records) (int, error) { return 0, nil })
		for i := range 20 {
			h := store.Head{Revision: store.Revision(i)}
			w.update(func(r store.Records) error { return r.SetHead(h) })
			done := make(chan store.Head, 4)
			for range cap(done) {
				go func() {
					got, _ := view(w, head)
					done <- got
				}()
			}
			for range cap(done) {
				w.equal("Head", <-done, h)
			}
		}
	}},
	{"dead records", "Records are dead when f has returned: using them gives ErrTxDone, and changes nothing.", func(w *world) {
		w.update(seed)
		var kept []store.Records
		keepAfter := func(err error) func(store.Records) error {
			return func(r store.Records) error {
				kept = append(kept, r)
				return err
			}
		}
		get(w, func(r store.Records) (int, error) { return 0, keepAfter(nil)(r) })
		w.update(keepAfter(nil))
		_ = w.store.Update(w.ctx, keepAfter(errStop))
		w.rolledBack("dead records", func() {
			for i, r := range kept {
				for _, c := range slices.Concat(lookups, locks, edits) {
					w.over(fmt.Sprintf("%s on the Records of transaction %d", c.name, i), c.f(r))
				}
			}
		})
	}},
	{"close", "After Close every call fails with ErrUnavailable and runs nothing.", func(w *world) {
		w.update(seed)
		var kept store.Records
		get(w, func(r store.Records) (int, error) { kept = r; return 0, nil })
		if err := w.store.Close(); err != nil {
			w.Errorf("Close: %v", err)
		}
		f := func(store.Records) error {
			w.Errorf("f was run")
			return nil
		}
		w.unavailable("View", w.store.View(w.ctx, f))
		w.unavailable("Update", w.store.Update(w.ctx, f))
		w.over("Head", lookups[0].f(kept))
	}},
}

// rolledBack requires that do leaves the store unchanged.
func (w *world) rolledBack(what string, do func()) {
	w.Helper()
	before := get(w, dump)
	do()
	w.equal(what+" left something behind", get(w, dump), before)
}

// differ checks that the suite itself changes something.
func (w *world) differ(what string, before, after tables) {
	w.Helper()
	if fmt.Sprintf("%+v", before) == fmt.Sprintf("%+v", after) {
		w.Errorf("%s: no change is to be seen", what)
	}
}

func (w *world) panics(what string, do func()) {
	w.Helper()
	defer func() {
		w.Helper()
		if got := recover(); got != errStop {
			w.Errorf("%s: the panic became %v", what, got)
		}
	}()
	do()
}
