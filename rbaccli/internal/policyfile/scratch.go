package policyfile

import (
	"context"
	"fmt"
	"log/slog"

	"github.com/rbac-go/rbac"
	memorystore "github.com/rbac-go/rbac/store_memory"
)

// scratch is a copy of a policy in memory, for users who exist in tests only.
type scratch struct {
	*rbac.Authority
	store *memorystore.Store
}

func newScratch(ctx context.Context, a *rbac.Authority) (*scratch, error) {
	var f *File
	err := a.View(ctx, func(tx *rbac.Tx) (err error) {
		f, err = Export(tx, ExportOptions{Name: "tests"})
		return err
	})
	if err != nil {
		return nil, err
	}
	s := &scratch{store: memorystore.New()}
	s.Authority, err = rbac.Open(ctx, s.store, rbac.Config{
		Administer: a.Config().Administer, Clock: a.Config().Clock, Logger: slog.New(slog.DiscardHandler)})
	if err != nil {
		return nil, err
	}
	if _, err := Apply(ctx, s.Authority, f, false); err != nil {
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
