// Package crowd fills a relational store with many users, and measures lists of
// users. Stores of all sizes have the same groups, relative to the number of
// users.
package crowd

import (
	"context"
	"fmt"
	"iter"
	"maps"
	"slices"
	"testing"
	"time"

	"github.com/rbac-go/rbac"
)

// SQL is what engines spell differently.
type SQL struct {
	// ID returns an id made of a letter and an expression for a number.
	ID func(kind byte, number string) string
	// No is false.
	No string
}

// crowds is the number of groups that share all memberships but those of the
// groups of known size.
const crowds = 40

// groups are the groups of known size: the condition on the number i of their
// members among n users.
var groups = []struct{ name, members string }{
	{"one", "i = n / 2"},
	{"thousandth", "i % 1000 = 0"},
	{"two thousandths", "i % 500 = 0"},
	{"last two thousandths", "i > n - (n / 500)"},
	{"twenty-fifth", "i % 25 = 0"},
	{"last twenty-fifth", "i > n - (n / 25)"},
	{"half", "i % 2 = 0"},
}

// Fill returns statements that fill an empty store with n users in about five
// memberships each. Permissions have the names of the groups that have them.
func Fill(n int, sql SQL) []string {
	numbers := func(n int) string {
		return fmt.Sprintf("WITH RECURSIVE numbers (i, n) AS (SELECT CAST(1 AS BIGINT), CAST(%d AS BIGINT) UNION ALL SELECT i + 1, n FROM numbers WHERE i < n) ", n)
	}
	list := []string{
		numbers(n) + "INSERT INTO rbac_users SELECT " + sql.ID('a', "i") + ", substr('user' || (10000000 + i), 1, 40), 'mail' || i || '@example.org', 'mail' || i || '@example.org', '', " +
			"'Display Name ' || i, '', " + sql.No + ", '$argon2id$v=19$m=19456,t=2,p=1$c2FsdHNhbHRzYWx0c2FsdA$aGFzaGhhc2hoYXNoaGFzaGhhc2hoYXNoaGFzaGhhc2g', 0, i * 1000000, 0, 0 FROM numbers ORDER BY 1",
		numbers(crowds) + "INSERT INTO rbac_groups SELECT " + sql.ID('b', "i") + ", 'crowd' || i, '', '', 0 FROM numbers",
		numbers(crowds) + "INSERT INTO rbac_grants SELECT " + sql.ID('b', "i") + ", 'crowds', '', '', 0 FROM numbers",
	}
	permission := func(i int, name string) string {
		return "INSERT INTO rbac_permissions SELECT " + sql.ID('d', fmt.Sprint(i)) + ", '" + name + "', '', '', '', 0, '', '', 0"
	}
	list = append(list, permission(0, "crowds"))
	members := numbers(n) + "INSERT INTO rbac_memberships SELECT u, g, scope, '', -62135596800000000, 'admin', 0, substr('user' || (10000000 + i), 1, 40), '' FROM ("
	for i, g := range groups {
		list = append(list,
			fmt.Sprintf("INSERT INTO rbac_groups SELECT %s, '%s', '', '', 0", sql.ID('c', fmt.Sprint(i)), g.name),
			fmt.Sprintf("INSERT INTO rbac_grants SELECT %s, '%s', '', '', 0", sql.ID('c', fmt.Sprint(i)), g.name),
			permission(i+1, g.name))
		members += fmt.Sprintf("SELECT %s AS u, %s AS g, '' AS scope, i FROM numbers WHERE %s UNION ALL ", sql.ID('a', "i"), sql.ID('c', fmt.Sprint(i)), g.members)
	}
	for k := range 4 {
		members += fmt.Sprintf("SELECT %s, %s, 'org:' || ((i + %d) %% 4000), i FROM numbers UNION ALL ",
			sql.ID('a', "i"), sql.ID('b', fmt.Sprintf("(((i * %d) + %d) %% %d) + 1", 7+2*k, 10*k, crowds)), k)
	}
	// a scope with a 25th of the users
	members += fmt.Sprintf("SELECT %s, %s, 'large', i FROM numbers WHERE i %% 25 = 1", sql.ID('a', "i"), sql.ID('b', "1"))
	return append(list, members+") m ORDER BY u, g, scope")
}

