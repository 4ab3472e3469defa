package main

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/rbac-go/rbac"
)

// promised is the default of Config.MaxStaleness: after this time every other
// Authority must have seen a revocation.
const promised = time.Second

// revocations measures how long after a revocation has returned another
// Authority goes on allowing, in nanoseconds, for several memberships. The
// Authority that revokes must refuse at once, and the other one within the
// promised time; otherwise there is an error.
func (s *storeSite) revocations(budget time.Duration) (delays []float64, err error) {
	start := time.Now()
	for i := range mostRounds {
		if i >= leastRounds && time.Since(start) > budget {
			break
		}
		delay, err := s.revocation(s.changes[i%len(s.changes)])
		if err != nil {
			return nil, err
		}
		delays = append(delays, float64(delay))
	}
	return delays, nil
}

func (s *storeSite) revocation(c change) (time.Duration, error) {
	if err := s.untilAllowed(c); err != nil {
		return 0, err
	}
	if err := s.deassign(c.user, c.group); err != nil {
		return 0, err
	}
	revoked := time.Now()
	if s.check(c.user, c.permission) {
		return 0, fmt.Errorf("the Authority that took %s from %s still allows it", c.permission, c.user)
	}
	delay, err := s.untilRefused(c, revoked)
	if err != nil {
		return 0, err
	}
	return delay, s.assign(c.user, c.group)
}

// untilRefused asks the other Authority until it refuses.
func (s *storeSite) untilRefused(c change, revoked time.Time) (time.Duration, error) {
	for {
		asked := time.Since(revoked)
		allowed, err := holds(s.other, c)
		if err != nil || !allowed {
			return time.Since(revoked), err
		}
		if asked > promised {
			return 0, fmt.Errorf("%v after %s was taken from %s, another Authority still allows it", asked, c.permission, c.user)
		}
		time.Sleep(100 * time.Microsecond)
	}
}

// untilAllowed waits until the other Authority has seen the membership.
func (s *storeSite) untilAllowed(c change) error {
	for end := time.Now().Add(10 * time.Second); time.Now().Before(end); time.Sleep(time.Millisecond) {
		if allowed, err := holds(s.other, c); err != nil || allowed {
			return err
		}
	}
	return fmt.Errorf("another Authority does not see that %s has %s", c.user, c.permission)
}

// holds reports whether the user of c has the permission. An Authority that
// cannot ask its store refuses.
func holds(a *rbac.Authority, c change) (bool, error) {
	id, err := a.Identity(context.Background(), c.user)
	if errors.Is(err, rbac.ErrUnavailable) {
		return false, nil
	}
	return err == nil && id.HasPermission(c.permission), err
}
