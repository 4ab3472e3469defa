package rbaccli

import (
	"bytes"
	"context"
	"io"
	"strings"
	"testing"
	"time"

	"github.com/rbac-go/rbac"
)

// Every change names somebody: the actor of --actor or of the context, the user
// who is logged in, or the account of the operating system.
func TestEveryChangeHasAnAuthor(t *testing.T) {
	a := newAuthority(t)
	p := Program{Authority: a, Stdout: io.Discard, Stderr: io.Discard}
	account := operator()
	if account == "" {
		t.Skip("the account of the operating system has no name")
	}
	for _, c := range []struct {
		name string
		ctx  context.Context
		args []string
		want string
	}{
		{"nobody", t.Context(), nil, account},
		{"an empty actor", rbac.WithActor(t.Context(), ""), nil, account},
		{"an anonymous identity", rbac.NewContext(t.Context(), &rbac.Identity{}), nil, account},
		{"an actor", rbac.WithActor(t.Context(), "deploy"), nil, "deploy"},
		{"a user of the host", rbac.NewContext(t.Context(), rbac.NewIdentity("amy", nil, nil)), nil, "amy"},
		{"--actor", rbac.WithActor(t.Context(), "deploy"), []string{"--actor", "ops"}, "ops"},
	} {
		group := strings.ReplaceAll(c.name, " ", "-")
		if code := p.Main(c.ctx, append([]string{"group", "add", strings.Trim(group, "-")}, c.args...)); code != 0 {
			t.Fatal(c.name, code)
		}
		o := p.call("log", "-o", "csv")
		lines := strings.Split(strings.TrimSpace(o.out), "\n")
		if last := lines[len(lines)-1]; !strings.Contains(last, ",change,"+c.want+",false,AddGroup,") {
			t.Errorf("%s: want the actor %s, have %s", c.name, c.want, last)
		}
	}
}

// The name of an actor cannot be taken for another actor or another change.
func TestForgedActor(t *testing.T) {
	p := Program{Authority: newAuthority(t)}
	for _, actor := range []string{"amy)  GrantPermission evil *  (x", "amy  AddUser eve", `"amy"`, "root # why"} {
		if o := p.call("group", "add", "g", "--actor", actor); o.code != 0 {
			t.Fatal(o)
		}
		o := p.call("log", "--limit", "1")
		if _, text, _ := strings.Cut(o.out, "  "); !strings.HasPrefix(text, `("`) || !strings.HasSuffix(text, "\")  AddGroup g\n") {
			t.Errorf("%q: %s", actor, o.out)
		}
		p.call("group", "remove", "g")
	}
	for _, actor := range []string{"amy", "Amy Ho", `DOMAIN\amy`, "amy@example.com", "編集者", "cron:nightly"} {
		if text := actorText(actor); text != actor {
			t.Errorf("%q is in quotes: %s", actor, text)
		}
	}
}

// broken fails each write.
type broken struct{}

func (broken) Write([]byte) (int, error) { return 0, io.ErrShortWrite }

// What cannot be printed is an error, with --dry-run, too.
func TestOutputThatCannotBeWritten(t *testing.T) {
	a := newAuthority(t)
	for _, args := range [][]string{{"group", "add", "g", "-n"}, {"group", "list", "-o", "json"}, {"can", "amy", "rbac.administer"}} {
		if code := (Program{Authority: a, Stdout: broken{}, Stderr: io.Discard}).Main(t.Context(), args); code == 0 {
			t.Errorf("%v: the exit code is 0", args)
		}
	}
}

// after fails the writes after the first n.
type after struct {
	n int
	b bytes.Buffer
}

func (w *after) Write(p []byte) (int, error) {
	if w.n--; w.n < 0 {
		return 0, io.ErrShortWrite
	}
	return w.b.Write(p)
}

// Rights that cannot be printed are an error, even if the changes were printed.
func TestRightsThatCannotBeWritten(t *testing.T) {
	w := &after{n: 1}
	if code := (Program{Authority: newAuthority(t), Stdout: w, Stderr: io.Discard}).Main(t.Context(), []string{"group", "add", "g", "-n"}); code != exitOther {
		t.Errorf("exit code %d after %q", code, &w.b)
	}
}

// An interrupted verb says nothing about the store.
func TestInterrupted(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	var errs bytes.Buffer
	p := Program{Stderr: &errs, Getenv: func(string) string { return "x" }, Open: func(context.Context, string, bool) (Store, error) {
		cancel()
		return nil, StoreError("The database x cannot be reached.")
	}}
	if code := p.Main(ctx, []string{"user", "list"}); code != exitTryAgain || !strings.Contains(errs.String(), "interrupted") {
		t.Errorf("exit code %d, %s", code, &errs)
	}
}

// silent is a stream on which nothing comes. The first Read calls began.
type silent struct{ began func() }

func (s silent) Read([]byte) (int, error) {
	s.began()
	select {}
}

// An interrupt ends the wait for standard input.
func TestInterruptedInput(t *testing.T) {
	a := newAuthority(t)
	if code := (Program{Authority: a, Stdout: io.Discard}).Main(t.Context(), []string{"user", "add", "amy"}); code != 0 {
		t.Fatal(code)
	}
	for _, args := range [][]string{{"passwd", "amy"}, {"apply", "-"}} {
		ctx, cancel := context.WithCancel(t.Context())
		done := make(chan int, 1)
		go func() {
			done <- Program{Authority: a, Stdin: silent{cancel}, Stdout: io.Discard, Stderr: io.Discard}.Main(ctx, args)
		}()
		select {
		case code := <-done:
			if code != exitTryAgain {
				t.Errorf("%v: exit code %d", args, code)
			}
		case <-time.After(10 * time.Second):
			t.Fatalf("%v goes on", args)
		}
	}
}
