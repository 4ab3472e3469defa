package rbactest_test

import (
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// Each block of Go in docs/testing.md stands in a test file, so that it is compiled and run.
func TestPageIsCompiled(t *testing.T) {
	page, err := os.ReadFile("../docs/testing.md")
	if err != nil {
		t.Fatal(err)
	}
	blocks := regexp.MustCompile("(?s)```go\n(.*?)```").FindAllStringSubmatch(string(page), -1)
	if len(blocks) < 8 {
		t.Fatalf("only %d blocks are found", len(blocks))
	}
	code := testFiles(t)
	for _, block := range blocks {
		if !strings.Contains(code, squeeze(block[1])) {
			t.Errorf("no test file has\n%s", block[1])
		}
	}
}

// testFiles is the text of all test files of the repository.
func testFiles(t *testing.T) string {
	t.Helper()
	var all strings.Builder
	err := filepath.WalkDir("..", func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || !strings.HasSuffix(path, "_test.go") {
			return err
		}
		text, err := os.ReadFile(path)
		all.WriteString(squeeze(string(text)) + "\n")
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return all.String()
}

// squeeze makes all white space alike.
func squeeze(text string) string { return strings.Join(strings.Fields(text), " ") }
