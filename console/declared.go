package console

import (
	"net/http"

	"github.com/rbac-go/rbac"
)

// declaredData is the data of the page of the program's catalogue.
type declaredData struct {
	Plan   rbac.Plan
	Agrees bool // the store agrees with the catalogue
}

// declared shows what the program's catalogue would change in the store, and
// what the store has beside it.
func (c *console) declared(v *visit) error {
	plan, err := c.auth.Plan(v.r.Context(), *c.cfg.Catalogue)
	if err != nil {
		return err
	}
	return v.show(http.StatusOK, "declared", frame{Data: declaredData{Plan: plan, Agrees: len(plan.Effect.Changes) == 0}})
}
