package rbac

import (
	"strconv"

	"github.com/rbac-go/rbac/internal/explain"
	"github.com/rbac-go/rbac/internal/names"
)

// All is met if all parts are met. The message of All is made of the messages
// of the failed parts.
func All(p Predicate, more ...Predicate) Predicate {
	return newCompound(&allOf{parts{name: "all", list: ownAll(p, more)}})
}

// Any is met if at least one part is met. The message of Any is made of the
// messages of all parts.
func Any(p Predicate, more ...Predicate) Predicate {
	return newCompound(&anyOf{parts{name: "any", list: ownAll(p, more)}})
}

// Not is met if p is unmet; see [Predicate] for a broken p.
//
// Everybody outside x meets Not(InGroup("x")), including anonymous visitors. To
// ask for a user outside x, write All(NotAnonymous(), Not(InGroup("x"))).
//
// It is unsafe to take a right away by putting a user into a group under Not: a
// ticket with a choice of groups ([Login].Groups, a dynamic set) can leave the
// group out. Take the permission away instead.
func Not(p Predicate) Predicate {
	return newCompound(&negation{parts{name: "not", list: ownAll(p, nil)}})
}

// WithMessage is p with a message from the host for denied users. The message
// is not escaped: escape it where a page shows it. WithMessage replaces an
// earlier message of p. Within a compound the message takes the place of the
// generated message of the part. An empty msg changes nothing.
func WithMessage(p Predicate, msg string) Predicate {
	n := *own(p)
	if msg != "" {
		n.msg = msg
	}
	return &n
}

// In evaluates p in a scope, with the memberships of the scope and the
// memberships without a scope, which count everywhere. Within another In, only
// the inner scope counts. An empty or invalid scope is broken.
//
// For a scope named in the request, make the predicate for the request:
//
//	In("org:"+r.PathValue("org"), HasPermission("invoice.read"))
func In(scope string, p Predicate) Predicate {
	if !validScope(scope) {
		return newLeaf(&flawed{"in", []string{strconv.Quote(scope), own(p).String()},
			strconv.Quote(names.Printable(scope, 64)) + " is no valid scope"})
	}
	return newCompound(&inScope{parts{name: "in", list: ownAll(p, nil)}, scope})
}

// Func is a condition of the host's own: met if f returns true. The name stands
// for the condition in explanations and messages.
//
// f must be safe for concurrent use and free of side effects: f may be called
// more than once for a decision, and not at all if earlier parts decide. f may
// keep the Identity. The Identity is never nil and never zero, but may be
// anonymous. If f panics, the predicate is broken; if f ends the goroutine
// (runtime.Goexit), nobody gets an answer.
func Func(name string, f func(*Identity) bool) Predicate {
	if validName("predicate", "Name", name) != nil {
		return newFlawedName("func", "check", name)
	}
	quoted := strconv.Quote(name)
	if f == nil {
		return newLeaf(&flawed{"func", []string{quoted}, "the check " + quoted + " has no function"})
	}
	return newLeaf(&function{name, f})
}

// parts is the common part of all compounds.
type parts struct {
	name  string
	list  []*predicate
	terse bool // print the arguments of the parts, not the parts: in_any_group("a", "b")
}

func (c *parts) title() string { return c.name }

func (c *parts) members() []*predicate { return c.list }

func (c *parts) enter(id *Identity) *Identity { return id }

func (c *parts) call() (string, []string) {
	var args []string
	for _, part := range c.list {
		if c.terse {
			_, names := part.rule.call()
			args = append(args, names...)
		} else {
			args = append(args, part.String())
		}
	}
	return c.name, args
}

// allOf is unmet as soon as one part is. A broken part is no reason to stop: a
// later part may be unmet.
type allOf struct{ parts }

func (c *allOf) judge(id view) verdict {
	v := met
	for _, part := range c.list {
		if v = min(v, part.rule.judge(id)); v == unmet {
			return unmet // whatever the other parts are
		}
	}
	return v
}

func (c *allOf) combine(parts []explain.Finding) explain.Finding { return explain.All(parts) }

// anyOf is met as soon as one part is. A broken part is no reason to stop: a
// later part may be met.
type anyOf struct{ parts }

func (c *anyOf) judge(id view) verdict {
	v := unmet
	for _, part := range c.list {
		if v = max(v, part.rule.judge(id)); v == met {
			return met // whatever the other parts are
		}
	}
	return v
}

func (c *anyOf) combine(parts []explain.Finding) explain.Finding { return explain.Any(parts) }

// negation is the opposite of its only part; broken stays broken.
type negation struct{ parts }

func (c *negation) judge(id view) verdict { return -c.list[0].rule.judge(id) }

func (c *negation) combine(parts []explain.Finding) explain.Finding { return explain.Not(parts[0]) }

// inScope judges its only part with the groups of a scope.
type inScope struct {
	parts
	scope string
}

func (c *inScope) judge(id view) verdict {
	id.in = c
	if id.policy != nil {
		id.groups = id.active.In(c.scope)
	}
	return c.list[0].rule.judge(id)
}

func (c *inScope) call() (string, []string) {
	return "in", []string{strconv.Quote(c.scope), c.list[0].String()}
}

func (c *inScope) combine(parts []explain.Finding) explain.Finding {
	return explain.In(c.scope, parts[0])
}

func (c *inScope) enter(id *Identity) *Identity { return id.In(c.scope) }

func validScope(scope string) bool { return badScope(scope) == "" }

// badScope returns the fault of a scope in a question, "" for a valid scope.
// The scope of a membership may be empty, too.
func badScope(scope string) string {
	if reason := names.CheckKey(scope); reason != "" {
		return "the scope is " + reason
	}
	return ""
}

// function is a check of the host's own.
type function struct {
	name string
	f    func(*Identity) bool
}

// judge leaves the verdict broken if f panics, with whatever value.
func (p *function) judge(id view) (v verdict) {
	defer func() { _ = recover() }()
	return verdictOf(p.f(id.identity()))
}

func (p *function) call() (string, []string) { return "func", []string{strconv.Quote(p.name)} }

// describe does not contain the value of a panic: messages are shown to denied
// users.
func (p *function) describe(id *Identity, v verdict) (problem, detail string) {
	check := "the check " + strconv.Quote(p.name)
	switch v {
	case met:
		return "", check + " passes"
	case unmet:
		return "needs " + check + " to pass", ""
	}
	return check + " panicked", ""
}
