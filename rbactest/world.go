package rbactest

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"testing"
	"time"

	"github.com/rbac-go/rbac"
	"github.com/rbac-go/rbac/internal/names"
	memorystore "github.com/rbac-go/rbac/store_memory"
)

// World opens an Authority on a store in memory and fills the store from a text,
// with one record in each line:
//
//	permission post.delete           # a permission that no group has by name
//	group editor: post.write post.edit
//	group chief > editor: budget     # chief inherits editor; several juniors: > editor reader
//	group root: *                    # a pattern, as post.* is
//	user amy: editor
//	user zoe: editor@org:42 chief    # editor in the scope org:42 only, chief everywhere
//	user bob:
//	delegation chief: editor         # chiefs may assign editor, for Authority.UpdateAs
//	delegation lead with users: editor reader
//
// Lines may come in any order. The permissions of a group need no line of their
// own, except for permissions that only a pattern grants. A # at the start of a
// line or after white space begins a comment. Names of groups, permissions and
// scopes are single words here, and names of groups contain no @. User names
// may contain spaces.
//
// A mistake in the text ends the test with the number of the line. The first
// line has the number 1, even if the line is empty.
//
// The clock stands at 2030-01-01 12:00 UTC. The password of a user is the name
// as written in the text, followed by " password 123": "amy password 123".
// Hashing a password costs next to nothing, which is unsafe anywhere but in a
// test. A user may have 10,000 tickets. The Authority logs nothing, and is
// closed when the test ends.
func World(t testing.TB, text string) *rbac.Authority {
	t.Helper()
	a := open(t)
	if err := build(t.Context(), a, text); err != nil {
		t.Fatalf("rbactest.World: %v", err)
	}
	return a
}

// Fill adds the records of a text, as of [World], to an Authority on a store of
// the test's own, such as an SQLite file or a database of PostgreSQL. A user or
// group that exists ends the test, and nothing is added: fill an empty store,
// and call Declare afterwards. Permissions may exist.
//
// The passwords are those of World. With the zero [rbac.Config], hashing them
// takes the time of a real login for each user: set Config.Argon2id in tests.
func Fill(t testing.TB, a *rbac.Authority, text string) {
	t.Helper()
	if err := build(t.Context(), a, text); err != nil {
		t.Fatalf("rbactest.Fill: %v", err)
	}
}

func open(t testing.TB) *rbac.Authority {
	t.Helper()
	store := memorystore.New()
	a, err := rbac.Open(t.Context(), store, rbac.Config{
		Logger:      slog.New(slog.DiscardHandler),
		Clock:       func() time.Time { return time.Date(2030, 1, 1, 12, 0, 0, 0, time.UTC) },
		MaxTickets:  10_000, // the maximum: with the default of 20, the ticket of the first request of As would end
		MinPassword: 8,
		Argon2id:    rbac.Argon2id{MemoryKiB: 8, Time: 1, Threads: 1},
	})
	if err != nil {
		t.Fatalf("rbactest.World: %v", err)
	}
	t.Cleanup(func() {
		if err := errors.Join(a.Close(), store.Close()); err != nil {
			t.Errorf("rbactest.World: closing: %v", err)
		}
	})
	return a
}

// build adds all records with names before relations between them, so the order
// of lines does not matter.
func build(ctx context.Context, a *rbac.Authority, text string) error {
	statements, err := parseWorld(text)
	if err != nil {
		return err
	}
	hashes := map[string]string{}
	for _, s := range statements {
		if s.kind != userLine {
			continue
		}
		hash, err := a.HashPassword(ctx, s.name+" password 123")
		if err != nil {
			return fmt.Errorf("line %d: %w", s.line, err)
		}
		hashes[s.name] = hash
	}
	return a.Update(rbac.WithActor(ctx, "rbactest"), func(tx *rbac.Tx) error {
		for _, pass := range []func(*rbac.Tx, statement) error{addNamed, relate} {
			for _, s := range statements {
				if err := pass(tx, s); err != nil {
					return fmt.Errorf("line %d: %w", s.line, err)
				}
			}
		}
		for user, hash := range hashes {
			if err := tx.SetPasswordHash(user, hash); err != nil {
				return err
			}
		}
		return nil
	})
}

func addNamed(tx *rbac.Tx, s statement) error {
	switch s.kind {
	case delegationLine:
		return nil
	case userLine:
		_, err := tx.AddUser(rbac.User{Name: s.name})
		return err
	case groupLine:
		if _, err := tx.AddGroup(rbac.Group{Name: s.name}); err != nil {
			return err
		}
	}
	for _, name := range s.items {
		if s.kind == groupLine && names.IsPattern(name) {
			continue
		}
		_, err := tx.AddPermission(rbac.Permission{Name: name})
		if err != nil && !errors.Is(err, rbac.ErrExists) {
			return err
		}
	}
	return nil
}

func relate(tx *rbac.Tx, s statement) error {
	if s.kind == delegationLine {
		return tx.AddDelegation(rbac.Delegation{Group: s.name, Assign: s.items, Users: s.users})
	}
	for _, junior := range s.juniors {
		if err := tx.AddInheritance(rbac.Inheritance{Senior: s.name, Junior: junior}); err != nil {
			return err
		}
	}
	for _, item := range s.items {
		var err error
		switch s.kind {
		case groupLine:
			err = tx.GrantPermission(rbac.Grant{Group: s.name, Permission: item})
		case userLine:
			err = assign(tx, s.name, item)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// assign parses editor and editor@org:42.
func assign(tx *rbac.Tx, user, item string) error {
	group, scope, scoped := strings.Cut(item, "@")
	if scoped && scope == "" {
		return fmt.Errorf("%q: the scope after the @ is missing", item)
	}
	return tx.AssignUser(rbac.Membership{User: user, Group: group, Scope: scope})
}
