package rbactest_test

import (
	"flag"
	"log/slog"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/rbac-go/rbac"
	"github.com/rbac-go/rbac/httpguard"
	"github.com/rbac-go/rbac/rbactest"
)

// paper returns a guarded service with patterns of every kind.
func paper(t testing.TB, a *rbac.Authority) (http.Handler, []httpguard.Route) {
	t.Helper()
	ok := http.HandlerFunc(func(http.ResponseWriter, *http.Request) {})
	g := httpguard.New(a, httpguard.Config{Logger: slog.New(slog.DiscardHandler)})
	mux := g.NewMux()
	mux.Public("GET /{$}", ok)
	mux.Handle("GET /posts/{id}", rbac.NotAnonymous(), ok)
	mux.Handle("POST /posts/{id}", rbac.HasPermission("post.edit"), ok)
	mux.Handle("/admin/", rbac.InGroup("chief"), ok)
	mux.Public("Help.example.com/", ok)
	return g.Handler(mux), mux.Routes()
}

// part returns the service without its routes, for tables with few routes.
func part(t testing.TB, a *rbac.Authority) http.Handler {
	t.Helper()
	service, _ := paper(t, a)
	return http.HandlerFunc(service.ServeHTTP)
}

const people = `
	group editor: post.edit
	group chief > editor:
	user amy: editor
	user bob: chief
`

// A correct table passes, with every kind of pattern.
func TestMatrixHolds(t *testing.T) {
	a := rbactest.World(t, people)
	service, routes := paper(t, a)
	rbactest.Matrix(t, service, a, `
		# who        may do what
		                        -    amy  bob
		GET   /                 200  200  200   # the front page
		HEAD  /posts/1?draft=1  401  200  200
		POST  /posts/1          401  200  200

		GET   /admin            307  307  307
		GET   /admin/users      401  403  200
		GET   /nothing          404  404  404
		GET   http://help.example.com/  200  200  200
	`, routes...)
}

// Every wrong cell is a failure that names the request, the user and both
// statuses.
func TestMatrixFails(t *testing.T) {
	a := rbactest.World(t, people)
	service := part(t, a)
	failed := fails(t, func(t testing.TB) {
		rbactest.Matrix(t, service, a, `
			               -    amy  bob
			POST /posts/1  200  200  403
			GET  /admin/   401  200  ?
		`)
	})
	failed.expect(t, false,
		"POST /posts/1 as -: 401, want 200",
		"POST /posts/1 as bob: 200, want 403",
		"GET /admin/ as amy: 403, want 200",
		"GET /admin/ as bob: 200, want ?")
}

// A route that no line reaches is a failure. A line with another method, with a
// more specific pattern or with a redirect does not reach the route.
func TestMatrixNeedsEveryRoute(t *testing.T) {
	a := rbactest.World(t, people)
	service, routes := paper(t, a)
	failed := fails(t, func(t testing.TB) {
		rbactest.Matrix(t, service, a, `
			                -    bob
			GET  /          200  200
			GET  /posts/    404  404
			PUT  /posts/1   405  405
			POST /posts/1   401  200
			GET  /admin     307  307
		`, routes...)
	})
	failed.expect(t, false,
		`route "GET /posts/{id}", rule not_anonymous(): no line of the table reaches it`,
		`route "/admin/", rule in_group("chief"): no line`,
		`route "Help.example.com/", rule public: no line`)

	// Matrix finds the routes through Handler, but not through middleware.
	table := "-\nGET / 200\nGET /posts/1 401\nPOST /posts/1 401\nGET http://help.example.com/ 200"
	fails(t, func(t testing.TB) { rbactest.Matrix(t, service, a, table) }).expect(t, false, `route "/admin/"`)
	fails(t, func(t testing.TB) { rbactest.Matrix(t, part(t, a), a, table) }).expect(t, false)
	fails(t, func(t testing.TB) { rbactest.Matrix(t, part(t, a), a, table, routes...) }).expect(t, false, `route "/admin/"`)

	odd := []httpguard.Route{{Pattern: "GET /{a}{b}"}}
	fails(t, func(t testing.TB) { rbactest.Matrix(t, service, a, "-\nGET / 200", odd...) }).expect(t, true, "routes: ")
}

