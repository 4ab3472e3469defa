package rbac_test

import (
	"context"
	"fmt"
	"log/slog"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/rbac-go/rbac"
	"github.com/rbac-go/rbac/store"
)

// site is a store with two Authorities, which take turns, and the tokens of
// both.
type site struct {
	name   string
	store  rbac.Store
	both   [2]*rbac.Authority
	clock  *clock
	tokens []rbac.Token
	keys   map[int]uuid.UUID // ids of API keys, by token
	turn   int
	ids    int
}

// openSite opens the i-th of stores, in a folder that closeAll deletes.
func openSite(t *testing.T, i int, cfg rbac.Config) (w *site, closeAll func(), err error) {
	dir, err := os.MkdirTemp("", "rbac")
	if err != nil {
		return nil, nil, err
	}
	w = &site{name: stores[i].name, store: stores[i].open(inFolder{t, dir}), clock: newClock(), keys: map[int]uuid.UUID{}}
	closeAll = func() {
		for _, a := range w.both {
			if a != nil {
				a.Close()
			}
		}
		w.store.Close()
		os.RemoveAll(dir)
	}
	cfg.MaxStaleness = time.Hour
	cfg.Clock, cfg.Argon2id, cfg.Logger = w.clock.Now, cheap, slog.New(slog.DiscardHandler)
	for i := range w.both {
		if w.both[i], err = rbac.Open(ctx, w.store, cfg); err != nil {
			closeAll()
			return nil, nil, err
		}
		w.both[i].Distrust() // changes of the second Authority are seen at once
	}
	return w, closeAll, nil
}

type inFolder struct {
	testing.TB
	dir string
}

func (f inFolder) TempDir() string { return f.dir }

func (w *site) authority() *rbac.Authority { return w.both[w.turn%2] }

// id returns the same id for the same step in every store, also if the step is
// run again.
func (w *site) id() uuid.UUID {
	w.ids++
	return uuid.NewSHA1(uuid.Nil, []byte(fmt.Sprint(w.turn, w.ids)))
}

// token returns the n-th token, or a token that nobody was given if there are
// fewer.
func (w *site) token(n int) rbac.Token {
	if n < len(w.tokens) {
		return w.tokens[n]
	}
	return must1(rbac.ParseToken(strings.Repeat("A", 43)))
}

// do runs an entry and returns the result of each step, and the error of the
// transaction.
func (w *site) do(e entry) (results []string, errs []error, err error) {
	if s := e.steps[0]; s.call != nil {
		result, err := s.call(w)
		return []string{result}, []error{err}, err
	}
	run := w.authority().Update
	if !e.update && e.steps[0].reads {
		run = w.authority().View
	}
	if e.as != nil {
		id, err := w.identity(*e.as)
		if err != nil {
			return make([]string, len(e.steps)), slices.Repeat([]error{err}, len(e.steps)), err
		}
		run = func(ctx context.Context, f func(*rbac.Tx) error) error { return w.authority().UpdateAs(ctx, id, f) }
	}
	err = run(ctx, func(tx *rbac.Tx) error {
		w.ids, results, errs = 0, nil, nil
		for _, s := range e.steps {
			result, err := s.tx(w, tx)
			results, errs = append(results, result), append(errs, err)
		}
		switch {
		case e.abandoned:
			return errTest
		case !e.update:
			return errs[0]
		}
		return nil
	})
	return results, errs, err
}

func (w *site) identity(as acting) (*rbac.Identity, error) {
	if as.ticket >= 0 {
		return w.authority().Identify(ctx, w.token(as.ticket))
	}
	return w.authority().Identity(ctx, as.user)
}

// drift returns an error if the policy that an Authority has updated change by
// change, by its own changes and the second Authority's, differs from the
// policy in the store.
func (w *site) drift() error {
	for i, a := range w.both {
		if _, err := a.Identify(ctx, rbac.Token{}); err != nil { // follows the second Authority
			return err
		}
		drift, err := a.PolicyDrift(ctx)
		if err != nil {
			return err
		}
		if drift != "" {
			return fmt.Errorf("the policy of the %d. Authority %s", i+1, drift)
		}
	}
	return nil
}

func (w *site) revision() (rev rbac.Revision) {
	head := store.Head{}
	if err := w.store.View(ctx, func(r store.Records) (err error) { head, err = r.Head(store.NoLock); return err }); err != nil {
		panic(err)
	}
	return head.Revision
}
