package rbac_test

import (
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// No server that a reader could copy, from an example or a document, lacks a
// limit on the time a client may take to send its headers.
func TestServersHaveTimeouts(t *testing.T) {
	files, err := filepath.Glob("docs/*.md")
	must(t, err)
	files = append(files, "README.md", "httpguard/doc.go")
	must(t, filepath.WalkDir("examples", func(path string, d fs.DirEntry, err error) error {
		if err == nil && filepath.Ext(path) == ".go" && !strings.HasSuffix(path, "_test.go") {
			files = append(files, path)
		}
		return err
	}))
	servers := 0
	for _, file := range files {
		text, err := os.ReadFile(file)
		must(t, err)
		if strings.Contains(string(text), "http.ListenAndServe") || strings.Contains(string(text), "http.Serve(") {
			t.Errorf("%s has a server without timeouts", file)
		}
		n := strings.Count(string(text), "http.Server{")
		servers += n
		if limits := strings.Count(string(text), "ReadHeaderTimeout:"); limits < n {
			t.Errorf("%s has %d servers and %d times a ReadHeaderTimeout", file, n, limits)
		}
	}
	if servers < 4 {
		t.Errorf("only %d servers are found", servers)
	}
}
