package main

import (
	"encoding/xml"
	"errors"
	"io"
	"strings"
	"testing"
	"time"
)

// sampleReport returns a report with invented figures.
func sampleReport() *report {
	values := func(ns float64) map[string]float64 {
		return map[string]float64{byStrings: ns, readyAgain: ns / 2, readyRandom: ns / 2, compoundReady: ns, twoStrings: 1.5, twoReady: 1.9,
			assignChange: 4000, grantChange: 6000, allocs: 0, readyAllocs: 0, identifyAllocs: 0, heapPolicy: 20e6, heapCached: 30e6}
	}
	c := &comparison{size: sizes[0], rows: []*row{
		{peer: &peer{name: rbacName}, values: values(50), verified: 65536, revoke: true},
		{peer: &peer{name: "OPA"}, values: map[string]float64{byStrings: 2.5e4}, verified: 900},
		{peer: &peer{name: mapsName, bound: true}, values: values(100), revoke: true},
		{peer: &peer{name: bitsetName, bound: true}, values: values(4), revoke: true},
	}}
	l := *c
	l.size = sizes[2]
	return &report{date: "2026-01-02", machine: "a machine", comparisons: []*comparison{c, &l},
		services: []*serviceRow{
			{service: service{name: openService, open: true}, samples: []float64{10e3, 30e3, 11e3}},
			{service: service{name: guardService}, samples: []float64{20e3, 60e3, 22e3}, revokeSeen: true, logoutSeen: true},
			{service: service{name: gorillaService}, samples: []float64{40e3, 119e3, 50e3}, revokeSeen: true},
		},
		stores: []*storeRow{
			{name: "memory", logins: 50e6, updates: 20e3, cold: 5e3, delays: []float64{1e6, 3e6, 2e6}},
			{name: "SQLite", logins: 50e6, updates: 200e3, cold: 50e3, delays: []float64{1e6, 300e6, 90e6}},
		},
	}
}

// Tables show each value in the unit that fits and as a multiple of the bound.
// A dash stands for a missing value.
func TestTables(t *testing.T) {
	r := sampleReport()
	for _, c := range []struct{ what, text, want string }{
		{"checks", r.comparisons[0].checkTable(), "| rbac | 50 ns | 0.50 | 25 ns | 12 | 25 ns | 0.25 | 50 ns | 0.50 | 0 | 1.5 × | 1.9 × | 65,536 |\n"},
		{"a peer that lacks columns", r.comparisons[0].checkTable(), "| OPA | 25 µs | 250 | – | – | – | – | – | – | – | – | – | 900 |\n"},
		{"a bound", r.comparisons[0].checkTable(), "| *plain maps* | 100 ns | 1.0 |"},
		{"the rest", r.comparisons[0].restTable(), "| rbac | – | – | 4.0 µs | 6.0 µs | yes |\n"},
		{"revokes that are not seen", r.comparisons[0].restTable(), "| OPA | – | – | – | – | **no** |\n"},
		{"the README's", r.compact(), "| peer | by strings, S | by strings, L | ready, L |"},
		{"the README's", r.compact(), "| rbac | 50 ns | 50 ns | 25 ns | 50 ns | – | 4.0 µs | yes |\n"},
		{"growth", r.growth(), "| OPA | 25 µs | 25 µs |\n"},
		{"services", r.serviceTable(), "| net/http, no guard | 90,900 | 1.0 × | 4.0 × | – | – |\n"},
		{"services", r.serviceTable(), "| httpguard, memory | 45,500 | 0.50 × | 2.0 × | refused | refused |\n"},
		{"services", r.serviceTable(), "| gorilla/sessions and a map | 20,000 | 0.25 × | 1.0 × | refused | **served** |\n"},
		{"stores", r.storeTable(), "| SQLite | 20 | 5,000 | 20,000 | 90 ms | 300 ms |\n"},
		{"the whole", r.markdown(), "## Services\n\n| service |"},
		{"the whole", r.markdown(), "## Stores\n\n| store |"},
		{"the whole", r.markdown(), "## L: 100,000 users, 10,000 groups, 50,000 permissions\n"},
	} {
		if !strings.Contains(c.text, c.want) {
			t.Errorf("%s: want %q in\n%s", c.what, c.want, c.text)
		}
	}
}

// Every line of a table has as many cells as the head, and a line follows the
// head.
func TestTableIsRegular(t *testing.T) {
	for _, text := range strings.Split(sampleReport().markdown(), "\n\n") {
		if !strings.HasPrefix(text, "|") {
			continue
		}
		lines := strings.Split(strings.TrimSpace(text), "\n")
		if !strings.HasPrefix(lines[1], "|---|---:|") {
			t.Errorf("no line below the head: %q", lines[1])
		}
		for _, line := range lines {
			if strings.Count(line, "|") != strings.Count(lines[0], "|") {
				t.Errorf("%q has another number of cells than %q", line, lines[0])
			}
		}
	}
}

