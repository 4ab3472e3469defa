package main

import "testing"

// small is the world of the tests.
var small = sizes[0]

// Every peer gives the answers of the naive truth, by strings, with what is ready, and on compounds.
func TestPeersAgreeWithTheTruth(t *testing.T) {
	w := newWorld(small)
	q := ask(w)
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

// Each peer's changes are seen by the next check, except those of casbin's caches, and undone by their opposites.
func TestRevokeEffective(t *testing.T) {
	w := newWorld(small)
	q := ask(w)
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
