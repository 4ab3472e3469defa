package rbac

import (
	"fmt"
	"strconv"
	"strings"

	"github.com/rbac-go/rbac/internal/explain"
	"github.com/rbac-go/rbac/internal/policy"
)

// predicate is the only implementation of Predicate. A predicate never changes.
type predicate struct {
	rule  rule
	msg   string // from WithMessage; empty: none
	depth int    // of the tree; leaves have 1
	size  int    // the number of predicates in the tree
}

// rule is the condition of a predicate: a leaf or a compound.
type rule interface {
	// judge is called with known identities only.
	judge(v view) verdict
	// call returns the name and the arguments for printing the predicate.
	call() (name string, args []string)
}

// leaf is a rule without parts.
type leaf interface {
	rule
	// describe returns the reason for the verdict v on a known identity; see
	// explain.Finding.
	describe(id *Identity, v verdict) (problem, detail string)
}

// compound is a rule with parts: at least one.
type compound interface {
	rule
	title() string
	members() []*predicate
	// enter returns the Identity for the parts.
	enter(id *Identity) *Identity
	// combine makes the finding on the whole from the findings on all parts.
	combine(parts []explain.Finding) explain.Finding
}

// verdict is the value of a predicate. The zero verdict is broken, and denies.
type verdict = explain.Verdict

const (
	unmet  = explain.Unmet
	broken = explain.Broken
	met    = explain.Met
)

func verdictOf(ok bool) verdict {
	if ok {
		return met
	}
	return unmet
}

// knownVerdict is broken for an unknown name.
func knownVerdict(ok, known bool) verdict {
	if !known {
		return broken
	}
	return verdictOf(ok)
}

// view is an Identity in the scope of an enclosing In: the groups in force
// there replace the groups of the Identity. A view is passed by value: a scope
// allocates nothing.
type view struct {
	*Identity
	groups *policy.Groups // in place of those of the Identity; nil: without policy
	in     *inScope       // the enclosing In; nil: the Identity's own scope
}

// view returns a known id in the scope of id itself.
func (id *Identity) view() view { return view{Identity: id, groups: id.here} }

// identity returns the Identity for a Func.
func (v view) identity() *Identity {
	if v.in != nil {
		return v.In(v.in.scope)
	}
	return v.Identity
}

func (v view) inGroup(name string) verdict {
	if v.policy == nil {
		_, ok := v.hostNames().groups[name]
		return verdictOf(ok)
	}
	return knownVerdict(v.policy.InGroup(v.groups, name))
}

func (v view) hasPermission(name string) verdict {
	if v.policy == nil {
		_, ok := v.hostNames().permissions[name]
		return verdictOf(ok)
	}
	return knownVerdict(v.policy.HasPermission(v.groups, name))
}

// judge is the only way to a verdict. The result is set after the whole
// evaluation: a panic anywhere leaves the result broken.
func judge(id *Identity, p Predicate) (v verdict) {
	defer func() { _ = recover() }()
	if !id.known() {
		return broken
	}
	return own(p).rule.judge(id.view())
}

func (p *predicate) unwrap() *predicate { return p }

func (p *predicate) String() string {
	if p.msg == "" {
		return p.plain()
	}
	name, args := p.rule.call()
	return name + "(" + strings.Join(append(args, "msg="+strconv.Quote(p.msg)), ", ") + ")"
}

// plain prints p without the message of p, but with the messages of the parts.
func (p *predicate) plain() string {
	name, args := p.rule.call()
	return name + "(" + strings.Join(args, ", ") + ")"
}

// walk visits p and all parts, in the order of printing. A shared part is
// visited in each place.
func (p *predicate) walk(visit func(*predicate)) {
	visit(p)
	if r, ok := p.rule.(compound); ok {
		for _, part := range r.members() {
			part.walk(visit)
		}
	}
}

func newLeaf(l leaf) *predicate { return &predicate{rule: l, depth: 1, size: 1} }

// The bounds of a predicate as a tree. Evaluation is recursive: a deeper tree
// could exhaust the stack. Parts can be shared: a few values could mean endless
// work.
const (
	maxDepth = 100
	maxSize  = 100_000
)

// newCompound replaces a tree beyond the bounds by a flawed leaf. No walk
// through a predicate has to check the bounds.
func newCompound(r compound) *predicate {
	p := &predicate{rule: r, depth: 1, size: 1}
	for _, part := range r.members() {
		p.depth = max(p.depth, part.depth+1)
		p.size += part.size
	}
	switch {
	case p.depth > maxDepth:
		return newExcess(r, fmt.Sprintf("a predicate is nested deeper than %d", maxDepth))
	case p.size > maxSize:
		return newExcess(r, fmt.Sprintf("a predicate has more than %d parts", maxSize))
	}
	return p
}

// newExcess drops the parts.
func newExcess(r compound, cause string) *predicate {
	return newLeaf(&flawed{r.title(), []string{"…"}, cause})
}

// flawed is a leaf made from impossible arguments. It is broken for everybody.
type flawed struct {
	name  string
	args  []string
	cause string
}

func newFlawedName(predicate, kind, name string) *predicate {
	quoted := strconv.Quote(name)
	return newLeaf(&flawed{predicate, []string{quoted}, quoted + " is no valid name of a " + kind})
}

func (p *flawed) judge(view) verdict { return broken }

func (p *flawed) call() (string, []string) { return p.name, p.args }

func (p *flawed) describe(*Identity, verdict) (problem, detail string) { return p.cause, "" }

// missing takes the place of a nil predicate.
var missing = newLeaf(&flawed{"nil", nil, "a predicate is missing"})

// own returns the predicate behind p. It returns missing for nil, for a foreign
// type around a nil Predicate (a call of its methods panics), and for a zero
// predicate made by reflection.
func own(p Predicate) *predicate {
	q, _ := p.(*predicate)
	if q == nil || q.rule == nil {
		q = ownForeign(p)
	}
	return q
}

func ownForeign(p Predicate) (n *predicate) {
	defer func() {
		if n == nil {
			_ = recover()
			n = missing
		}
	}()
	if p == nil {
		return nil
	}
	if q := p.unwrap(); q != nil && q.rule != nil {
		return q
	}
	return nil
}

func ownAll(p Predicate, more []Predicate) []*predicate {
	parts := make([]*predicate, 0, 1+len(more))
	parts = append(parts, own(p))
	for _, m := range more {
		parts = append(parts, own(m))
	}
	return parts
}
