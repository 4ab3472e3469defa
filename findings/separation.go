package findings

import "github.com/rbac-go/rbac"

// maxMembers bounds the members of a group that AtLimit examines.
const maxMembers = 2000

// AtLimit returns the first users who have as many groups of a static set of
// separation of duty as the set allows: one more group would violate the set.
// At most limit users are returned, in the order of the groups. More reports
// whether there are, or may be, other such users: only the first 2,000 members
// of each group are examined.
func AtLimit(tx *rbac.Tx, s rbac.SeparationSet, limit int) (users []string, more bool, err error) {
	held := map[string]int{}
	for _, g := range s.Groups {
		n := 0
		for u, err := range tx.AuthorizedUsers(g) {
			if err != nil {
				return nil, false, err
			}
			if held[u.Name]++; held[u.Name] == s.Cardinality-1 {
				if len(users) == limit {
					return users, true, nil
				}
				users = append(users, u.Name)
			}
			if n++; n == maxMembers {
				more = true
				break
			}
		}
	}
	return users, more, nil
}

func nearSets(tx *rbac.Tx) (c counter, err error) {
	sets, err := tx.SSDSets()
	if err != nil {
		return c, err
	}
	for _, s := range sets {
		if c.full() {
			break
		}
		users, _, err := AtLimit(tx, s, 1)
		if err != nil {
			return c, err
		}
		if len(users) > 0 {
			c.add(Record{Set: s.Name})
		}
	}
	return c, nil
}
