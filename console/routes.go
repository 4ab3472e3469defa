package console

import (
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"github.com/rbac-go/rbac"
	"github.com/rbac-go/rbac/httpguard"
)

// routes returns the routes of the host.
func (c *console) routes() []httpguard.Route {
	if c.cfg.Mux == nil {
		return nil
	}
	return c.cfg.Mux.Routes()
}

// route returns the route of a text: a pattern as registered, or a request such
// as "GET /posts/1". Without a method, the request is a GET.
func (c *console) route(text string) (httpguard.Route, error) {
	none := &rbac.Error{Kind: rbac.ErrNotFound, Record: "route", Name: text}
	routes := c.routes()
	if i := slices.IndexFunc(routes, func(r httpguard.Route) bool { return r.Pattern == text }); i >= 0 {
		return routes[i], nil
	}
	method, target, found := strings.Cut(text, " ")
	if !found {
		method, target = http.MethodGet, text
	}
	u, err := url.ParseRequestURI(strings.TrimSpace(target))
	if err != nil || routes == nil {
		return httpguard.Route{}, none
	}
	if r, ok := c.cfg.Mux.Route(&http.Request{Method: strings.ToUpper(method), Host: u.Host, URL: u}); ok {
		return r, nil
	}
	return httpguard.Route{}, none
}

// routeAccess states who may use a route. The zero value allows nobody.
type routeAccess int

const (
	routeDepends routeAccess = iota // the program decides for each request
	routePublic
	routeByRule
)

// ruleOf returns the predicate of a route, if the predicate can be judged
// without a request. A function of the host may look at anything, such as the
// time or the ticket. The text of the rule does not count, since a host may have
// written the text.
func (c *console) ruleOf(r httpguard.Route) (rbac.Predicate, routeAccess) {
	p, ok := c.cfg.Mux.Predicate(r.Pattern)
	switch {
	case !ok:
		return nil, routeDepends
	case p == nil:
		return nil, routePublic
	}
	for _, call := range []string{"from_net(", "authenticated_within(", "func("} {
		if strings.Contains(p.String(), call) {
			return nil, routeDepends
		}
	}
	return p, routeByRule
}

// isOwn reports whether a route leads to the console: the route has the path of
// the pattern that serves this request. The rule of the console counts beside
// that of the route.
func (v *visit) isOwn(r httpguard.Route) bool {
	return pathOf(r.Pattern) == pathOf(v.r.Pattern)
}

// pathOf returns a pattern without its method.
func pathOf(pattern string) string { return pattern[strings.LastIndexAny(pattern, " \t")+1:] }

// letsIn reports whether the console lets an Identity in.
func (v *visit) letsIn(id *rbac.Identity) (bool, error) {
	return read(v, func(tx *rbac.Tx, yes *bool) error {
		_, err := accessOf(tx, v.c.auth, id)
		*yes = err == nil
		if errors.Is(err, rbac.ErrDenied) {
			return nil
		}
		return err
	})
}

// routeRow is a route, and whether a user may use the route.
type routeRow struct {
	httpguard.Route
	May, Depends bool
	Own          bool // the route leads to the console
}

// routeRows returns the routes for an Identity, which is in no scope.
func (v *visit) routeRows(id *rbac.Identity) (rows []routeRow, err error) {
	for _, r := range v.c.routes() {
		p, access := v.c.ruleOf(r)
		row := routeRow{Route: r, May: access == routePublic, Depends: access == routeDepends, Own: v.isOwn(r)}
		if access == routeByRule {
			row.May = rbac.Check(id, p) == nil
		}
		if row.May && row.Own {
			if row.May, err = v.letsIn(id); err != nil {
				return nil, err
			}
		}
		rows = append(rows, row)
	}
	return rows, nil
}

// errNoRule is about a route whose rule no page can explain.
var errNoRule = fmt.Errorf("%w: the rule of the route depends on the request", rbac.ErrInvalid)
