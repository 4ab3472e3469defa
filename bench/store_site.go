package main

import (
	"context"
	"errors"
	"runtime"
	"time"

	"github.com/rbac-go/rbac"
)

// storeSite is rbac on one store, with a second Authority on a store of its
// own.
type storeSite struct {
	*authority // makes all changes
	other      *rbac.Authority
	cold       *rbac.Authority // remembers one ticket and one user
	database   *database
	opened     []*rbac.Authority
	stores     []rbac.Store

	users     []string
	tokens    []rbac.Token
	changes   []change // memberships that alone give a permission
	nextLogin int
	nextCold  int
	nextMade  int
}

const benchPassword = "correct horse battery staple"

func startStoreSite(b backend, w *world, q *questions) (_ *storeSite, err error) {
	d, err := b.start()
	if err != nil {
		return nil, err
	}
	s := &storeSite{database: d, users: w.users, changes: q.revokes}
	defer func() {
		if err != nil {
			err = errors.Join(err, s.stop())
		}
	}()
	// With fewer tickets a login would end an older one, which is another
	// change.
	cfg := rbac.Config{Logger: discard, MaxTickets: 10_000}
	first, err := s.open(cfg)
	if err != nil {
		return nil, err
	}
	s.authority = &authority{Authority: first}
	if err := s.load(w); err != nil {
		return nil, err
	}
	if s.other, err = s.open(cfg); err != nil {
		return nil, err
	}
	cfg.CachedTickets, cfg.CachedUsers = 1, 1
	if s.cold, err = s.open(cfg); err != nil {
		return nil, err
	}
	return s, nil
}

// open opens an Authority on a store of its own.
func (s *storeSite) open(cfg rbac.Config) (*rbac.Authority, error) {
	store, err := s.database.open()
	if err != nil {
		return nil, err
	}
	s.stores = append(s.stores, store)
	a, err := rbac.Open(context.Background(), store, cfg)
	if err != nil {
		return nil, err
	}
	s.opened = append(s.opened, a)
	return a, nil
}

func (s *storeSite) stop() error {
	var err error
	for _, a := range s.opened {
		err = errors.Join(err, a.Close())
	}
	for _, store := range s.stores {
		err = errors.Join(err, store.Close())
	}
	return errors.Join(err, s.database.stop())
}

// load brings the world into the store, with the same password for all users
// and a ticket for each.
func (s *storeSite) load(w *world) error {
	if err := errors.Join(s.addPolicy(w), s.addUsers(w)); err != nil {
		return err
	}
	ctx := context.Background()
	hash, err := s.HashPassword(ctx, benchPassword)
	if err != nil {
		return err
	}
	err = s.Update(ctx, func(tx *rbac.Tx) error {
		for _, name := range w.users {
			if err := tx.SetPasswordHash(name, hash); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return err
	}
	s.tokens, err = issue(s.authority, w)
	return err
}

// takeLogins returns the time of one login with a password.
func (s *storeSite) takeLogins(d time.Duration) (float64, error) {
	workers := runtime.GOMAXPROCS(0)
	first := s.nextLogin
	s.nextLogin += 97 // other users in the next round
	return throughput(workers, d, func(worker, i int) error {
		user := s.users[(first+worker*len(s.users)/workers+i)%len(s.users)]
		_, err := s.Login(context.Background(), rbac.Login{User: user, Password: benchPassword})
		return err
	})
}

// takeUpdates returns the time of one Update that makes or ends a membership.
func (s *storeSite) takeUpdates(d time.Duration) (float64, error) {
	c := s.changes[s.nextMade%len(s.changes)]
	s.nextMade++
	took, err := throughput(1, d, func(_, _ int) error {
		if err := s.deassign(c.user, c.group); err != nil {
			return err
		}
		return s.assign(c.user, c.group)
	})
	return took / 2, err
}

// takeCold returns the time of one Identify whose ticket and user are read from
// the store.
func (s *storeSite) takeCold(d time.Duration) (float64, error) {
	first := s.nextCold
	s.nextCold += 97
	return throughput(clientCount, d, func(worker, i int) error {
		token := s.tokens[(first+worker*len(s.tokens)/clientCount+i)%len(s.tokens)]
		_, err := s.cold.Identify(context.Background(), token)
		return err
	})
}
