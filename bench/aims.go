package main

import (
	"fmt"
	"slices"
	"strings"
)

// aim is a value that rbac wants to reach in a run.
type aim struct {
	what   string
	limit  float64
	least  bool     // the limit is the smallest value allowed, not the largest
	where  []string // the worlds, or the part of the run, with a value each
	format func(float64) string
	value  func(r *report, where string) (float64, bool)
}

var everywhere = []string{"S", "M", "L"}

// allAims are the aims of rbac, on the memory store unless the text names
// another.
var allAims = []aim{
	{"a guarded request over loopback, requests/s × gorilla/sessions and a map", 2, true, []string{"loopback"}, ratio, func(r *report, _ string) (float64, bool) {
		return r.serviceRatio(guardService, gorillaService)
	}},
	{"a revocation refused by every other Authority, the longest", float64(promised), false, []string{"all stores"}, duration, func(r *report, _ string) (float64, bool) {
		return r.worstRevocation()
	}},
	{"one ready predicate on one ready Identity, over and over", 16, false, everywhere, duration, largest(readyAgain)},
	{"one ready compound, over and over", 60, false, everywhere, duration, largest(compoundAgain)},
	{"random ready predicates on random ready Identities, × plain maps by strings", 0.12, false, everywhere, ratio, quotientOf(readyRandom, mapsName, byStrings)},
	{"check by strings, × plain maps", 1, false, everywhere, ratio, quotientOf(byStrings, mapsName, byStrings)},
	{"Identify from the cache, one token over and over", 150, false, everywhere, duration, largest(identifyOne)},
	{"Identify from the cache, random tokens of 1,000", 150, false, everywhere, duration, largest(identifyRandom)},
	{"allocations of a check by strings, a ready predicate, a compound, Identify", 0, false, everywhere, plain, largest(allocs, readyAllocs, compoundAllocs, identifyAllocs)},
	{"what a guard adds to a request", 1e3, false, everywhere, duration, largest(guardedCookie, guardedBearer)},
	{"heap beyond the store's records, every user cached", 60e6, false, []string{"L"}, megabytes, sum(heapPolicy, heapCached)},
	{"policy load (Open) at 100,000 grants", 200e6, false, []string{"P"}, duration, largest(opening)},
	{"two goroutines, × one (the smaller of by strings and ready)", 1.6, true, everywhere, ratio, smallest(twoStrings, twoReady)},
	{"100,000 users with their memberships through Update", 5e9, false, []string{"L"}, duration, largest(loadingUsers)},
	{"the same on SQLite", 60e9, false, []string{"L"}, duration, func(r *report, where string) (float64, bool) {
		return r.checkValue(where, func(c *comparison) (float64, bool) { return c.value(sqliteName, loadingUsers) })
	}},
}

// checkValue returns a value of the checks in a world.
func (r *report) checkValue(world string, of func(*comparison) (float64, bool)) (float64, bool) {
	c := r.comparison(world)
	if c == nil {
		return 0, false
	}
	return of(c)
}

func quotientOf(column, bound, boundColumn string) func(*report, string) (float64, bool) {
	return func(r *report, where string) (float64, bool) {
		return r.checkValue(where, func(c *comparison) (float64, bool) { return c.quotient(rbacName, column, bound, boundColumn) })
	}
}

func largest(columns ...string) func(*report, string) (float64, bool) {
	return combined(func(v []float64) float64 { return slices.Max(v) }, columns)
}

func smallest(columns ...string) func(*report, string) (float64, bool) {
	return combined(func(v []float64) float64 { return slices.Min(v) }, columns)
}

func sum(columns ...string) func(*report, string) (float64, bool) {
	return combined(func(v []float64) (total float64) {
		for _, x := range v {
			total += x
		}
		return total
	}, columns)
}

// combined makes one value of several values of rbac, all of which were
// measured.
func combined(f func([]float64) float64, columns []string) func(*report, string) (float64, bool) {
	return func(r *report, where string) (float64, bool) {
		return r.checkValue(where, func(c *comparison) (float64, bool) {
			var values []float64
			for _, column := range columns {
				v, ok := c.value(rbacName, column)
				if !ok {
					return 0, false
				}
				values = append(values, v)
			}
			return f(values), true
		})
	}
}

// aims is the table of the aims with the measured values.
func (r *report) aims() string {
	lines := [][]string{{"aim", "limit", "measured", "result"}}
	for _, a := range allAims {
		lines = append(lines, a.line(r))
	}
	return table(lines)
}

// line prints an aim with its worst miss.
func (a aim) line(r *report) []string {
	var measured []string
	worst := 0.0
	for _, where := range a.where {
		if v, ok := a.value(r, where); ok {
			measured = append(measured, where+" "+a.format(v))
			worst = max(worst, a.excess(v))
		}
	}
	sign := "≤ "
	if a.least {
		sign = "≥ "
	}
	return []string{a.what, sign + a.format(a.limit), listed(measured), a.verdict(worst, len(measured))}
}

// excess returns the factor by which a value misses the limit; at most 1
// passes.
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
	case measured < len(a.where) && worst <= 1:
		return "not measured everywhere"
	case worst <= 1:
		return "pass"
	case a.limit == 0:
		return fmt.Sprintf("**miss** by %s", plain(worst-1))
	case a.least:
		return fmt.Sprintf("**miss**: %s of the limit", significant(1/worst))
	}
	return fmt.Sprintf("**miss**: %s × the limit", significant(worst))
}

func listed(cells []string) string {
	if len(cells) == 0 {
		return none
	}
	return strings.Join(cells, ", ")
}
