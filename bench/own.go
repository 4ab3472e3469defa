package main

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"runtime"
	"testing"
	"time"

	"github.com/rbac-go/rbac"
	"github.com/rbac-go/rbac/httpguard"
)

// split tells the heap apart: the records of the store, the policy of an Authority, and what
// it holds of users who are all in its cache. It opens another Authority, which o has from then on.
func (r *row) split(o *office, w *world, before float64) error {
	if err := o.Authority.Close(); err != nil {
		return err
	}
	o.Authority = nil
	records := heap()
	start := time.Now()
	a, err := rbac.Open(context.Background(), o.store, roomy(w))
	if err != nil {
		return err
	}
	o.Authority = a
	r.values[opening] = float64(time.Since(start))
	policy := heap()
	if err := o.warm(w); err != nil {
		return err
	}
	r.values[heapRecords], r.values[heapPolicy], r.values[heapCached] = records-before, policy-records, heap()-policy
	runtime.KeepAlive(w)
	return nil
}

// loadPolicy measures how long it takes to open an Authority on a memory store with the policy of a world.
func loadPolicy(s size) (*contest, error) {
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
		a, err := rbac.Open(context.Background(), loaded.(*office).store, roomy(w))
		if err != nil {
			return nil, err
		}
		times = append(times, float64(time.Since(start)))
		if err := a.Close(); err != nil {
			return nil, err
		}
	}
	r.values[opening] = median(times)
	return &contest{size: s, rows: []*row{r}}, nil
}

// own are series of what only rbac does: tickets, guarded requests, and users who are not in the cache.
func (r *row) own(o *office, w *world) ([]*series, error) {
	tokens, err := issue(o, w)
	if err != nil {
		return nil, err
	}
	one := &course{n: 1 << 20, ask: func(from, to int) int { return identifyAgain(o, tokens[0], to-from) }}
	random := &course{n: len(tokens), ask: func(from, to int) int { return identifyEach(o, tokens[from:to]) }}
	r.values[identifyAllocs] = testing.AllocsPerRun(1000, func() { random.run(1) })
	r.values[readyAllocs] = r.readyAllocations(o, w)
	forgetful, err := forget(o, w)
	if err != nil {
		return nil, err
	}
	all := []*series{
		{column: identifyOne, take: one.take},
		{column: identifyRandom, take: random.take},
		{column: missing, take: forgetful.take},
	}
	theirs := w.permissions[w.grants[w.memberships[0][0]][0]]
	return append(all, guards(o, tokens[0], rbac.HasPermission(theirs))...), nil
}

// issue logs in as many users as an Authority caches the tickets of, or less.
func issue(o *office, w *world) ([]rbac.Token, error) {
	const most = 1000
	step := max(1, len(w.users)/most)
	var tokens []rbac.Token
	for i := 0; i < len(w.users); i += step {
		t, err := o.Issue(context.Background(), rbac.Login{User: w.users[i]})
		if err != nil {
			return nil, err
		}
		if _, err := o.Identify(context.Background(), t); err != nil {
			return nil, err
		}
		tokens = append(tokens, t)
	}
	return tokens, nil
}

func identifyAgain(o *office, t rbac.Token, n int) (known int) {
	for range n {
		if _, err := o.Identify(context.Background(), t); err == nil {
			known++
		}
	}
	return known
}

func identifyEach(o *office, tokens []rbac.Token) (known int) {
	for _, t := range tokens {
		if _, err := o.Identify(context.Background(), t); err == nil {
			known++
		}
	}
	return known
}

func (r *row) readyAllocations(o *office, w *world) float64 {
	j := o.ready([]probe{{user: w.users[0], permission: w.permissions[0]}})
	return testing.AllocsPerRun(1000, func() { j.again(0, 1) })
}

// forget asks an Authority for users one after another of whom it remembers one, so that each is read from the store.
func forget(o *office, w *world) (*course, error) {
	a, err := rbac.Open(context.Background(), o.store, rbac.Config{Logger: discard, CachedUsers: 1})
	if err != nil {
		return nil, err
	}
	o.others = append(o.others, a)
	return &course{n: len(w.users), ask: func(from, to int) (known int) {
		for _, name := range w.users[from:to] {
			if _, err := a.Identity(context.Background(), name); err == nil {
				known++
			}
		}
		return known
	}}, nil
}

// guards are series of what a guarded request costs beyond the same request without a guard.
func guards(o *office, t rbac.Token, p rbac.Predicate) []*series {
	guard := httpguard.New(o.Authority, httpguard.Config{Logger: discard})
	guarded := guard.NewMux()
	guarded.Handle("GET /page", p, http.HandlerFunc(page))
	open := http.NewServeMux()
	open.HandleFunc("GET /page", page)
	handler := guard.Handler(guarded)
	return []*series{
		{column: guardedCookie, take: beyond(handler, open, "Cookie", "__Host-ticket="+t.Secret())},
		{column: guardedBearer, take: beyond(handler, open, "Authorization", "Bearer "+t.Secret())},
	}
}

func page(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusOK) }

// beyond takes samples of the difference between two handlers for the same request.
func beyond(guarded, open http.Handler, header, value string) func(time.Duration) (float64, error) {
	request := httptest.NewRequest(http.MethodGet, "https://example.com/page", nil)
	request.Header.Set(header, value)
	with := &course{n: 1 << 20, ask: serve(guarded, request)}
	without := &course{n: 1 << 20, ask: serve(open, request)}
	return func(d time.Duration) (float64, error) {
		if got := serve(guarded, request)(0, 1); got != 1 {
			return 0, fmt.Errorf("a guarded request with %s is refused", header)
		}
		most, _ := with.take(d / 2)
		least, _ := without.take(d / 2)
		return most - least, nil
	}
}

// serve has a handler answer a request again and again, and counts the answers 200.
func serve(h http.Handler, r *http.Request) func(from, to int) int {
	return func(from, to int) (ok int) {
		w := &blotter{header: http.Header{}}
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

// blotter takes an answer and forgets it.
type blotter struct {
	header http.Header
	status int
}

func (b *blotter) Header() http.Header         { return b.header }
func (b *blotter) Write(p []byte) (int, error) { return len(p), nil }
func (b *blotter) WriteHeader(status int)      { b.status = status }
