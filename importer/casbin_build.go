package importer

import (
	"maps"
	"slices"
	"strings"

	"github.com/rbac-go/rbac"
)

// casbin makes a plan of a policy.
type casbin struct {
	Casbin
	model *casbinModel
	plan  *Plan
	lines []casbinLine

	listed map[string]bool // Users

	rules     []*rule             // the p lines
	rulesOf   map[string][]*rule  // by subject
	links     []*link             // the g lines
	linksOf   map[string][]*link  // by member
	members   map[string][]*link  // by role
	resources map[string][]string // the g2 lines: resources by group
	subjects  []string            // users and roles, in byte order
	domains   []string            // in byte order; one empty domain without domains
	occurs    map[string][]string // domains in which a role occurs
	split     map[string]bool     // roles that are a group for each domain
	names     map[string]string   // of permissions: the parts, by the name
}

// rule is a p line.
type rule struct {
	subject, domain string
	deny, taken     bool
	pattern         bool     // matches more than it names, or is malformed
	priority, place int      // smaller numbers first
	permissions     []string // names, resource roles resolved
	row             Row
}

// link is a g line.
type link struct {
	member, role, domain string
	row                  Row
}

func (b *casbin) build() {
	b.rulesOf, b.linksOf, b.members = map[string][]*rule{}, map[string][]*link{}, map[string][]*link{}
	b.resources, b.names = map[string][]string{}, map[string]string{}
	b.readLinks()
	b.readRules()
	b.takeRules()
	b.findDomains()
	b.findSplit()
	for _, name := range b.subjects {
		if b.isUser(name) {
			b.addUser(name)
		} else {
			b.addGroups(name)
		}
	}
	b.addConstraints()
	for _, l := range b.links {
		if l.row.Table != "" { // no record came from the line
			b.leave(l.row, "holds in no domain of the policy")
		}
	}
	for _, r := range b.rules {
		if !r.taken {
			b.plan.rest = append(b.plan.rest, r.row)
			for _, permission := range r.permissions {
				b.plan.left = append(b.plan.left, leftOut{permission, r.row.Reason})
			}
		}
	}
}

func (b *casbin) leave(at Row, reason string) {
	b.plan.rest = append(b.plan.rest, at.as(NotTaken, reason))
}

// findDomains finds the domains of the policy, and those of each role.
func (b *casbin) findDomains() {
	domains, subjects, occurs := map[string]bool{}, map[string]bool{}, map[string]map[string]bool{}
	if b.model.domain < 0 {
		domains[""] = true
	}
	in := func(name, domain string, known bool) {
		subjects[name] = true
		if occurs[name] == nil {
			occurs[name] = map[string]bool{}
		}
		if known {
			domains[domain], occurs[name][domain] = true, true
		}
	}
	for name, rules := range b.rulesOf {
		for _, r := range rules {
			in(name, r.domain, b.model.domain < 0 || r.domain != "")
		}
	}
	for name, links := range b.linksOf {
		for _, l := range links {
			in(name, l.domain, b.model.roleDomain)
			in(l.role, l.domain, b.model.roleDomain)
		}
	}
	b.domains, b.subjects, b.occurs = slices.Sorted(maps.Keys(domains)), slices.Sorted(maps.Keys(subjects)), map[string][]string{}
	for name := range subjects {
		b.occurs[name] = slices.Sorted(maps.Keys(occurs[name]))
		if !b.model.roleDomain && len(b.linksOf[name])+len(b.members[name]) > 0 {
			b.occurs[name] = b.domains // the roles of a user are the same in all domains
		}
	}
}

// takeRules decides which p lines are taken: lines that allow, have no fault,
// and are not denied by another line.
func (b *casbin) takeRules() {
	denied, anything := map[right]bool{}, false
	for _, r := range b.rules {
		if r.deny && b.model.denyWins {
			anything = anything || r.pattern
			for _, permission := range r.permissions {
				denied[right{permission, r.domain}] = true
			}
		}
	}
	for _, r := range b.rules {
		switch {
		case r.row.Reason != "":
		case anything:
			r.row.Reason = "a line that denies is a pattern or has a wrong number of values, and may deny this"
		case slices.ContainsFunc(r.permissions, func(p string) bool { return denied[right{p, r.domain}] }):
			r.row.Reason = "another line denies this to somebody"
		default:
			r.taken = true
		}
	}
}

