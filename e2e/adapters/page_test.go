package adapters

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// mostLines bounds the length of glue, not counting empty lines: longer glue
// shows that a primitive is missing. A login at an identity provider and a
// WebSocket are no glue but flows, with checks that a host must not leave out.
const mostLines, mostFlowLines = 15, 50

// Each block of Go in docs/adapters.md stands in a file of this module, where
// the block is compiled and run. No block is long.
func TestPageIsCompiled(t *testing.T) {
	code := goFiles(t)
	blocks := regexp.MustCompile("(?s)```go\n(.*?)```").FindAllStringSubmatch(readPage(t), -1)
	if len(blocks) < 13 {
		t.Fatalf("only %d blocks are found", len(blocks))
	}
	for _, block := range blocks {
		if !strings.Contains(code, squeeze(block[1])) {
			t.Errorf("no file has\n%s", block[1])
		}
		lines := 0
		for line := range strings.Lines(block[1]) {
			if strings.TrimSpace(line) != "" {
				lines++
			}
		}
		most := mostLines
		if strings.Contains(block[1], "openID") || strings.Contains(block[1], "socket") {
			most = mostFlowLines
		}
		if lines > most {
			t.Errorf("%d lines are too many:\n%s", lines, block[1])
		}
	}
}

// The versions on the page are the versions that the tests run with.
func TestPageSaysTheVersions(t *testing.T) {
	mod, err := os.ReadFile("go.mod")
	if err != nil {
		t.Fatal(err)
	}
	rows := regexp.MustCompile("\\| `(\\S+)` \\| (v\\S+) \\|").FindAllStringSubmatch(readPage(t), -1)
	if len(rows) != 9 {
		t.Fatalf("%d modules are listed, want 9", len(rows))
	}
	for _, row := range rows {
		if !strings.Contains(string(mod), row[1]+" "+row[2]+"\n") {
			t.Errorf("the tests do not run with %s %s", row[1], row[2])
		}
	}
}

func readPage(t *testing.T) string {
	t.Helper()
	page, err := os.ReadFile("../../docs/adapters.md")
	if err != nil {
		t.Fatal(err)
	}
	return string(page)
}

// goFiles returns the text of all Go files of this module.
func goFiles(t *testing.T) string {
	t.Helper()
	files, err := filepath.Glob("*.go")
	if err != nil {
		t.Fatal(err)
	}
	var all strings.Builder
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		all.WriteString(squeeze(string(text)) + "\n")
	}
	return all.String()
}

// squeeze replaces each run of white space by one space.
func squeeze(text string) string { return strings.Join(strings.Fields(text), " ") }
