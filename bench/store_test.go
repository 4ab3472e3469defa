package main

import (
	"errors"
	"strings"
	"testing"
	"time"
)

// Every store of this machine is measured. A revocation that another Authority
// does not see in time would be an error.
func TestStoresAreMeasured(t *testing.T) {
	rows, err := compareStores(backends, 100*time.Millisecond, silent)
	if err != nil {
		t.Fatal(err)
	}
	for _, row := range rows {
		if row.logins <= 0 || row.updates <= 0 || row.cold <= 0 || len(row.delays) < leastRounds {
			t.Errorf("%+v", row)
		}
	}
	if len(rows) < 2 {
		t.Errorf("%d stores were measured", len(rows))
	}
}

// A store that this machine cannot start is left out. Any other error ends the
// run.
func TestStoreThatDoesNotStart(t *testing.T) {
	missing := backend{"missing", func() (*database, error) { return nil, errNotInstalled }}
	rows, err := compareStores([]backend{missing, backends[0]}, 0, silent)
	if err != nil || len(rows) != 1 || rows[0].name != backends[0].name {
		t.Errorf("rows %v, error %v", rows, err)
	}
	wrong := errors.New("wrong")
	if _, err := compareStores([]backend{{"broken", func() (*database, error) { return nil, wrong }}}, 0, silent); !errors.Is(err, wrong) {
		t.Errorf("error %v", err)
	}
}

// A revocation that another Authority does not see in time ends the run.
func TestUnseenRevocationEndsTheRun(t *testing.T) {
	w := newWorld(small)
	q := newQuestions(w)
	s, err := startStoreSite(backends[0], w, q)
	if err != nil {
		t.Fatal(err)
	}
	defer s.stop()
	elsewhere, err := startStoreSite(backends[0], w, q)
	if err != nil {
		t.Fatal(err)
	}
	defer elsewhere.stop()
	s.other = elsewhere.Authority // on other data
	if _, err := s.revocation(q.revokes[0]); err == nil || !strings.Contains(err.Error(), "another Authority still allows it") {
		t.Errorf("error %v", err)
	}
}

// throughput counts the runs of all goroutines, and returns the first error of
// each.
func TestThroughput(t *testing.T) {
	ns, err := throughput(4, 20*time.Millisecond, func(_, _ int) error { time.Sleep(2 * time.Millisecond); return nil })
	if err != nil || ns < 2e6/4 || ns > 200e6 {
		t.Errorf("%v ns, error %v", ns, err)
	}
	wrong := errors.New("wrong")
	_, err = throughput(2, time.Minute, func(worker, i int) error {
		if worker == 1 && i == 2 || worker == 0 && i == 3 {
			return wrong
		}
		return nil
	})
	if !errors.Is(err, wrong) {
		t.Errorf("error %v", err)
	}
}
