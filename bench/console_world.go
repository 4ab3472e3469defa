package main

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/rbac-go/rbac"
	"github.com/rbac-go/rbac/console"
	"github.com/rbac-go/rbac/httpguard"
	sqlitestore "github.com/rbac-go/rbac/store_sqlite"
)

// consoleWorld has the sizes of the store behind a console. Everybody is in the
// group everyone, in a group of few, and in a group in a scope. Groups inherit
// each other as a tree.
type consoleWorld struct {
	users, groups, permissions, changes, scopes int
}

func newConsoleWorld(users int) consoleWorld {
	return consoleWorld{users: users, groups: users / 10, permissions: users / 20, changes: users * 10, scopes: users / 100}
}

const (
	everyone       = "everyone" // a group with all users
	grantsOfGroup  = 5
	juniorsOfGroup = 10
	separationSets = 20
	changesAtOnce  = 1000
	ticketsShare   = 50 // one user in so many has a session
)

func (w consoleWorld) user(i int) string  { return fmt.Sprintf("user%06d", i%w.users) }
func (w consoleWorld) group(i int) string { return fmt.Sprintf("group%05d", i%w.groups) }
func (w consoleWorld) permission(i int) string {
	return fmt.Sprintf("area%02d.do%04d", i%50, i%w.permissions)
}
func (w consoleWorld) scope(i int) string { return fmt.Sprintf("org:%d", i%w.scopes) }

// The extremes of a world: collector has thousands of memberships and rights,
// and delegate thousands of scopes and groups to give.
const (
	collector        = "collector"
	delegate         = "delegate"
	largeSet         = "large set"
	lengthOfLongNote = 64 << 10 // bytes
)

// consoleSite is a console over a world, and an administrator who has logged in.
type consoleSite struct {
	world   consoleWorld
	folder  string
	store   rbac.Store
	auth    *rbac.Authority
	handler http.Handler
	cookies map[string][]*http.Cookie // by user
}

const administrator = "admin"

// startConsole loads a world into a new SQLite file and logs the administrator
// in.
func startConsole(w consoleWorld, progress func(string, ...any)) (_ *consoleSite, err error) {
	ctx := context.Background()
	s := &consoleSite{world: w, cookies: map[string][]*http.Cookie{}}
	defer func() {
		if err != nil {
			err = errors.Join(err, s.stop())
		}
	}()
	if s.folder, err = os.MkdirTemp("", "rbac-bench"); err != nil {
		return nil, err
	}
	if s.store, err = sqlitestore.Open(ctx, filepath.Join(s.folder, "rbac.db"), sqlitestore.Options{}); err != nil {
		return nil, err
	}
	if s.auth, err = rbac.Open(ctx, s.store, rbac.Config{Logger: discard, Protected: []string{"rbac.administer"}}); err != nil {
		return nil, err
	}
	if err := s.load(progress); err != nil {
		return nil, err
	}
	guard := httpguard.New(s.auth, httpguard.Config{Insecure: true, Logger: discard, Site: consoleURL})
	pages, err := console.New(guard, s.auth, console.Config{Catalogue: &rbac.Catalogue{Groups: []rbac.Group{{Name: everyone}, {Name: "new"}}}})
	if err != nil {
		return nil, err
	}
	mux := guard.NewMux()
	mux.Handle("/admin/", rbac.NotAnonymous(), pages)
	mux.Public("/login", guard.LoginHandler())
	s.handler = guard.Handler(mux)
	return s, errors.Join(s.logIn(administrator), s.logIn(delegate))
}

func (s *consoleSite) stop() (err error) {
	if s.auth != nil {
		err = s.auth.Close()
	}
	if s.store != nil {
		err = errors.Join(err, s.store.Close())
	}
	return errors.Join(err, os.RemoveAll(s.folder))
}

