package rbac_test

import (
	"os"
	"strings"
	"testing"
	"unicode/utf8"
)

const (
	mostColumns = 100 // of a comment, with tabs of four columns; 80 is usual
	mostLines   = 400 // of a file
)

// Comments fit on a screen, and a file is about one noun.
func TestSourcesAreReadable(t *testing.T) {
	files := 0
	for _, file := range trackedFiles(t) {
		if !strings.HasSuffix(file, ".go") {
			continue
		}
		text, err := os.ReadFile(file)
		if os.IsNotExist(err) {
			continue // deleted in the working tree
		}
		must(t, err)
		files++
		for _, fault := range sourceFaults(string(text)) {
			t.Errorf("%s: %s", file, fault)
		}
	}
	if files < 300 {
		t.Fatalf("git lists %d Go files; the test would prove nothing", files)
	}
}

// sourceFaults returns the comments of a Go file that are too wide, and a note
// if the file is too long. Code in a comment, directives and the expected output
// of an example may be wide.
func sourceFaults(text string) (faults []string) {
	lines := strings.Split(strings.TrimSuffix(text, "\n"), "\n")
	if len(lines) > mostLines {
		faults = append(faults, "the file is longer than 400 lines")
	}
	output := false // in the expected output of an example
	for _, line := range lines {
		comment := strings.TrimSpace(line)
		if !strings.HasPrefix(comment, "//") {
			output = false
			continue
		}
		if strings.HasPrefix(comment, "// Output:") || strings.HasPrefix(comment, "// Unordered output:") {
			output = true
		}
		preformatted := strings.HasPrefix(comment, "//\t") || strings.HasPrefix(comment, "//go:")
		columns := utf8.RuneCountInString(strings.ReplaceAll(line, "\t", "    "))
		if columns > mostColumns && !output && !preformatted {
			faults = append(faults, "too wide: "+comment)
		}
	}
	return faults
}

// The limits are those that are written, and no more.
func TestSourceFaults(t *testing.T) {
	wide := strings.Repeat("x", 94)
	for text, want := range map[string]int{
		"package p\n":                          0,
		"\t// " + wide[:93] + "\n":             0,
		"\t// " + wide + "\n":                  1,
		"\tcode // " + wide + "\n":             0,
		"// Output:\n// " + wide + "xxxx\n":    0,
		"//\tcode of " + wide + "\n":           0,
		"//go:generate " + wide + "\n":         0,
		strings.Repeat("\n", 400):              0,
		strings.Repeat("\n", 401):              1,
		strings.Repeat("// "+wide+"xxxx\n", 2): 2,
	} {
		if got := sourceFaults(text); len(got) != want {
			t.Errorf("%.20q…: %q; want %d faults", text, got, want)
		}
	}
}
