package rbac_test

import (
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"unicode"
)

// Each link of a document leads to a file of this repository, to a heading of
// such a file, or to another server over HTTPS.
func TestLinksInDocuments(t *testing.T) {
	t.Parallel()
	checked := 0
	for _, doc := range documents(t) {
		for _, target := range links(readDocument(t, doc)) {
			checked++
			if err := checkLink(t, doc, target); err != nil {
				t.Errorf("%s links to %s: %v", doc, target, err)
			}
		}
	}
	if checked < 100 {
		t.Errorf("only %d links are checked; the expression finds too few", checked)
	}
}

// Every document in docs is listed in the index of docs.
func TestIndexListsEveryDocument(t *testing.T) {
	t.Parallel()
	index := links(readDocument(t, "docs/README.md"))
	listed := map[string]bool{}
	for _, target := range index {
		listed[filepath.Join("docs", target)] = true
	}
	for _, doc := range documents(t) {
		if strings.HasPrefix(doc, "docs/") && doc != "docs/README.md" && !listed[doc] {
			t.Errorf("docs/README.md does not list %s", doc)
		}
	}
}

// documents returns the documents of the repository.
func documents(t *testing.T) (list []string) {
	t.Helper()
	for _, pattern := range []string{"*.md", "docs/*.md", "*/README.md", "examples/*/README.md", "bench/*.md", ".github/*/*.md"} {
		found, err := filepath.Glob(pattern)
		must(t, err)
		for _, doc := range found {
			if doc != "docs/README.md" || pattern == "docs/*.md" {
				list = append(list, doc)
			}
		}
	}
	return list
}

func readDocument(t *testing.T, doc string) string {
	t.Helper()
	text, err := os.ReadFile(doc)
	must(t, err)
	return string(text)
}

var (
	fencedCode   = regexp.MustCompile("(?ms)^\\s*```.*?^\\s*```")
	inlineCode   = regexp.MustCompile("`[^`\n]*`")
	markdownLink = regexp.MustCompile(`\]\(<?([^)\s>]+)>?\)|^<(https?://[^>\s]+)>`)
)

// links returns the targets of the links in a document, outside of code.
func links(text string) (list []string) {
	text = inlineCode.ReplaceAllString(fencedCode.ReplaceAllString(text, ""), "code")
	for _, m := range markdownLink.FindAllStringSubmatch(text, -1) {
		list = append(list, m[1]+m[2])
	}
	return list
}

func checkLink(t *testing.T, doc, target string) error {
	t.Helper()
	u, err := url.Parse(target)
	switch {
	case err != nil:
		return err
	case u.Scheme == "https" && u.Host != "":
		return nil // another server: not asked, since tests need no network
	case u.Scheme != "" || u.Host != "":
		return fmt.Errorf("neither a file nor https")
	}
	file := doc
	if u.Path != "" {
		file = filepath.Join(filepath.Dir(doc), u.Path)
	}
	if _, err := os.Stat(file); err != nil {
		return err
	}
	if u.Fragment != "" && !headings(readDocument(t, file))[u.Fragment] {
		return fmt.Errorf("%s has no such heading", file)
	}
	return nil
}

// headings returns the anchors of the headings of a document, made as GitHub
// makes them.
func headings(text string) map[string]bool {
	anchors := map[string]bool{}
	for line := range strings.Lines(fencedCode.ReplaceAllString(text, "")) {
		title := strings.TrimSpace(strings.TrimLeft(line, "#"))
		if !strings.HasPrefix(line, "#") || title == "" {
			continue
		}
		anchor := strings.Map(func(r rune) rune {
			switch {
			case r == ' ':
				return '-'
			case r == '-', r == '_', unicode.IsLetter(r), unicode.IsNumber(r):
				return unicode.ToLower(r)
			}
			return -1
		}, title)
		for n, unique := 1, anchor; ; n++ {
			if !anchors[unique] {
				anchors[unique] = true
				break
			}
			unique = fmt.Sprintf("%s-%d", anchor, n)
		}
	}
	return anchors
}
