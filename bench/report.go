package main

import (
	"fmt"
	"os"
	"runtime"
	"runtime/debug"
	"slices"
	"strings"
	"time"
)

// report is everything that one run measured.
type report struct {
	date        string
	machine     string
	versions    []string // of the libraries
	services    []*serviceRow
	stores      []*storeRow
	comparisons []*comparison
}

// newReport returns a report before the run.
func newReport() *report {
	return &report{date: time.Now().Format(time.DateOnly), machine: machine(), versions: versions()}
}

func machine() string {
	return fmt.Sprintf("%s, GOMAXPROCS %d, %s, %s/%s%s", processor(), runtime.GOMAXPROCS(0), runtime.Version(), runtime.GOOS, runtime.GOARCH, loadAverage())
}

// loadAverage says how busy other programs keep the machine.
func loadAverage() string {
	averages, err := os.ReadFile("/proc/loadavg")
	if fields := strings.Fields(string(averages)); err == nil && len(fields) > 0 {
		return ", load average before the run " + fields[0]
	}
	return ""
}

// processor returns the model of the processor, if the system knows the model.
func processor() string {
	info, _ := os.ReadFile("/proc/cpuinfo")
	for line := range strings.Lines(string(info)) {
		if name, model, ok := strings.Cut(line, ":"); ok && strings.TrimSpace(name) == "model name" {
			return strings.TrimSpace(model)
		}
	}
	return "an unknown processor"
}

// versions returns the versions of the libraries that are compared.
func versions() []string {
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return nil
	}
	compared := func(m *debug.Module) bool {
		return slices.ContainsFunc(peers, func(p peer) bool { return p.module == m.Path }) ||
			slices.ContainsFunc(services, func(s service) bool { return s.module == m.Path })
	}
	var list []string
	for _, m := range info.Deps {
		if compared(m) {
			list = append(list, m.Path+" "+m.Version)
		}
	}
	return list
}

// compared returns the comparisons of all peers.
func (r *report) compared() []*comparison {
	return slices.DeleteFunc(slices.Clone(r.comparisons), func(c *comparison) bool { return len(c.rows) == 1 })
}

// comparison returns the comparison in a world; nil if the world was left out.
func (r *report) comparison(size string) *comparison {
	for _, c := range r.comparisons {
		if c.Name == size {
			return c
		}
	}
	return nil
}

// row returns the row of a peer; nil if the peer was left out.
func (c *comparison) row(name string) *row {
	for _, r := range c.rows {
		if r.name == name {
			return r
		}
	}
	return nil
}

// value returns a measured value of a peer.
func (c *comparison) value(name, column string) (float64, bool) {
	r := c.row(name)
	if r == nil {
		return 0, false
	}
	v, ok := r.values[column]
	return v, ok
}

// quotient returns a value of a peer as a multiple of a value of a bound.
func (c *comparison) quotient(name, column, bound, boundColumn string) (float64, bool) {
	v, ok1 := c.value(name, column)
	of, ok2 := c.value(bound, boundColumn)
	return v / of, ok1 && ok2 && of > 0
}
