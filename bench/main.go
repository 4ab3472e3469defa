package main

import (
	"cmp"
	"errors"
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
	flag.StringVar(&o.sizes, "sizes", "S,M,L,P,X", "the `worlds`: all peers in S, M and L; rbac's policy in P, with 100,000 grants; rbac on SQLite in X, with a million users")
	flag.DurationVar(&o.budget, "budget", time.Minute, "the `time` for measuring in each world; loading and verifying come on top")
	flag.StringVar(&o.out, "out", ".", "the `folder` for results.md and latency.svg")
	flag.BoolVar(&o.renew, "renew", false, "renew the tables in ../README.md and ../docs/performance.md, too")
	flag.Parse()
	if err := run(o); err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
}

type options struct {
	sizes  string
	budget time.Duration
	out    string
	renew  bool
}

func run(o options) error {
	if o.renew && !strings.Contains(o.sizes, "S,M,L") {
		return errors.New("the documents are renewed by a run with S,M,L")
	}
	r := newReport()
	var err error
	if r.contests, err = holdAll(o); err != nil {
		return err
	}
	fmt.Println(r.markdown())
	return cmp.Or(
		os.WriteFile(filepath.Join(o.out, "results.md"), []byte(r.markdown()), 0o644),
		os.WriteFile(filepath.Join(o.out, "latency.svg"), []byte(r.plot()), 0o644),
		r.renew(o.renew))
}

func holdAll(o options) (all []*contest, err error) {
	start := time.Now()
	progress := func(format string, args ...any) {
		fmt.Fprintf(os.Stderr, "%5.0f s  %s\n", time.Since(start).Seconds(), fmt.Sprintf(format, args...))
	}
	for name := range strings.SplitSeq(o.sizes, ",") {
		c, err := holdNamed(name, o.budget, progress)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", name, err)
		}
		all = append(all, c)
	}
	return all, nil
}

func holdNamed(name string, budget time.Duration, progress func(string, ...any)) (*contest, error) {
	switch name {
	case grants100k.Name:
		progress("%s: the policy", name)
		return loadPolicy(grants100k)
	case million.Name:
		return hold(million, budget, slices.DeleteFunc(slices.Clone(peers), func(p peer) bool { return p.name != sqliteName }), progress)
	}
	for _, s := range sizes {
		if s.Name == name {
			return hold(s, budget, peers, progress)
		}
	}
	return nil, fmt.Errorf("there is no world of that name")
}
