package importer

import (
	"cmp"
	"maps"
	"slices"
	"strconv"
	"strings"
)

// readLinks reads the g and g2 lines.
func (b *casbin) readLinks() {
	for _, l := range b.lines {
		needed := 2
		switch {
		case l.kind == "g2" && b.model.resources >= 0:
		case l.kind == "g" && b.model.roles:
			if b.model.roleDomain {
				needed = 3
			}
		case l.kind == "p":
			continue
		default:
			b.leave(l.row, "the matcher does not use lines of "+l.kind)
			continue
		}
		switch {
		case len(l.values) != needed || slices.Contains(l.values, ""):
			b.leave(l.row, "has a number of values that the model does not have")
		case l.kind == "g2":
			b.resources[l.values[1]] = append(b.resources[l.values[1]], l.values[0])
			b.plan.rest = append(b.plan.rest, l.row.as(Taken, "the permissions of the group name the resource"))
		default:
			is := &link{member: l.values[0], role: l.values[1], row: l.row}
			if needed == 3 {
				is.domain = l.values[2]
			}
			b.links = append(b.links, is)
			b.linksOf[is.member] = append(b.linksOf[is.member], is)
			b.members[is.role] = append(b.members[is.role], is)
		}
	}
}

// readRules reads the p lines.
func (b *casbin) readRules() {
	for _, l := range b.lines {
		if l.kind != "p" {
			continue
		}
		values, m := l.values, b.model
		r := &rule{row: l.row, place: len(b.rules)}
		b.rules = append(b.rules, r)
		if len(values) != m.tokens {
			r.row.Reason = "has a number of values that the model does not have"
			r.deny, r.pattern = slices.Contains(values, "deny"), true
			continue
		}
		r.subject = values[m.subject]
		if m.domain >= 0 {
			r.domain = values[m.domain]
		}
		r.row.Reason = b.fault(r, values)
		if m.firstWins && m.priority >= 0 {
			var err error
			if r.priority, err = strconv.Atoi(values[m.priority]); err != nil {
				r.row.Reason = cmp.Or(r.row.Reason, "has a priority that is no number")
			}
		}
		b.rulesOf[r.subject] = append(b.rulesOf[r.subject], r)
	}
}

// fault returns why a p line cannot be taken, or "", and sets its permissions.
func (b *casbin) fault(r *rule, values []string) string {
	m := b.model
	r.deny = m.effect >= 0 && values[m.effect] == "deny"
	for _, place := range m.rights {
		if !literal(m.patterns[place], values[place]) {
			r.pattern, r.permissions = true, []string{b.permission(values, values[max(0, m.resources)])}
			return "is a pattern of " + m.patterns[place] + ": grant the permissions that it stands for"
		}
	}
	alone := true
	for _, resource := range b.resourcesOf(values) {
		name := b.permission(values, resource)
		r.permissions = append(r.permissions, name)
		alone = alone && b.names[name] != ""
	}
	switch {
	case !alone:
		return "its permission would have the name of another permission"
	case m.domain >= 0 && r.domain == "":
		return "its domain is empty"
	case r.deny && m.denyWins:
		return "denies: no permission is taken that the line denies to somebody"
	case r.deny:
		return "denies, which has no effect in this model"
	case m.effect >= 0 && values[m.effect] != "allow":
		r.permissions = nil
		return "neither allows nor denies"
	}
	return ""
}

// permission returns the name of the permission of a p line, with a resource in
// place of a group of resources. If another permission has the name, the result
// is a name that is not in names.
func (b *casbin) permission(values []string, resource string) string {
	var parts []string
	for _, place := range b.model.rights {
		if place == b.model.resources {
			parts = append(parts, resource)
		} else {
			parts = append(parts, values[place])
		}
	}
	name, is := strings.Join(parts, "."), strings.Join(parts, "\x00")
	if b.names[name] == "" {
		b.names[name] = is
	}
	if b.names[name] != is {
		return strings.Join(parts, " . ")
	}
	return name
}

// resourcesOf returns the resources of a p line: the named resource, and all
// resources that belong to it by g2.
func (b *casbin) resourcesOf(values []string) []string {
	if b.model.resources < 0 {
		return []string{""}
	}
	group := values[b.model.resources]
	found := reach(group, maxLevels, func(name string) []string { return b.resources[name] })
	return slices.Sorted(maps.Keys(found))
}

// maxLevels is the number of levels of roles that casbin follows.
const maxLevels = 10
