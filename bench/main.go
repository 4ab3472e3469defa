package main

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"
)

func main() {
	var o options
	flag.StringVar(&o.parts, "parts", "services,stores,checks", "the `parts` to measure")
	flag.StringVar(&o.sizes, "sizes", "S,M,L,P", "the `worlds` of the checks: all peers in S, M and L; rbac's policy in P, with 100,000 grants; rbac on SQLite in X, with a million users")
	flag.DurationVar(&o.budget, "budget", 20*time.Second, "the `time` for sampling the services, the stores, and each world; loading and verifying come on top")
	flag.StringVar(&o.out, "out", ".", "the `folder` for results.md and latency.svg")
	flag.BoolVar(&o.renew, "renew", false, "renew the tables of ../README.md and ../docs/performance.md that the run measured")
	flag.IntVar(&o.console, "console", 0, "measure only the pages of the console, in a store with that many `users`, a tenth of that many groups and ten times that many changes")
	flag.Parse()
	if err := run(o); err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
}

type options struct {
	parts, sizes string
	budget       time.Duration
	out          string
	renew        bool
	console      int // users; zero: everything else
}

func run(o options) error {
	if o.console > 0 {
		return measureConsole(o.console, o.budget, newProgress())
	}
	r := newReport()
	if err := r.measure(o); err != nil {
		return err
	}
	fmt.Println(r.markdown())
	if err := os.WriteFile(filepath.Join(o.out, "results.md"), []byte(r.markdown()), 0o644); err != nil {
		return err
	}
	if len(r.compared()) > 0 {
		if err := os.WriteFile(filepath.Join(o.out, "latency.svg"), []byte(r.plot()), 0o644); err != nil {
			return err
		}
	}
	if o.renew {
		return r.renew()
	}
	return nil
}

// newProgress returns a function that tells a waiting person what is going on,
// and since when.
func newProgress() func(string, ...any) {
	start := time.Now()
	return func(format string, args ...any) {
		fmt.Fprintf(os.Stderr, "%5.0f s  %s\n", time.Since(start).Seconds(), fmt.Sprintf(format, args...))
	}
}

// measure runs the parts of the benchmark.
func (r *report) measure(o options) (err error) {
	progress := newProgress()
	for part := range strings.SplitSeq(o.parts, ",") {
		switch part {
		case "services":
			r.services, err = compareServices(services, o.budget, progress)
		case "stores":
			r.stores, err = compareStores(backends, o.budget, progress)
		case "checks":
			r.comparisons, err = compareChecks(o, progress)
		default:
			err = fmt.Errorf("there is no part of that name")
		}
		if err != nil {
			return fmt.Errorf("%s: %w", part, err)
		}
	}
	return nil
}

func compareChecks(o options, progress func(string, ...any)) (all []*comparison, err error) {
	for name := range strings.SplitSeq(o.sizes, ",") {
		c, err := compareNamed(name, o.budget, progress)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", name, err)
		}
		all = append(all, c)
	}
	return all, nil
}

func compareNamed(name string, budget time.Duration, progress func(string, ...any)) (*comparison, error) {
	switch name {
	case grants100k.Name:
		progress("%s: the policy", name)
		return loadPolicy(grants100k)
	case million.Name:
		return comparePeers(million, budget, slices.DeleteFunc(slices.Clone(peers), func(p peer) bool { return p.name != sqliteName }), progress)
	}
	for _, s := range sizes {
		if s.Name == name {
			return comparePeers(s, budget, peers, progress)
		}
	}
	return nil, fmt.Errorf("there is no world of that name")
}
