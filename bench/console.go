package main

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"
)

// The limits of a page of the console in the largest world.
const (
	mostTime        = 150 * time.Millisecond // p95
	mostPreviewTime = 3 * time.Second        // p95
	mostBytes       = 300_000
)

// measureConsole prints the table of the pages of the console in a world with
// that many users. The error says which pages are too large or missing: times
// depend on the machine, and are marked only.
func measureConsole(users int, budget time.Duration, progress func(string, ...any)) (err error) {
	w := newConsoleWorld(users)
	progress("console: loading %s users, %s groups, %s permissions, %s changes", thousands(w.users), thousands(w.groups), thousands(w.permissions), thousands(w.changes))
	s, err := startConsole(w, progress)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, s.stop()) }()
	progress("console: looking for pages")
	rows, err := s.explore()
	if err != nil {
		return err
	}
	progress("console: %d kinds of pages, in turns", len(rows))
	if err := s.sample(rows, budget); err != nil {
		return err
	}
	fmt.Printf("%s. %s users, %s groups, %s permissions, %s changes on SQLite. %s.\n\n%s",
		time.Now().Format(time.DateOnly), thousands(w.users), thousands(w.groups), thousands(w.permissions), thousands(w.changes), machine(), consoleTable(rows))
	return tooLarge(rows)
}

// consoleRow is a kind of page: the requests for a page of the console with the
// same parameters.
type consoleRow struct {
	name     string
	requests []consoleRequest
	once     bool // measured when the page was found, since the page is kept
	preview  bool

	times     []time.Duration // of the answers
	processor []time.Duration // of the answers; see processorTime
	bytes     int             // of the largest answer
}

// sample requests each kind of page in turns, until the budget is spent, and at
// least once. In its turn, a fast page is requested several times.
func (s *consoleSite) sample(rows []*consoleRow, budget time.Duration) error {
	const turn, mostInTurn = 250 * time.Millisecond, 10
	for end := time.Now().Add(budget); ; {
		for _, r := range rows {
			begin := time.Now()
			for n := 0; !r.once && n < mostInTurn && (n == 0 || time.Since(begin) < turn); n++ {
				if _, err := s.request(r, r.requests[len(r.times)%len(r.requests)]); err != nil {
					return err
				}
			}
		}
		if !time.Now().Before(end) {
			return nil
		}
	}
}

// percentile returns the time that a share of the samples does not exceed.
func percentile(samples []time.Duration, share float64) time.Duration {
	sorted := slices.Sorted(slices.Values(samples))
	return sorted[min(int(share*float64(len(sorted))), len(sorted)-1)]
}

// limit returns the longest time for the page. A page that is kept for a while
// has no limit when it is made.
func (r *consoleRow) limit() time.Duration {
	switch {
	case r.once:
		return 1<<63 - 1
	case r.preview:
		return mostPreviewTime
	}
	return mostTime
}

// consoleTable is the table of the pages, the slowest first.
func consoleTable(rows []*consoleRow) string {
	slices.SortStableFunc(rows, func(a, b *consoleRow) int { return cmp.Compare(percentile(b.times, .95), percentile(a.times, .95)) })
	lines := [][]string{{"page", "requests", "p50", "p95", "processor, p50", "KB", fmt.Sprintf("p95 ≤ %v (preview: %v), ≤ %d KB", mostTime, mostPreviewTime, mostBytes/1000)}}
	for _, r := range rows {
		var over []string
		if percentile(r.times, .95) > r.limit() {
			over = append(over, "**over**: slow")
		}
		if r.bytes > mostBytes {
			over = append(over, "**over**: large")
		}
		lines = append(lines, []string{r.name, plain(float64(len(r.times))), duration(float64(percentile(r.times, .5))), duration(float64(percentile(r.times, .95))),
			duration(float64(percentile(r.processor, .5))), plain(float64(r.bytes) / 1000), strings.Join(over, ", ")})
	}
	return table(lines)
}

func tooLarge(rows []*consoleRow) (err error) {
	for _, r := range rows {
		if r.bytes > mostBytes {
			err = errors.Join(err, fmt.Errorf("the page %s has %s bytes, more than %s", r.name, thousands(r.bytes), thousands(mostBytes)))
		}
	}
	return err
}
