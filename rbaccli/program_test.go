package rbaccli

import (
	"bytes"
	"context"
	"errors"
	"log/slog"
	"strings"
	"testing"

	"github.com/rbac-go/rbac"
	"github.com/rbac-go/rbac/store"
	memorystore "github.com/rbac-go/rbac/store_memory"
)

// countedStore is a store that counts Updates, and stays open.
type countedStore struct {
	rbac.Store
	updates int
}

func (s *countedStore) Update(ctx context.Context, f func(store.Records) error) error {
	s.updates++
	return s.Store.Update(ctx, f)
}

func (s *countedStore) Close() error { return nil }

// output is what a call has printed.
type output struct {
	code        int
	out, errors string
}

func (p Program) call(args ...string) output {
	var out, errs bytes.Buffer
	p.Stdin, p.Stdout, p.Stderr = strings.NewReader(""), &out, &errs
	if p.Getenv == nil {
		p.Getenv = func(string) string { return "" }
	}
	code := p.Main(context.Background(), args)
	return output{code, out.String(), errs.String()}
}

func newAuthority(t *testing.T) *rbac.Authority {
	a, err := rbac.Open(t.Context(), memorystore.New(), rbac.Config{Logger: slog.New(slog.DiscardHandler)})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { a.Close() })
	return a
}

// A service offers the verbs for its own Authority, which stays open and names
// the actor.
func TestMainOnAnAuthority(t *testing.T) {
	a := newAuthority(t)
	p := Program{Authority: a}
	if o := p.call("--help"); o.code != 0 || strings.Contains(o.out, "--store") || strings.Contains(o.out, "completion") || strings.Contains(o.out, "import") {
		t.Errorf("a service has a store already: %+v", o)
	}
	for _, args := range [][]string{{"user", "add", "amy"}, {"user", "add", "bob", "--actor", "root"}} {
		var out bytes.Buffer
		p := Program{Authority: a, Stdout: &out, Stderr: &out}
		if code := p.Main(rbac.WithActor(t.Context(), "deploy"), args); code != 0 {
			t.Fatalf("%v: %d %s", args, code, &out)
		}
	}
	if o := p.call("log", "-o", "csv"); !strings.Contains(o.out, "change,deploy,false,AddUser,amy") || !strings.Contains(o.out, "change,root,false,AddUser,bob") {
		t.Errorf("the actors are not in the log: %+v", o)
	}
	if o := p.call("can", "amy", "rbac.administer"); o.code != 1 || o.out != "no\n" {
		t.Errorf("amy may nothing yet: %+v", o)
	}
	if Main(t.Context(), []string{"group", "list"}, nil) != exitUnavailable {
		t.Error("without an Authority there is no store")
	}
}

// A verb that asks does not write, whatever the store lacks.
func TestQuestionsDoNotWrite(t *testing.T) {
	s := &countedStore{Store: memorystore.New()}
	p := Program{Open: func(context.Context, string, bool) (Store, error) { return s, nil }}
	if o := p.call("--store", "x", "user", "list"); o.code != 0 || s.updates != 0 {
		t.Fatalf("%d Updates of an empty store, %+v", s.updates, o)
	}
	if o := p.call("--store", "x", "init"); o.code != 0 {
		t.Fatal(o)
	}
	if o := p.call("--store", "x", "user", "add", "amy", "--email", "amy@example.com"); o.code != 0 || s.updates == 0 {
		t.Fatalf("the store counts nothing: %+v", o)
	}
	s.updates = 0
	for _, args := range []string{
		"can amy rbac.administer", "why amy rbac.administer", "who rbac.administer --paths", "show", "log",
		"user list", "user show amy", "group list", "permission list", "permission show rbac.administer", "grant list",
		"assign list", "inherit list", "separation list", "delegate list", "session list", "key list amy", "doctor", "version",
	} {
		if o := p.call(append([]string{"--store", "x"}, strings.Fields(args)...)...); o.code > 1 {
			t.Errorf("%s: %+v", args, o)
		}
		if s.updates != 0 {
			t.Fatalf("%s writes", args)
		}
	}
}