// Queries are the measured queries.
func Queries() map[string]rbac.UserQuery {
	list := map[string]rbac.UserQuery{
		"all":                                 {},
		"search, first":                       {Search: "NAME 1"},
		"search, nobody":                      {Search: "nobody has this"},
		"disabled":                            {State: rbac.DisabledUser},
		"last login, nobody":                  {LastLoginBefore: time.Unix(1, 0)},
		"group half, search nobody":           {Group: "half", Search: "nobody has this"},
		"group twenty-fifth, search nobody":   {Group: "twenty-fifth", Search: "nobody has this"},
		"group two thousandths, search":       {Group: "two thousandths", Search: "nobody has this"},
		"group half, disabled":                {Group: "half", State: rbac.DisabledUser},
		"permission of 40 groups":             {Permission: "crowds"},
		"permission of 40 groups, scope":      {Permission: "crowds", Scope: "org:42"},
		"permission one, scope":               {Permission: "one", Scope: "org:42"},
		"scope":                               {Scope: "org:42"},
		"scope, large":                        {Scope: "large"},
		"scope, unknown":                      {Scope: "unknown"},
		"scope and group":                     {Scope: "large", Group: "crowd1"},
		"group half, permission one":          {Group: "half", Permission: "one"},
		"group half, permission twenty-fifth": {Group: "half", Permission: "twenty-fifth"},
	}
	for _, g := range groups {
		list["group "+g.name] = rbac.UserQuery{Group: g.name}
	}
	return list
}

// Bench measures the first and the last page, of 50 users, and the count of
// each query, and the first 50 users of each review function.
func Bench(b *testing.B, a *rbac.Authority) {
	ctx := context.Background()
	for _, g := range groups {
		benchReview(b, a, "AssignedUsers/"+g.name, func(tx *rbac.Tx) error { return first(tx.AssignedUsers(g.name)) })
		benchReview(b, a, "AuthorizedUsers/"+g.name, func(tx *rbac.Tx) error { return first(tx.AuthorizedUsers(g.name)) })
		benchReview(b, a, "PermissionUsers/"+g.name, func(tx *rbac.Tx) error { return first(tx.PermissionUsers(g.name)) })
	}
	benchReview(b, a, "PermissionUsers/crowds", func(tx *rbac.Tx) error { return first(tx.PermissionUsers("crowds")) })
	queries := Queries()
	for _, name := range slices.Sorted(maps.Keys(queries)) {
		q := queries[name]
		page := q
		page.Limit = 50
		last := last(b, ctx, a, q)
		for _, c := range []struct {
			name string
			do   func(tx *rbac.Tx) error
		}{
			{"first", func(tx *rbac.Tx) error { return read(tx, page) }},
			{"last", func(tx *rbac.Tx) error { page := page; page.After = last; return read(tx, page) }},
			{"count", func(tx *rbac.Tx) error { _, err := tx.CountUsers(q); return err }},
		} {
			b.Run(name+"/"+c.name, func(b *testing.B) {
				for b.Loop() {
					if err := a.View(ctx, c.do); err != nil {
						b.Fatal(err)
					}
				}
			})
		}
	}
}

func benchReview(b *testing.B, a *rbac.Authority, name string, review func(*rbac.Tx) error) {
	b.Run(name, func(b *testing.B) {
		for b.Loop() {
			if err := a.View(b.Context(), review); err != nil {
				b.Fatal(err)
			}
		}
	})
}

// first reads the first 50 rows.
func first[T any](rows iter.Seq2[T, error]) error {
	n := 0
	for _, err := range rows {
		if err != nil {
			return err
		}
		if n++; n == 50 {
			break
		}
	}
	return nil
}

func read(tx *rbac.Tx, q rbac.UserQuery) error {
	for _, err := range tx.Users(q) {
		if err != nil {
			return err
		}
	}
	return nil
}

// last returns the name after which a query selects 50 more users at most.
func last(b *testing.B, ctx context.Context, a *rbac.Authority, q rbac.UserQuery) string {
	var names [51]string
	n := 0
	err := a.View(ctx, func(tx *rbac.Tx) error {
		for u, err := range tx.Users(q) {
			if err != nil {
				return err
			}
			names[n%51] = u.Name
			n++
		}
		return nil
	})
	if err != nil {
		b.Fatal(err)
	}
	if n <= 50 {
		return ""
	}
	return names[n%51] // the oldest
}
