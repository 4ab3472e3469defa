package console

import (
	"net/http"

	"github.com/rbac-go/rbac"
)

// sectionsData is the data of the page of sections.
type sectionsData struct {
	Rows  part[rbac.Section]
	Since rbac.Revision
}

func (c *console) sections(v *visit) error {
	d, err := read(v, func(tx *rbac.Tx, d *sectionsData) error {
		all, err := orderedSections(tx)
		d.Rows, d.Since = partBySize(v, all[:len(all)-1], "sections", func(s rbac.Section) int { return len(s.Title) }), tx.Revision()
		return err
	})
	if err != nil {
		return err
	}
	return v.show(http.StatusOK, "sections", frame{Parents: []crumb{{v.T("permissions"), "permissions"}}, Count: v.N("n sections", d.Rows.Count), Data: d})
}