// The Authority of a verb deletes nothing that a service keeps: no entry of the
// log is too old for it.
func TestConfigKeepsWhatServicesKeep(t *testing.T) {
	c := newCall(t.Context(), Program{Getenv: func(string) string { return "" }})
	c.storeFlags = &storeFlags{}
	cfg := c.config()
	a, err := rbac.Open(t.Context(), memorystore.New(), cfg)
	if err != nil {
		t.Fatal(err)
	}
	defer a.Close()
	if years := a.Config().KeepChanges.Hours() / 24 / 365; years < 100 {
		t.Errorf("changes are kept for %v years", years)
	}
}

// The verb's own environment names the permission of administrators.
func TestAdminister(t *testing.T) {
	s := &countedStore{Store: memorystore.New()}
	p := Program{
		Open:   func(context.Context, string, bool) (Store, error) { return s, nil },
		Getenv: func(name string) string { return map[string]string{"RBAC_STORE": "x", "RBAC_ADMINISTER": "boss"}[name] },
	}
	if o := p.call("init"); o.code != 0 {
		t.Fatal(o)
	}
	if o := p.call("permission", "list", "-o", "csv"); !strings.Contains(o.out, "\nboss,") || strings.Contains(o.out, "rbac.administer") {
		t.Errorf("the service's permission of administrators is another: %+v", o)
	}
	// without the variable, a change would add another permission of administrators
	p.Getenv = func(name string) string { return map[string]string{"RBAC_STORE": "x"}[name] }
	if o := p.call("user", "add", "amy"); o.code != exitNotFound || !strings.Contains(o.errors, "RBAC_ADMINISTER") {
		t.Errorf("%+v", o)
	}
	if o := p.call("permission", "list", "-o", "csv"); o.code != 0 || strings.Contains(o.out, "rbac.administer") {
		t.Errorf("%+v", o)
	}
}

// A panic is no answer.
func TestPanicIsNoAnswer(t *testing.T) {
	p := Program{Open: func(context.Context, string, bool) (Store, error) { panic("lost") }}
	if o := p.call("--store", "x", "can", "amy", "post.edit"); o.code != exitOther || !strings.Contains(o.errors, "a fault in the program: lost") {
		t.Errorf("%+v", o)
	}
}

// A store that fails is an error and no answer, and the error is one line.
func TestStoreThatFails(t *testing.T) {
	down := errors.New("connection refused\nby the server\x1b[2J")
	p := Program{Open: func(context.Context, string, bool) (Store, error) {
		return nil, errors.Join(rbac.ErrUnavailable, down)
	}}
	o := p.call("--store", "x", "can", "amy", "post.edit")
	if o.code != exitUnavailable || o.out != "" || strings.Count(o.errors, "\n") != 1 || strings.Contains(o.errors, "\x1b") {
		t.Errorf("%+v", o)
	}
}

// Texts of the store cannot write to the terminal, and are no formulas.
func TestHostileTexts(t *testing.T) {
	p := Program{Authority: newAuthority(t)}
	hostile := "\x1b]0;title\x07 =1+1\nsecond line"
	if o := p.call("user", "add", "amy", "--note", hostile); o.code != 0 {
		t.Fatal(o)
	}
	for _, args := range [][]string{{"user", "list"}, {"user", "show", "amy"}, {"log"}} {
		if o := p.call(args...); o.code != 0 || strings.Contains(o.out, "\x1b") {
			t.Errorf("%v: %+q", args, o.out)
		}
	}
	if o := p.call("group", "add", "=cmd|x"); o.code != 0 {
		t.Fatal(o)
	}
	if o := p.call("group", "list", "-o", "csv"); !strings.Contains(o.out, "\n'=cmd|x,") {
		t.Errorf("a spreadsheet would run the name of the group: %q", o.out)
	}
}

// Columns are aligned by the width of their characters on a terminal.
func TestTable(t *testing.T) {
	p := Program{Authority: newAuthority(t)}
	for _, args := range [][]string{{"编辑", "--note", "写博客"}, {"editors", "--note", "x"}} {
		if o := p.call(append([]string{"group", "add"}, args...)...); o.code != 0 {
			t.Fatal(o)
		}
	}
	want := "NAME     NOTE\neditors  x\n编辑     写博客\n"
	if o := p.call("group", "list"); o.out != want {
		t.Errorf("got\n%s\nwant\n%s", o.out, want)
	}
}