// An aim passes only if it was measured and reached everywhere. A miss says by
// how much.
func TestAims(t *testing.T) {
	r := sampleReport()
	at := func(limit float64, least bool, v ...float64) string {
		i := 0
		a := aim{what: "x", limit: limit, least: least, where: []string{"S", "L"}, format: plain, value: func(*report, string) (float64, bool) {
			i++
			return v[i-1], v[i-1] >= 0
		}}
		return strings.Join(a.line(r)[1:], "; ")
	}
	for _, c := range []struct{ got, want string }{
		{at(100, false, 99, 100), "≤ 100; S 99, L 100; pass"},
		{at(100, false, 50, 250), "≤ 100; S 50, L 250; **miss**: 2.5 × the limit"},
		{at(100, false, 250, 50), "≤ 100; S 250, L 50; **miss**: 2.5 × the limit"},
		{at(100, false, 50, -1), "≤ 100; S 50; not measured everywhere"},
		{at(100, false, -1, 250), "≤ 100; L 250; **miss**: 2.5 × the limit"},
		{at(100, false, -1, -1), "≤ 100; –; not measured everywhere"},
		{at(0, false, 0, 0), "≤ 0; S 0, L 0; pass"},
		{at(0, false, 0, 4), "≤ 0; S 0, L 4; **miss** by 4"},
		{at(100, true, 100, 101), "≥ 100; S 100, L 101; pass"},
		{at(100, true, 100, 50), "≥ 100; S 100, L 50; **miss**: 0.50 of the limit"},
	} {
		if c.got != c.want {
			t.Errorf("%q, want %q", c.got, c.want)
		}
	}
	for _, want := range []string{
		"| heap beyond the store's records, every user cached | ≤ 60 MB | L 50 MB | pass |",
		"| two goroutines, × one (the smaller of by strings and ready) | ≥ 1.6 × | S 1.5 ×, L 1.5 × | **miss**: 0.94 of the limit |",
		"| a guarded request over loopback, requests/s × gorilla/sessions and a map | ≥ 2.0 × | loopback 2.0 × | pass |",
		"| a revocation refused by every other Authority, the longest | ≤ 1.0 s | all stores 300 ms | pass |",
	} {
		if got := r.aims(); !strings.Contains(got, want) {
			t.Errorf("want %q in\n%s", want, got)
		}
	}
}

func TestFormats(t *testing.T) {
	for _, c := range []struct{ got, want string }{
		{duration(0.96), "0.96 ns"}, {duration(4), "4.0 ns"}, {duration(62.4e6), "62 ms"}, {duration(1500), "1.5 µs"}, {duration(-1500), "-1.5 µs"}, {duration(0), "0 ns"},
		{megabytes(85e6), "85 MB"}, {significant(0.0371), "0.037"}, {significant(4752), "4752"},
		{thousands(999), "999"}, {thousands(1000), "1,000"}, {thousands(1234567), "1,234,567"},
	} {
		if c.got != c.want {
			t.Errorf("%q, want %q", c.got, c.want)
		}
	}
}

// The plot is well-formed, has a line and a name for each peer that was
// measured everywhere, and colours for light and dark pages.
func TestPlot(t *testing.T) {
	svg := sampleReport().plot()
	d := xml.NewDecoder(strings.NewReader(svg))
	for {
		if _, err := d.Token(); errors.Is(err, io.EOF) {
			break
		} else if err != nil {
			t.Fatalf("%v in\n%s", err, svg)
		}
	}
	for _, want := range []string{">rbac, 50 ns<", ">OPA, 25 µs<", ">plain maps, 100 ns<", ">rbac, ready predicate, 25 ns<", "prefers-color-scheme:dark"} {
		if !strings.Contains(svg, want) {
			t.Errorf("%q is not in\n%s", want, svg)
		}
	}
	for _, p := range peers {
		if plotClasses[p.name] == "" {
			t.Errorf("%s has no colour", p.name)
		}
	}
}

// Names at the ends of lines never overlap and stay in the frame, wherever the
// lines end.
func TestNamesStandApart(t *testing.T) {
	p := &plotter{high: 8}
	for _, ends := range [][]float64{{1e7, 50, 49, 2, 1.5, 1}, {1e8, 9.9e7, 9.8e7, 9.7e7, 3}} {
		var lines []plotLine
		for _, ns := range ends {
			lines = append(lines, plotLine{values: []float64{ns}})
		}
		at := p.apart(lines)
		for i, y := range at {
			if y < top || y > bottom || i > 0 && y-at[i-1] < labelHeight-0.001 {
				t.Errorf("name %d stands at %v, of %v", i, y, at)
			}
		}
	}
}

