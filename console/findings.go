package console

import (
	"cmp"
	"context"
	"errors"
	"slices"
	"sync"
	"time"

	"github.com/rbac-go/rbac"
	"github.com/rbac-go/rbac/internal/names"
)

// A finding is something that an administrator should look at.
type finding struct {
	Key     string // of its text, with the names as argument
	Names   []string
	More    int
	Address string // the page with all of them; empty: none
}

// findings are computed on request and kept for a while: some read many records.
type findings struct {
	mu        sync.Mutex
	computing bool
	at        time.Time // zero: never
	list      []finding
}

const (
	keepFindings = 10 * time.Minute
	idleDays     = 90
	shownNames   = 5
	maxKeys      = 10_000 // API keys that are looked at
)

// get returns the findings, and when they were computed. One request computes
// them; requests meanwhile get those of before.
func (f *findings) get(ctx context.Context, a *rbac.Authority) ([]finding, time.Time, error) {
	var now time.Time
	if err := a.View(ctx, func(tx *rbac.Tx) error { now = tx.Now(); return nil }); err != nil {
		return nil, now, err
	}
	f.mu.Lock()
	list, at := f.list, f.at
	age := now.Sub(at)
	if f.computing || !at.IsZero() && age >= 0 && age < keepFindings {
		f.mu.Unlock()
		return list, at, nil
	}
	f.computing = true
	f.mu.Unlock()
	// The request may end; the next finds the findings.
	err := a.View(context.WithoutCancel(ctx), func(tx *rbac.Tx) (err error) {
		list, err = find(tx, a.Config())
		return err
	})
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.computing = false; err != nil {
		return nil, now, err
	}
	f.at, f.list = now, list
	return list, now, nil
}

// find computes the findings.
func find(tx *rbac.Tx, cfg rbac.Config) ([]finding, error) {
	list := []finding{}
	add := func(key, address string, names []string) {
		if n := len(names); n > 0 {
			list = append(list, finding{key, names[:min(n, shownNames)], max(0, n-shownNames), address})
		}
	}
	for _, p := range cfg.Protected {
		names, err := userNames(tx, rbac.UserQuery{Permission: p, State: rbac.DisabledUser, Limit: maxCount})
		if err != nil && !errors.Is(err, rbac.ErrNotFound) { // a permission that is not declared yet
			return nil, err
		}
		add("finding.disabled holders", address("users", "permission", p, "state", "disabled"), names)
	}
	idle, err := userNames(tx, rbac.UserQuery{State: rbac.EnabledUser, LastLoginBefore: tx.Now().AddDate(0, 0, -idleDays), Limit: maxCount})
	if err != nil {
		return nil, err
	}
	add("finding.idle users", address("users", "state", "enabled", "login", "90"), idle)
	if err := findGroups(tx, add); err != nil {
		return nil, err
	}
	static, err := tx.SSDSets()
	if err != nil {
		return nil, err
	}
	rows, err := near(tx, static)
	if err != nil {
		return nil, err
	}
	var full []string
	for _, r := range rows {
		if len(r.Near) > 0 {
			full = append(full, r.Name)
		}
	}
	add("finding.near sets", "separation", full)
	var old []string
	for t, err := range tx.Tickets(rbac.TicketQuery{Kind: rbac.KeyTicket, Limit: maxKeys}) {
		if err != nil {
			return nil, err
		}
		if t.Created.Before(tx.Now().AddDate(-1, 0, 0)) {
			old = append(old, cmp.Or(t.Label, t.User))
		}
	}
	add("finding.old keys", address("sessions", "kind", "key"), old)
	return list, nil
}

// findGroups finds groups without members, permissions that nobody holds, and
// patterns that match nothing.
func findGroups(tx *rbac.Tx, add func(key, address string, names []string)) error {
	groups, err := tx.Groups()
	if err != nil {
		return err
	}
	permissions, err := tx.Permissions()
	if err != nil {
		return err
	}
	var empty, unmatched []string
	granted := map[string]bool{}
	for _, g := range groups {
		members, err := userNames(tx, rbac.UserQuery{Group: g.Name, Limit: 1})
		if err != nil {
			return err
		}
		if len(members) == 0 {
			empty = append(empty, g.Name)
		}
		grants, err := tx.Grants(g.Name)
		if err != nil {
			return err
		}
		for _, grant := range grants {
			if !names.IsPattern(grant.Permission) {
				granted[grant.Permission] = granted[grant.Permission] || len(members) > 0
				continue
			}
			found := false
			for _, p := range permissions {
				if names.Matches(grant.Permission, p.Name) {
					found, granted[p.Name] = true, granted[p.Name] || len(members) > 0
				}
			}
			if !found {
				unmatched = append(unmatched, grant.Group+" "+grant.Permission)
			}
		}
	}
	var unheld []string
	for _, p := range permissions {
		if !granted[p.Name] {
			unheld = append(unheld, p.Name)
		}
	}
	slices.Sort(unheld)
	add("finding.empty groups", "groups", empty)
	add("finding.unheld permissions", "permissions", unheld)
	add("finding.unmatched patterns", "", unmatched)
	return nil
}

func userNames(tx *rbac.Tx, q rbac.UserQuery) (names []string, err error) {
	for u, err := range tx.Users(q) {
		if err != nil {
			return nil, err
		}
		names = append(names, u.Name)
	}
	return names, nil
}
