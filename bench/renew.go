package main

import (
	"cmp"
	"fmt"
	"os"
	"strings"
)

// renew writes the tables into the documents, between their markers.
func (r *report) renew(wanted bool) error {
	if !wanted {
		return nil
	}
	return cmp.Or(
		renewFile("../README.md", "compared", r.compact()),
		renewFile("../docs/performance.md", "aims", fmt.Sprintf("%s. %s.\n\n%s", r.date, r.machine, r.aims())),
		renewFile("../docs/performance.md", "growth", r.growthOf(rbacName)+"\n"+r.growthOf(sqliteName)))
}

func renewFile(path, name, text string) error {
	old, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	renewed, err := between(string(old), name, text)
	if err != nil {
		return fmt.Errorf("%s: %w", path, err)
	}
	return os.WriteFile(path, []byte(renewed), 0o644)
}

// between replaces what stands between the two markers of a name.
func between(document, name, text string) (string, error) {
	begin, end := "<!-- bench: "+name+" -->\n", "<!-- end of bench: "+name+" -->"
	before, rest, ok1 := strings.Cut(document, begin)
	_, after, ok2 := strings.Cut(rest, end)
	if !ok1 || !ok2 {
		return "", fmt.Errorf("the markers %q and %q are not there", strings.TrimSpace(begin), end)
	}
	return before + begin + text + end + after, nil
}
