package rbaccli

import (
	"context"
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/alecthomas/kong"
)

const generated = "<!-- The rest of this page is generated from the help of the verbs: RBACTEST_UPDATE=1 go test ./rbaccli -->\n"

// The second half of docs/cli.md is the help of the verbs.
func TestDocs(t *testing.T) {
	const file = "../docs/cli.md"
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	intro, have, ok := strings.Cut(string(text), generated)
	if !ok {
		t.Fatalf("%s has no line %q", file, generated)
	}
	want := reference(t)
	if have == want {
		return
	}
	if os.Getenv("RBACTEST_UPDATE") != "1" {
		t.Fatalf("%s is not the help of the verbs. Run RBACTEST_UPDATE=1 go test ./rbaccli", file)
	}
	if err := os.WriteFile(file, []byte(intro+generated+want), 0o644); err != nil {
		t.Fatal(err)
	}
}

// reference returns the help of all verbs as Markdown.
func reference(t *testing.T) string {
	c := newCall(t.Context(), Program{Open: func(context.Context, string, bool) (Store, error) { return nil, nil }})
	parser, err := c.newParser()
	if err != nil {
		t.Fatal(err)
	}
	var b strings.Builder
	b.WriteString("\n## Every verb\n\nEvery verb has these flags, before or after its arguments:\n\n")
	writeFlags(&b, parser.Model.Flags)
	b.WriteString("\nVerbs that change something have these flags, too:\n\n")
	writeFlags(&b, flagsOfChange(t))
	group := ""
	for _, verb := range parser.Model.Leaves(true) {
		top := verb
		for top.Parent.Parent != nil {
			top = top.Parent
		}
		if top.Group.Title != group {
			group = top.Group.Title
			fmt.Fprintf(&b, "\n## %s\n", strings.TrimSuffix(group, ":"))
		}
		fmt.Fprintf(&b, "\n### rbac %s\n\n", verb.Path())
		fmt.Fprintf(&b, "    rbac %s\n\n%s\n", verb.Summary(), verb.Help)
		if verb.Detail != "" {
			fmt.Fprintf(&b, "\n%s\n", verb.Detail)
		}
		writeArguments(&b, verb, flagsOfChange(t))
	}
	return b.String()
}

// flagsOfChange returns the flags that every verb with a change has.
func flagsOfChange(t *testing.T) []*kong.Flag {
	parser, err := kong.New(&change{}, kong.NoDefaultHelp())
	if err != nil {
		t.Fatal(err)
	}
	return parser.Model.Flags
}

func writeArguments(b *strings.Builder, verb *kong.Node, ofChange []*kong.Flag) {
	if len(verb.Positional)+len(verb.Flags) == 0 {
		return
	}
	b.WriteString("\n")
	have := func(flags []*kong.Flag, f *kong.Flag) bool {
		return slices.ContainsFunc(flags, func(c *kong.Flag) bool { return c.Name == f.Name && c.Help == f.Help })
	}
	changes := true // the verb has every flag of changes
	for _, f := range ofChange {
		changes = changes && have(verb.Flags, f)
	}
	for _, p := range verb.Positional {
		fmt.Fprintf(b, "- `%s`: %s\n", p.Summary(), p.Help)
	}
	writeFlags(b, slices.DeleteFunc(slices.Clone(verb.Flags), func(f *kong.Flag) bool { return changes && have(ofChange, f) }))
	if changes {
		b.WriteString("- the flags of changes\n")
	}
}

func writeFlags(b *strings.Builder, flags []*kong.Flag) {
	for _, f := range flags {
		fmt.Fprintf(b, "- `%s`: %s", f.String(), f.Help)
		if f.Enum != "" {
			fmt.Fprintf(b, " One of %s.", strings.ReplaceAll(f.Enum, ",", ", "))
		}
		b.WriteString("\n")
	}
}
