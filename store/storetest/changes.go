package storetest

import (
	"encoding/json"
	"fmt"
	"math"
	"slices"
	"time"

	"github.com/google/uuid"

	"github.com/rbac-go/rbac/store"
)

var changeRules = []rule{
	{"changes round trip", "A change is given back as it was added: any text, any time, JSON byte by byte, nil where there was none.", func(w *world) {
		want := sampleChanges()
		add := func(r store.Records, c store.Change) error { return r.AddChange(c) }
		roundTrip(w, want, add, func(r store.Records, c store.Change) (store.Change, error) {
			list, err := store.Collect(r.Changes(store.ChangeFilter{After: c.Revision - 1, Limit: 1}))
			if err != nil || len(list) == 0 {
				return store.Change{}, err
			}
			return list[0], nil
		})
		w.equal("Changes", w.changes(store.ChangeFilter{}), want)
	}},
	{"changes deleted", "DeleteChanges deletes the first entries, up to the first that is not before the time or has the last revision, at most limit.", func(w *world) {
		var log []store.Change
		// The times are in hours; the fourth is later than all times after the
		// fourth.
		for i, at := range []time.Duration{0, 0, 1, 5, 2, 3, 3} {
			log = append(log, store.Change{Revision: store.Revision(1 + i/2), Seq: i % 2, At: noon.Add(at * time.Hour)})
		}
		w.update(func(r store.Records) error { return each(log, r.AddChange) })
		for _, c := range []struct {
			before time.Duration
			limit  int
			gone   int
		}{{0, 9, 0}, {1, 1, 1}, {1, 9, 2}, {2, 9, 3}, {4, 9, 3}, {6, 2, 5}, {6, 9, 6}, {100, 9, 6}} {
			had := len(w.changes(store.ChangeFilter{}))
			var n int
			w.update(func(r store.Records) (err error) {
				n, err = r.DeleteChanges(noon.Add(c.before*time.Hour), c.limit)
				return err
			})
			w.equal(fmt.Sprintf("Changes after DeleteChanges(%d h, %d)", c.before, c.limit), w.changes(store.ChangeFilter{}), log[c.gone:])
			w.equal("DeleteChanges", n, had-len(log[c.gone:]))
		}
	}},
	{"changes nil", "Before and After are nil where there was no record, and not empty.", func(w *world) {
		w.update(func(r store.Records) error { return r.AddChange(store.Change{Revision: 1}) })
		for _, c := range w.changes(store.ChangeFilter{}) {
			if c.Before != nil || c.After != nil {
				w.Errorf("Before %#v, After %#v", c.Before, c.After)
			}
		}
	}},
	{"changes order", "Changes are listed by Revision and Seq as numbers, or the other way round, in whatever order they were added.", func(w *world) {
		var want []store.Change
		for _, revision := range []store.Revision{1, 2, 9, 10, 11, 255, 256, 1000, 65536, math.MaxInt32 + 1, math.MaxInt64} {
			for _, seq := range []int{0, 1, 2, 9, 10, 11, 100, 256} {
				want = append(want, store.Change{Revision: revision, Seq: seq})
			}
		}
		w.update(func(r store.Records) error {
			for i := range want {
				// 37 and 88 are coprime: every change is added once.
				if err := r.AddChange(want[i*37%len(want)]); err != nil {
					return err
				}
			}
			return nil
		})
		w.equal("oldest first", w.changes(store.ChangeFilter{}), want)
		slices.Reverse(want)
		w.equal("newest first", w.changes(store.ChangeFilter{Newest: true}), want)
	}},
	{"changes query", "A query selects the changes that each of its fields selects, in its order, up to Limit.", func(w *world) {
		log := queryLog()
		w.update(func(r store.Records) error { return each(log, r.AddChange) })
		for _, q := range []store.ChangeFilter{{After: 1}, {After: 10}, {Actor: "Alice"}, {Actor: "bob"}, {Subject: "alice"}, {Since: noon}, {Until: noon}} {
			w.queries(log, q)
		}
		for _, after := range []store.Revision{0, 4, 9, 99} {
			for _, who := range []string{"", "alice", "nobody"} {
				for _, subject := range []string{"", "staff", "nothing"} {
					for _, since := range []time.Time{{}, noon.Add(3 * tick), noon.Add(time.Hour)} {
						for _, until := range []time.Time{{}, noon.Add(4 * tick), noon.Add(time.Hour)} {
							w.queries(log, store.ChangeFilter{After: after, Actor: who, Subject: subject, Since: since, Until: until})
						}
					}
				}
			}
		}
	}},
	{"changes query by action and scope", "A query by Action and Scope selects the changes that each of its fields selects, in its order, up to Limit.", func(w *world) {
		log := queryLog()
		w.update(func(r store.Records) error { return each(log, r.AddChange) })
		for _, action := range []string{"", "AssignUser", "assignUser", "AddUser", "nothing"} {
			for _, scope := range []string{"", "org:1", "org:2", "nowhere"} {
				for _, who := range []string{"", "alice"} {
					for _, subject := range []string{"", "staff"} {
						for _, since := range []time.Time{{}, noon.Add(3 * tick)} {
							w.queries(log, store.ChangeFilter{Actor: who, Subject: subject, Action: action, Scope: scope, Since: since})
						}
					}
				}
			}
		}
	}},
	{"changes times", "A range of times selects exactly, however much clocks disagree, and in whatever order the changes were added.", func(w *world) {
		for _, hours := range [][]int{{50, 0}, {0, 50, 3}, {50, 2, 3, 90, 4, 5, 1, 6, 7, 0, 8, 60, 9, 10, 11, 12, 3, 40, 41, 13}} {
			var log []store.Change
			for i, h := range hours {
				log = append(log, store.Change{Revision: store.Revision(i + 1), At: noon.Add(time.Duration(h) * time.Hour)})
			}
			steps := []int{1, 7, len(log) - 1} // each is coprime to the length
			if len(log) < 4 {
				steps = steps[1:]
			}
			for _, step := range steps {
				w.rollBack(func(r store.Records) error {
					for i := range log {
						if err := r.AddChange(log[(i+1)*step%len(log)]); err != nil {
							return err
						}
					}
					return w.timeRanges(r, log)
				})
			}
		}
	}},
	{"changes pages", "Last walks through the selected changes page by page, in both directions, each once, also where a page ends within a revision, and where the change is gone.", func(w *world) {
		log := queryLog()
		w.update(func(r store.Records) error { return each(log, r.AddChange) })
		for _, newest := range []bool{false, true} {
			for _, q := range []store.ChangeFilter{{}, {After: 3}, {Actor: "alice"}, {Subject: "staff"}, {Action: "AssignUser"}, {Scope: "org:1"},
				{Since: noon.Add(2 * tick)}, {Subject: "staff", Until: noon.Add(7 * tick)}} {
				q.Newest = newest
				want := w.changes(q)
				for _, limit := range []int{1, 2, 5} {
					q.Limit, q.Last = limit, store.ChangeKey{}
					got := []store.Change{}
					for page := w.changes(q); len(page) > 0 && len(got) <= len(want); page = w.changes(q) {
						got = append(got, page...)
						q.Last = store.ChangeKey{Revision: got[len(got)-1].Revision, Seq: got[len(got)-1].Seq}
					}
					w.equal(fmt.Sprintf("pages of %+v", q), got, want)
				}
			}
		}
		w.update(func(r store.Records) error { _, err := r.DeleteChanges(noon.Add(time.Hour), 5); return err })
		w.equal("after a change that is gone", w.changes(store.ChangeFilter{Last: store.ChangeKey{Revision: 1, Seq: 1}}), log[5:])
		w.equal("before all changes", w.changes(store.ChangeFilter{Last: store.ChangeKey{Revision: 1, Seq: 1}, Newest: true}), []store.Change{})
		w.equal("between changes", w.changes(store.ChangeFilter{Last: store.ChangeKey{Revision: 9, Seq: 7}}), log[27:])
		w.equal("beyond all changes", w.changes(store.ChangeFilter{Last: store.ChangeKey{Revision: math.MaxUint64}}), []store.Change{})
	}},
	{"changes feed", "Changes after a revision are read in the Update that added them, and by the next View.", func(w *world) {
		for revision := store.Revision(1); revision < 5; revision++ {
			want := []store.Change{{Revision: revision, At: noon}, {Revision: revision, Seq: 1, At: noon}}
			var got []store.Change
			w.update(func(r store.Records) (err error) {
				if err := each(want, r.AddChange); err != nil {
					return err
				}
				got, err = store.Collect(r.Changes(store.ChangeFilter{After: revision - 1}))
				return err
			})
			w.equal("inside", got, want)
			w.equal("later", w.changes(store.ChangeFilter{After: revision - 1}), want)
			w.equal("after the last", w.changes(store.ChangeFilter{After: revision}), []store.Change{})
		}
	}},
}

