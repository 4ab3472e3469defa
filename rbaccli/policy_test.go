package rbaccli

import (
	"bytes"
	"io"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/rbac-go/rbac"
)

// fed runs a verb with a standard input.
func (p Program) fed(t *testing.T, stdin io.Reader, args ...string) output {
	var out, errs bytes.Buffer
	p.Stdin, p.Stdout, p.Stderr = stdin, &out, &errs
	p.Getenv = func(string) string { return "" }
	code := p.Main(t.Context(), args)
	return output{code, out.String(), errs.String()}
}

// Half a file is another policy: what is too long to be read is refused.
func TestLongInputIsRefused(t *testing.T) {
	p := Program{Authority: newAuthority(t)}
	const policy = "name: x\ngroups: [{name: a}]\n"
	if o := p.fed(t, strings.NewReader(policy), "apply", "-"); o.code != 0 {
		t.Fatal(o)
	}
	comments := strings.Repeat(strings.Repeat("#", 1<<10-1)+"\n", maxFile>>10)
	long := func() io.Reader { return strings.NewReader("name: x\n" + comments + "groups: [{name: a}]\n") }
	for _, args := range [][]string{{"apply", "--prune", "-"}, {"apply", "--dry-run", "-"}, {"plan", "--prune", "-"}, {"test", "-"}} {
		if o := p.fed(t, long(), args...); o.code != exitUsage || o.out != "" || !strings.Contains(o.errors, "Standard input is larger than 64 MiB.") {
			t.Errorf("%v: %+v", args, o)
		}
	}
	if o := p.call("group", "show", "a"); o.code != 0 {
		t.Errorf("the group is gone: %+v", o)
	}
	name := filepath.Join(t.TempDir(), "long.yaml")
	if err := os.WriteFile(name, []byte("name: x\n"+comments), 0o600); err != nil {
		t.Fatal(err)
	}
	if o := p.call("apply", "--prune", name); o.code != exitUsage || !strings.Contains(o.errors, "is larger than 64 MiB.") {
		t.Errorf("a file: %+v", o)
	}
	fits := policy + comments[:maxFile-len(policy)]
	if o := p.fed(t, strings.NewReader(fits), "plan", "-"); o.code != 0 {
		t.Errorf("exactly 64 MiB: %+v", o)
	}
}

// The page's policy file is good for a new store, and in line with what the
// commands before it have made, but for its last group.
func TestPolicyOfThePage(t *testing.T) {
	page, err := os.ReadFile("../docs/cli.md")
	if err != nil {
		t.Fatal(err)
	}
	m := regexp.MustCompile(`(?s)\n\$ cat policy.yaml\n(.*?)\$ rbac plan policy.yaml\n(.*?)\$`).FindSubmatch(page)
	if m == nil {
		t.Fatal("the page has no policy.yaml")
	}
	if o := (Program{Authority: newAuthority(t)}).fed(t, bytes.NewReader(m[1]), "apply", "-"); o.code != 0 {
		t.Errorf("in a new store: %+v", o)
	}
	p := Program{Authority: newAuthority(t)}
	for _, args := range []string{
		"group add administrators", "permission add post.edit --section posts", "permission add post.publish --section posts",
		"permission change post.edit --title=Edit_posts", "group add editors --grant post.edit",
		"group add chiefs --inherits editors --grant post.*",
	} {
		words := strings.Fields(args)
		for i, w := range words {
			words[i] = strings.ReplaceAll(w, "_", " ")
		}
		if o := p.call(words...); o.code != 0 {
			t.Fatalf("%s: %+v", args, o)
		}
	}
	if o := p.fed(t, bytes.NewReader(m[1]), "plan", "-"); o.code != exitDifference || o.out != string(m[2]) {
		t.Errorf("after the commands: %+v\nwant %s", o, m[2])
	}
}

// The commands in the help of plan do what the help says, in a shell that stops
// a line at && after any exit code but 0.
func TestExampleOfPlan(t *testing.T) {
	t.Chdir(t.TempDir())
	if err := os.WriteFile("policy.yaml", []byte("name: x\ngroups: [{name: a}]\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	p := Program{Authority: newAuthority(t)}
	for line := range strings.Lines(planVerb{}.Help()) {
		line, example := strings.CutPrefix(line, "    rbac ")
		if !example {
			continue
		}
		for command := range strings.SplitSeq(line, " && rbac ") {
			if o := p.call(strings.Fields(command)...); o.code != 0 {
				break
			}
		}
	}
	err := p.Authority.View(t.Context(), func(tx *rbac.Tx) error {
		_, err := tx.Group("a")
		return err
	})
	if err != nil {
		t.Errorf("the example did not apply the plan: %v", err)
	}
}

// An export needs a name: files with one name prune each other's records.
func TestExportNeedsAName(t *testing.T) {
	p := Program{Authority: newAuthority(t)}
	if o := p.call("export"); o.code != exitUsage || o.out != "" || !strings.Contains(o.errors, "--name") {
		t.Errorf("without a name: %+v", o)
	}
	if o := p.call("export", "--name", "team-a"); o.code != 0 || !strings.HasPrefix(o.out, "name: team-a\n") {
		t.Errorf("with a name: %+v", o)
	}
}
