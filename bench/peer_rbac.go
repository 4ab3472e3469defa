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

// office is rbac: an Authority on a store that holds a world.
type office struct {
	*rbac.Authority
	store     rbac.Store
	folder    string            // of the database; empty: none
	others    []*rbac.Authority // on the same store
	tookUsers time.Duration     // how long it took to bring users and memberships in
}

// discard keeps logging out of what is timed.
var discard = slog.New(slog.DiscardHandler)

// roomy has room in its cache for every user of a world: what is measured is a check from the cache.
func roomy(w *world) rbac.Config {
	return rbac.Config{Logger: discard, CachedUsers: max(10_000, len(w.users))}
}

func loadMemory(w *world) (subject, error) { return settle(memorystore.New(), "", w) }

func loadSQLite(w *world) (subject, error) {
	folder, err := os.MkdirTemp("", "rbac-bench")
	if err != nil {
		return nil, err
	}
	store, err := sqlitestore.Open(context.Background(), filepath.Join(folder, "rbac.db"), sqlitestore.Options{})
	if err != nil {
		return nil, errors.Join(err, os.RemoveAll(folder))
	}
	return settle(store, folder, w)
}

// settle opens an Authority and brings a world into its store, as a program would: through Update.
func settle(store rbac.Store, folder string, w *world) (subject, error) {
	a, err := rbac.Open(context.Background(), store, roomy(w))
	if err != nil {
		return nil, errors.Join(err, store.Close(), os.RemoveAll(folder))
	}
	o := &office{Authority: a, store: store, folder: folder}
	if err := o.addPolicy(w); err != nil {
		return nil, errors.Join(err, o.close())
	}
	start := time.Now()
	if err := o.addUsers(w); err != nil {
		return nil, errors.Join(err, o.close())
	}
	o.tookUsers = time.Since(start)
	return o, nil
}

func (o *office) addPolicy(w *world) error {
	return o.Update(context.Background(), func(tx *rbac.Tx) error {
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

// usersAtOnce is how many users one Update adds.
const usersAtOnce = 1000

func (o *office) addUsers(w *world) error {
	first := 0
	for users := range slices.Chunk(w.users, usersAtOnce) {
		err := o.Update(context.Background(), func(tx *rbac.Tx) error {
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

// warm brings every user into the cache.
func (o *office) warm(w *world) error {
	for _, name := range w.users {
		if _, err := o.Identity(context.Background(), name); err != nil {
			return err
		}
	}
	return nil
}

func (o *office) check(user, permission string) bool {
	id, err := o.Identity(context.Background(), user)
	return err == nil && id.HasPermission(permission)
}

func (o *office) checks(ps []probe) (allowed int) {
	for i := range ps {
		if o.check(ps[i].user, ps[i].permission) {
			allowed++
		}
	}
	return allowed
}

// judgements are predicates and the identities to judge by them. A predicate is made once for
// each permission, as in a service.
type judgements struct {
	ids        []*rbac.Identity
	predicates []rbac.Predicate
}

func (o *office) ready(ps []probe) prepared {
	j := &judgements{}
	made := map[string]rbac.Predicate{}
	for _, p := range ps {
		if made[p.permission] == nil {
			made[p.permission] = rbac.HasPermission(p.permission)
		}
		j.add(o, p.user, made[p.permission])
	}
	return j
}

// add leaves the identity nil where there is an error: nothing is allowed to it.
func (j *judgements) add(o *office, user string, p rbac.Predicate) {
	id, _ := o.Identity(context.Background(), user)
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

func (o *office) compounds(cs []compound) func(from, to int) int {
	j := &judgements{}
	for _, c := range cs {
		j.add(o, c.user, rbac.All(rbac.Any(rbac.InGroup(c.a), rbac.HasPermission(c.b)), rbac.Not(rbac.InGroup(c.c))))
	}
	return j.each
}

func (o *office) assign(user, group string) error {
	return o.Update(context.Background(), func(tx *rbac.Tx) error {
		return tx.AssignUser(rbac.Membership{User: user, Group: group})
	})
}

func (o *office) deassign(user, group string) error {
	return o.Update(context.Background(), func(tx *rbac.Tx) error {
		return tx.DeassignUser(rbac.Membership{User: user, Group: group})
	})
}

func (o *office) grant(group, permission string) error {
	return o.Update(context.Background(), func(tx *rbac.Tx) error {
		return tx.GrantPermission(rbac.Grant{Group: group, Permission: permission})
	})
}

func (o *office) revoke(group, permission string) error {
	return o.Update(context.Background(), func(tx *rbac.Tx) error {
		return tx.RevokePermission(rbac.Grant{Group: group, Permission: permission})
	})
}

func (o *office) close() error {
	var err error
	for _, a := range append(o.others, o.Authority) {
		err = errors.Join(err, a.Close())
	}
	err = errors.Join(err, o.store.Close())
	if o.folder == "" {
		return err
	}
	return errors.Join(err, os.RemoveAll(o.folder))
}
