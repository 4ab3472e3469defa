package console

import (
	"errors"
	"net/http"
	"slices"
	"strconv"
	"strings"

	"github.com/rbac-go/rbac"
	"github.com/rbac-go/rbac/httpguard"
)

// whyData is the data of the page that explains a right.
type whyData struct {
	User, Ask, Route, Scope string
	Offered                 []rbac.Permission // the first permissions
	Routes                  []httpguard.Route // the first routes
	Fault                   string
	Answers                 []whyAnswer
}

// whyAnswer is the answer about a permission, an expression or a route.
type whyAnswer struct {
	Question    string
	Rule        string // of a route; empty: the question is the rule
	Public      bool   // everybody may use the route
	Explanation rbac.Explanation

	Permission string       // that the question is about; empty: something else
	Givers     []rbac.Group // the first groups that give the permission, if the user lacks it
	MoreGivers int
	Losses     []loss // what gives the permission, if the user has it
}

// loss is a membership that gives a permission, and the rights that the user
// would lose with the membership.
type loss struct {
	rbac.Membership
	Only bool // no other membership gives the permission
	Lost []string
	More int
}

// why explains whether a user has a permission, meets an expression, or may use
// a route.
func (c *console) why(v *visit) error {
	d, err := read(v, func(tx *rbac.Tx, d *whyData) error {
		d.User, d.Ask, d.Route, d.Scope = v.query("user"), v.query("ask"), v.query("route"), v.query("scope")
		all, err := tx.Permissions()
		d.Offered = all[:min(len(all), maxListed)]
		return err
	})
	if err != nil {
		return err
	}
	routes := c.routes()
	d.Routes = routes[:min(len(routes), maxListed)]
	status := http.StatusOK
	if d.User != "" {
		if err := v.answer(&d); err != nil {
			status = httpguard.Status(err)
			if status != http.StatusNotFound && status != http.StatusUnprocessableEntity {
				return err
			}
			d.Answers, d.Fault = nil, v.sayError(err)
			if errors.Is(err, errNoRule) {
				d.Fault = v.T("route depends")
			}
		}
	}
	return v.show(status, "why", frame{Data: d})
}

// answer answers the questions of a page: about a permission or an expression,
// and about a route.
func (v *visit) answer(d *whyData) error {
	if d.Ask != "" {
		p, err := v.predicate(d.Ask)
		if err != nil {
			return err
		}
		if err := v.addAnswer(d, whyAnswer{Question: d.Ask}, p, d.Scope); err != nil {
			return err
		}
	}
	if d.Route == "" {
		return nil
	}
	r, err := v.c.route(d.Route)
	if err != nil {
		return err
	}
	a := whyAnswer{Question: r.Pattern, Rule: r.Rule}
	p, access := v.c.ruleOf(r)
	switch {
	case access == routeDepends:
		return errNoRule
	case v.isOwn(r):
		a.Explanation, err = v.explainOwn(d.User, p)
		d.Answers = append(d.Answers, a)
		return err
	case access == routePublic:
		a.Public = true
		d.Answers = append(d.Answers, a)
		return nil
	}
	return v.addAnswer(d, a, p, "") // the rule itself names a scope, if any
}

// explainOwn explains whether a user may use the route of the console: by the
// rule of the route, nil for a public route, and by that of the console.
func (v *visit) explainOwn(user string, p rbac.Predicate) (all rbac.Explanation, err error) {
	ctx := v.r.Context()
	if p != nil {
		route, err := v.c.auth.ExplainUser(ctx, user, p)
		if err != nil {
			return all, err
		}
		all.Parts = append(all.Parts, v.explained(route))
	}
	admin, err := v.c.auth.ExplainUser(ctx, user, rbac.HasPermission(v.c.auth.Config().Administer))
	if err != nil {
		return all, err
	}
	own := rbac.Explanation{Met: admin.Met, Reason: v.T("route console"), Parts: []rbac.Explanation{v.explained(admin)}}
	all.Reason = own.Parts[0].Reason
	if !own.Met {
		id, err := v.c.auth.Identity(ctx, user)
		if err == nil {
			own.Met, err = v.letsIn(id)
		}
		if err != nil && !errors.Is(err, rbac.ErrDenied) { // the account is disabled
			return all, err
		}
		if all.Reason = v.T("console closed"); own.Met {
			all.Reason = v.T("console delegate")
			own.Parts = []rbac.Explanation{{Met: true, Reason: all.Reason}}
		}
	}
	all.Met, all.Parts = own.Met, append(all.Parts, own)
	if route := all.Parts[0]; !route.Met && p != nil {
		all.Met, all.Reason = false, route.Reason
	}
	return all, nil
}