func sampleChanges() (list []store.Change) {
	for i, text := range texts {
		quoted, _ := json.Marshal(text)
		record := json.RawMessage(fmt.Sprintf(`{"b":%s, "a" : 1.0,"a":null,  "n":12345678901234567890}`, quoted))
		list = append(list, store.Change{
			Revision: store.Revision(i + 1), Nonce: ^uint64(i), Seq: i % 3, At: pick(times, i), Actor: text, Verified: i%2 == 0, ActedFor: i%3 == 0, Reason: pick(texts, i+1),
			Action: pick(texts, i+2), Subject: pick(texts, i+3), Object: pick(texts, i+4), Scope: pick(texts, i+5),
			SubjectID: pick([]uuid.UUID{uuid.Nil, id(text)}, i), ObjectID: pick([]uuid.UUID{id(text), uuid.Nil, uuid.Max}, i),
			Before: pick([]json.RawMessage{nil, record}, i), After: pick([]json.RawMessage{record, nil, json.RawMessage(`{}`)}, i),
		})
	}
	return list
}

// queryLog is a log in which the times do not follow the revisions, as in a log
// written by several machines with clocks of their own.
func queryLog() (log []store.Change) {
	for i := range 30 {
		log = append(log, store.Change{
			Revision: store.Revision(i/3 + 1), Seq: i % 3, At: noon.Add(time.Duration(i*7%10) * tick),
			Actor: pick([]string{"alice", "bob", "", "Alice"}, i), Subject: pick([]string{"alice", "staff", ""}, i), Object: pick([]string{"staff", "post.edit"}, i),
			Action: pick([]string{"AssignUser", "AddUser"}, i/2), Scope: pick([]string{"org:1", "", "org:2", "org:1", ""}, i),
		})
	}
	return log
}

