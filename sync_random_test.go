package rbac_test

import (
	"errors"
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/rbac-go/rbac"
	"github.com/rbac-go/rbac/internal/processtest"
)

// modelled is a membership of the model of TestSyncLikeModel.
type modelled struct {
	source string
	until  time.Time
}

// syncModel has the memberships of users.
type syncModel map[member]modelled

// sync is Sync as its documentation reads.
func (m syncModel) sync(p rbac.Provision) syncModel {
	next := maps.Clone(m)
	if p.Groups == nil {
		return next
	}
	for key, ms := range m {
		claimed := slices.Contains(p.Groups, key.group)
		if key.user == p.User && key.scope == p.Scope && ms.source == p.Source && !claimed && !p.Additive {
			delete(next, key)
		}
	}
	for _, group := range p.Groups {
		key := member{p.User, group, p.Scope}
		if _, there := next[key]; !there {
			next[key] = modelled{source: p.Source}
		}
	}
	return next
}

// After each change of a random history of Syncs by several sources and of
// changes by administrators, the memberships are those of a model. A Sync
// returns the effect of an Update that makes the same changes, and touches no
// membership of another source, user or scope.
//
// RBAC_PREVIEWS sets the number of changes for each store; in CI 1000.
func TestSyncLikeModel(t *testing.T) {
	localStores(t, func(t *testing.T, h *house) {
		random := rand.New(rand.NewPCG(359, 2))
		pick := func(list []string) string { return list[random.IntN(len(list))] }
		a, model, synced := previewWorld(h), syncModel{}, 0
		must(t, a.Update(ctx, func(tx *rbac.Tx) error {
			for m, err := range tx.Memberships(rbac.MembershipQuery{}) {
				must(t, err)
				model[member{m.User, m.Group, m.Scope}] = modelled{}
			}
			return tx.CreateSSDSet(rbac.SeparationSet{Name: "one", Groups: []string{"d", "e"}, Cardinality: 2})
		}))
		for n := range processtest.NumberFrom(t, "RBAC_PREVIEWS", 60) {
			key := member{pick(previewUsers), pick(previewGroups), pick(previewScopes)}
			ms := modelled{source: pick([]string{"", "hr", "idp"})}
			if random.IntN(3) == 0 {
				ms.until = h.clock.Now().Add(time.Duration(random.IntN(20)-10) * time.Minute)
			}
			public := rbac.Membership{User: key.user, Group: key.group, Scope: key.scope, Source: ms.source, Until: ms.until}
			next, text, err := maps.Clone(model), fmt.Sprint(public), error(nil)
			old, there := model[key]
			switch random.IntN(5) {
			case 0:
				if err = a.Update(ctx, func(tx *rbac.Tx) error { return tx.AssignUser(public) }); there {
					wantKind(t, err, rbac.ErrExists)
				} else {
					next[key] = ms
				}
			case 1:
				if err = a.Update(ctx, func(tx *rbac.Tx) error { return tx.ModifyMembership(public) }); there {
					next[key] = modelled{old.source, ms.until}
				}
			case 2:
				err = a.Update(ctx, func(tx *rbac.Tx) error { return tx.DeassignUser(public) })
				delete(next, key)
			default:
				p := rbac.Provision{User: key.user, Source: pick([]string{"hr", "idp"}), Scope: key.scope,
					Additive: random.IntN(4) == 0, DryRun: random.IntN(4) == 0}
				for i := range random.IntN(5) {
					p.Groups = append(p.Groups[:i:i], pick(previewGroups))
				}
				if text = fmt.Sprintf("%+v", p); !p.DryRun {
					next = model.sync(p)
				}
				before := rightsOfAll(t, a)
				var e rbac.Effect
				e, err = a.Sync(ctx, p)
				after := rightsOfAll(t, a)
				if problem := comparedEffect(e, before, after); problem != "" && err == nil && !p.DryRun {
					t.Fatalf("%d. %s: %s", n, text, problem)
				}
				if len(e.Changes) > 0 {
					synced++
				}
			}
			if refused := errors.Is(err, rbac.ErrSeparation) || errors.Is(err, rbac.ErrProtected); err == nil {
				model = next
			} else if !refused && !errors.Is(err, rbac.ErrExists) && !errors.Is(err, rbac.ErrNotFound) {
				t.Fatalf("%d. %s: %v", n, text, err)
			}
			if got, want := modelOf(t, a), model.String(); got != want {
				t.Fatalf("%d. %s: %v\nthe memberships are\n%s\nwant\n%s", n, text, err, got, want)
			}
			h.clock.Advance(time.Minute)
		}
		if synced < 10 {
			t.Errorf("%d Syncs changed something: too few to prove anything", synced)
		}
	})
}

func (m syncModel) String() string {
	var lines []string
	for key, ms := range m {
		lines = append(lines, fmt.Sprint(key, ms.source, " ", ms.until.UTC()))
	}
	slices.Sort(lines)
	return strings.Join(lines, "\n")
}

func modelOf(t *testing.T, a *rbac.Authority) string {
	t.Helper()
	got := syncModel{}
	must(t, a.View(ctx, func(tx *rbac.Tx) error {
		clear(got)
		for m, err := range tx.Memberships(rbac.MembershipQuery{}) {
			must(t, err)
			got[member{m.User, m.Group, m.Scope}] = modelled{m.Source, m.Until}
		}
		return nil
	}))
	return got.String()
}
