package sqlstore

import (
	"github.com/rbac-go/rbac/store"
)

func (r *records) Declarations() ([]store.Declaration, error) {
	return all(r, "Declarations", scanDeclaration, "SELECT kind, name, id, text FROM rbac_declarations ORDER BY kind, name")
}

func (r *records) PutDeclaration(d store.Declaration) error {
	r.policy = true
	return r.add("PutDeclaration", `INSERT INTO rbac_declarations (kind, name, id, text) VALUES (?, ?, ?, ?)
		ON CONFLICT (kind, name) DO UPDATE SET id = excluded.id, text = excluded.text`,
		d.Kind, d.Key, d.ID, d.Text)
}

func scanDeclaration(row Row) (store.Declaration, error) {
	var d store.Declaration
	return d, row.Scan(&d.Kind, &d.Key, &d.ID, &d.Text)
}
