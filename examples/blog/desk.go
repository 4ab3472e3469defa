package main

import (
	"slices"

	"github.com/rbac-go/rbac"
)

// desk is a part of the newsroom. The scope of a desk is where its sub-editors
// and its head are members: their rights hold for the posts of the desk alone.
type desk struct{ Name, Title string }

var desks = []desk{{"news", "News"}, {"culture", "Culture"}, {"sport", "Sport"}}

// findDesk returns the desk with a name, or ErrNotFound.
func findDesk(name string) (desk, error) {
	i := slices.IndexFunc(desks, func(d desk) bool { return d.Name == name })
	if i < 0 {
		return desk{}, rbac.ErrNotFound
	}
	return desks[i], nil
}

func (d desk) scope() string { return "desk:" + d.Name }

// mayStaff returns the rule for the page of a desk. The rule decides who sees
// the page; UpdateAs decides who may change something.
func mayStaff(d desk) rbac.Predicate {
	return rbac.Any(rbac.HasPermission("manage"), rbac.In(d.scope(), rbac.HasPermission("desk.staff")))
}