// A malformed table ends the test.
func TestMatrixMistakes(t *testing.T) {
	a := rbactest.World(t, people)
	service := part(t, a)
	for text, want := range map[string]string{
		"":                          "a table needs a line of users",
		"- amy":                     "a table needs a line of users",
		"- amy\n\nGET / 200":        "line 3: GET / has 1 statuses for 2 users",
		"- amy\nGET / ?":            "line 2: GET / has 1 statuses for 2 users: write one ? per user, or nothing",
		"- amy\nGET / 200 200 200":  "line 2: GET / has 3 statuses for 2 users",
		"- amy\nGET / 200 20":       `line 2: GET /: "20" is not a status`,
		"- amy\nGET / 200 ok":       `line 2: GET /: "ok" is not a status`,
		"- amy\nGET":                `line 2: "GET" has no path`,
		"- amy\nGET posts 200 200":  "line 2: GET posts is not the beginning of a request",
		"- amy\n{x} /posts 200 200": "line 2: {x} /posts is not the beginning of a request",
		"- eve\nGET / 200 200":      `a ticket for "eve"`,
	} {
		fails(t, func(t testing.TB) { rbactest.Matrix(t, service, a, text) }).expect(t, true, want)
	}
}

// The flag or the environment enables writing; the environment overrides the
// flag.
func TestMatrixIsToldToUpdate(t *testing.T) {
	a := rbactest.World(t, people)
	service := part(t, a)
	update := flag.Lookup("update").Value
	set := func(to string) {
		if err := update.Set(to); err != nil {
			t.Fatal(err)
		}
	}
	defer set(update.String())
	for _, c := range []struct {
		env    string
		flag   bool
		writes bool
	}{
		{"", false, false}, {"", true, true}, {"1", false, true}, {"1", true, true}, {"0", true, false}, {"0", false, false},
	} {
		t.Setenv("RBACTEST_UPDATE", c.env)
		set(strconv.FormatBool(c.flag))
		want := "GET / as -: 200, want 404"
		if c.writes {
			want = "the table cannot be updated" // it is no raw string
		}
		fails(t, func(t testing.TB) { rbactest.Matrix(t, service, a, "-\nGET / 404") }).expect(t, false, want)
	}
}

// A flag of that name that is not boolean has another purpose.
func TestMatrixAndAnotherUpdateFlag(t *testing.T) {
	t.Setenv("RBACTEST_UPDATE", "")
	a := rbactest.World(t, people)
	service := part(t, a)
	for _, register := range []func(*flag.FlagSet){
		func(*flag.FlagSet) {},
		func(f *flag.FlagSet) { f.String("update", "true", "") },
		func(f *flag.FlagSet) { f.Func("update", "", func(string) error { return nil }) },
	} {
		func() {
			defer func(before *flag.FlagSet) { flag.CommandLine = before }(flag.CommandLine)
			flag.CommandLine = flag.NewFlagSet("test", flag.ContinueOnError)
			register(flag.CommandLine)
			fails(t, func(t testing.TB) { rbactest.Matrix(t, service, a, "-\nGET / 404") }).expect(t, false, "GET / as -: 200, want 404")
		}()
	}
}

// If the table cannot be written, Matrix prints the table: here the table is no
// raw string.
func TestMatrixPrintsUpdate(t *testing.T) {
	t.Setenv("RBACTEST_UPDATE", "1")
	a := rbactest.World(t, people)
	service := part(t, a)
	failed := fails(t, func(t testing.TB) {
		rbactest.Matrix(t, service, a, "\t- amy bob # users\n\tGET / 404 ?\n\n\t# below\n\tPOST /posts/12 # to edit\n")
	})
	failed.expect(t, false, "contains the table 0 times as a raw string, want once). The new table is:\n"+
		"\t                -    amy  bob  # users\n"+
		"\tGET  /          200  200  200\n\n"+
		"\t# below\n"+
		"\tPOST /posts/12  401  200  200  # to edit\n")
}

// A table is written into the file that contains the table once.
func TestReplaceLiteral(t *testing.T) {
	file := filepath.Join(t.TempDir(), "x_test.go")
	for source, want := range map[string]string{
		"a(`old`)":        "a(`new`)",
		"a(`old`, `old`)": "",
		`a("old")`:        "",
	} {
		if err := os.WriteFile(file, []byte(source), 0o600); err != nil {
			t.Fatal(err)
		}
		err := rbactest.ReplaceLiteral(file, "old", "new")
		got, _ := os.ReadFile(file)
		if want == "" && (err == nil || !strings.Contains(err.Error(), "times as a raw string")) || want == "" && string(got) != source {
			t.Errorf("%s became %s (%v)", source, got, err)
		}
		if want != "" && (err != nil || string(got) != want) {
			t.Errorf("%s became %s (%v); want %s", source, got, err, want)
		}
	}
}
