package rbac

import (
	"strconv"
	"strings"
)

// verdict is what a predicate comes to. The numbers make strong Kleene logic
// arithmetic: all is the minimum, any the maximum, not the negative. The zero verdict is broken, which denies.
type verdict int8

const (
	unmet  verdict = -1
	broken verdict = 0
	met    verdict = 1
)

// The bounds of a predicate as a tree. Evaluation is recursive, so that deeper ones
// could exhaust the stack, and a part can be shared, so that few values could mean endless work.
const (
	maxDepth = 100
	maxSize  = 100_000
)

// predicate is the one implementation of Predicate. It does not change once it is made.
type predicate struct {
	rule  rule
	msg   string // from WithMessage; empty: none
	depth int    // of the tree, leaves have 1
	size  int    // how many predicates the tree has
}

// rule is what a predicate says.
type rule interface {
	// judge is given known identities only.
	judge(v view) verdict
	// call returns the name and the arguments by which the predicate is printed.
	call() (name string, args []string)
}

// leaf is a rule without parts.
type leaf interface {
	rule
	// describe says why the verdict on a known identity is v; see finding.
	describe(id *Identity, v verdict) (need, fact string)
}

func (p *predicate) unwrap() *predicate { return p }

// view is an Identity as a predicate sees it: with the groups that count in the
// scope it is asked about. It is passed by value, so that a scope costs no allocation.
type view struct {
	*Identity
	active *activeGroups // in place of those of the Identity; nil: it has no policy
	in     *inScope      // where they count, in place of the Identity's own scope; nil: there
}

// view is id as it stands, for a known id.
func (id *Identity) view() view { return view{Identity: id, active: id.here} }

// identity is the Identity that a Func gets.
func (v view) identity() *Identity {
	if v.in != nil {
		return v.In(v.in.scope)
	}
	return v.Identity
}

func (p *predicate) String() string {
	if p.msg == "" {
		return p.plain()
	}
	name, args := p.rule.call()
	return name + "(" + strings.Join(append(args, "msg="+strconv.Quote(p.msg)), ", ") + ")"
}

// plain prints p without its own message.
func (p *predicate) plain() string {
	name, args := p.rule.call()
	return name + "(" + strings.Join(args, ", ") + ")"
}

func newLeaf(l leaf) *predicate { return &predicate{rule: l, depth: 1, size: 1} }

// missing stands where a predicate should be.
var missing = newLeaf(&flawed{"nil", nil, "a predicate is missing"})

// own returns the predicate behind p, and missing where there is none: p is nil, or of a
// foreign type that embeds a nil Predicate, which panics when it is called, or a zero
// predicate that was made by reflection.
func own(p Predicate) *predicate {
	if q, ok := p.(*predicate); ok && q != nil && q.rule != nil {
		return q
	}
	return ownForeign(p)
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

// forEach makes a predicate of each name.
func forEach(make func(string) Predicate, name string, more []string) []*predicate {
	parts := []*predicate{own(make(name))}
	for _, m := range more {
		parts = append(parts, own(make(m)))
	}
	return parts
}

// flawed is a leaf that was made from arguments that nothing can meet.
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

func (p *flawed) describe(*Identity, verdict) (need, fact string) { return p.cause, "" }
