package rbac_test

import (
	"fmt"
	"go/scanner"
	"go/token"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// Each block of Go in README.md and docs stands, token by token, in a compiled
// file of this module or of a module nested in it. There are no exceptions.
func TestCodeInDocumentsIsCompiled(t *testing.T) {
	t.Parallel()
	code := compiledCode(t)
	docs, err := filepath.Glob("docs/*.md")
	must(t, err)
	blocks := 0
	for _, doc := range append(docs, "README.md") {
		text, err := os.ReadFile(doc)
		must(t, err)
		found, err := goBlocks(string(text))
		if err != nil {
			t.Errorf("%s: %v", doc, err)
		}
		blocks += len(found)
		for _, b := range found {
			if fault := b.missingFrom(code); fault != "" {
				t.Errorf("%s:%s", doc, fault)
			}
		}
	}
	if blocks < 20 {
		t.Errorf("only %d blocks of Go are found", blocks)
	}
}

// goToken is a word of Go code, a comment included. Tokens are compared rather
// than text: indentation and blank lines make no difference, and code in a
// comment or string does not count as compiled.
type goToken struct {
	text string
	line int
}

func tokens(src string, firstLine int) []goToken {
	set := token.NewFileSet()
	file := set.AddFile("", -1, len(src))
	var s scanner.Scanner
	s.Init(file, []byte(src), func(token.Position, string) {}, scanner.ScanComments)
	var all []goToken
	for {
		pos, tok, text := s.Scan()
		if tok == token.EOF {
			return all
		}
		if text == "" || tok == token.SEMICOLON {
			text = tok.String() // a written semicolon equals an implied semicolon
		}
		all = append(all, goToken{text, firstLine + file.Line(pos) - 1})
	}
}

// compiledCode returns every Go file below this folder that the go command
// would compile.
func compiledCode(t *testing.T) [][]goToken {
	t.Helper()
	var code [][]goToken
	must(t, filepath.WalkDir(".", func(path string, d fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case path != "." && isIgnored(d.Name()):
			if d.IsDir() {
				return fs.SkipDir
			}
			return nil
		case d.IsDir() || filepath.Ext(path) != ".go":
			return nil
		}
		text, err := os.ReadFile(path)
		if !buildIgnore.Match(text) {
			code = append(code, tokens(string(text), 1))
		}
		return err
	}))
	return code
}

var buildIgnore = regexp.MustCompile(`(?m)^//go:build ignore$`)

func isIgnored(name string) bool {
	return name == "testdata" || strings.HasPrefix(name, ".") || strings.HasPrefix(name, "_")
}

var (
	anyFence = regexp.MustCompile("^(```+|~~~+)")
	goFence  = regexp.MustCompile(`^(?i)[\s{.]*go(lang)?\b`)
)

// goBlock is a fenced block of Go in a document.
type goBlock []goToken

// goBlocks finds the blocks of a document: the text between a line ```go and a
// line ```. A fence may be longer, as it must be around a block that contains a
// fence, and ends with a fence at least as long.
func goBlocks(text string) (blocks []goBlock, err error) {
	fence, start, isGo := "", 0, false
	lines := strings.Split(text, "\n")
	for i, line := range lines {
		line = strings.TrimSpace(line)
		switch {
		case fence == "" && anyFence.MatchString(line):
			fence, start = anyFence.FindString(line), i+1
			isGo = goFence.MatchString(line[len(fence):])
		case fence != "" && strings.HasPrefix(line, fence) && strings.Trim(line, fence[:1]) == "":
			if isGo {
				blocks = append(blocks, tokens(strings.Join(lines[start:i], "\n"), start+1))
			}
			fence = ""
		}
	}
	if fence != "" {
		return blocks, fmt.Errorf("the block that begins in line %d does not end", start)
	}
	return blocks, nil
}

// missingFrom returns the first line up to which no file has the block, or ""
// if a file has the whole block.
func (b goBlock) missingFrom(code [][]goToken) string {
	if len(b) == 0 {
		return " an empty block of Go"
	}
	longest := 0
	for _, file := range code {
		for i := range file {
			longest = max(longest, b.common(file[i:]))
		}
	}
	if longest == len(b) {
		return ""
	}
	return fmt.Sprintf("%d: the block that begins in line %d stands in no compiled file; the longest match ends before %q", b[longest].line, b[0].line, b[longest].text)
}

// common returns the number of tokens with which block and file both begin.
func (b goBlock) common(file []goToken) int {
	n := min(len(b), len(file))
	for i := range n {
		if b[i].text != file[i].text {
			return i
		}
	}
	return n
}

// The check of the documents finds blocks, and does not take comments or
// strings for compiled code.
func TestGoBlocks(t *testing.T) {
	const file = "package p\n\nfunc f() {\n\tg(1)\n\n\th() // done\n}\n\n// i()\nvar s = `\nj()\n`\n"
	code := [][]goToken{tokens(file, 1)}
	for _, c := range []struct{ name, block, fault string }{
		{"the same", "func f() {\n\tg(1)\n\n\th() // done\n}", ""},
		{"indented otherwise", "    g(1)\n    h() // done", ""},
		{"without its comment", "g(1)\nh()\n}", "5: "},
		{"with another value", "g(1)\n\nh() // done\n}\ng(2)", "8: "},
		{"an expression cut short", "func f() {\n\tg(1)\n\th", "6: "},
		{"in a comment", "i()", "4: "},
		{"in a string", "j()", "4: "},
		{"empty", "", " an empty"},
	} {
		blocks, err := goBlocks("text\n\n```go\n" + c.block + "\n```\n\n```\nother\n```\n")
		must(t, err)
		if len(blocks) != 1 {
			t.Fatalf("%s: %d blocks", c.name, len(blocks))
		}
		got := blocks[0].missingFrom(code)
		if !strings.HasPrefix(got, c.fault) || (got == "") != (c.fault == "") {
			t.Errorf("%s: %q, want %q", c.name, got, c.fault)
		}
	}
	for _, text := range []string{
		"```go\nf()\n```\n", "``` go\nf()\n```", "```Go title\nf()\n```", "~~~golang\nf()\n~~~", "```` go\nf()\n````",
		"```{.go}\nf()\n````\n", "````\n```\n````\n```go\nf()\n```", "> text\n  ```go\n  f()\n  ```",
	} {
		if blocks, err := goBlocks(text); err != nil || len(blocks) != 1 || blocks[0][0].text != "f" {
			t.Errorf("%q has the blocks %v (%v)", text, blocks, err)
		}
	}
	if _, err := goBlocks("```go\nf()\n"); err == nil {
		t.Error("a block without end is taken")
	}
}
