package storetest

import (
	"math"
	"time"

	"github.com/rbac-go/rbac"
)

var throttleRules = []rule{
	{"throttles", "A throttle is added or replaced by key and given back as it was set; where there is none, one with nothing but the key.", func(w *world) {
		for round := range 3 {
			for i, text := range texts {
				want := rbac.ThrottleRecord{Key: hash(text)}
				if round > 0 {
					want.Failures, want.Halved = pick([]int{0, 1, 1000, math.MaxInt32}, i+round), pick(times, i+round)
					want.Last, want.Succeeded = pick(times, i+1), pick(times, i+2*round)
					w.update(func(r rbac.Records) error { return r.SetThrottle(want) })
				}
				w.equal("Throttle", w.throttle(text), want)
			}
		}
	}},
	{"throttles in an Update", "An Update reads the throttle that it set, and one that is not there adds none.", func(w *world) {
		want := rbac.ThrottleRecord{Key: hash("k"), Failures: 3, Halved: noon, Last: noon}
		var none, got rbac.ThrottleRecord
		w.update(func(r rbac.Records) (err error) {
			if none, err = r.Throttle(want.Key); err != nil {
				return err
			}
			if err = r.SetThrottle(want); err != nil {
				return err
			}
			got, err = r.Throttle(want.Key)
			return err
		})
		w.equal("Throttle before", none, rbac.ThrottleRecord{Key: want.Key})
		w.equal("Throttle after", got, want)
		w.update(func(r rbac.Records) error { _, err := r.Throttle(hash("other")); return err })
		w.equal("Throttle only read", w.throttle("other"), rbac.ThrottleRecord{Key: hash("other")})
	}},
	{"throttles idle", "DeleteIdleThrottles deletes records with Last before last and Succeeded zero or before succeeded.", func(w *world) {
		last, succeeded := noon, noon.Add(-30*24*time.Hour)
		stays := map[string]bool{}
		for name, c := range map[string]struct {
			last, succeeded time.Time
			stays           bool
		}{
			"old":                      {last.Add(-tick), time.Time{}, false},
			"at the border":            {last, time.Time{}, true},
			"new":                      {last.Add(tick), time.Time{}, true},
			"old, success long ago":    {last.Add(-tick), succeeded.Add(-tick), false},
			"old, success at border":   {last.Add(-tick), succeeded, true},
			"old, success lately":      {last.Add(-tick), succeeded.Add(tick), true},
			"border, success long ago": {last, succeeded.Add(-tick), true},
			"zero":                     {time.Time{}, time.Time{}, false},
		} {
			stays[name] = c.stays
			t := rbac.ThrottleRecord{Key: hash(name), Failures: 1, Halved: noon, Last: c.last, Succeeded: c.succeeded}
			w.update(func(r rbac.Records) error { return r.SetThrottle(t) })
		}
		w.equal("deleted", w.deleteIdle(last, succeeded, 100), 3)
		for name, stays := range stays {
			w.equal(name+" stays", w.throttle(name).Failures == 1, stays)
		}
		w.equal("deleted the second time", w.deleteIdle(last, succeeded, 100), 0)
	}},
	{"throttles idle limit", "DeleteIdleThrottles deletes at most limit records and tells how many; a record that stays holds no other back.", func(w *world) {
		w.update(func(r rbac.Records) error {
			for i, text := range texts[:20] {
				t := rbac.ThrottleRecord{Key: hash(text), Failures: 1, Last: noon.Add(time.Duration(i) * tick)}
				if i < 9 {
					t.Succeeded = noon
				}
				if err := r.SetThrottle(t); err != nil {
					return err
				}
			}
			return nil
		})
		for _, c := range []struct{ limit, want int }{{0, 0}, {4, 4}, {4, 4}, {4, 3}, {4, 0}} {
			w.equal("deleted", w.deleteIdle(noon.Add(time.Hour), noon, c.limit), c.want)
		}
		for i, text := range texts[:20] {
			w.equal("stays", w.throttle(text).Failures == 1, i < 9)
		}
	}},
	{"throttles moved", "A throttle is idle by its latest Last.", func(w *world) {
		t := rbac.ThrottleRecord{Key: hash("k"), Failures: 1, Last: noon}
		w.update(func(r rbac.Records) error { return r.SetThrottle(t) })
		t.Last = noon.Add(time.Hour)
		w.update(func(r rbac.Records) error { return r.SetThrottle(t) })
		w.equal("deleted", w.deleteIdle(noon.Add(time.Minute), noon, 9), 0)
		w.equal("Throttle", w.throttle("k"), t)
		w.equal("deleted later", w.deleteIdle(noon.Add(2*time.Hour), noon, 9), 1)
	}},
}

func (w *world) throttle(name string) rbac.ThrottleRecord {
	w.Helper()
	return get(w, func(r rbac.Records) (rbac.ThrottleRecord, error) { return r.Throttle(hash(name)) })
}

func (w *world) deleteIdle(last, succeeded time.Time, limit int) (n int) {
	w.Helper()
	w.update(func(r rbac.Records) (err error) {
		n, err = r.DeleteIdleThrottles(last, succeeded, limit)
		return err
	})
	return n
}
