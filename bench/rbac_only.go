package main

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"runtime"
	"slices"
	"testing"
	"time"

	"github.com/rbac-go/rbac"
	"github.com/rbac-go/rbac/httpguard"
)

// split divides the heap into the records of the store, the policy of an
// Authority, and the cache with all users. It replaces the Authority of a.
func (r *row) split(a *authority, w *world, before float64) error {
	if err := a.Authority.Close(); err != nil {
		return err
	}
	a.Authority = nil
	records := heap()
	start := time.Now()
	opened, err := rbac.Open(context.Background(), a.store, cacheAll(w))
	if err != nil {
		return err
	}
	a.Authority = opened
	r.values[opening] = float64(time.Since(start))
	policy := heap()
	if err := a.warm(w); err != nil {
		return err
	}
	r.values[heapRecords], r.values[heapPolicy], r.values[heapCached] = records-before, policy-records, heap()-policy
	runtime.KeepAlive(w)
	return nil
}

// loadPolicy measures the time for opening an Authority on a memory store that
// holds the policy of a world.
func loadPolicy(s size) (*comparison, error) {
	w := newWorld(s)
	p := peer{name: rbacName, load: loadMemory}
	r := &row{peer: &p, values: map[string]float64{}}
	loaded, err := p.load(w)
	if err != nil {
		return nil, err
	}
	defer loaded.close()
	var times []float64
	for range leastRounds {
		runtime.GC()
		start := time.Now()
		a, err := rbac.Open(context.Background(), loaded.(*authority).store, cacheAll(w))
		if err != nil {
			return nil, err
		}
		times = append(times, float64(time.Since(start)))
		if err := a.Close(); err != nil {
			return nil, err
		}
	}
	r.values[opening] = median(times)
	return &comparison{size: s, rows: []*row{r}}, nil
}

// rbacSeries returns the series of rbac alone: tickets, guarded requests,
// uncached users, and one compound over and over.
func (r *row) rbacSeries(a *authority, w *world, q *questions) ([]*series, error) {
	tokens, err := issue(a, w)
	if err != nil {
		return nil, err
	}
	one := &cycle{n: 1 << 20, every: true, ask: func(from, to int) int { return identifyAgain(a, tokens[0], to-from) }}
	random := &cycle{n: len(tokens), every: true, ask: func(from, to int) int { return identifyEach(a, tokens[from:to]) }}
	r.values[identifyAllocs] = testing.AllocsPerRun(1000, func() { random.run(1) })
	r.values[readyAllocs] = r.readyAllocations(a, w)
	uncached, err := uncachedIdentities(a, w)
	if err != nil {
		return nil, err
	}
	all := []*series{
		{column: identifyOne, take: one.take},
		{column: identifyRandom, take: random.take},
		{column: missing, take: uncached.take},
		{column: compoundAgain, take: r.compoundAgain(a, q).take},
	}
	theirs := w.permissions[w.grants[w.memberships[0][0]][0]]
	return append(all, guards(a, tokens[0], rbac.HasPermission(theirs))...), nil
}

// issue starts sessions of up to 1,000 users, whose tickets the Authority then
// has cached.
func issue(a *authority, w *world) ([]rbac.Token, error) {
	const most = 1000
	step := max(1, len(w.users)/most)
	var tokens []rbac.Token
	for i := 0; i < len(w.users); i += step {
		t, err := a.Issue(context.Background(), rbac.Login{User: w.users[i]})
		if err != nil {
			return nil, err
		}
		if _, err := a.Identify(context.Background(), t); err != nil {
			return nil, err
		}
		tokens = append(tokens, t)
	}
	return tokens, nil
}

func identifyAgain(a *authority, t rbac.Token, n int) (known int) {
	for range n {
		if _, err := a.Identify(context.Background(), t); err == nil {
			known++
		}
	}
	return known
}

