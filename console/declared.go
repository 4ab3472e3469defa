package console

import (
	"net/http"

	"github.com/rbac-go/rbac"
)

// declaredData is the data of the page of the program's catalogue.
type declaredData struct {
	Changes            []rbac.Change // of the next start
	Agrees             bool          // the store agrees with the catalogue
	LeftOut, Unmatched firstOf[rbac.PlanEntry]

	// In the store, and not in the catalogue.
	Groups       firstOf[rbac.Group]
	Permissions  firstOf[rbac.Permission]
	Grants       firstOf[rbac.Grant]
	Inheritances firstOf[rbac.Inheritance]
}

// Unknown reports whether something is in the store, and not in the catalogue.
func (d declaredData) Unknown() bool {
	return len(d.Groups.Rows)+len(d.Permissions.Rows)+len(d.Grants.Rows)+len(d.Inheritances.Rows) > 0
}

// firstOf has the first records of a list, and how many others there are.
type firstOf[T any] struct {
	Rows []T
	More int
}

func newFirstOf[T any](list []T) firstOf[T] {
	n := min(len(list), pageSize)
	return firstOf[T]{list[:n], len(list) - n}
}

// declared shows what the program's catalogue would change in the store, and
// what the store has beside it.
func (c *console) declared(v *visit) error {
	plan, err := c.auth.Plan(v.r.Context(), *c.cfg.Catalogue)
	if err != nil {
		return err
	}
	if v.query("format") == "csv" {
		return v.declaredCSV(plan)
	}
	beside := plan.Unknown
	return v.show(http.StatusOK, "declared", frame{CSV: v.next("format", "csv"), Data: declaredData{
		Changes: plan.Effect.Changes, Agrees: len(plan.Effect.Changes) == 0,
		LeftOut: newFirstOf(plan.LeftOut), Unmatched: newFirstOf(plan.Unmatched),
		Groups: newFirstOf(beside.Groups), Permissions: newFirstOf(beside.Permissions),
		Grants: newFirstOf(beside.Grants), Inheritances: newFirstOf(beside.Inheritances),
	}})
}

// declaredCSV sends the whole lists of the page.
func (v *visit) declaredCSV(plan rbac.Plan) error {
	t := v.table("state", "kind", "name", "reason")
	for _, c := range plan.Effect.Changes {
		t.row(v.T("would change"), "", v.planned(c), "")
	}
	entries := func(state string, list []rbac.PlanEntry) {
		for _, e := range list {
			t.row(v.T(state), v.fieldName(e.Kind), e.Name, v.lang.reason(e.Reason))
		}
	}
	entries("left out", plan.LeftOut)
	entries("unmatched", plan.Unmatched)
	beside := func(kind, name string) { t.row(v.T("undeclared"), v.fieldName(kind), name, "") }
	for _, g := range plan.Unknown.Groups {
		beside("group", g.Name)
	}
	for _, p := range plan.Unknown.Permissions {
		beside("permission", p.Name)
	}
	for _, g := range plan.Unknown.Grants {
		beside("grant", g.Group+" "+g.Permission)
	}
	for _, i := range plan.Unknown.Inheritances {
		beside("inheritance", chain{i.Senior, i.Junior}.String())
	}
	return t.send("declared")
}