// Only the text between the markers is replaced. A document without markers is
// an error.
func TestBetween(t *testing.T) {
	got, err := between("a\n<!-- bench: x -->\nold\n<!-- end of bench: x -->\nb\n", "x", "new\n")
	if want := "a\n<!-- bench: x -->\nnew\n<!-- end of bench: x -->\nb\n"; err != nil || got != want {
		t.Errorf("%q, %v", got, err)
	}
	for _, document := range []string{"", "<!-- bench: x -->\n", "<!-- end of bench: x -->", "<!-- bench: y -->\n<!-- end of bench: y -->"} {
		if _, err := between(document, "x", "new"); err == nil {
			t.Errorf("%q: no error", document)
		}
	}
}

// The value of a series is the median, which one disturbed sample does not
// move. If samples have few questions the value is the mean: easy and hard
// questions count alike.
func TestValueOfSeries(t *testing.T) {
	disturbed := []float64{10, 12, 11, 900, 13}
	if got := (&series{values: disturbed}).value(); got != 12 {
		t.Errorf("median: %v", got)
	}
	if got := (&series{values: disturbed, cycle: &cycle{ops: enough}}).value(); got != 12 {
		t.Errorf("median of large samples: %v", got)
	}
	if got := (&series{values: []float64{1, 3, 8}, cycle: &cycle{ops: 1}}).value(); got != 4 {
		t.Errorf("mean: %v", got)
	}
	if got := median([]float64{4, 1, 3, 2}); got != 2.5 {
		t.Errorf("median of four: %v", got)
	}
}

// Series are sampled in turns and equally often, but a series with long samples
// less often.
func TestInterleave(t *testing.T) {
	var order []string
	quick := func(name string) *series {
		return &series{take: func(time.Duration) (float64, error) { order = append(order, name); return 1, nil }}
	}
	a, b := quick("a"), quick("b")
	if err := interleave([]*series{a, b}, time.Minute); err != nil || len(a.values) != mostRounds || len(b.values) != mostRounds {
		t.Fatalf("%d and %d samples, %v", len(a.values), len(b.values), err)
	}
	if got := strings.Join(order[:8], ""); got != "abbaabba" {
		t.Errorf("the order is %s: the first of one round is to be the last of the next", got)
	}
	slow := quick("slow")
	if err := interleave([]*series{slow}, 0); err != nil || len(slow.values) != leastRounds {
		t.Errorf("%d samples of what takes longer than its share, %v", len(slow.values), err)
	}
	wrong := errors.New("wrong")
	if err := interleave([]*series{{take: func(time.Duration) (float64, error) { return 0, wrong }}}, time.Minute); !errors.Is(err, wrong) {
		t.Errorf("a sample that fails: %v", err)
	}
}

// A cycle asks every question in turn, and begins again after the last.
func TestCourse(t *testing.T) {
	var asked []int
	c := &cycle{n: 3, ask: func(from, to int) int {
		for i := from; i < to; i++ {
			asked = append(asked, i)
		}
		return 0
	}}
	c.run(2)
	c.run(5)
	if want := []int{0, 1, 2, 0, 1, 2, 0}; len(asked) != len(want) || asked[2] != 2 || asked[3] != 0 || c.at != 1 {
		t.Errorf("%v, then %d", asked, c.at)
	}
}

// A cycle whose answers must all be yes fails after another answer.
func TestCycleOfYesOnly(t *testing.T) {
	c := &cycle{n: 10, every: true, ask: func(from, to int) int { return to - from }}
	if _, err := c.take(time.Microsecond); err != nil {
		t.Error(err)
	}
	c = &cycle{n: 10, every: true, ask: func(from, to int) int { return to - from - 1 }}
	if _, err := c.take(time.Microsecond); err == nil {
		t.Error("no error after a refusal")
	}
}

// A run renews the tables that it measured completely, and no others.
func TestDocumentTables(t *testing.T) {
	measured := func(r *report) string {
		var names []string
		for _, d := range r.documentTables() {
			if d.measured {
				names = append(names, d.name)
				if !strings.Contains(d.text(), "|---|") {
					t.Errorf("%s is no table", d.name)
				}
			}
		}
		return strings.Join(names, " ")
	}
	r := sampleReport()
	if got, want := measured(r), "services services stores"; got != want {
		t.Errorf("without M: %q, want %q", got, want)
	}
	m, p, x := *r.comparisons[0], *r.comparisons[0], *r.comparisons[0]
	m.size, p.size, x.size = sizes[1], grants100k, million
	r.comparisons = append(r.comparisons, &m, &p)
	if got, want := measured(r), "services compared services stores aims growth"; got != want {
		t.Errorf("with all parts: %q, want %q", got, want)
	}
	x.rows = []*row{{peer: &peer{name: sqliteName}, values: x.rows[0].values}}
	if got := measured(&report{comparisons: []*comparison{&x}}); got != "million" {
		t.Errorf("with X alone: %q", got)
	}
}
