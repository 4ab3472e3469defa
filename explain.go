package rbac

import (
	"cmp"
	"slices"
	"strconv"
	"strings"
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
	evidence func(leaf, *Identity) []Explanation // returns the Parts of a leaf; nil: leaves have none
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
		if x.evidence != nil && id.known() {
			parts = x.evidence(r, id)
		}
		return examineLeaf(r, id), parts
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
	all := finding{verdict: whole, detail: listed(details, ", ")}
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
	return listed(texts, conjunction), len(texts) > 1
}

// maxListed keeps messages short: at most maxListed names are listed, and then
// the number of further names.
const maxListed = 5

// listed joins the first maxListed names, and appends the number of further
// names.
func listed(names []string, separator string) string { return listedOf(names, len(names), separator) }

// listedOf is listed for the first of several names; all is the number of
// names.
func listedOf(names []string, all int, separator string) string {
	if all <= maxListed {
		return strings.Join(names, separator)
	}
	return strings.Join(names[:maxListed], separator) + " and " + strconv.Itoa(all-maxListed) + " more"
}
