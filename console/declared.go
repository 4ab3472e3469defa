package console

import (
	"net/http"

	"github.com/rbac-go/rbac"
)

// declaredData is the data of the page of the program's catalogue.
type declaredData struct {
	Changes            part[rbac.Change] // of the next start
	LeftOut, Unmatched part[rbac.PlanEntry]

	// In the store, and not in the catalogue.
	Groups       part[rbac.Group]
	Permissions  part[rbac.Permission]
	Grants       part[rbac.Grant]
	Inheritances part[rbac.Inheritance]
}

// Unknown reports whether something is in the store, and not in the catalogue.
func (d declaredData) Unknown() bool {
	return d.Groups.Count+d.Permissions.Count+d.Grants.Count+d.Inheritances.Count > 0
}

// declared shows the changes that the program's catalogue would make in the
// store, and the records of the store that the catalogue lacks.
func (c *console) declared(v *visit) error {
	plan, err := c.auth.Plan(v.r.Context(), *c.cfg.Catalogue)
	if err != nil {
		return err
	}
	if v.query("format") == "csv" {
		return v.declaredCSV(plan)
	}
	beside := plan.Unknown
	return v.show(http.StatusOK, "declared", frame{CSV: address("declared", "format", "csv"), Data: declaredData{
		Changes: partOf(v, plan.Effect.Changes, "changes"),
		LeftOut: partOf(v, plan.LeftOut, "left-out"), Unmatched: partOf(v, plan.Unmatched, "unmatched"),
		Groups: partOf(v, beside.Groups, "groups"), Permissions: partOf(v, beside.Permissions, "permissions"),
		Grants: partOf(v, beside.Grants, "grants"), Inheritances: partOf(v, beside.Inheritances, "inheritances"),
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
