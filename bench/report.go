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

// report is all that was measured in one run.
type report struct {
	date     string
	machine  string
	versions []string
	contests []*contest
}

// newReport is a report before the run.
func newReport() *report {
	return &report{date: time.Now().Format(time.DateOnly), machine: machine(), versions: versions()}
}

func machine() string {
	return fmt.Sprintf("%s, GOMAXPROCS %d, %s, %s/%s%s", processor(), runtime.GOMAXPROCS(0), runtime.Version(), runtime.GOOS, runtime.GOARCH, load())
}

// load is how busy others keep the machine: two goroutines cannot do more than the processors that are left to them.
func load() string {
	averages, err := os.ReadFile("/proc/loadavg")
	if fields := strings.Fields(string(averages)); err == nil && len(fields) > 0 {
		return ", load average before the run " + fields[0]
	}
	return ""
}

// processor is its model, where the system tells it.
func processor() string {
	info, _ := os.ReadFile("/proc/cpuinfo")
	for line := range strings.Lines(string(info)) {
		if name, model, ok := strings.Cut(line, ":"); ok && strings.TrimSpace(name) == "model name" {
			return strings.TrimSpace(model)
		}
	}
	return "a processor that does not tell its name"
}

// versions are those of the modules of the peers.
func versions() []string {
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return nil
	}
	var list []string
	for _, m := range info.Deps {
		if slices.ContainsFunc(peers, func(p peer) bool { return p.module == m.Path }) {
			list = append(list, m.Path+" "+m.Version)
		}
	}
	return list
}

// row finds a peer; nil if it was not measured.
func (c *contest) row(name string) *row {
	for _, r := range c.rows {
		if r.name == name {
			return r
		}
	}
	return nil
}

// value is what was measured of a peer.
func (c *contest) value(name, column string) (float64, bool) {
	r := c.row(name)
	if r == nil {
		return 0, false
	}
	v, ok := r.values[column]
	return v, ok
}

// compared are the contests of all peers.
func (r *report) compared() []*contest {
	return slices.DeleteFunc(slices.Clone(r.contests), func(c *contest) bool { return len(c.rows) == 1 })
}

func (r *report) contest(size string) *contest {
	for _, c := range r.contests {
		if c.Name == size {
			return c
		}
	}
	return nil
}
