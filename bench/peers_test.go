package main

import "testing"

// small is the world of the tests.
var small = sizes[0]

// Every peer answers as the naive truth does: by strings, ready, and compounds.
func TestPeersAgreeWithTheTruth(t *testing.T) {
	w := newWorld(small)
	q := newQuestions(w)
	q.probes, q.compounds = q.probes[:2000], q.compounds[:2000]
	for _, p := range peers {
		t.Run(p.name, func(t *testing.T) {
			s := loaded(t, p, w)
			for _, a := range answers(s, q) {
				for i := range a.n {
					if got := a.ask(i, i+1) == 1; got != a.want(i) {
						t.Fatalf("%s, question %d: %v, want %v", a.name, i, got, a.want(i))
					}
				}
			}
		})
	}
}

func loaded(t *testing.T, p peer, w *world) subject {
	t.Helper()
	s, err := p.load(w)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.close(); err != nil {
			t.Error(err)
		}
	})
	return s
}

// The next check sees the changes of each peer, except those of casbin's
// caches, and the opposite change undoes them.
func TestRevokeEffective(t *testing.T) {
	w := newWorld(small)
	q := newQuestions(w)
	for _, p := range peers {
		t.Run(p.name, func(t *testing.T) {
			s := loaded(t, p, w)
			got, err := revokeEffective(s, q)
			if err != nil {
				t.Fatal(err)
			}
			if want := p.name != "casbin, cached" && p.name != "casbin, synced cached"; got != want {
				t.Errorf("after a revoke the next check denies: %v, want %v", got, want)
			}
		})
	}
}

// A peer that goes on allowing after one of both kinds of revoke is found out.
func TestRevokesOfBothKindsCount(t *testing.T) {
	w := newWorld(small)
	q := newQuestions(w)
	for _, blind := range []blindPeer{{memberships: true}, {grants: true}, {}} {
		s, err := loadMaps(w)
		if err != nil {
			t.Fatal(err)
		}
		blind.subject = s
		got, err := revokeEffective(blind, q)
		if err != nil {
			t.Fatal(err)
		}
		if want := !blind.memberships && !blind.grants; got != want {
			t.Errorf("blind for memberships %v and for grants %v: effective is %v, want %v", blind.memberships, blind.grants, got, want)
		}
	}
}

// blindPeer ignores some revokes.
type blindPeer struct {
	subject
	memberships, grants bool
}

func (p blindPeer) deassign(user, group string) error {
	if p.memberships {
		return nil
	}
	return p.subject.deassign(user, group)
}

func (p blindPeer) revoke(group, permission string) error {
	if p.grants {
		return nil
	}
	return p.subject.revoke(group, permission)
}

// The caches of casbin answer with the entries of remember, and these entries
// are timed.
func TestCasbinAnswersFromItsCache(t *testing.T) {
	w := newWorld(small)
	for _, p := range peers {
		s := loaded(t, p, w)
		m, ok := s.(rememberer)
		if !ok {
			continue
		}
		q := newQuestions(w)
		q.compounds = nil // some name the same pairs
		for i := range q.probes {
			q.probes[i].want = !q.probes[i].want
		}
		if err := m.remember(q); err != nil {
			t.Fatal(err)
		}
		for _, probe := range q.probes[:100] {
			if s.check(probe.user, probe.permission) != probe.want {
				t.Fatalf("%s: %+v is not answered from the cache", p.name, probe)
			}
		}
	}
}