// timeRanges asks for the changes of many ranges of times.
func (w *world) timeRanges(r store.Records, log []store.Change) error {
	w.Helper()
	at := func(hours int) time.Time { return noon.Add(time.Duration(hours) * time.Hour) }
	for _, since := range []int{-1, 0, 1, 2, 3, 4, 6, 9, 12, 13, 14, 40, 41, 49, 50, 51, 60, 90, 91} {
		for _, q := range []store.ChangeFilter{{Since: at(since)}, {Until: at(since)}, {Since: at(since), Until: at(0)},
			{Since: at(since), Until: at(since + 1)}, {Since: at(since), Until: at(since + 4)}, {Since: at(since), Until: at(since + 40)}} {
			if err := w.queriesIn(r, log, q); err != nil {
				return err
			}
		}
	}
	return nil
}

// queries runs q in both orders with several limits, in one View.
func (w *world) queries(log []store.Change, q store.ChangeFilter) {
	w.Helper()
	get(w, func(r store.Records) (int, error) { return 0, w.queriesIn(r, log, q) })
}

func (w *world) queriesIn(r store.Records, log []store.Change, q store.ChangeFilter) error {
	w.Helper()
	want := slices.DeleteFunc(slices.Clone(log), func(c store.Change) bool {
		return c.Revision <= q.After || q.Actor != "" && c.Actor != q.Actor ||
			q.Subject != "" && c.Subject != q.Subject && c.Object != q.Subject ||
			q.Action != "" && c.Action != q.Action || q.Scope != "" && c.Scope != q.Scope ||
			!q.Since.IsZero() && c.At.Before(q.Since) || !q.Until.IsZero() && !c.At.Before(q.Until)
	})
	for _, newest := range []bool{false, true} {
		list := slices.Clone(want)
		if newest {
			slices.Reverse(list)
		}
		for _, limit := range []int{0, 1, 4} {
			q.Newest, q.Limit = newest, limit
			got, err := store.Collect(r.Changes(q))
			if err != nil {
				return err
			}
			first := list
			if limit > 0 {
				first = list[:min(limit, len(list))]
			}
			w.equal(fmt.Sprintf("Changes(%+v)", q), got, first)
		}
	}
	return nil
}

func (w *world) changes(q store.ChangeFilter) []store.Change {
	w.Helper()
	return get(w, func(r store.Records) ([]store.Change, error) { return store.Collect(r.Changes(q)) })
}
