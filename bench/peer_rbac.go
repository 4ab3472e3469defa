package main

import (
	"context"
	"errors"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"time"

	"github.com/rbac-go/rbac"
	memorystore "github.com/rbac-go/rbac/store_memory"
	sqlitestore "github.com/rbac-go/rbac/store_sqlite"
)

// authority is rbac: an Authority on a store that holds a world.
type authority struct {
	*rbac.Authority
	store     rbac.Store
	folder    string            // holds the database; empty: no database
	others    []*rbac.Authority // on the same store
	usersTook time.Duration     // the time for loading users and memberships
}

// discard keeps logging out of the times.
var discard = slog.New(slog.DiscardHandler)

// cacheAll returns a Config that caches every user of a world: checks are
// measured from the cache.
func cacheAll(w *world) rbac.Config {
	return rbac.Config{Logger: discard, CachedUsers: max(10_000, len(w.users))}
}

func loadMemory(w *world) (subject, error) { return loadRBAC(memorystore.New(), "", w) }

func loadSQLite(w *world) (subject, error) {
	folder, err := os.MkdirTemp("", "rbac-bench")
	if err != nil {
		return nil, err
	}
	store, err := sqlitestore.Open(context.Background(), filepath.Join(folder, "rbac.db"), sqlitestore.Options{})
	if err != nil {
		return nil, errors.Join(err, os.RemoveAll(folder))
	}
	return loadRBAC(store, folder, w)
}

// loadRBAC opens an Authority and loads a world through Update, as a program
// would.
func loadRBAC(store rbac.Store, folder string, w *world) (subject, error) {
	opened, err := rbac.Open(context.Background(), store, cacheAll(w))
	if err != nil {
		return nil, errors.Join(err, store.Close(), os.RemoveAll(folder))
	}
	a := &authority{Authority: opened, store: store, folder: folder}
	if err := a.addPolicy(w); err != nil {
		return nil, errors.Join(err, a.close())
	}
	start := time.Now()
	if err := a.addUsers(w); err != nil {
		return nil, errors.Join(err, a.close())
	}
	a.usersTook = time.Since(start)
	return a, nil
}

func (a *authority) addPolicy(w *world) error {
	return a.Update(context.Background(), func(tx *rbac.Tx) error {
		for _, name := range w.permissions {
			if _, err := tx.AddPermission(rbac.Permission{Name: name}); err != nil {
				return err
			}
		}
		for g, name := range w.groups {
			if _, err := tx.AddGroup(rbac.Group{Name: name}); err != nil {
				return err
			}
			for _, p := range w.grants[g] {
				if err := tx.GrantPermission(rbac.Grant{Group: name, Permission: w.permissions[p]}); err != nil {
					return err
				}
			}
		}
		return nil
	})
}

// usersAtOnce is the number of users that one Update adds.
const usersAtOnce = 1000

func (a *authority) addUsers(w *world) error {
	first := 0
	for users := range slices.Chunk(w.users, usersAtOnce) {
		err := a.Update(context.Background(), func(tx *rbac.Tx) error {
			for i, name := range users {
				if err := addUser(tx, w, name, w.memberships[first+i]); err != nil {
					return err
				}
			}
			return nil
		})
		if err != nil {
			return err
		}
		first += len(users)
	}
	return nil
}

func addUser(tx *rbac.Tx, w *world, name string, groups []int32) error {
	if _, err := tx.AddUser(rbac.User{Name: name}); err != nil {
		return err
	}
	for _, g := range groups {
		if err := tx.AssignUser(rbac.Membership{User: name, Group: w.groups[g]}); err != nil {
			return err
		}
	}
	return nil
}

// warm caches every user.
func (a *authority) warm(w *world) error {
	for _, name := range w.users {
		if _, err := a.Identity(context.Background(), name); err != nil {
			return err
		}
	}
	return nil
}

func (a *authority) check(user, permission string) bool {
	id, err := a.Identity(context.Background(), user)
	return err == nil && id.HasPermission(permission)
}

func (a *authority) checks(ps []probe) (allowed int) {
	for i := range ps {
		if a.check(ps[i].user, ps[i].permission) {
			allowed++
		}
	}
	return allowed
}

// judgements are predicates and the identities to judge by them. Each
// permission has one predicate, as in a service.
type judgements struct {
	ids        []*rbac.Identity
	predicates []rbac.Predicate
}

func (a *authority) ready(ps []probe) prepared {
	j := &judgements{}
	made := map[string]rbac.Predicate{}
	for _, p := range ps {
		if made[p.permission] == nil {
			made[p.permission] = rbac.HasPermission(p.permission)
		}
		j.add(a, p.user, made[p.permission])
	}
	return j
}

// add leaves the identity nil after an error: a nil identity is denied.
func (j *judgements) add(a *authority, user string, p rbac.Predicate) {
	id, _ := a.Identity(context.Background(), user)
	j.ids = append(j.ids, id)
	j.predicates = append(j.predicates, p)
}

func (j *judgements) each(from, to int) (allowed int) {
	for i := from; i < to; i++ {
		if rbac.Met(j.ids[i], j.predicates[i]) {
			allowed++
		}
	}
	return allowed
}

func (j *judgements) again(i, n int) (allowed int) {
	id, p := j.ids[i], j.predicates[i]
	for range n {
		if rbac.Met(id, p) {
			allowed++
		}
	}
	return allowed
}

func (a *authority) compounds(cs []compound) func(from, to int) int { return a.judgements(cs).each }

func (a *authority) judgements(cs []compound) *judgements {
	j := &judgements{}
	for _, c := range cs {
		j.add(a, c.user, rbac.All(rbac.Any(rbac.InGroup(c.a), rbac.HasPermission(c.b)), rbac.Not(rbac.InGroup(c.c))))
	}
	return j
}

func (a *authority) assign(user, group string) error {
	return a.Update(context.Background(), func(tx *rbac.Tx) error {
		return tx.AssignUser(rbac.Membership{User: user, Group: group})
	})
}

func (a *authority) deassign(user, group string) error {
	return a.Update(context.Background(), func(tx *rbac.Tx) error {
		return tx.DeassignUser(rbac.Membership{User: user, Group: group})
	})
}

func (a *authority) grant(group, permission string) error {
	return a.Update(context.Background(), func(tx *rbac.Tx) error {
		return tx.GrantPermission(rbac.Grant{Group: group, Permission: permission})
	})
}

func (a *authority) revoke(group, permission string) error {
	return a.Update(context.Background(), func(tx *rbac.Tx) error {
		return tx.RevokePermission(rbac.Grant{Group: group, Permission: permission})
	})
}

func (a *authority) close() error {
	var err error
	for _, opened := range append(a.others, a.Authority) {
		err = errors.Join(err, opened.Close())
	}
	err = errors.Join(err, a.store.Close())
	if a.folder == "" {
		return err
	}
	return errors.Join(err, os.RemoveAll(a.folder))
}
