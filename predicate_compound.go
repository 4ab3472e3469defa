package rbac

import "fmt"

// compound is a rule made of parts, of which there is at least one.
type compound struct {
	name  string
	parts []*predicate
	list  bool // prints the arguments of its parts in place of the parts: in_any_group("a", "b")
}

type (
	allOf    struct{ compound }
	anyOf    struct{ compound }
	negation struct{ compound } // of its one part
)

// joint is a rule with parts.
type joint interface {
	rule
	title() string
	members() []*predicate
	// enter returns the Identity as the parts see it.
	enter(id *Identity) *Identity
	// combine makes the finding on the whole from those on all the parts.
	combine(parts []finding) finding
}

func (c *compound) members() []*predicate { return c.parts }

func (c *compound) enter(id *Identity) *Identity { return id }

// walk visits p and all its parts, in the order in which they are printed. What is shared is visited in each place.
func (p *predicate) walk(visit func(*predicate)) {
	visit(p)
	if r, ok := p.rule.(joint); ok {
		for _, part := range r.members() {
			part.walk(visit)
		}
	}
}

// newCompound refuses what is too deep or too large here, so that nothing that
// walks a predicate has to.
func newCompound(r joint) *predicate {
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
func newExcess(r joint, cause string) *predicate {
	return newLeaf(&flawed{r.title(), []string{"…"}, cause})
}

func (c *compound) title() string { return c.name }

func (c *compound) call() (string, []string) {
	var args []string
	for _, part := range c.parts {
		if c.list {
			_, names := part.rule.call()
			args = append(args, names...)
		} else {
			args = append(args, part.String())
		}
	}
	return c.name, args
}

func (c *allOf) judge(id view) verdict {
	v := met
	for _, part := range c.parts {
		if v = min(v, part.rule.judge(id)); v == unmet {
			return unmet // nothing can change it any more
		}
	}
	return v
}

func (c *anyOf) judge(id view) verdict {
	v := unmet
	for _, part := range c.parts {
		if v = max(v, part.rule.judge(id)); v == met {
			return met // nothing can change it any more
		}
	}
	return v
}

func (c *negation) judge(id view) verdict { return -c.parts[0].rule.judge(id) }
