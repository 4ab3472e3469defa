package main

import (
	"fmt"
	"time"
)

// answer is one way in which a subject answers. The function ask asks the
// questions from one number up to another and counts the allowed.
type answer struct {
	name string
	n    int
	ask  func(from, to int) int
	want func(i int) bool
}

// answers returns all ways in which a subject answers, as they will be timed.
func answers(s subject, q *questions) []answer {
	wantProbe := func(i int) bool { return q.probes[i].want }
	all := []answer{{byStrings, len(q.probes), func(from, to int) int { return s.checks(q.probes[from:to]) }, wantProbe}}
	if r, ok := s.(readier); ok {
		all = append(all, answer{readyRandom, len(q.probes), r.ready(q.probes).each, wantProbe})
	}
	if c, ok := s.(compounder); ok {
		wantCompound := func(i int) bool { return q.compounds[i].want }
		all = append(all, answer{compoundReady, len(q.compounds), c.compounds(q.compounds), wantCompound})
	}
	return all
}

// verify compares answers with the truth, as many as the time allows and at
// least a few, and returns the number. Only verified questions are timed: a
// cache, if there is one, holds their answers.
func (a answer) verify(limit time.Duration) (n int, err error) {
	const few = 16
	for end := time.Now().Add(limit); n < a.n && (n < few || time.Now().Before(end)); n++ {
		if got := a.ask(n, n+1) == 1; got != a.want(n) {
			return n, fmt.Errorf("%s, question %d: allowed is %v, want %v", a.name, n, got, a.want(n))
		}
	}
	return n, nil
}

// revokeEffective reports whether the next check denies after a membership, and
// after a grant, was taken away. Both are given back.
func revokeEffective(s subject, q *questions) (bool, error) {
	c := q.revokes[0]
	byMembership, err := denies(s, c,
		func() error { return s.deassign(c.user, c.group) }, func() error { return s.assign(c.user, c.group) })
	if err != nil {
		return false, err
	}
	c = q.revokes[1]
	byGrant, err := denies(s, c,
		func() error { return s.revoke(c.group, c.permission) }, func() error { return s.grant(c.group, c.permission) })
	return byMembership && byGrant, err
}

func denies(s subject, c change, do, undo func() error) (bool, error) {
	for range 2 { // the second time from a cache, if there is one
		if !s.check(c.user, c.permission) {
			return false, fmt.Errorf("%s is not allowed %s to begin with", c.user, c.permission)
		}
	}
	if err := do(); err != nil {
		return false, err
	}
	denied := !s.check(c.user, c.permission)
	if err := undo(); err != nil {
		return denied, err
	}
	if !s.check(c.user, c.permission) {
		return denied, fmt.Errorf("%s is not allowed %s again", c.user, c.permission)
	}
	return denied, nil
}
