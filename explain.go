package rbac

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/rbac-go/rbac/internal/explain"
	"github.com/rbac-go/rbac/internal/replica"
	"github.com/rbac-go/rbac/store"
)

// Explanation is the reason why a predicate is met or not.
type Explanation struct {
	Predicate string // the predicate as an expression
	Reason    string // one sentence, for people; the message of Check where Met is false
	Met       bool   // what Met returns
	// Parts explains each part of a compound, in the order of the parts. A
	// predicate with a message has a single part: itself without the message.
	Parts []Explanation
}

// String returns the explanation as a tree without an end of line: a line for
// the whole, and below it, two spaces to the right, the lines of each part.
//
//	unmet  all(not_anonymous(), in_group("chief")): needs the group chief; you are in no group
//	  met    not_anonymous(): you are amy
//	  unmet  in_group("chief"): needs the group chief; you are in no group
func (e Explanation) String() string {
	var b strings.Builder
	e.write(&b, "")
	return b.String()
}

func (e Explanation) write(b *strings.Builder, indent string) {
	mark := "unmet"
	if e.Met {
		mark = "met"
	}
	text := e.Reason
	if e.Predicate != "" {
		text = e.Predicate + ": " + text
	}
	fmt.Fprintf(b, "%s%-5s  %s", indent, mark, text)
	for _, part := range e.Parts {
		b.WriteByte('\n')
		part.write(b, indent+"  ")
	}
}

// Explain judges like Check and returns the reasons. Explain evaluates every
// part, even after a decision, and changes nothing.
//
// For a permission of id, Explain names the giving group and the inheritance in
// between; for a missing permission, the groups with the permission.
func Explain(id *Identity, p Predicate) (e Explanation) {
	defer func() {
		if recover() != nil {
			e = Explanation{Reason: faultMessage}
		}
	}()
	_, e = explainer{}.explain(own(p), id)
	return e
}

// faultMessage is the reason after a panic in this package, and for a Func with
// a different answer when it is explained.
const faultMessage = "the predicate could not be evaluated"

// denialMessage returns the Reason of Explain, after judge has denied.
func denialMessage(id *Identity, p Predicate) (msg string) {
	e := Explain(id, p)
	if e.Met {
		return faultMessage // a Func that changed its mind
	}
	return e.Reason
}

// ExplainUser explains a predicate for an administrator, with all groups of a
// user active and in the third person. Beyond the result of [Explain], each
// group and permission in the predicate has every path to the group or
// permission as Parts, with actor and date:
//
//	bob → auditors (assigned by amy, 2026-03-01) → accounting (inherited)
//
// A path of no effect is listed, too, with Met false and the reason: the
// membership has ended, is in another scope, or is left out because of a
// dynamic separation set. If no path has an effect, the Parts name the groups
// with an effect. If a separation set is in the way, the Part names the set,
// the groups of the set and the paths. At most 100 paths and 100 groups are
// listed, and then a Part says "and more".
//
// For a disabled account nothing is met: the tree is then a single Part.
//
// Errors: ErrInvalid for an impossible name; ErrNotFound; ErrUnavailable.
func (a *Authority) ExplainUser(ctx context.Context, user string, p Predicate) (Explanation, error) {
	name, err := canonicalUser(user)
	if err != nil {
		return Explanation{}, err
	}
	var e Explanation
	err = a.current(ctx, func(r store.Records, st *replica.State) error {
		u, err := r.User(store.UserKey{Name: name})
		if err != nil {
			return named(err, "user", user)
		}
		memberships, err := r.UserMemberships(u.ID)
		if err != nil {
			return err
		}
		paths := &explain.Paths{Records: r, Now: a.now(), Memberships: memberships, Administer: a.cfg.Administer}
		assigned := st.Policy.Assigned(memberships, paths.Now)
		id := &identify(st.Policy, u.ID, u.Name, assigned, store.Ticket{}, &a.noTicket).Identity
		id.thirdPerson = true
		_, e = explainer{paths}.explain(own(p), id)
		if u.Disabled {
			e = Explanation{Predicate: e.Predicate, Parts: []Explanation{e},
				Reason: "the account of " + u.Name + " is disabled"}
		}
		return paths.Err
	})
	if err != nil {
		return Explanation{}, err
	}
	return e, nil
}

// finding is the verdict on a predicate and the reason, in two halves. With two
// halves, a compound can state a common detail of several failed parts once.
type finding struct {
	verdict verdict
	problem string // not met: the missing right, or the fault of the predicate
	detail  string // the state of the identity; may be empty unless met
	several bool   // several problems were joined
}

// reason reads like: needs post.write, which the group editors gives; you are
// in no group.
func (f finding) reason() string {
	switch {
	case f.verdict == met:
		return f.detail
	case f.problem == "" || f.detail == "":
		return f.problem + f.detail
	}
	return f.problem + "; " + f.detail
}

