package importer

import (
	"errors"
	"slices"

	"github.com/rbac-go/rbac"
)

// policy brings permissions, groups and what groups have. A group that exists
// stays as it is.
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
	created := map[string]bool{}
	for _, g := range i.plan.groups {
		added, err := i.group(tx, g, r)
		if err != nil {
			return err
		}
		created[g.Name] = added
	}
	for _, g := range i.plan.groups {
		for _, j := range g.juniors {
			if err := i.inheritance(tx, g, j, created[g.Name], r); err != nil {
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
	_, err := tx.AddPermission(p.Permission)
	refusal, err := r.settle(p.row, err)
	if refusal != "" {
		r.left(p.Name, refusal)
	}
	return err
}

// group adds a group with its grants, or compares them with those of a group
// that exists.
func (i *importing) group(tx *rbac.Tx, g group, r *Report) (added bool, err error) {
	_, err = tx.Group(g.Name)
	switch {
	case err == nil:
		r.add(g.row.as(Present, ""))
		return false, i.compare(tx, g, r)
	case i.deletedGroups[g.Name]:
		i.closed[g.Name] = "the group " + g.Name + " was deleted here"
		r.add(g.row.as(NotTaken, "was deleted here since an earlier import"))
	default:
		g.Note = i.note()
		_, err = tx.AddGroup(g.Group)
		refusal, err := r.settle(g.row, err)
		if err != nil {
			return false, err
		}
		if added = refusal == ""; !added {
			i.closed[g.Name] = "its group was not taken: " + refusal
		}
	}
	for _, of := range g.grants {
		if !added {
			i.leave(r, of, "its group was not taken")
			continue
		}
		refusal, err := r.settle(of.row, i.grant(tx, g.Name, of.permission))
		if err != nil {
			return added, err
		}
		if refusal != "" {
			r.left(of.permission, refusal)
		}
	}
	return added, nil
}

func (i *importing) leave(r *Report, g grant, reason string) {
	r.add(g.row.as(NotTaken, reason))
	r.left(g.permission, reason)
}

// compare reports which grants of the source a group has that exists here, and
// closes the group if it gives more than the group of the source.
func (i *importing) compare(tx *rbac.Tx, g group, r *Report) error {
	here, err := tx.GroupPermissions(g.Name)
	if err != nil {
		return err
	}
	there := i.plan.permissionsOf(g.Name)
	for _, of := range g.grants {
		if slices.ContainsFunc(here, func(p rbac.Permission) bool { return p.Name == of.permission }) {
			r.add(of.row.as(Present, ""))
		} else {
			i.leave(r, of, "the group was here before, and is left as it is")
		}
	}
	more, err := assigns(tx, g.Name)
	for _, p := range here {
		if !there[p.Name] && more == "" {
			more = p.Name
		}
	}
	if more != "" && !i.options.Merge {
		i.closed[g.Name] = "the group " + g.Name + " was here before, and gives more than in the source: " + more
	}
	return err
}

// assigns returns a power of a group that is no permission: a delegation of the
// group, or of a group that it inherits. Without a power the result is empty.
func assigns(tx *rbac.Tx, group string) (string, error) {
	delegations, err := tx.Delegations()
	if err != nil || len(delegations) == 0 {
		return "", err
	}
	inheritances, err := tx.Inheritances()
	juniors := map[string][]string{}
	for _, i := range inheritances {
		juniors[i.Senior] = append(juniors[i.Senior], i.Junior)
	}
	found := reach(group, len(inheritances)+1, func(name string) []string { return juniors[name] })
	for _, d := range delegations {
		if found[d.Group] {
			return "the delegation of " + d.Group, err
		}
	}
	return "", err
}

// permissionsOf returns the permissions that a group of the plan gives, inherited
// permissions included.
func (p *Plan) permissionsOf(name string) map[string]bool {
	byName := map[string]group{}
	for _, g := range p.groups {
		byName[g.Name] = g
	}
	groups := reach(name, len(p.groups), func(name string) (juniors []string) {
		for _, j := range byName[name].juniors {
			juniors = append(juniors, j.name)
		}
		return juniors
	})
	found := map[string]bool{}
	for name := range groups {
		for _, of := range byName[name].grants {
			found[of.permission] = true
		}
	}
	return found
}

func (i *importing) inheritance(tx *rbac.Tx, g group, j junior, created bool, r *Report) error {
	of := rbac.Inheritance{Senior: g.Name, Junior: j.name}
	if created {
		_, err := r.settle(j.row, tx.AddInheritance(of))
		return err
	}
	here, err := tx.Inheritances()
	if slices.Contains(here, of) {
		r.add(j.row.as(Present, ""))
	} else {
		r.add(j.row.as(NotTaken, "the group "+g.Name+" was here before, and is left as it is"))
	}
	return err
}

func (i *importing) separation(tx *rbac.Tx, set separation, r *Report) error {
	if _, err := tx.SSDSet(set.Name); err == nil {
		r.add(set.row.as(Present, ""))
		return nil
	}
	_, err := r.settle(set.row, tx.CreateSSDSet(set.SeparationSet))
	return err
}

// superusers makes the group that is granted *, if there are superusers to take.
func (i *importing) superusers(tx *rbac.Tx) error {
	if !i.options.Superusers || !slices.ContainsFunc(i.plan.users, func(u user) bool { return u.superuser != "" }) {
		return nil
	}
	name := i.superusersGroup()
	if slices.ContainsFunc(i.plan.groups, func(g group) bool { return g.Name == name }) {
		return invalid("group", name, "", "the source has a group of this name, which the import needs: rename the group")
	}
	_, err := tx.AddGroup(rbac.Group{Name: name, Note: i.note()})
	if errors.Is(err, rbac.ErrExists) {
		return nil
	}
	return errors.Join(err, tx.GrantPermission(rbac.Grant{Group: name, Permission: "*", Note: i.note()}))
}

func (i *importing) superusersGroup() string { return i.plan.kind + " superusers" }

func (i *importing) note() string { return "imported from " + i.plan.kind }
