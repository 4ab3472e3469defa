package memorystore

import (
	"time"

	"github.com/rbac-go/rbac"
)

// Throttle locks nothing: an Update is alone.
func (t *tx) Throttle(key [32]byte) (rbac.ThrottleRecord, error) {
	return read(t, func(s *state) (rbac.ThrottleRecord, error) {
		if r, ok := s.throttles.Get(string(key[:])); ok {
			return *r, nil
		}
		return rbac.ThrottleRecord{Key: key}, nil
	})
}

func (t *tx) SetThrottle(r rbac.ThrottleRecord) error {
	return t.change("set throttle", func(s *state) error {
		key := string(r.Key[:])
		if old, ok := s.throttles.Get(key); ok {
			s.throttleLast.Delete(s.stamp, timeKey(old.Last)+key)
		}
		s.throttles.Set(s.stamp, key, &r)
		s.throttleLast.Set(s.stamp, timeKey(r.Last)+key, r.Key)
		return nil
	})
}

func (t *tx) DeleteIdleThrottles(last, succeeded time.Time, limit int) (n int, err error) {
	err = t.change("delete idle throttles", func(s *state) error {
		for _, r := range s.idleThrottles(last, succeeded, limit) {
			key := string(r.Key[:])
			s.throttles.Delete(s.stamp, key)
			s.throttleLast.Delete(s.stamp, timeKey(r.Last)+key)
			n++
		}
		return nil
	})
	return n, err
}

func (s *state) idleThrottles(last, succeeded time.Time, limit int) (idle []*rbac.ThrottleRecord) {
	for _, key := range s.throttleLast.From("") {
		r, _ := s.throttles.Get(string(key[:]))
		if !r.Last.Before(last) || len(idle) >= limit {
			break
		}
		if r.Succeeded.IsZero() || r.Succeeded.Before(succeeded) {
			idle = append(idle, r)
		}
	}
	return idle
}
