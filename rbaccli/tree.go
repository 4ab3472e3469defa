package rbaccli

import (
	"fmt"
	"strings"

	"github.com/rbac-go/rbac"
)

// printTree prints an explanation: the sentence, and below it the paths.
func (c *call) printTree(e rbac.Explanation) error {
	c.progress.end()
	var b strings.Builder
	c.branch(&b, e, 0)
	_, err := fmt.Fprint(c.stdout, b.String())
	return err
}

// branch writes an explanation and its parts. The text of a part without
// further parts is a path, and does not repeat the predicate.
func (c *call) branch(b *strings.Builder, e rbac.Explanation, depth int) {
	mark := c.red("✗")
	if e.Met {
		mark = c.green("✓")
	}
	text := e.Reason
	if depth > 0 && len(e.Parts) > 0 {
		text = e.Predicate + ": " + e.Reason
	}
	fmt.Fprintf(b, "%s%s %s\n", strings.Repeat("  ", depth), mark, printable(text))
	for _, part := range e.Parts {
		c.branch(b, part, depth+1)
	}
}

// println prints a line of an answer.
func (c *call) println(text string) error {
	c.progress.end()
	_, err := fmt.Fprintln(c.stdout, text)
	return err
}
