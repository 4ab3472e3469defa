package console

import (
	"net/http"

	"github.com/rbac-go/rbac"
)

// sectionsData is the data of the page of sections.
type sectionsData struct {
	Rows  []rbac.Section
	Since rbac.Revision
}

// maxSections bounds the sections of the page, on which each has a form.
const maxSections = 200

func (c *console) sections(v *visit) error {
	d, err := read(v, func(tx *rbac.Tx, d *sectionsData) error {
		all, err := orderedSections(tx)
		d.Rows, d.Since = all[:min(len(all)-1, maxSections)], tx.Revision()
		return err
	})
	if err != nil {
		return err
	}
	return v.show(http.StatusOK, "sections", frame{Parents: []crumb{{v.T("permissions"), "permissions"}}, Count: v.N("n sections", len(d.Rows)), Data: d})
}
