package rbactest

import (
	"flag"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"runtime"
	"strconv"
	"strings"
	"sync"
	"testing"

	"github.com/rbac-go/rbac"
	"github.com/rbac-go/rbac/httpguard"
)

// Matrix sends every request of a table as every user of it, and fails the test for each status that is another
// than the table says:
//
//   - amy  bob
//     GET /         200  200  200
//     GET /admin/   401  403  200   # comments are kept
//     POST /posts   401  200  200
//
// The first line names the users, - being nobody. Each further one has a method, a path (with a query, or a
// whole URL for another host than example.com) and a status for each user. User names are single words here.
//
// Where handler is [httpguard.Guard.Handler] around a Mux, it also fails for each route of the Mux that no line of
// the table reaches, so that no route is added without a word on who gets in. What stands between
// the two, such as middleware, hides the Mux. Then give its routes, which replace what can be seen:
//
//	rbactest.Matrix(t, guard.Handler(logged(mux)), a, table, mux.Routes()...)
//
// Without a Mux, and without routes, it cannot tell.
//
// The requests are really made, from top to bottom and from left to right, each with a new
// ticket (see [As]), without a body and with Accept: application/json, so that who must log in gets 401 and no redirect.
// Redirects are not followed. What a handler changes is changed for those that come after.
//
// With the flag -update, or RBACTEST_UPDATE=1 in the environment, Matrix writes what it gets into the table instead, in the Go file that
// calls it, where the table must be a raw string. Statuses that are missing or ? are
// filled in. Where it cannot write, it prints the table and fails. Read the difference before you commit it: it is who may do what.
//
// The flag is your test's own, since two of one name clash; one that is there for other files serves both:
//
//	var _ = flag.Bool("update", false, "write what is, instead of comparing")
//
// RBACTEST_UPDATE=0 leaves the tables alone whatever the flag says.
func Matrix(t testing.TB, handler http.Handler, a *rbac.Authority, text string, routes ...httpguard.Route) {
	t.Helper()
	update := updating()
	tab, err := parseTable(text, update)
	if err != nil {
		t.Fatalf("rbactest.Matrix: %v", err)
	}
	if mux, ok := handler.(interface{ Routes() []httpguard.Route }); ok && len(routes) == 0 {
		routes = mux.Routes()
	}
	left, err := unreached(routes, tab.rows)
	if err != nil {
		t.Fatalf("rbactest.Matrix: %v", err)
	}
	for _, route := range left {
		t.Errorf("route %q, rule %s: no line of the table reaches it", route.Pattern, route.Rule)
	}
	for _, r := range tab.rows {
		for _, user := range tab.users {
			r.got = append(r.got, ask(t, handler, a, user, r))
		}
	}
	if update {
		rewrite(t, text, tab.String())
		return
	}
	for _, r := range tab.rows {
		compare(t, tab.users, r)
	}
}

// updating reports whether tables are to be written. The flag is looked up only now, when all that there are have
// been registered and read: to register one here would end every test program that has its own.
func updating() bool {
	switch os.Getenv("RBACTEST_UPDATE") {
	case "1":
		return true
	case "0":
		return false
	}
	update := flag.Lookup("update")
	if update == nil {
		return false
	}
	value, ok := update.Value.(flag.Getter)
	return ok && value.Get() == true
}

func ask(t testing.TB, handler http.Handler, a *rbac.Authority, user string, r *row) int {
	t.Helper()
	if user == nobody {
		user = ""
	}
	request := r.request()
	request.Header.Set("Accept", "application/json")
	w := httptest.NewRecorder()
	handler.ServeHTTP(w, As(t, a, user, request.WithContext(t.Context())))
	return w.Code
}

func compare(t testing.TB, users []string, r *row) {
	t.Helper()
	for i, want := range r.want {
		if strconv.Itoa(r.got[i]) != want {
			t.Errorf("%s as %s: %d, want %s", r.what(), users[i], r.got[i], want)
		}
	}
}

// unreached lists the routes that none of the rows leads to, when
// a path is found first and the method second, as by [httpguard.Mux].
func unreached(routes []httpguard.Route, rows []*row) (left []httpguard.Route, err error) {
	defer func() {
		if fault := recover(); fault != nil { // of ServeMux, on a pattern
			err = fmt.Errorf("routes: %v", fault)
		}
	}()
	mux := http.NewServeMux()
	methods := map[string]map[string]bool{} // by place and method: whether it was reached
	for _, route := range routes {
		method, place := splitPattern(route.Pattern)
		if methods[place] == nil {
			methods[place] = map[string]bool{}
			// A handler and not mux.Handler: a path that ServeMux only redirects from has reached nothing.
			mux.HandleFunc(place, func(_ http.ResponseWriter, r *http.Request) { reach(methods[place], r.Method) })
		}
		methods[place][method] = false
	}
	for _, r := range rows {
		mux.ServeHTTP(httptest.NewRecorder(), r.request())
	}
	for _, route := range routes {
		method, place := splitPattern(route.Pattern)
		if !methods[place][method] {
			left = append(left, route)
		}
	}
	return left, nil
}

func splitPattern(pattern string) (method, place string) {
	words := strings.Fields(pattern)
	if len(words) == 2 {
		return words[0], lowerHost(words[1])
	}
	return "", lowerHost(pattern)
}

func lowerHost(place string) string {
	host, path, _ := strings.Cut(place, "/")
	return strings.ToLower(host) + "/" + path
}

func reach(methods map[string]bool, method string) {
	candidates := []string{method, ""}
	if method == http.MethodHead {
		candidates = []string{method, http.MethodGet, ""}
	}
	for _, m := range candidates {
		if _, there := methods[m]; there {
			methods[m] = true
			return
		}
	}
}

var rewriting sync.Mutex // parallel tests may be of one file

// rewrite replaces the table in the file of Matrix's caller.
func rewrite(t testing.TB, old, new string) {
	t.Helper()
	rewriting.Lock()
	defer rewriting.Unlock()
	_, file, _, _ := runtime.Caller(2)
	if err := replaceLiteral(file, old, new); err != nil {
		t.Errorf("cannot update the table (%v). It is:\n%s", err, new)
		return
	}
	t.Logf("updated the table in %s", file)
}

func replaceLiteral(file, old, new string) error {
	source, err := os.ReadFile(file)
	if err != nil {
		return err
	}
	literal := "`" + old + "`"
	if n := strings.Count(string(source), literal); n != 1 {
		return fmt.Errorf("%s has it %d times as a raw string", file, n)
	}
	return os.WriteFile(file, []byte(strings.Replace(string(source), literal, "`"+new+"`", 1)), 0o644)
}
