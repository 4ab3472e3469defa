package sqlstore

import (
	"github.com/google/uuid"
	"github.com/rbac-go/rbac/store"
)

func (r *records) Separations(f store.SeparationFilter) ([]store.Separation, error) {
	if f.Groups == nil {
		return r.separations("Separations", " WHERE dynamic = ?", f.Dynamic)
	}
	anyOf, list := r.anyID("group_id", f.Groups)
	return r.separations("Separations", ` WHERE dynamic = ? AND name IN
		(SELECT name FROM rbac_separation_groups WHERE `+anyOf+` AND dynamic = ?)`, f.Dynamic, list, f.Dynamic)
}

func (r *records) Separation(dynamic bool, name string) (store.Separation, error) {
	list, err := r.separations("Separation", " WHERE dynamic = ? AND name = ?", dynamic, name)
	if err == nil && len(list) == 0 {
		return store.Separation{}, store.ErrNotFound
	}
	if err != nil {
		return store.Separation{}, err
	}
	return list[0], nil
}

func (r *records) PutSeparation(s store.Separation) error {
	r.policy = true
	const call = "PutSeparation"
	err := r.add(call, `INSERT INTO rbac_separations (dynamic, name, cardinality) VALUES (?, ?, ?)
		ON CONFLICT (dynamic, name) DO UPDATE SET cardinality = excluded.cardinality`, s.Dynamic, s.Name, s.Cardinality)
	if err != nil {
		return err
	}
	if err := r.deleteSeparationGroups(call, s.Dynamic, s.Name); err != nil {
		return err
	}
	for _, g := range s.Groups {
		if err := r.add(call, "INSERT INTO rbac_separation_groups (dynamic, name, group_id) VALUES (?, ?, ?)", s.Dynamic, s.Name, g); err != nil {
			return err
		}
	}
	return nil
}

func (r *records) DeleteSeparation(dynamic bool, name string) error {
	r.policy = true
	const call = "DeleteSeparation"
	if err := r.deleteSeparationGroups(call, dynamic, name); err != nil {
		return err
	}
	return r.change(call, "DELETE FROM rbac_separations WHERE dynamic = ? AND name = ?", dynamic, name)
}

func (r *records) deleteSeparationGroups(call string, dynamic bool, name string) error {
	_, err := r.exec(call, "DELETE FROM rbac_separation_groups WHERE dynamic = ? AND name = ?", dynamic, name)
	return err
}

// separations reads sets and, with a second query, the groups of all sets.
func (r *records) separations(call, where string, args ...any) ([]store.Separation, error) {
	list, err := all(r, call, scanSeparation, "SELECT dynamic, name, cardinality FROM rbac_separations"+where+" ORDER BY name", args...)
	if err != nil || len(list) == 0 {
		return nil, err
	}
	places, err := all(r, call, scanSeparationGroup, "SELECT name, group_id FROM rbac_separation_groups"+where+" ORDER BY name, group_id", args...)
	if err != nil {
		return nil, err
	}
	i := 0
	for _, p := range places {
		for list[i].Name != p.name {
			i++ // both lists are ordered by name, and each place belongs to a set
		}
		list[i].Groups = append(list[i].Groups, p.group)
	}
	return list, nil
}

func scanSeparation(row Row) (store.Separation, error) {
	var s store.Separation
	return s, row.Scan(&s.Dynamic, &s.Name, &s.Cardinality)
}

type separationGroup struct {
	name  string
	group uuid.UUID
}

func scanSeparationGroup(row Row) (separationGroup, error) {
	var p separationGroup
	return p, row.Scan(&p.name, &p.group)
}
