package importer

import (
	"cmp"
	"errors"
	"slices"

	"github.com/rbac-go/rbac"
)

// policy adds permissions, and groups with their grants and inheritances. An
// existing group stays unchanged, but gets missing grants and inheritances with
// Merge.
func (i *importing) policy(tx *rbac.Tx, r *Report) error {
	i.closed = map[string]string{}
	r.add(i.plan.rest...)
	for _, l := range i.plan.left {
		r.left(l.permission, l.reason)
	}
	for _, p := range i.plan.permissions {
		if err := i.permission(tx, p, r); err != nil {
			return err
		}
	}
	here, err := i.closeGroups(tx)
	if err != nil {
		return err
	}
	for _, g := range i.plan.groups {
		if err := i.group(tx, g, here[g.Name], r); err != nil {
			return err
		}
	}
	for _, g := range i.plan.groups {
		for _, j := range g.juniors {
			if err := i.inheritance(tx, g, j, here[g.Name], r); err != nil {
				return err
			}
		}
	}
	for _, set := range i.plan.sets {
		if err := i.separation(tx, set, r); err != nil {
			return err
		}
	}
	return i.superusers(tx)
}

// settle adds a row to the report: Taken without an error, NotTaken after a
// refusal. Any other error is returned.
func (r *Report) settle(at Row, err error) (refusal string, fault error) {
	switch {
	case err == nil:
		at.Outcome = Taken
	case isRefusal(err):
		refusal = reason(err)
		at = at.as(NotTaken, refusal)
	default:
		return "", err
	}
	r.add(at)
	return refusal, nil
}

func (i *importing) permission(tx *rbac.Tx, p permission, r *Report) error {
	if _, err := tx.Permission(p.Name); err == nil {
		r.add(p.row.as(Present, ""))
		return nil
	}
	if why := i.gone.permissions[p.Name]; why != "" {
		r.add(p.row.as(NotTaken, why))
		r.left(p.Name, why)
		return nil
	}
	_, err := tx.AddPermission(p.Permission)
	refusal, err := r.settle(p.row, err)
	if refusal != "" {
		r.left(p.Name, refusal)
	}
	return err
}

// group adds a group with its grants. For an existing group, the report states
// which of the grants the group has.
func (i *importing) group(tx *rbac.Tx, g group, here bool, r *Report) error {
	if here {
		r.add(g.row.as(Present, ""))
		return i.compare(tx, g, r)
	}
	if why := cmp.Or(i.gone.groups[g.Name], i.closed[g.Name]); why != "" {
		r.add(g.row.as(NotTaken, why))
	} else {
		g.Note = i.note()
		_, err := tx.AddGroup(g.Group)
		refusal, err := r.settle(g.row, err)
		if err != nil {
			return err
		}
		if refusal != "" {
			i.closed[g.Name] = "its group was not taken: " + refusal
		}
	}
	for _, of := range g.grants {
		if i.closed[g.Name] != "" {
			i.leave(r, of, "its group was not taken")
			continue
		}
		refusal, err := r.settle(of.row, i.grant(tx, g.Name, of.permission))
		if err != nil {
			return err
		}
		if refusal != "" {
			r.left(of.permission, refusal)
		}
	}
	return nil
}

func (i *importing) leave(r *Report, g grant, reason string) {
	r.add(g.row.as(NotTaken, reason))
	r.left(g.permission, reason)
}

// compare reports which grants of the source an existing group has. With Merge,
// the group gets the missing grants.
func (i *importing) compare(tx *rbac.Tx, g group, r *Report) error {
	here, err := tx.GroupPermissions(g.Name)
	if err != nil {
		return err
	}
	for _, of := range g.grants {
		reason, err := i.addition(r, of.row, addition{
			tx: tx, group: g.Name, object: of.permission, removal: "RevokePermission",
			present: slices.ContainsFunc(here, func(p rbac.Permission) bool { return p.Name == of.permission }),
			add:     func() error { return i.grant(tx, g.Name, of.permission) },
		})
		if err != nil {
			return err
		}
		if reason != "" {
			r.left(of.permission, reason)
		}
	}
	return nil
}

func (i *importing) inheritance(tx *rbac.Tx, g group, j junior, here bool, r *Report) error {
	of := rbac.Inheritance{Senior: g.Name, Junior: j.name}
	if !here && i.closed[g.Name] != "" {
		r.add(j.row.as(NotTaken, "its group was not taken"))
		return nil
	}
	if !here {
		_, err := r.settle(j.row, tx.AddInheritance(of))
		return err
	}
	all, err := tx.Inheritances()
	if err != nil {
		return err
	}
	_, err = i.addition(r, j.row, addition{
		tx: tx, group: g.Name, object: j.name, removal: "DeleteInheritance",
		present: slices.Contains(all, of),
		add:     func() error { return tx.AddInheritance(of) },
	})
	return err
}

func (i *importing) separation(tx *rbac.Tx, set separation, r *Report) error {
	if _, err := tx.SSDSet(set.Name); err == nil {
		r.add(set.row.as(Present, ""))
		return nil
	}
	if why := i.gone.sets[set.Name]; why != "" {
		r.add(set.row.as(NotTaken, why))
		return nil
	}
	_, err := r.settle(set.row, tx.CreateSSDSet(set.SeparationSet))
	return err
}

// superusers makes the group that is granted *, if superusers are to be taken.
func (i *importing) superusers(tx *rbac.Tx) error {
	if !i.options.Superusers || !slices.ContainsFunc(i.plan.users, func(u user) bool { return u.superuser != "" }) {
		return nil
	}
	name := i.superusersGroup()
	if slices.ContainsFunc(i.plan.groups, func(g group) bool { return g.Name == name }) {
		return invalid("group", name, "", "the source has a group of this name, which the import needs: rename the group")
	}
	_, err := tx.Group(name)
	if err == nil || !isRefusal(err) {
		return err
	}
	if why := i.gone.groups[name]; why != "" {
		i.closed[name] = "the group " + name + " " + why
		return nil
	}
	_, err = tx.AddGroup(rbac.Group{Name: name, Note: i.note()})
	return errors.Join(err, tx.GrantPermission(rbac.Grant{Group: name, Permission: "*", Note: i.note()}))
}

func (i *importing) superusersGroup() string { return i.plan.kind + " superusers" }

func (i *importing) note() string { return i.plan.note() }

// note is the note of the records that an import adds.
func (p *Plan) note() string { return "imported from " + p.kind }
