package main

import (
	"cmp"
	"slices"
	"time"

	"github.com/rbac-go/rbac"
)

// person is a user in a room, on the page of a moderator. Users who are in all
// rooms, such as administrators, are not listed.
type person struct {
	rbac.User
	Muted bool
	Until time.Time // zero: no end
}

func peopleIn(tx *rbac.Tx, m room, now time.Time) ([]person, error) {
	var list []person
	for _, group := range []string{"speakers", "listeners"} {
		for has, err := range tx.AssignedUsers(group) {
			if err != nil {
				return nil, err
			}
			if has.Scope != m.scope() || ended(has, now) {
				continue
			}
			u, err := tx.User(has.User)
			if err != nil {
				return nil, err
			}
			list = append(list, person{u, group == "listeners", has.Until})
		}
	}
	slices.SortFunc(list, func(a, b person) int { return cmp.Compare(a.Name, b.Name) })
	return list, nil
}