// explainer walks through a predicate.
type explainer struct {
	paths *explain.Paths // nil: leaves have no Parts
}

// explain returns the finding for a compound around p, and the Explanation.
func (x explainer) explain(p *predicate, id *Identity) (finding, Explanation) {
	f, parts := x.examine(p, id)
	e := Explanation{Predicate: p.plain(), Reason: f.reason(), Met: f.verdict == met, Parts: parts}
	if p.msg == "" {
		return f, e
	}
	if f.verdict != met {
		f = finding{verdict: f.verdict, problem: p.msg}
	}
	return f, Explanation{Predicate: p.String(), Reason: f.reason(), Met: e.Met, Parts: []Explanation{e}}
}

// examine disregards the message of p, but not the messages of the parts.
func (x explainer) examine(p *predicate, id *Identity) (f finding, parts []Explanation) {
	switch r := p.rule.(type) {
	case leaf:
		return examineLeaf(r, id), x.evidence(r, id)
	case compound:
		var findings []finding
		for _, part := range r.members() {
			f, e := x.explain(part, r.enter(id))
			findings, parts = append(findings, f), append(parts, e)
		}
		return r.combine(findings), parts
	}
	return finding{problem: faultMessage}, nil
}

// examineLeaf judges a leaf and describes the verdict.
func examineLeaf(r leaf, id *Identity) finding {
	if !id.known() {
		return finding{problem: "nobody was identified"}
	}
	v := r.judge(id.view())
	problem, detail := r.describe(id, v)
	return finding{verdict: v, problem: problem, detail: detail}
}

// combine states the problems of all failed parts: each of them is an obstacle.
func (c *allOf) combine(parts []finding) finding {
	v := met
	for _, f := range parts {
		v = min(v, f.verdict)
	}
	return join(v, parts, ", and ")
}

// combine states the problems of all parts as alternatives: to solve one of
// them is enough.
func (c *anyOf) combine(parts []finding) finding {
	v := unmet
	for _, f := range parts {
		v = max(v, f.verdict)
	}
	return join(v, parts, ", or ")
}

// combine turns the detail of a met part into the problem, and the problem of
// an unmet part into the detail.
func (c *negation) combine(parts []finding) finding {
	f := parts[0]
	switch f.verdict {
	case met:
		return finding{verdict: unmet, problem: "refused because " + f.detail}
	case unmet:
		return finding{verdict: met, detail: cmp.Or(f.detail, "unmet, as asked: "+f.problem)}
	}
	return f
}

// combine begins the problem with the scope, or the detail if there is no
// problem.
func (c *inScope) combine(parts []finding) finding {
	f := parts[0]
	switch {
	case f.problem != "":
		f.problem = "in " + c.scope + ": " + f.problem
	case f.detail != "":
		f.detail = "in " + c.scope + ": " + f.detail
	}
	return f
}

// join returns the details of the met parts if the whole is met, and otherwise
// the problems and details of the failed parts. Equal details are stated once.
func join(whole verdict, parts []finding, conjunction string) finding {
	var relevant []finding
	var details []string
	for _, f := range parts {
		if (f.verdict == met) != (whole == met) {
			continue
		}
		relevant = append(relevant, f)
		if f.detail != "" && !slices.Contains(details, f.detail) {
			details = append(details, f.detail)
		}
	}
	all := finding{verdict: whole, detail: explain.List(details, ", ")}
	if whole != met {
		all.problem, all.several = joinProblems(relevant, conjunction)
	}
	return all
}

// joinProblems joins the problems of failed parts, each once, with a
// conjunction. Joined problems within joined problems are put in parentheses.
func joinProblems(failed []finding, conjunction string) (text string, several bool) {
	var texts []string
	for _, f := range failed {
		problem := f.problem
		if f.several && len(failed) > 1 {
			problem = "(" + problem + ")"
		}
		if !slices.Contains(texts, problem) {
			texts = append(texts, problem)
		}
	}
	return explain.List(texts, conjunction), len(texts) > 1
}

// evidence returns the Parts of a leaf: every path to a group or permission.
func (x explainer) evidence(rule leaf, id *Identity) (parts []Explanation) {
	if x.paths == nil || !id.known() {
		return nil
	}
	var found []explain.Path
	switch rule := rule.(type) {
	case *inGroup:
		found = x.paths.ToGroup(id.subject(), rule.group.Name)
	case *hasPermission:
		found = x.paths.ToPermission(id.subject(), rule.permission.Name)
	}
	for _, p := range found {
		parts = append(parts, Explanation{Reason: p.Text, Met: p.InForce})
	}
	return parts
}

// subject describes id for texts.
func (id *Identity) subject() explain.Subject {
	return explain.Subject{User: id.user, Scope: id.scope, Policy: id.policy, Active: id.active,
		Stated: id.hostNames().groups, ThirdPerson: id.thirdPerson, HideGroups: id.hideGroups}
}
