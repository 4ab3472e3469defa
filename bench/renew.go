package main

import (
	"fmt"
	"os"
	"strings"
)

// The documents that have tables of the run.
const (
	readmeFile      = "../README.md"
	performanceFile = "../docs/performance.md"
)

// documentTable is a table of a document, between two markers.
type documentTable struct {
	path, name string
	measured   bool // the run measured everything in the table
	text       func() string
}

// documentTables are the tables of all documents.
func (r *report) documentTables() []documentTable {
	dated := func(text string) string { return r.date + ". " + r.machine + ".\n\n" + text }
	services, stores := len(r.services) > 0, len(r.stores) > 0
	checks := r.comparison("S") != nil && r.comparison("M") != nil && r.comparison("L") != nil
	all := services && stores && checks && r.comparison(grants100k.Name) != nil
	return []documentTable{
		{readmeFile, "services", services, func() string { return dated(r.serviceTable()) }},
		{readmeFile, "compared", checks, r.compact},
		{performanceFile, "services", services, func() string { return dated(r.serviceTable()) }},
		{performanceFile, "stores", stores, func() string { return dated(r.storeTable()) }},
		{performanceFile, "aims", all, func() string { return dated(r.aims()) }},
		{performanceFile, "growth", checks, func() string {
			return dated(r.growthOf(rbacName, sizes) + "\n" + r.growthOf(sqliteName, sizes))
		}},
		{performanceFile, "million", r.comparison(million.Name) != nil, func() string {
			return dated(r.growthOf(sqliteName, []size{million}))
		}},
	}
}

// renew writes the tables that the run measured into the documents.
func (r *report) renew() error {
	for _, t := range r.documentTables() {
		if !t.measured {
			continue
		}
		old, err := os.ReadFile(t.path)
		if err != nil {
			return err
		}
		renewed, err := between(string(old), t.name, t.text())
		if err != nil {
			return fmt.Errorf("%s: %w", t.path, err)
		}
		if err := os.WriteFile(t.path, []byte(renewed), 0o644); err != nil {
			return err
		}
	}
	return nil
}

// between replaces the text between the two markers of a name.
func between(document, name, text string) (string, error) {
	begin, end := "<!-- bench: "+name+" -->\n", "<!-- end of bench: "+name+" -->"
	before, rest, ok1 := strings.Cut(document, begin)
	_, after, ok2 := strings.Cut(rest, end)
	if !ok1 || !ok2 {
		return "", fmt.Errorf("the markers %q and %q are not there", strings.TrimSpace(begin), end)
	}
	return before + begin + text + end + after, nil
}
