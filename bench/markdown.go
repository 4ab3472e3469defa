package main

import (
	"fmt"
	"strings"
)

// markdown returns the whole report.
func (r *report) markdown() string {
	var b strings.Builder
	fmt.Fprintf(&b, "# rbac and its peers, side by side\n\n%s. %s.\n\n", r.date, r.machine)
	fmt.Fprintf(&b, "Written by `go run .` in this folder. [docs/performance.md](../docs/performance.md) explains the method and each column. "+
		"Times are medians of samples taken in turns within one run; compare them with each other, not with those of another run.\n\n")
	fmt.Fprintf(&b, "rbac is the version of this tree; the others: %s.\n\n", strings.Join(r.versions, ", "))
	if len(r.services) > 0 {
		fmt.Fprintf(&b, "## Services\n\n%s\n", r.serviceTable())
	}
	if len(r.stores) > 0 {
		fmt.Fprintf(&b, "## Stores\n\n%s\n", r.storeTable())
	}
	fmt.Fprintf(&b, "## Aims\n\n%s\n", r.aims())
	if len(r.compared()) == 0 {
		return b.String()
	}
	b.WriteString("![Time of a check over the size of the world](latency.svg)\n\n")
	for _, c := range r.compared() {
		fmt.Fprintf(&b, "## %s: %s users, %s groups, %s permissions\n\n", c.Name, thousands(c.Users), thousands(c.Groups), thousands(c.Permissions))
		fmt.Fprintf(&b, "%s\n%s\n", c.checkTable(), c.restTable())
	}
	fmt.Fprintf(&b, "%s\n## Growth\n\n%s", notes, r.growth())
	return b.String()
}

const notes = `## Notes

- **–**: the peer lacks the ability, or no check would ever show the change.
- **casbin** is asked by names only. In compounds, groups are asked of its role manager, and the permission of Enforce.
- **casbin, cached** and **synced cached** go on allowing after a revoke for as long as the entry stays in the cache, which is
  forever unless a limit is set. The run shows this, and so a change has no time. Both are timed on questions whose answers were put into the cache.
- **cedar-go** has the world as entities: users in groups, groups in the permissions that they grant.
- **OPA** has the world as data in memory, in the form that its evaluator reads, and a prepared query for each rule.
- **plain maps** and **bitset** are bounds without locks: a change during a read would be a data race.
- **verified**: the number of probes that were compared with the truth before timing, and timed. Fewer than 65,536 if a peer takes too long for all.
`

// checkTable is the table of the checks.
func (c *comparison) checkTable() string {
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

// restTable is the table of loading, memory and changes.
func (c *comparison) restTable() string {
	lines := [][]string{{"peer", "load", "heap", "assign or deassign", "grant or revoke", "revoke effective?"}}
	for _, r := range c.rows {
		lines = append(lines, []string{r.label(), r.cell(loading, duration), r.cell(heapTotal, megabytes),
			r.cell(assignChange, duration), r.cell(grantChange, duration), r.effective()})
	}
	return table(lines)
}

// label distinguishes the bounds from the libraries.
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

// over prints a value of a row as a multiple of a value of a bound.
func (c *comparison) over(r *row, column, bound, boundColumn string) string {
	if v, ok := c.quotient(r.name, column, bound, boundColumn); ok {
		return significant(v)
	}
	return none
}

// growth is the table of checks by strings for all peers, and all columns of
// rbac.
func (r *report) growth() string {
	lines := [][]string{append([]string{"check by strings"}, heads(r.compared())...)}
	for _, p := range peers {
		lines = append(lines, append([]string{p.name}, line(r.compared(), p.name, byStrings, duration)...))
	}
	return table(lines) + "\n" + r.growthOf(rbacName, sizes) + "\n" + r.growthOf(sqliteName, append(sizes[:len(sizes):len(sizes)], million))
}

func heads(comparisons []*comparison) (heads []string) {
	for _, c := range comparisons {
		heads = append(heads, fmt.Sprintf("%s (%s users)", c.Name, thousands(c.Users)))
	}
	return heads
}

func line(comparisons []*comparison, name, column string, format func(float64) string) (cells []string) {
	for _, c := range comparisons {
		if r := c.row(name); r != nil {
			cells = append(cells, r.cell(column, format))
		} else {
			cells = append(cells, none)
		}
	}
	return cells
}

// growthOf is the table of all columns of one peer, world by world.
func (r *report) growthOf(name string, in []size) string {
	var worlds []*comparison
	for _, s := range in {
		if c := r.comparison(s.Name); c != nil && c.row(name) != nil {
			worlds = append(worlds, c)
		}
	}
	if len(worlds) == 0 {
		return ""
	}
	lines := [][]string{append([]string{name}, heads(worlds)...)}
	for _, c := range rbacColumns {
		lines = append(lines, append([]string{c.name}, line(worlds, name, c.name, c.format)...))
	}
	return table(lines)
}

// compact is the table of checks in the README.
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
	return fmt.Sprintf("%s. %s. rbac is the version of this tree; %s.\n\n%s", r.date, r.machine, strings.Join(r.versions, ", "), table(lines))
}
