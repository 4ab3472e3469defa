// Package provision compares the memberships of a user with the groups that an
// identity provider, or another source, wants for the user. Package rbac makes
// the changes.
package provision

import (
	"slices"

	"github.com/google/uuid"

	"github.com/rbac-go/rbac/internal/names"
	"github.com/rbac-go/rbac/internal/policy"
	"github.com/rbac-go/rbac/store"
)

// Wish is what a source wants for a user in a scope. It has the fields of the
// Provision of package rbac.
type Wish struct {
	User, Subject, Source, Scope string

	Groups []string          // nil: the source wants no change
	Map    map[string]string // from Groups to names of groups; nil: they are the names

	Additive bool // removes no membership
	DryRun   bool
}

// Fault returns the field at fault and the reason, "" for a valid Wish.
func (w Wish) Fault() (field, reason string) {
	if reason := names.CheckKey(w.Source); reason != "" {
		return "Source", reason
	}
	if reason := names.CheckOptionalKey(w.Scope); reason != "" {
		return "Scope", reason
	}
	if (w.User == "") == (w.Subject == "") {
		return "User", "exactly one of User and Subject is needed"
	}
	return "", ""
}

// Difference is the difference between a Wish and the memberships of a user.
type Difference struct {
	Was         []store.Membership
	Join, Leave []string // names of groups, in byte order
	Unknown     string   // the first wanted group that does not exist
}

// None reports whether the memberships are as wanted.
func (d Difference) None() bool { return len(d.Join)+len(d.Leave) == 0 }

// Difference compares a Wish with the memberships of a user. If a wanted group
// does not exist, the error is ErrNotFound, and Unknown the name of the group.
//
// A membership of another source, and a membership that has ended, count as
// being in the group, because the key of a membership does not have the source.
// A group is left only by a membership of the source.
func (w Wish) Difference(r store.Records, p *policy.Policy, user uuid.UUID) (d Difference, err error) {
	if d.Was, err = r.UserMemberships(user); err != nil || w.Groups == nil {
		return d, err
	}
	var wanted []uuid.UUID
	for _, name := range w.groups() {
		g := p.Group(name)
		if g == nil {
			d.Unknown = name
			return d, store.ErrNotFound
		}
		wanted = append(wanted, g.ID)
	}
	missing, surplus := slices.Clone(wanted), []uuid.UUID{}
	for _, m := range d.Was {
		if m.Scope != w.Scope {
			continue
		}
		missing = slices.DeleteFunc(missing, func(g uuid.UUID) bool { return g == m.Group })
		if m.Source == w.Source && !w.Additive && !slices.Contains(wanted, m.Group) {
			surplus = append(surplus, m.Group)
		}
	}
	d.Join, d.Leave = p.NamesByID(missing), p.NamesByID(surplus)
	return d, nil
}

// groups returns the names of the wanted groups, each once and in byte order.
func (w Wish) groups() []string {
	var groups []string
	for _, name := range w.Groups {
		if group, ok := w.Map[name]; ok {
			groups = append(groups, group)
		} else if w.Map == nil {
			groups = append(groups, name)
		}
	}
	slices.Sort(groups)
	return slices.Compact(groups)
}
