package rbac_test

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// The tests that the documents name exist in the named folder.
func TestDocumentsNameRealTests(t *testing.T) {
	t.Parallel()
	code := regexp.MustCompile("(?s)```.*?```") // tests in code blocks are the reader's
	reference := regexp.MustCompile(`\b((?:Test|Fuzz|Benchmark)[A-Z]\w*)(?: \(([\w/]+)\))?`)
	named := 0
	docs, err := filepath.Glob("docs/*.md")
	must(t, err)
	for _, doc := range append(docs, "README.md") {
		text, err := os.ReadFile(doc)
		must(t, err)
		for _, m := range reference.FindAllStringSubmatch(code.ReplaceAllString(string(text), ""), -1) {
			named++
			if !hasTest(t, filepath.Join(".", m[2]), m[1]) {
				t.Errorf("%s names %s, which is not in folder %q", doc, m[1], m[2])
			}
		}
	}
	if named < 50 {
		t.Errorf("only %d tests are named; the expression finds too few", named)
	}
}

func hasTest(t *testing.T, folder, name string) bool {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(folder, "*_test.go"))
	must(t, err)
	for _, f := range files {
		text, err := os.ReadFile(f)
		must(t, err)
		if strings.Contains(string(text), "\nfunc "+name+"(") {
			return true
		}
	}
	return false
}
