package main

import (
	"errors"
	"fmt"
	"slices"
	"time"
)

// storeRow holds the values of rbac on one kind of store.
type storeRow struct {
	name    string
	logins  float64 // nanoseconds for each
	updates float64 // nanoseconds for each
	cold    float64 // nanoseconds for each
	delays  []float64
}

// compareStores measures rbac on each kind of store, all in turns, in the
// smallest world.
func compareStores(backends []backend, budget time.Duration, progress func(string, ...any)) (rows []*storeRow, err error) {
	w := newWorld(sizes[0])
	q := newQuestions(w)
	var all []*series
	var sites []*storeSite
	defer func() {
		for _, s := range sites {
			err = errors.Join(err, s.stop())
		}
	}()
	for _, b := range backends {
		progress("stores: %s", b.name)
		s, err := startStoreSite(b, w, q)
		if errors.Is(err, errNotInstalled) {
			progress("stores: %s is left out: %v", b.name, err)
			continue
		}
		if err != nil {
			return nil, fmt.Errorf("%s: %w", b.name, err)
		}
		sites = append(sites, s)
		rows = append(rows, &storeRow{name: b.name})
		all = append(all,
			&series{column: b.name + ", logins", take: s.takeLogins},
			&series{column: b.name + ", updates", take: s.takeUpdates},
			&series{column: b.name + ", cold", take: s.takeCold})
	}
	progress("stores: in turns")
	if err := interleave(all, budget*2/3); err != nil {
		return nil, err
	}
	for i, row := range rows {
		row.logins, row.updates, row.cold = all[3*i].value(), all[3*i+1].value(), all[3*i+2].value()
		progress("stores: %s, revocations", row.name)
		if row.delays, err = sites[i].revocations(budget / 3 / time.Duration(len(rows))); err != nil {
			return nil, fmt.Errorf("%s: %w", row.name, err)
		}
	}
	return rows, nil
}

// worstDelay returns the longest time until another Authority refused.
func (r *storeRow) worstDelay() float64 { return slices.Max(r.delays) }

// storeTable is the table of the stores.
func (r *report) storeTable() string {
	lines := [][]string{{"store", "logins/s", "Updates/s", "cold identifications/s", "a revocation elsewhere, median", "longest"}}
	for _, row := range r.stores {
		lines = append(lines, []string{row.name, perSecond(row.logins), perSecond(row.updates), perSecond(row.cold),
			duration(median(row.delays)), duration(row.worstDelay())})
	}
	return table(lines)
}

// worstRevocation returns the longest time until another Authority refused, on
// any store.
func (r *report) worstRevocation() (float64, bool) {
	worst := 0.0
	for _, row := range r.stores {
		worst = max(worst, row.worstDelay())
	}
	return worst, len(r.stores) > 0
}