// load fills the store through Updates, so that every change is in the change
// log as a program would have made it.
func (s *consoleSite) load(progress func(string, ...any)) error {
	w := s.world
	if err := s.auth.Update(rbac.WithActor(context.Background(), "setup"), s.loadPolicy); err != nil {
		return err
	}
	if err := s.inChunks(w.users, s.loadUser); err != nil {
		return err
	}
	if err := s.auth.Update(rbac.WithActor(context.Background(), "setup"), s.loadExtremes); err != nil {
		return err
	}
	progress("console: %s users are loaded", thousands(w.users))
	made, err := s.countChanges()
	if err != nil {
		return err
	}
	// The rest of the changes: texts of accounts, by several administrators.
	err = s.inChunks(w.changes-made, func(tx *rbac.Tx, i int) error {
		u, err := tx.User(w.user(i))
		if err != nil {
			return err
		}
		u.Note = fmt.Sprintf("reviewed %d times", i/w.users+1)
		return tx.ModifyUser(u)
	})
	if err != nil {
		return err
	}
	for i := 0; i < w.users; i += ticketsShare {
		addr := netip.AddrFrom4([4]byte{10, byte(i >> 16), byte(i >> 8), byte(i)})
		if _, err := s.auth.Issue(context.Background(), rbac.Login{User: w.user(i), Addr: addr, UserAgent: "Mozilla/5.0 (X11; Linux x86_64) Firefox/150.0"}); err != nil {
			return err
		}
	}
	hash, err := s.auth.HashPassword(context.Background(), benchPassword)
	if err != nil {
		return err
	}
	return s.auth.Update(context.Background(), func(tx *rbac.Tx) error {
		return errors.Join(tx.SetPasswordHash(administrator, hash), tx.SetPasswordHash(delegate, hash))
	})
}

// inChunks runs f for the numbers below n, in Updates with many each.
func (s *consoleSite) inChunks(n int, f func(tx *rbac.Tx, i int) error) error {
	for first := 0; first < n; first += changesAtOnce {
		ctx := rbac.WithReason(rbac.WithActor(context.Background(), fmt.Sprintf("admin%d", first/changesAtOnce%7)), "the review of the year")
		err := s.auth.Update(ctx, func(tx *rbac.Tx) error {
			for i := first; i < min(first+changesAtOnce, n); i++ {
				if err := f(tx, i); err != nil {
					return err
				}
			}
			return nil
		})
		if err != nil {
			return err
		}
	}
	return nil
}

func (s *consoleSite) loadPolicy(tx *rbac.Tx) error {
	w := s.world
	for i := range 50 {
		if err := tx.AddSection(rbac.Section{Name: fmt.Sprintf("area%02d", i), Title: fmt.Sprintf("Area %d", i), Position: i}); err != nil {
			return err
		}
	}
	for i := range w.permissions {
		p := rbac.Permission{Name: w.permission(i), Title: fmt.Sprintf("Do thing %d", i), Section: fmt.Sprintf("area%02d", i%50), Position: i}
		if _, err := tx.AddPermission(p); err != nil {
			return err
		}
	}
	for _, name := range []string{"admins", everyone, "leads"} {
		if _, err := tx.AddGroup(rbac.Group{Name: name, DisplayName: "The group " + name}); err != nil {
			return err
		}
	}
	for i := range w.groups {
		if _, err := tx.AddGroup(rbac.Group{Name: w.group(i), DisplayName: fmt.Sprintf("Team %d", i)}); err != nil {
			return err
		}
		for k := range grantsOfGroup {
			if err := tx.GrantPermission(rbac.Grant{Group: w.group(i), Permission: w.permission(i*7 + k*11)}); err != nil {
				return err
			}
		}
		if i == 0 {
			continue
		}
		if err := tx.AddInheritance(rbac.Inheritance{Senior: w.group(i / juniorsOfGroup), Junior: w.group(i)}); err != nil {
			return err
		}
	}
	for i := range separationSets {
		set := rbac.SeparationSet{Name: fmt.Sprintf("set %d", i), Groups: []string{w.group(w.groups/2 + i), w.group(w.groups/4 + i)}, Cardinality: 2}
		if err := tx.CreateSSDSet(set); err != nil {
			return err
		}
	}
	_, err := tx.AddUser(rbac.User{Name: administrator})
	return errors.Join(err,
		tx.GrantPermission(rbac.Grant{Group: "admins", Permission: "rbac.administer"}),
		tx.GrantPermission(rbac.Grant{Group: everyone, Permission: w.permission(0)}),
		tx.GrantPermission(rbac.Grant{Group: everyone, Permission: "area01.*"}),
		tx.GrantPermission(rbac.Grant{Group: everyone, Permission: "nothing.*"}),
		tx.AddDelegation(rbac.Delegation{Group: "leads", Assign: []string{w.group(w.groups - 1)}, Users: true}),
		tx.AssignUser(rbac.Membership{User: administrator, Group: "admins"}))
}

