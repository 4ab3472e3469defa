package rbaccli

import (
	"log/slog"
	"path/filepath"
	"strings"
	"testing"

	"github.com/rbac-go/rbac"
	memorystore "github.com/rbac-go/rbac/store_memory"
)

// newService returns the Program of a service with a store, and the store.
func newService(t *testing.T) (Program, rbac.Store) {
	s := memorystore.New()
	a, err := rbac.Open(t.Context(), s, rbac.Config{Logger: slog.New(slog.DiscardHandler)})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { a.Close() })
	return Program{Name: "blog admin", Authority: a, Store: s}, s
}

// A service that names its store has the verbs for the store. TestVerbsMakeNoStore
// (examples/notes) copies an SQLite store.
func TestStoreOfAService(t *testing.T) {
	p, _ := newService(t)
	if o := p.call("check"); o.code != 0 || o.out != "The store is sound.\n" {
		t.Errorf("check: %+v", o)
	}
	if o := p.call("backup", filepath.Join(t.TempDir(), "copy.db")); o.code != exitUsage || !strings.Contains(o.errors, "Only an SQLite store") {
		t.Errorf("a store in memory has no Backup: %+v", o)
	}
	p.Store = nil
	for _, verb := range []string{"check", "backup x"} {
		if o := p.call(strings.Fields(verb)...); o.code != exitUsage {
			t.Errorf("%s without a store: %+v", verb, o)
		}
	}
}

// The help and the errors of a service name the service's own command.
func TestNameOfAProgram(t *testing.T) {
	p, _ := newService(t)
	for _, args := range []string{"--help", "init --help", "link invite --help", "doctor --help", "export --help", "nonsense", "user", "user show amy", "init", "doctor", "permission add x --section"} {
		o := p.call(strings.Fields(args)...)
		if text := o.out + o.errors; strings.Contains(text, "\"rbac ") || strings.Contains(text, "rbac: ") || strings.Contains(text, " rbac init") {
			t.Errorf("%s: %s", args, text)
		}
	}
	for _, p := range []Program{p, {Name: "blog admin"}} { // with its store, and before the store is opened
		for _, verb := range []string{"--help", "init --help", "backup --help"} {
			if o := p.call(strings.Fields(verb)...); o.code != 0 || !strings.Contains(o.out, "blog admin") || strings.Contains(o.out, "--store") || strings.Contains(o.out, "import") {
				t.Errorf("%s of a service with a store: %+v", verb, o)
			}
		}
		if o := p.call("init", "--help"); !strings.Contains(o.out, "    blog admin init --admin amy\n") {
			t.Errorf("the help of init: %s", o.out)
		}
	}
	if o := (Program{Name: "blog admin"}).call("user", "list"); o.code != exitUnavailable {
		t.Errorf("without a store: %+v", o)
	}
	if o := p.call("user", "show", "amy"); !strings.HasPrefix(o.errors, "blog admin: There is no user \"amy\".") {
		t.Errorf("an error: %s", o.errors)
	}
	if name := (Program{Authority: p.Authority}).name(); name != "rbaccli.test" {
		t.Errorf("the name of the executable is %q", name)
	}
	if name := (Program{}).name(); name != "rbac" {
		t.Errorf("the name of the command is %q", name)
	}
}

// A service makes the addresses of its links. An address of the user comes first.
func TestPasswordURLOfAService(t *testing.T) {
	p, _ := newService(t)
	p.PasswordURL = func(token rbac.Token) string { return "https://h.example/blog/password?link=" + token.Secret() }
	for _, args := range []string{"init --admin amy", "link invite amy", "link reset amy"} {
		if o := p.call(strings.Fields(args)...); o.code != 0 || !strings.Contains(o.out, "https://h.example/blog/password?link=") {
			t.Errorf("%s: %+v", args, o)
		}
	}
	for url, want := range map[string]string{
		"https://h":            "https://h/password?link=",
		"https://h/":           "https://h/password?link=",
		"https://h/x/password": "https://h/x/password?link=",
	} {
		if o := p.call("link", "invite", "amy", "--url", url); o.code != 0 || !strings.HasPrefix(o.out, want) {
			t.Errorf("%s: %+v", url, o)
		}
	}
	p.PasswordURL = nil
	if o := p.call("link", "invite", "amy"); o.code != 0 || strings.Contains(o.out, "link=") {
		t.Errorf("without a page the secret is alone: %+v", o)
	}
}

// Init without a name asks for the first administrator only if there is none.
func TestInitAgain(t *testing.T) {
	p, _ := newService(t)
	if o := p.call("init"); !strings.Contains(o.out, `"blog admin init --admin NAME" makes the first administrator`) {
		t.Errorf("without an administrator: %+v", o)
	}
	if o := p.call("init", "--admin", "amy", "--url", "https://h"); o.code != 0 {
		t.Fatalf("%+v", o)
	}
	if o := p.call("init"); o.code != 0 || o.out != "The store is ready, and has an administrator.\n" {
		t.Errorf("with an administrator: %+v", o)
	}
}
