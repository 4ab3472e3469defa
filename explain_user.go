package rbac

import (
	"cmp"
	"context"
	"slices"
	"time"

	"github.com/rbac-go/rbac/internal/names"
	"github.com/rbac-go/rbac/store"
)

// ExplainUser explains a predicate for an administrator, as it stands for a user with all
// their groups active, in the third person. Beyond what [Explain] tells, each group and
// permission in the predicate has as its Parts every path that gives it, with who and when:
//
//	bob → auditors (assigned by amy, 2026-03-01) → accounting (inherited)
//
// A path that does not count now is there, too, with Met false and the reason: a membership that
// has ended, or is in another scope, or is left out by a dynamic separation set. Where nothing
// gives it, the Parts name the groups that would, and where a separation set is in the way of one, that set, its groups
// and the paths. Of each at most 100 are told, and that there are more.
//
// For a disabled account nothing is met: the tree is then the one Part.
//
// Errors: ErrInvalid for what cannot be a name; ErrNotFound; ErrUnavailable.
func (a *Authority) ExplainUser(ctx context.Context, user string, p Predicate) (Explanation, error) {
	name, err := canonicalUser(user)
	if err != nil {
		return Explanation{}, err
	}
	var e Explanation
	err = a.current(ctx, func(r store.Records, st *state) error {
		u, err := r.UserByName(name)
		if err != nil {
			return named(err, "user", user)
		}
		memberships, err := r.UserMemberships(u.ID)
		if err != nil {
			return err
		}
		x := &witness{r: r, now: a.now(), policy: st.policy, user: User(u.User), memberships: memberships}
		e = x.explain(p, &a.noTicket)
		return x.failed
	})
	if err != nil {
		return Explanation{}, err
	}
	return e, nil
}

// maxEvidence bounds the paths, and the groups, that are told under one leaf: there can be exponentially many paths.
const maxEvidence = 100

// witness tells what gives a user their groups and permissions.
type witness struct {
	r           store.Records
	now         time.Time
	policy      *policy
	user        User
	memberships []store.Membership
	failed      error
}

func (x *witness) explain(p Predicate, from *origin) Explanation {
	id := &x.policy.stand(x.user.ID, x.user.Name, x.policy.assigned(x.memberships, x.now), store.Ticket{}, from).Identity
	id.third = true
	_, e := explainer{evidence: x.evidence}.explain(own(p), id)
	if x.user.Disabled {
		return Explanation{Predicate: e.Predicate, Reason: "the account of " + x.user.Name + " is disabled", Parts: []Explanation{e}}
	}
	return e
}

func (x *witness) evidence(rule leaf, id *Identity) []Explanation {
	switch rule := rule.(type) {
	case *inGroup:
		n, ok := x.policy.groupNums.Get(rule.name)
		if !ok {
			return nil
		}
		above := x.policy.inheritors(n)
		return x.tell(id, above, func(group int32) []string {
			if group == n {
				return []string{""}
			}
			return nil
		})
	case *hasPermission:
		perm := x.policy.permission(rule.name)
		if perm == nil {
			return nil
		}
		return x.tell(id, perm.given.numbers(), func(group int32) []string { return x.grants(group, rule.name) })
	}
	return nil
}

// grants tells a group's own grants that give a permission, each as the end of a path.
func (x *witness) grants(group int32, permission string) (ends []string) {
	g := x.policy.group(group)
	for _, name := range append([]string{permission}, names.Covering(permission)...) {
		if !g.granted(name) {
			continue
		}
		grant, err := x.r.Grant(g.ID, name)
		if err != nil {
			x.failed = cmp.Or(x.failed, err)
			return nil
		}
		ends = append(ends, " → "+name+" ("+byWhom("granted", grant.GrantedBy, grant.GrantedAt)+")")
	}
	return ends
}

func byWhom(what, who string, when time.Time) string {
	if who != "" {
		what += " by " + who
	}
	return what + ", " + when.Format(time.DateOnly)
}

// tell lists the paths from the user's memberships to where something ends, through
// givers, which are all groups that have a way there: those that count first. Without one of these it names givers, too.
func (x *witness) tell(id *Identity, givers []int32, ends func(int32) []string) (parts []Explanation) {
	starts := x.starts(id, givers)
	for _, s := range starts {
		for path := range x.paths(s.root, givers, ends) {
			if len(parts) == maxEvidence {
				return append(parts, Explanation{Reason: "and more paths"})
			}
			parts = append(parts, Explanation{Reason: s.text + path, Met: s.counts})
		}
	}
	if len(starts) == 0 || !starts[0].counts {
		parts = append(parts, x.wouldGive(id, givers)...)
	}
	return parts
}

// start is a membership at the beginning of paths.
type start struct {
	root   int32
	scope  string
	counts bool
	text   string
}

// starts are the memberships in one of givers: those that count for id first, then by group and scope.
func (x *witness) starts(id *Identity, givers []int32) (starts []start) {
	for _, m := range x.memberships {
		root, ok := x.policy.groupIDs.Get(m.Group)
		if _, gives := slices.BinarySearch(givers, root); !ok || !gives {
			continue
		}
		void := x.voidness(m, root, id)
		starts = append(starts, start{root, m.Scope, void == "", x.user.Name + " → " + x.policy.group(root).Name +
			" (" + byWhom("assigned", m.AssignedBy, m.AssignedAt) + inScopeText(m.Scope) + void + ")"})
	}
	slices.SortFunc(starts, func(a, b start) int {
		if a.counts != b.counts {
			if a.counts {
				return -1
			}
			return 1
		}
		return cmp.Or(cmp.Compare(x.policy.group(a.root).Name, x.policy.group(b.root).Name), cmp.Compare(a.scope, b.scope))
	})
	return starts
}

func inScopeText(scope string) string {
	if scope == "" {
		return ""
	}
	return ", in " + scope
}

// voidness tells why a membership does not count for id; empty if it does.
func (x *witness) voidness(m store.Membership, root int32, id *Identity) string {
	switch {
	case !counts(m.Until, x.now):
		return ", ended " + m.Until.Format(time.DateOnly)
	case m.Scope != "" && m.Scope != id.scope:
		return ", which is not asked about"
	case slices.Contains(id.active.in(id.scope).omitted(), root):
		return "; " + id.leftOut(root)
	}
	return ""
}

// paths yields the ways down the inheritance from root to each end, as text.
func (x *witness) paths(root int32, givers []int32, ends func(int32) []string) func(yield func(string) bool) {
	return func(yield func(string) bool) {
		on := map[int32]bool{} // in case a store was edited by hand and has a cycle
		var walk func(n int32, text string) bool
		walk = func(n int32, text string) bool {
			for _, end := range ends(n) {
				if !yield(text + end) {
					return false
				}
			}
			on[n] = true
			defer delete(on, n)
			for _, j := range x.policy.byName(slices.Clone(x.policy.group(n).juniors)) {
				_, gives := slices.BinarySearch(givers, j)
				if gives && !on[j] && !walk(j, text+" → "+x.policy.group(j).Name+" (inherited)") {
					return false
				}
			}
			return true
		}
		walk(root, "")
	}
}