// findSplit finds the roles whose lines or juniors are not the same in all
// domains in which they occur.
func (b *casbin) findSplit() {
	b.split = map[string]bool{}
	for changed := true; changed; {
		changed = false
		for _, role := range b.subjects {
			if !b.isUser(role) && !b.split[role] && b.differs(role) {
				b.split[role], changed = true, true
			}
		}
	}
}

func (b *casbin) differs(role string) bool {
	first := ""
	for n, domain := range b.occurs[role] {
		var has []string
		for _, r := range b.rulesOf[role] {
			if r.taken && r.domain == domain {
				has = append(has, r.permissions...)
			}
		}
		for _, l := range b.linksOf[role] {
			if b.counts(l, domain) {
				has = append(has, "\x00"+b.groupName(l.role, domain))
			}
		}
		slices.Sort(has)
		signature := strings.Join(slices.Compact(has), "\x01")
		if n == 0 {
			first = signature
		}
		if signature != first {
			return true
		}
	}
	return false
}

// counts reports whether a g line holds in a domain.
func (b *casbin) counts(l *link, domain string) bool {
	return !b.model.roleDomain || l.domain == domain
}

// groupName returns the group of a role in a domain.
func (b *casbin) groupName(role, domain string) string {
	if b.split[role] {
		return role + "@" + domain
	}
	return role
}

// addGroups adds the groups of a role: one, or one for each domain.
func (b *casbin) addGroups(role string) {
	var g *group
	for _, domain := range b.occurs[role] {
		if g == nil || b.split[role] {
			b.plan.groups = append(b.plan.groups, group{Group: rbac.Group{Name: b.groupName(role, domain)}})
			g = &b.plan.groups[len(b.plan.groups)-1]
		}
		for _, r := range b.rulesOf[role] {
			if r.taken && r.domain == domain {
				for _, permission := range r.permissions {
					b.addPermission(permission)
					g.grants = append(g.grants, grant{permission, once(&r.row)})
				}
			}
		}
		for _, l := range b.linksOf[role] {
			switch {
			case !b.counts(l, domain):
			case b.isUser(l.role):
				if at := once(&l.row); at.Table != "" {
					b.leave(at, "its role is a user")
				}
			default:
				g.juniors = append(g.juniors, junior{b.groupName(l.role, domain), once(&l.row)})
			}
		}
	}
}

// once returns a row at the first call, and the zero Row later. Several records
// may come from a row, which is reported once.
func once(at *Row) Row {
	is := *at
	*at = Row{}
	return is
}

func (b *casbin) addPermission(name string) {
	if slices.ContainsFunc(b.plan.permissions, func(p permission) bool { return p.Name == name }) {
		return
	}
	parts := strings.Split(b.names[name], "\x00")
	last := len(parts) - 1
	b.plan.permissions = append(b.plan.permissions, permission{Permission: rbac.Permission{
		Name: name, Object: strings.Join(parts[:last], "."), Operation: parts[last]}})
}

func (b *casbin) addUser(name string) {
	u := user{User: rbac.User{Name: name, Subject: subject("casbin", name)}, old: func() oldRights { return b.rights(name) }}
	for _, l := range b.linksOf[name] {
		if b.isUser(l.role) {
			u.refuse("its role " + l.role + " is a user")
			u.joins = append(u.joins, join{row: once(&l.row)})
			continue
		}
		for _, domain := range b.occurs[l.role] {
			if b.counts(l, domain) {
				u.joins = append(u.joins, join{b.groupName(l.role, domain), domain, once(&l.row)})
			}
		}
	}
	for _, r := range b.rulesOf[name] {
		if r.taken {
			for _, permission := range r.permissions {
				b.addPermission(permission)
				u.own = append(u.own, own{permission, r.domain, once(&r.row)})
			}
		}
	}
	b.plan.users = append(b.plan.users, u)
}

func (b *casbin) addConstraints() {
	for _, c := range b.model.constraints {
		at := row("model", c.key, c.value)
		roles, cardinality, ok := c.separation()
		switch {
		case !ok:
			b.leave(at, "has no counterpart: only sod, and sodMax that can be violated, are separation of duty")
		case slices.ContainsFunc(roles, func(r string) bool { return b.split[r] }):
			b.leave(at, "one of its roles is a group for each domain")
		default:
			b.plan.sets = append(b.plan.sets, separation{rbac.SeparationSet{Name: c.key, Groups: roles, Cardinality: cardinality}, at})
		}
	}
}