// predicate returns the predicate of a question, which names a permission or is
// an expression.
func (v *visit) predicate(ask string) (rbac.Predicate, error) {
	if !strings.ContainsRune(ask, '(') {
		return rbac.HasPermission(ask), nil
	}
	named, err := read(v, func(tx *rbac.Tx, named *bool) error {
		_, err := tx.Permission(ask)
		*named = err == nil
		if errors.Is(err, rbac.ErrNotFound) || errors.Is(err, rbac.ErrInvalid) {
			return nil
		}
		return err
	})
	if err != nil || named {
		return rbac.HasPermission(ask), err
	}
	return rbac.Parse(ask)
}

// permissionOf returns the permission of a predicate that requires just one
// permission.
func permissionOf(p rbac.Predicate) string {
	text, ok := strings.CutPrefix(p.String(), "has_permission(")
	if !ok {
		return ""
	}
	name, err := strconv.Unquote(strings.TrimSuffix(text, ")"))
	if err != nil {
		return ""
	}
	return name
}

// addAnswer adds the answer about a predicate in a scope.
func (v *visit) addAnswer(d *whyData, a whyAnswer, p rbac.Predicate, scope string) (err error) {
	a.Permission = permissionOf(p)
	if scope != "" {
		p = rbac.In(scope, p)
	}
	if a.Explanation, err = v.c.auth.ExplainUser(v.r.Context(), d.User, p); err != nil {
		return err
	}
	a.Explanation = v.explained(a.Explanation)
	switch {
	case a.Permission == "":
	case a.Explanation.Met:
		a.Losses, err = read(v, func(tx *rbac.Tx, list *[]loss) (err error) {
			*list, err = v.losses(tx, d.User, a.Permission, scope)
			return err
		})
	default:
		var givers []rbac.Group
		givers, err = read(v, func(tx *rbac.Tx, list *[]rbac.Group) (err error) {
			*list, err = tx.PermissionGroups(a.Permission)
			return err
		})
		a.Givers = givers[:min(len(givers), shownRows)]
		a.MoreGivers = len(givers) - len(a.Givers)
	}
	d.Answers = append(d.Answers, a)
	return err
}

// maxLosses bounds the memberships of a user that losses compares.
const maxLosses = 50

// losses returns the memberships that give a permission in a scope, each with
// the rights that only this membership gives.
func (v *visit) losses(tx *rbac.Tx, user, permission, scope string) (list []loss, err error) {
	all, err := tx.AssignedGroups(user)
	if err != nil {
		return nil, err
	}
	counting := slices.DeleteFunc(all, func(m rbac.Membership) bool {
		return m.Scope != "" && m.Scope != scope || v.ended(m)
	})
	if len(counting) > maxLosses {
		return nil, nil
	}
	gives := make([][]rbac.Permission, len(counting))
	givenBy := map[string]int{}
	for i, m := range counting {
		if gives[i], err = tx.GroupPermissions(m.Group); err != nil {
			return nil, err
		}
		for _, p := range gives[i] {
			givenBy[p.Name]++
		}
	}
	for i, m := range counting {
		l := loss{Membership: m, Only: givenBy[permission] == 1}
		found := false
		for _, p := range gives[i] {
			found = found || p.Name == permission
			if givenBy[p.Name] > 1 {
				continue
			}
			if len(l.Lost) < shownRows {
				l.Lost = append(l.Lost, p.Name)
			} else {
				l.More++
			}
		}
		if found {
			list = append(list, l)
		}
	}
	return list, nil
}
