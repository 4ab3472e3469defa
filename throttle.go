package rbac

import (
	"bytes"
	"crypto/sha256"
	"net/netip"
	"time"
)

// Failed logins are counted under two keys: the pair of name and address prefix,
// and the name over all addresses. Names that no user has are treated alike, so that
// being throttled tells nothing.
const (
	freeFailures   = 5                   // this many cost nothing; each further one doubles the delay
	firstDelay     = time.Second         // after the last free one
	pairLimit      = 15 * time.Minute    // the longest delay for a name from one prefix
	nameLimit      = 30 * time.Second    // the longest for a name over all addresses: an annoyance, not a lock-out
	halveEvery     = time.Hour           // after each, half of the failures are forgotten
	forgetFailures = 24 * time.Hour      // after so long without an attempt nothing is left of them
	forgetSuccess  = 30 * 24 * time.Hour // for so long a prefix with a success is not held up by failures elsewhere
)

// throttle is the count for one login.
type throttle struct{ pair, name ThrottleRecord }

// readThrottle reads both records, in one order for everybody so that two logins cannot wait for each other.
func readThrottle(r Records, name string, addr netip.Addr) (throttle, error) {
	t := throttle{
		pair: ThrottleRecord{Key: throttleKey("pair", addrPrefix(addr).String(), name)},
		name: ThrottleRecord{Key: throttleKey("name", "", name)},
	}
	order := []*ThrottleRecord{&t.pair, &t.name}
	if bytes.Compare(t.pair.Key[:], t.name.Key[:]) > 0 {
		order[0], order[1] = order[1], order[0]
	}
	for _, rec := range order {
		var err error
		if *rec, err = r.Throttle(rec.Key); err != nil {
			return throttle{}, err
		}
	}
	return t, nil
}

// throttleKey hashes, so that the table neither grows with long names nor shows what people typed as one.
func throttleKey(kind, prefix, name string) [32]byte {
	return sha256.Sum256([]byte(kind + "\x00" + prefix + "\x00" + name))
}

// wait returns how long the next attempt has to wait; zero or less: not at all.
func (t throttle) wait(now time.Time) time.Duration {
	wait := t.pair.wait(now, pairLimit)
	if t.pair.Succeeded.IsZero() || now.Sub(t.pair.Succeeded) >= forgetSuccess {
		wait = max(wait, t.name.wait(now, nameLimit))
	}
	return wait
}

func (r ThrottleRecord) wait(now time.Time, limit time.Duration) time.Duration {
	r = r.halved(now)
	if r.Failures < freeFailures {
		return 0
	}
	delay := limit
	if doublings := r.Failures - freeFailures; doublings < 20 {
		delay = min(limit, firstDelay<<doublings)
	}
	return min(delay, r.Last.Add(delay).Sub(now)) // a clock set back must not lock out for longer
}

// halved forgets half of the failures for each hour that has passed.
func (r ThrottleRecord) halved(now time.Time) ThrottleRecord {
	if hours := now.Sub(r.Halved) / halveEvery; hours > 0 {
		r.Failures >>= min(hours, 62)
		r.Halved = r.Halved.Add(hours * halveEvery)
	}
	return r
}

// count counts an attempt as failed before anything is verified, so that neither
// attempts in parallel nor clients that hang up are free.
func (t throttle) count(r Records, now time.Time) error {
	for _, rec := range []ThrottleRecord{t.pair, t.name} {
		rec = rec.halved(now)
		if rec.Failures == 0 {
			rec.Halved = now
		}
		rec.Failures++
		rec.Last = now
		if err := r.SetThrottle(rec); err != nil {
			return err
		}
	}
	return nil
}

// refund takes back the count of an attempt that succeeded.
func (t throttle) refund(r Records, now time.Time) error {
	t.pair.Succeeded = now
	for _, rec := range []ThrottleRecord{t.pair, t.name} {
		rec = rec.halved(now)
		rec.Failures = max(0, rec.Failures-1)
		if err := r.SetThrottle(rec); err != nil {
			return err
		}
	}
	return nil
}
