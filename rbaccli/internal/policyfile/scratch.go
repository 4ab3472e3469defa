package policyfile

import (
	"context"
	"fmt"
	"log/slog"
	"slices"

	"github.com/rbac-go/rbac"
	memorystore "github.com/rbac-go/rbac/store_memory"
)

// scratch is a copy of a policy in memory, for users who exist in tests only.
type scratch struct {
	*rbac.Authority
	store *memorystore.Store
}

// scratchOf copies the policy of an Authority.
func scratchOf(ctx context.Context, a *rbac.Authority) (*scratch, error) {
	var f *File
	err := a.View(ctx, func(tx *rbac.Tx) (err error) {
		f, err = Export(tx, ExportOptions{Name: "tests"})
		return err
	})
	if err != nil {
		return nil, err
	}
	return newScratch(ctx, f, rbac.Config{Administer: a.Config().Administer, Clock: a.Config().Clock})
}

// newScratch makes the policy of a file, without its memberships.
func newScratch(ctx context.Context, f *File, cfg rbac.Config) (*scratch, error) {
	s := &scratch{store: memorystore.New()}
	cfg.Logger = slog.New(slog.DiscardHandler)
	var err error
	if s.Authority, err = rbac.Open(ctx, s.store, cfg); err != nil {
		return nil, err
	}
	policy := *f
	policy.memberships = false
	policy.records = slices.DeleteFunc(slices.Clone(f.records), func(r record) bool { return r.kind == memberships })
	if _, err := Apply(ctx, s.Authority, &policy, false); err != nil {
		s.Close()
		return nil, err
	}
	return s, nil
}

// Close closes the Authority and the store.
func (s *scratch) Close() {
	s.Authority.Close()
	s.store.Close()
}

// user adds the user of a case, and returns the name.
func (s *scratch) user(ctx context.Context, c testCase) (string, error) {
	name := fmt.Sprintf("user-of-line-%d", c.line)
	return name, s.Update(ctx, func(tx *rbac.Tx) error {
		if _, err := tx.AddUser(rbac.User{Name: name}); err != nil {
			return err
		}
		for _, m := range c.groups {
			m.User = name
			if err := tx.AssignUser(m); err != nil {
				return err
			}
		}
		return nil
	})
}
