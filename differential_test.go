package rbac_test

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/rbac-go/rbac"
	"github.com/rbac-go/rbac/internal/processtest"
	memorystore "github.com/rbac-go/rbac/store_memory"
)

// After each change of a random history of changes of every kind, all
// Authorities that have followed the changes answer like a newly opened
// Authority without a cache, whatever is asked, from memory and under a lease.
// Earlier answers stay unchanged.
//
// The environment variable RBAC_CHANGES sets the number of changes in each
// history, and RBAC_SEED sets another seed. The long run:
//
//	TMPDIR=/dev/shm RBAC_CHANGES=10000 go test -run '^TestCachedAnswersLikeFresh$' -timeout 60m .
func TestCachedAnswersLikeFresh(t *testing.T) {
	courses := []struct {
		name string
		// groups that do little: with many fillers, a permission of few groups
		// has no bitset
		fillers int
		cfg     rbac.Config
	}{
		{"few groups", 0, rbac.Config{}},
		{"many groups, and a protected permission", 130, rbac.Config{Protected: []string{"p.a"}}},
	}
	eachStore(t, func(t *testing.T, h *house) {
		committed := map[string]int{} // successful changes by function
		changes := 30
		if _, memory := h.store.(*memorystore.Store); !memory {
			changes = 12 // the same rules, more slowly
		}
		changes = processtest.NumberFrom(t, "RBAC_CHANGES", changes)
		for i, c := range courses {
			t.Run(c.name, func(t *testing.T) {
				h := h.beside(t)
				// without hints: the time of each Authority's reads is known
				h.store = struct{ rbac.Store }{h.store}
				r := newHistory(h, uint64(processtest.NumberFrom(t, "RBAC_SEED", 5)+i), c.fillers)
				r.committed = committed
				r.compareAll(t, c.cfg, changes)
			})
		}
		if !t.Failed() && changes >= 500 {
			checkCoverage(t, committed)
		}
	})
}

// follower is an Authority with a real lease.
type follower struct {
	*rbac.Authority
	name   string
	latest bool // the Authority knows, or has to know, the last change
}

// compareAll makes changes through two Authorities, and has further Authorities
// follow the changes, each by itself or many at once.
func (r *history) compareAll(t *testing.T, cfg rbac.Config, changes int) {
	cfg.IdleLimit, cfg.AbsoluteLimit, cfg.MaxStaleness = 100_000*time.Hour, 100_000*time.Hour, time.Hour
	small := cfg
	small.CachedUsers, small.CachedTickets = 3, 4
	first := &follower{Authority: r.h.open(small), name: "that makes changes, with small caches"}
	r.h.do(first.Authority, r.everything)
	second := &follower{Authority: r.h.open(cfg), name: "that makes changes"}
	each := &follower{Authority: r.h.open(cfg), name: "that follows each change"}
	many := &follower{Authority: r.h.open(cfg), name: "that follows many changes at once"}
	all := []*follower{first, second, each, many}
	for n := range changes {
		writer := all[r.IntN(2)]
		what, rev := r.change(writer.Authority), writer.Revision()
		for _, f := range all {
			switch {
			case f == writer: // the writer sees its own change
				f.latest = true
			case f == each, f == many && r.IntN(10) == 0, f != many && r.IntN(3) > 0:
				_, err := f.Identify(rbac.AtLeast(ctx, rev), rbac.Token{})
				must(t, err)
				f.latest = true
			default:
				f.latest = f.Revision() >= rev
			}
		}
		r.compare(t, cfg, all, fmt.Sprintf("change %d, by the one %s:\n  %s", n, writer.name, strings.Join(what, "\n  ")))
		if t.Failed() {
			return
		}
	}
}

// compare asks all Authorities that know the last change, and a newly opened
// Authority.
func (r *history) compare(t *testing.T, cfg rbac.Config, all []*follower, after string) {
	t.Helper()
	fresh := (&house{t: t, store: r.h.store, clock: r.h.clock}).open(cfg)
	want := r.answers(fresh)
	if got, want := r.tables(fresh), r.stored(); !slices.Equal(got, want) {
		t.Errorf("a fresh Authority lists other tables than the store after %s\n%s", after, difference(got, want))
	}
	must(t, fresh.Close())
	for _, f := range all {
		// a follower that is behind fills its caches with soon stale answers
		got := r.answers(f.Authority)
		if f.latest && !slices.Equal(got, want) {
			t.Errorf("the Authority %s differs from a fresh one after %s\n%s", f.name, after, difference(got, want))
		}
	}
	for _, old := range r.kept {
		if got := r.describe(old.id); !slices.Equal(got, old.answers) {
			t.Errorf("an Identity has changed its answers after %s\n%s", after, difference(got, old.answers))
		}
	}
	r.keep(all[r.IntN(len(all))].Authority)
}

// difference returns the lines that differ.
func difference(got, want []string) string {
	var b strings.Builder
	for i := range max(len(got), len(want)) {
		g, w := "nothing", "nothing"
		if i < len(got) {
			g = got[i]
		}
		if i < len(want) {
			w = want[i]
		}
		if g != w {
			fmt.Fprintf(&b, "got  %s\nwant %s\n", g, w)
		}
	}
	return b.String()
}

// history makes random changes, and asks everything.
type history struct {
	h *house
	*rand.Rand
	users, groups, permissions, scopes, sections, sets []string

	// of each permission and group; the same for all Authorities at all times
	asked     []rbac.Predicate
	negated   []rbac.Predicate
	compound  rbac.Predicate // of all predicates in asked
	tokens    []rbac.Token
	kept      []keptIdentity
	committed map[string]int
	declared  int

	grants       []rbac.Grant // some grants that may exist
	inheritances []rbac.Inheritance
}

// keptIdentity was handed out a while ago.
type keptIdentity struct {
	id      *rbac.Identity
	answers []string
}

func newHistory(h *house, seed uint64, fillers int) *history {
	r := &history{h: h, Rand: rand.New(rand.NewPCG(seed, 1)),
		users: []string{"u0", "u1", "u2", "u3"}, groups: []string{"a", "e", "j", "n", "r", "v", "zz"},
		permissions: []string{"p.a", "p.a.x", "p.b", "q", "r.a"}, scopes: []string{"x", "y"},
		sections: []string{"s0", "s1"}, sets: []string{"one", "two"}}
	for _, name := range r.permissions {
		r.asked = append(r.asked, rbac.HasPermission(name))
	}
	for _, name := range r.groups {
		r.asked = append(r.asked, rbac.InGroup(name))
	}
	for _, p := range r.asked {
		r.negated = append(r.negated, rbac.Not(p))
	}
	r.compound = rbac.Any(r.negated[0], r.negated[1:]...)
	for i := range fillers { // between the remaining groups in the order of names
		r.groups = append(r.groups, fmt.Sprintf("%c%03d", 'a'+i%26, i))
	}
	return r
}

// keep remembers an Identity and its answers.
func (r *history) keep(a *rbac.Authority) {
	id, err := a.Identity(ctx, r.of(r.users))
	if len(r.tokens) > 0 && r.IntN(2) == 0 {
		id, err = a.Identify(ctx, r.token())
	}
	if err != nil {
		return
	}
	r.kept = append(r.kept[max(0, len(r.kept)-5):], keptIdentity{id, r.describe(id)})
}
