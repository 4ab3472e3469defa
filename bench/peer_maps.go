package main

import "slices"

// maps is what a service author writes without a library: the groups of each
// user, and the permissions of each group. There is no lock, and a change
// during a read would be a data race, so the bound is low.
type maps struct {
	groupsOf    map[string][]string
	permissions map[string]map[string]struct{} // of each group
}

func loadMaps(w *world) (subject, error) {
	m := &maps{make(map[string][]string, len(w.users)), make(map[string]map[string]struct{}, len(w.groups))}
	for g, name := range w.groups {
		set := make(map[string]struct{}, len(w.grants[g]))
		for _, p := range w.grants[g] {
			set[w.permissions[p]] = struct{}{}
		}
		m.permissions[name] = set
	}
	for u, name := range w.users {
		list := make([]string, len(w.memberships[u]))
		for i, g := range w.memberships[u] {
			list[i] = w.groups[g]
		}
		m.groupsOf[name] = list
	}
	return m, nil
}

func (m *maps) check(user, permission string) bool { return m.gives(m.groupsOf[user], permission) }

func (m *maps) gives(groups []string, permission string) bool {
	for _, g := range groups {
		if _, ok := m.permissions[g][permission]; ok {
			return true
		}
	}
	return false
}

func (m *maps) checks(ps []probe) (allowed int) {
	for i := range ps {
		if m.check(ps[i].user, ps[i].permission) {
			allowed++
		}
	}
	return allowed
}

// mapsReady holds the groups of each user; the permission stays a name.
type mapsReady struct {
	*maps
	groups [][]string
	names  []string
}

func (m *maps) ready(ps []probe) prepared {
	r := &mapsReady{maps: m}
	for _, p := range ps {
		r.groups = append(r.groups, m.groupsOf[p.user])
		r.names = append(r.names, p.permission)
	}
	return r
}

func (r *mapsReady) each(from, to int) (allowed int) {
	for i := from; i < to; i++ {
		if r.gives(r.groups[i], r.names[i]) {
			allowed++
		}
	}
	return allowed
}

func (r *mapsReady) again(i, n int) (allowed int) {
	groups, name := r.groups[i], r.names[i]
	for range n {
		if r.gives(groups, name) {
			allowed++
		}
	}
	return allowed
}

func (m *maps) compounds(cs []compound) func(from, to int) int {
	groups := make([][]string, len(cs))
	for i, c := range cs {
		groups[i] = m.groupsOf[c.user]
	}
	return func(from, to int) (allowed int) {
		for i := from; i < to; i++ {
			c, in := &cs[i], groups[i]
			if (slices.Contains(in, c.a) || m.gives(in, c.b)) && !slices.Contains(in, c.c) {
				allowed++
			}
		}
		return allowed
	}
}

func (m *maps) assign(user, group string) error {
	m.groupsOf[user] = append(m.groupsOf[user], group)
	return nil
}

func (m *maps) deassign(user, group string) error {
	m.groupsOf[user] = slices.DeleteFunc(m.groupsOf[user], func(g string) bool { return g == group })
	return nil
}

func (m *maps) grant(group, permission string) error {
	m.permissions[group][permission] = struct{}{}
	return nil
}

func (m *maps) revoke(group, permission string) error {
	delete(m.permissions[group], permission)
	return nil
}

func (m *maps) close() error { return nil }
