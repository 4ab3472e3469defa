package main

import (
	"fmt"
	"slices"
	"strings"
)

// aim is what rbac wants to reach in a run.
type aim struct {
	what   string
	limit  float64
	least  bool     // the limit is the least, not the most
	worlds []string // where it is measured
	format func(float64) string
	of     func(*contest) (float64, bool)
}

var everywhere = []string{"S", "M", "L"}

// goals are the aims of rbac, all of the memory store unless they say otherwise.
var goals = []aim{
	{"one ready predicate on one ready Identity, over and over, × bitset", 2.5, false, everywhere, ratio, quotientOf(readyAgain, bitsetName, readyAgain)},
	{"random ready predicates on random ready Identities, × plain maps by strings", 0.12, false, everywhere, ratio, quotientOf(readyRandom, mapsName, byStrings)},
	{"check by strings, × plain maps", 0.6, false, everywhere, ratio, quotientOf(byStrings, mapsName, byStrings)},
	{"Identify from the cache, one token over and over", 150, false, everywhere, duration, most(identifyOne)},
	{"Identify from the cache, random tokens of 1,000", 150, false, everywhere, duration, most(identifyRandom)},
	{"allocations of a check by strings, a ready one, Identify", 0, false, everywhere, plain, most(allocs, readyAllocs, identifyAllocs)},
	{"a guarded HTTP request over an unguarded one", 1e3, false, everywhere, duration, most(guardedCookie, guardedBearer)},
	{"heap beyond the store's records, every user in the cache", 60e6, false, []string{"L"}, megabytes, sum(heapPolicy, heapCached)},
	{"policy load (Open) at 100,000 grants", 200e6, false, []string{"P"}, duration, most(opening)},
	{"change of a membership and the check that shows it", 5e3, false, everywhere, duration, most(assignChange)},
	{"change of a grant and the check that shows it", 5e3, false, everywhere, duration, most(grantChange)},
	{"two goroutines, × one (the lesser of by strings and ready)", 1.6, true, everywhere, ratio, fewest(twoStrings, twoReady)},
	{"100,000 users with their memberships through Update", 5e9, false, []string{"L"}, duration, most(loadingUsers)},
	{"the same on SQLite", 60e9, false, []string{"L"}, duration, func(c *contest) (float64, bool) { return c.value(sqliteName, loadingUsers) }},
}

func quotientOf(column, bound, boundColumn string) func(*contest) (float64, bool) {
	return func(c *contest) (float64, bool) { return c.quotient(rbacName, column, bound, boundColumn) }
}

func most(columns ...string) func(*contest) (float64, bool) {
	return combined(func(v []float64) float64 { return slices.Max(v) }, columns)
}

func fewest(columns ...string) func(*contest) (float64, bool) {
	return combined(func(v []float64) float64 { return slices.Min(v) }, columns)
}

func sum(columns ...string) func(*contest) (float64, bool) {
	return combined(func(v []float64) (total float64) {
		for _, x := range v {
			total += x
		}
		return total
	}, columns)
}

// combined makes one value of several of rbac's; none if one of them is missing.
func combined(f func([]float64) float64, columns []string) func(*contest) (float64, bool) {
	return func(c *contest) (float64, bool) {
		var values []float64
		for _, column := range columns {
			v, ok := c.value(rbacName, column)
			if !ok {
				return 0, false
			}
			values = append(values, v)
		}
		return f(values), true
	}
}

// aims is the table of the aims with what was measured.
func (r *report) aims() string {
	lines := [][]string{{"aim", "limit", "measured", "result"}}
	for _, a := range goals {
		lines = append(lines, a.line(r))
	}
	for _, column := range []string{assignChange, grantChange} {
		lines = append(lines, r.steady(column))
	}
	return table(lines)
}

// line tells an aim, and in which world it is missed the most.
func (a aim) line(r *report) []string {
	var measured []string
	worst := 0.0
	for _, name := range a.worlds {
		c := r.contest(name)
		if c == nil {
			continue
		}
		if v, ok := a.of(c); ok {
			measured = append(measured, name+" "+a.format(v))
			worst = max(worst, a.excess(v))
		}
	}
	sign := "≤ "
	if a.least {
		sign = "≥ "
	}
	return []string{a.what, sign + a.format(a.limit), listed(measured), a.verdict(worst, len(measured))}
}

// excess is by how much a value misses the limit, as a factor; at most 1 is a pass.
func (a aim) excess(v float64) float64 {
	switch {
	case a.least:
		return a.limit / v
	case a.limit == 0:
		return 1 + v
	}
	return v / a.limit
}

func (a aim) verdict(worst float64, measured int) string {
	switch {
	case measured < len(a.worlds) && worst <= 1:
		return "not measured everywhere"
	case worst <= 1:
		return "pass"
	case a.limit == 0:
		return fmt.Sprintf("**miss** by %s", plain(worst-1))
	case a.least:
		return fmt.Sprintf("**miss**: %s of it", significant(1/worst))
	}
	return fmt.Sprintf("**miss**: %s × the limit", significant(worst))
}

// steady is the aim that a change does not cost more where there are more users. A cache that
// no longer fits is allowed half as much again.
func (r *report) steady(column string) []string {
	a := aim{what: column + " does not grow with users: L over S", limit: 1.5, worlds: []string{"L"}, format: ratio}
	a.of = func(l *contest) (float64, bool) {
		s := r.contest("S")
		if s == nil {
			return 0, false
		}
		least, ok1 := s.value(rbacName, column)
		most, ok2 := l.value(rbacName, column)
		return most / least, ok1 && ok2
	}
	return a.line(r)
}

func listed(cells []string) string {
	if len(cells) == 0 {
		return none
	}
	return strings.Join(cells, ", ")
}
