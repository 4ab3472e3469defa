package rbac

import (
	"context"
	"fmt"
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

// explainer walks through a predicate.
type explainer struct {
	paths *explain.Paths // nil: leaves have no Parts
}

// explain returns the finding for a compound around p, and the Explanation.
func (x explainer) explain(p *predicate, id *Identity) (explain.Finding, Explanation) {
	f, parts := x.examine(p, id)
	e := Explanation{Predicate: p.plain(), Reason: f.Reason(), Met: f.Verdict == met, Parts: parts}
	if p.msg == "" {
		return f, e
	}
	if f.Verdict != met {
		f = explain.Finding{Verdict: f.Verdict, Problem: p.msg}
	}
	return f, Explanation{Predicate: p.String(), Reason: f.Reason(), Met: e.Met, Parts: []Explanation{e}}
}

// examine disregards the message of p, but not the messages of the parts.
func (x explainer) examine(p *predicate, id *Identity) (f explain.Finding, parts []Explanation) {
	switch r := p.rule.(type) {
	case leaf:
		return examineLeaf(r, id), x.evidence(r, id)
	case compound:
		var findings []explain.Finding
		for _, part := range r.members() {
			f, e := x.explain(part, r.enter(id))
			findings, parts = append(findings, f), append(parts, e)
		}
		return r.combine(findings), parts
	}
	return explain.Finding{Problem: faultMessage}, nil
}

// examineLeaf judges a leaf and describes the verdict.
func examineLeaf(r leaf, id *Identity) explain.Finding {
	if !id.known() {
		return explain.Finding{Problem: "nobody was identified"}
	}
	v := r.judge(id.view())
	problem, detail := r.describe(id, v)
	return explain.Finding{Verdict: v, Problem: problem, Detail: detail}
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
