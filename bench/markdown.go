package main

import (
	"fmt"
	"strings"
)

// markdown is the whole report.
func (r *report) markdown() string {
	var b strings.Builder
	fmt.Fprintf(&b, "# rbac and its peers, side by side\n\n%s. %s.\n\n", r.date, r.machine)
	fmt.Fprintf(&b, "Written by `go run .` in this folder. [docs/performance.md](../docs/performance.md) explains how it is measured and each column. "+
		"Times are medians of samples taken in turns within one run; compare them with each other, not with those of another run.\n\n")
	fmt.Fprintf(&b, "rbac is that of this tree; the others: %s.\n\n", strings.Join(r.versions, ", "))
	fmt.Fprintf(&b, "![Time of a check over the size of the world](latency.svg)\n\n## Aims\n\n%s\n", r.aims())
	for _, c := range r.compared() {
		fmt.Fprintf(&b, "## %s: %s users, %s groups, %s permissions\n\n", c.Name, thousands(c.Users), thousands(c.Groups), thousands(c.Permissions))
		fmt.Fprintf(&b, "%s\n%s\n", c.checkTable(), c.restTable())
	}
	fmt.Fprintf(&b, "%s\n## Growth\n\n%s", notes, r.growth())
	return b.String()
}

const notes = `## Notes

- **–**: the peer has no such thing, or the change would never be seen.
- **casbin** is asked by names only; it has nothing ready to be asked. In compounds groups are asked of its role manager, and the permission of Enforce.
- **casbin, cached** and **synced cached** go on allowing after a revoke, for as long as the entry stays in the cache, which is without limit unless one is set: so the
  run shows, and so no time can be told for a change. They are timed on questions that their cache was filled with the answers to.
- **cedar-go** has the world as entities: users in groups, groups in the permissions they give.
- **OPA** has it as data in memory, in the form its evaluator reads; a prepared query for each rule.
- **plain maps** and **bitset** are bounds, without locks: a change while somebody reads would be a data race in them.
- **verified**: how many probes were compared with the truth before timing, and timed. It is less than 65,536 where a peer takes too long for all.
`

// checkTable is what checks cost.
func (c *contest) checkTable() string {
	lines := [][]string{{"peer", "by strings", "× maps", "ready, one pair", "× bitset", "ready, random", "× maps by strings", "compound", "× maps", "allocs", "two goroutines", "two, ready", "verified"}}
	for _, r := range c.rows {
		lines = append(lines, []string{r.label(),
			r.cell(byStrings, duration), c.over(r, byStrings, mapsName, byStrings),
			r.cell(readyAgain, duration), c.over(r, readyAgain, bitsetName, readyAgain),
			r.cell(readyRandom, duration), c.over(r, readyRandom, mapsName, byStrings),
			r.cell(compoundReady, duration), c.over(r, compoundReady, mapsName, compoundReady),
			r.cell(allocs, plain), r.cell(twoStrings, ratio), r.cell(twoReady, ratio), thousands(r.verified)})
	}
	return table(lines)
}

// restTable is what everything else costs.
func (c *contest) restTable() string {
	lines := [][]string{{"peer", "load", "heap", "assign or deassign", "grant or revoke", "revoke effective?"}}
	for _, r := range c.rows {
		lines = append(lines, []string{r.label(), r.cell(loading, duration), r.cell(heapTotal, megabytes),
			r.cell(assignChange, duration), r.cell(grantChange, duration), r.effective()})
	}
	return table(lines)
}

// label sets the bounds apart from the libraries.
func (r *row) label() string {
	if r.bound {
		return "*" + r.name + "*"
	}
	return r.name
}

func (r *row) cell(column string, format func(float64) string) string {
	if v, ok := r.values[column]; ok {
		return format(v)
	}
	return none
}

func (r *row) effective() string {
	if r.revoke {
		return "yes"
	}
	return "**no**"
}

// over is a row's value as a multiple of a bound's.
func (c *contest) over(r *row, column, bound, boundColumn string) string {
	if v, ok := c.quotient(r.name, column, bound, boundColumn); ok {
		return significant(v)
	}
	return none
}

func (c *contest) quotient(name, column, bound, boundColumn string) (float64, bool) {
	v, ok1 := c.value(name, column)
	of, ok2 := c.value(bound, boundColumn)
	return v / of, ok1 && ok2 && of > 0
}

// growth is how the time of a check grows for each peer, and all costs of rbac.
func (r *report) growth() string {
	lines := [][]string{append([]string{"check by strings"}, r.heads(r.compared())...)}
	for _, p := range peers {
		lines = append(lines, append([]string{p.name}, line(r.compared(), p.name, byStrings, duration)...))
	}
	return table(lines) + "\n" + r.growthOf(rbacName) + "\n" + r.growthOf(sqliteName)
}

func (r *report) heads(contests []*contest) (heads []string) {
	for _, c := range contests {
		heads = append(heads, fmt.Sprintf("%s (%s users)", c.Name, thousands(c.Users)))
	}
	return heads
}

func line(contests []*contest, name, column string, format func(float64) string) (cells []string) {
	for _, c := range contests {
		if r := c.row(name); r != nil {
			cells = append(cells, r.cell(column, format))
		} else {
			cells = append(cells, none)
		}
	}
	return cells
}

// growthOf is all that was measured of one peer, world by world.
func (r *report) growthOf(name string) string {
	var worlds []*contest
	for _, c := range r.contests {
		if _, ok := c.value(name, byStrings); ok {
			worlds = append(worlds, c)
		}
	}
	if len(worlds) == 0 {
		return ""
	}
	lines := [][]string{append([]string{name}, r.heads(worlds)...)}
	for _, c := range rbacColumns {
		lines = append(lines, append([]string{c.name}, line(worlds, name, c.name, c.format)...))
	}
	return table(lines)
}

// rbacColumns are all that is measured of rbac.
var rbacColumns = []struct {
	name   string
	format func(float64) string
}{
	{byStrings, duration}, {readyAgain, duration}, {readyRandom, duration}, {compoundReady, duration},
	{allocs, plain}, {readyAllocs, plain}, {identifyAllocs, plain}, {twoStrings, ratio}, {twoReady, ratio},
	{identifyOne, duration}, {identifyRandom, duration}, {missing, duration}, {guardedCookie, duration}, {guardedBearer, duration},
	{assignChange, duration}, {grantChange, duration}, {loading, duration}, {loadingUsers, duration}, {opening, duration},
	{heapRecords, megabytes}, {heapPolicy, megabytes}, {heapCached, megabytes},
}

// compact is the table of the README.
func (r *report) compact() string {
	worlds := r.compared()
	last := worlds[len(worlds)-1]
	head := []string{"peer"}
	for _, c := range worlds {
		head = append(head, "by strings, "+c.Name)
	}
	lines := [][]string{append(head, "ready, "+last.Name, "compound, "+last.Name, "heap, "+last.Name, "a change, "+last.Name, "revoke effective?")}
	for _, row := range last.rows {
		cells := append([]string{row.label()}, line(worlds, row.name, byStrings, duration)...)
		lines = append(lines, append(cells, row.cell(readyRandom, duration), row.cell(compoundReady, duration),
			row.cell(heapTotal, megabytes), row.cell(assignChange, duration), row.effective()))
	}
	return fmt.Sprintf("%s. %s. rbac is that of this tree; %s.\n\n%s", r.date, r.machine, strings.Join(r.versions, ", "), table(lines))
}
