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

// Matrix sends every request of a table as every user of the table, and fails
// the test for each status that differs from the table:
//
//	# Comments are kept.
//	               -    amy  bob
//	GET  /         200  200  200
//	GET  /admin/   401  403  200   # for administrators
//	POST /posts/1  401  200  200
//
// The first line names the users; "-" is the anonymous user. Each further line
// has a method, a path and a status for each user. The path may have a query,
// and a whole URL selects a host other than example.com. User names are single
// words here.
//
// If handler is [httpguard.Guard.Handler] around a Mux, Matrix also fails for
// each route of the Mux that no line of the table reaches: nobody can add a
// route without deciding who may use the route. Middleware between Handler and
// the Mux hides the Mux from Matrix. Then pass the routes:
//
//	rbactest.Matrix(t, guard.Handler(logged(mux)), a, table, mux.Routes()...)
//
// Passed routes replace the routes of handler. Without a Mux and without
// routes, Matrix does not check for unreached routes.
//
// Matrix serves the requests through handler, from top to bottom and from left
// to right. Each request has a new ticket (see [As]), no body, and Accept:
// application/json, so an anonymous user gets 401 and no redirect. Matrix
// follows no redirects. A change made by a handler affects all later requests.
//
// With the flag -update, or RBACTEST_UPDATE=1 in the environment, Matrix writes
// the actual statuses into the table in the calling Go file, in which the table
// must be a raw string. Missing statuses and "?" are filled in. If Matrix
// cannot write, Matrix prints the table and fails the test. Review the
// difference before committing: the table is the authorization policy of the
// service.
//
// Matrix registers no flag, since two flags of one name clash. An existing flag
// for other golden files serves both:
//
//	var _ = flag.Bool("update", false, "write what is, instead of comparing")
//
// RBACTEST_UPDATE=0 prevents writing, whatever the flag says.
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
	missing, err := unreached(routes, tab.rows)
	if err != nil {
		t.Fatalf("rbactest.Matrix: %v", err)
	}
	for _, route := range missing {
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

// updating reports whether tables are to be written. The flag is looked up
// late, after every package has registered and parsed its flags: registering
// the flag here would panic in every test program with a flag of that name.
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
	if user == anonymous {
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

// unreached returns the routes that no row reaches. As in [httpguard.Mux], the
// path is matched first, and the method second.
func unreached(routes []httpguard.Route, rows []*row) (missing []httpguard.Route, err error) {
	defer func() {
		if fault := recover(); fault != nil { // ServeMux panics on a bad pattern
			err = fmt.Errorf("routes: %v", fault)
		}
	}()
	mux := http.NewServeMux()
	methods := map[string]map[string]bool{} // by path and method: whether a row reached the route
	for _, route := range routes {
		method, path := splitPattern(route.Pattern)
		if methods[path] == nil {
			methods[path] = map[string]bool{}
			// Requests are served, and not just matched by mux.Handler: a path
			// that ServeMux redirects reaches no route.
			mux.HandleFunc(path, func(_ http.ResponseWriter, r *http.Request) { reach(methods[path], r.Method) })
		}
		methods[path][method] = false
	}
	for _, r := range rows {
		mux.ServeHTTP(httptest.NewRecorder(), r.request())
	}
	for _, route := range routes {
		method, path := splitPattern(route.Pattern)
		if !methods[path][method] {
			missing = append(missing, route)
		}
	}
	return missing, nil
}

func splitPattern(pattern string) (method, path string) {
	words := strings.Fields(pattern)
	if len(words) == 2 {
		return words[0], lowerHost(words[1])
	}
	return "", lowerHost(pattern)
}

func lowerHost(hostPath string) string {
	host, path, _ := strings.Cut(hostPath, "/")
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

var rewriting sync.Mutex // parallel tests may be in one file

// rewrite replaces the table in the file of Matrix's caller.
func rewrite(t testing.TB, old, new string) {
	t.Helper()
	rewriting.Lock()
	defer rewriting.Unlock()
	_, file, _, _ := runtime.Caller(2)
	if err := replaceLiteral(file, old, new); err != nil {
		t.Errorf("rbactest.Matrix: the table cannot be updated (%v). The new table is:\n%s", err, new)
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
		return fmt.Errorf("%s contains the table %d times as a raw string, want once", file, n)
	}
	return os.WriteFile(file, []byte(strings.Replace(string(source), literal, "`"+new+"`", 1)), 0o644)
}