func identifyEach(a *authority, tokens []rbac.Token) (known int) {
	for _, t := range tokens {
		if _, err := a.Identify(context.Background(), t); err == nil {
			known++
		}
	}
	return known
}

// compoundAgain asks one allowed and one denied compound over and over.
func (r *row) compoundAgain(a *authority, q *questions) *cycle {
	yes := slices.IndexFunc(q.compounds, func(c compound) bool { return c.want })
	no := slices.IndexFunc(q.compounds, func(c compound) bool { return !c.want })
	j := a.judgements([]compound{q.compounds[yes], q.compounds[no]})
	r.values[compoundAllocs] = testing.AllocsPerRun(1000, func() { j.each(0, 2) })
	return &cycle{n: 1 << 20, ask: func(from, to int) int {
		half := (to - from) / 2
		return j.again(0, half) + j.again(1, to-from-half)
	}}
}

func (r *row) readyAllocations(a *authority, w *world) float64 {
	j := a.ready([]probe{{user: w.users[0], permission: w.permissions[0]}})
	return testing.AllocsPerRun(1000, func() { j.again(0, 1) })
}

// uncachedIdentities returns a cycle through all users, on an Authority that
// caches one user: each user is read from the store.
func uncachedIdentities(a *authority, w *world) (*cycle, error) {
	opened, err := rbac.Open(context.Background(), a.store, rbac.Config{Logger: discard, CachedUsers: 1})
	if err != nil {
		return nil, err
	}
	a.others = append(a.others, opened)
	return &cycle{n: len(w.users), every: true, ask: func(from, to int) (known int) {
		for _, name := range w.users[from:to] {
			if _, err := opened.Identity(context.Background(), name); err == nil {
				known++
			}
		}
		return known
	}}, nil
}

// guards returns series of the time that a guard adds to a request.
func guards(a *authority, t rbac.Token, p rbac.Predicate) []*series {
	guard := httpguard.New(a.Authority, httpguard.Config{Logger: discard})
	guarded := guard.NewMux()
	guarded.Handle("GET /page", p, http.HandlerFunc(page))
	open := http.NewServeMux()
	open.HandleFunc("GET /page", page)
	handler := guard.Handler(guarded)
	return []*series{
		{column: guardedCookie, take: guardCost(handler, open, "Cookie", "__Host-ticket="+t.Secret())},
		{column: guardedBearer, take: guardCost(handler, open, "Authorization", "Bearer "+t.Secret())},
	}
}

func page(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusOK) }

// guardCost returns a function that samples the difference between two handlers
// for the same request.
func guardCost(guarded, open http.Handler, header, value string) func(time.Duration) (float64, error) {
	request := httptest.NewRequest(http.MethodGet, "https://example.com/page", nil)
	request.Header.Set(header, value)
	with := &cycle{n: 1 << 20, every: true, ask: serve(guarded, request)}
	without := &cycle{n: 1 << 20, every: true, ask: serve(open, request)}
	return func(d time.Duration) (float64, error) {
		most, err := with.take(d / 2)
		if err != nil {
			return 0, fmt.Errorf("a guarded request with %s: %w", header, err)
		}
		least, err := without.take(d / 2)
		return most - least, err
	}
}

// serve returns a function that has a handler answer a request again and again
// and counts the answers with status 200.
func serve(h http.Handler, r *http.Request) func(from, to int) int {
	return func(from, to int) (ok int) {
		w := &discardWriter{header: http.Header{}}
		for range to - from {
			clear(w.header)
			h.ServeHTTP(w, r)
			if w.status == http.StatusOK {
				ok++
			}
		}
		return ok
	}
}

// discardWriter discards an answer and keeps its status.
type discardWriter struct {
	header http.Header
	status int
}

func (b *discardWriter) Header() http.Header         { return b.header }
func (b *discardWriter) Write(p []byte) (int, error) { return len(p), nil }
func (b *discardWriter) WriteHeader(status int)      { b.status = status }