// loadUser adds a user with three memberships. Some end soon, and some users are
// disabled.
func (s *consoleSite) loadUser(tx *rbac.Tx, i int) error {
	w := s.world
	u := rbac.User{Name: w.user(i), DisplayName: fmt.Sprintf("Somebody Number %d", i), Email: w.user(i) + "@example.org", Disabled: i%50 == 7}
	if _, err := tx.AddUser(u); err != nil {
		return err
	}
	scoped := rbac.Membership{User: u.Name, Group: w.group(w.groups - 1 - i%40), Scope: w.scope(i)}
	if i%500 == 0 {
		scoped.Until = tx.Now().Add(time.Duration(1+i%25) * 24 * time.Hour)
	}
	return errors.Join(
		tx.AssignUser(rbac.Membership{User: u.Name, Group: everyone}),
		tx.AssignUser(rbac.Membership{User: u.Name, Group: w.group(w.groups/2 + i%(w.groups/4)), Note: "by the place in the list"}),
		tx.AssignUser(scoped))
}

// loadExtremes adds what makes pages large.
func (s *consoleSite) loadExtremes(tx *rbac.Tx) error {
	w := s.world
	note := strings.Repeat("A long note. ", lengthOfLongNote/13)
	var errs []error
	for _, name := range []string{collector, delegate} {
		_, err := tx.AddUser(rbac.User{Name: name, Note: note})
		errs = append(errs, err)
	}
	var members, assignable []string
	for i, n := 0, 0; n < min(w.users, 3000); i++ {
		if w.separated(i % w.groups) {
			continue
		}
		m := rbac.Membership{User: collector, Group: w.group(i), Scope: fmt.Sprintf("org:%d", i/w.groups)}
		if n++; n <= 100 {
			m.Note = note
		}
		errs = append(errs, tx.AssignUser(m))
	}
	for i := range min(w.users, 5000) {
		errs = append(errs, tx.AssignUser(rbac.Membership{User: delegate, Group: "leads", Scope: fmt.Sprintf("tenant:%04d", i)}))
	}
	for i := range min(w.groups, 2000) {
		assignable = append(assignable, w.group(i))
		g, err := tx.AddGroup(rbac.Group{Name: fmt.Sprintf("desk%04d", i), Note: note[:min(len(note), i)]})
		members = append(members, g.Name)
		errs = append(errs, err, tx.AssignUser(rbac.Membership{User: w.user(i), Group: g.Name}))
	}
	return errors.Join(append(errs,
		tx.ModifyDelegation(rbac.Delegation{Group: "leads", Assign: assignable, Users: true}),
		tx.CreateSSDSet(rbac.SeparationSet{Name: largeSet, Groups: members, Cardinality: 2}))...)
}

// separated reports whether a group has the first group of a separation set,
// itself or by inheritance.
func (w consoleWorld) separated(group int) bool {
	for i := range separationSets {
		for g := w.groups/2 + i; g > 0; g /= juniorsOfGroup {
			if g == group {
				return true
			}
		}
	}
	return group == 0
}

// countChanges returns the number of entries of the change log.
func (s *consoleSite) countChanges() (n int, err error) {
	err = s.auth.View(context.Background(), func(tx *rbac.Tx) error {
		n = 0
		for _, err := range tx.Changes(rbac.ChangeQuery{}) {
			if err != nil {
				return err
			}
			n++
		}
		return nil
	})
	return n, err
}
