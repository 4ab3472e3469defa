package memorystore

import (
	"strings"
	"time"

	"github.com/google/uuid"
	"github.com/rbac-go/rbac/store"
)

// Throttle locks nothing, since one Update runs at a time.
func (t *tx) Throttle(key [32]byte) (store.Throttle, error) {
	return read(t, func(s *state) (store.Throttle, error) {
		if r, ok := s.throttles.Get(string(key[:])); ok {
			return *r, nil
		}
		return store.Throttle{Key: key}, nil
	})
}

func (t *tx) UserThrottles(user uuid.UUID) ([]store.Throttle, error) {
	return read(t, func(s *state) (list []store.Throttle, err error) {
		for _, r := range s.userThrottles.Under(string(user[:])) {
			list = append(list, *r)
		}
		return list, nil
	})
}

func (t *tx) PutThrottle(r store.Throttle) error {
	return t.change("put throttle", func(s *state) error {
		r.State = strings.Clone(r.State)
		s.dropThrottle(string(r.Key[:]))
		key := string(r.Key[:])
		s.throttles.Set(s.stamp, key, &r)
		s.throttleUntil.Set(s.stamp, timeKey(r.Until)+key, &r)
		if r.User == uuid.Nil {
			s.throttleLast.Set(s.stamp, timeKey(r.Last)+key, &r)
		} else {
			s.userThrottles.Set(s.stamp, string(r.User[:])+key, &r)
		}
		return nil
	})
}

func (t *tx) DeleteThrottle(key [32]byte) error {
	return t.change("delete throttle", func(s *state) error {
		if !s.dropThrottle(string(key[:])) {
			return store.ErrNotFound
		}
		return nil
	})
}

// dropThrottle deletes a record from the table and the indexes, and reports
// whether the record existed.
func (s *state) dropThrottle(key string) bool {
	r, ok := s.throttles.Get(key)
	if !ok {
		return false
	}
	s.throttles.Delete(s.stamp, key)
	s.throttleUntil.Delete(s.stamp, timeKey(r.Until)+key)
	if r.User == uuid.Nil {
		s.throttleLast.Delete(s.stamp, timeKey(r.Last)+key)
	} else {
		s.userThrottles.Delete(s.stamp, string(r.User[:])+key)
	}
	return true
}

func (t *tx) DeleteIdleThrottles(now time.Time, keep, limit int) (n int, err error) {
	err = t.change("delete idle throttles", func(s *state) error {
		for _, r := range s.idleThrottles(now, keep, limit) {
			s.dropThrottle(string(r.Key[:]))
			n++
		}
		return nil
	})
	return n, err
}

func (s *state) idleThrottles(now time.Time, keep, limit int) (idle []*store.Throttle) {
	for _, r := range s.throttleUntil.From("") {
		if r.Until.After(now) || len(idle) >= limit {
			break
		}
		idle = append(idle, r)
	}
	for _, r := range s.throttleLast.Backward() {
		if len(idle) >= limit {
			break
		}
		if !r.Until.After(now) {
			continue // deleted above
		}
		if keep--; keep < 0 {
			idle = append(idle, r)
		}
	}
	return idle
}
