package explain

import (
	"cmp"
	"slices"
)

// Verdict is the value of a predicate. The numbers make strong Kleene logic
// arithmetic: all is the minimum, any the maximum, not the negative. The zero
// Verdict is broken, and denies.
type Verdict int8

// The verdicts.
const (
	Unmet  Verdict = -1
	Broken Verdict = 0
	Met    Verdict = 1
)

// Finding is the verdict on a predicate and the reason, in two halves. With two
// halves, a compound can state a common detail of several failed parts once.
type Finding struct {
	Verdict Verdict
	Problem string // not met: the missing right, or the fault of the predicate
	Detail  string // the state of the identity; may be empty unless met
	several bool   // several problems were joined
}

// Reason reads like: needs post.write, which the group editors gives; you are
// in no group.
func (f Finding) Reason() string {
	switch {
	case f.Verdict == Met:
		return f.Detail
	case f.Problem == "" || f.Detail == "":
		return f.Problem + f.Detail
	}
	return f.Problem + "; " + f.Detail
}

// All states the problems of all failed parts: each of them is an obstacle.
func All(parts []Finding) Finding {
	v := Met
	for _, f := range parts {
		v = min(v, f.Verdict)
	}
	return join(v, parts, ", and ")
}

// Any states the problems of all parts as alternatives: to solve one of them is
// enough.
func Any(parts []Finding) Finding {
	v := Unmet
	for _, f := range parts {
		v = max(v, f.Verdict)
	}
	return join(v, parts, ", or ")
}

// Not turns the detail of a met part into the problem, and the problem of an
// unmet part into the detail.
func Not(f Finding) Finding {
	switch f.Verdict {
	case Met:
		return Finding{Verdict: Unmet, Problem: "refused because " + f.Detail}
	case Unmet:
		return Finding{Verdict: Met, Detail: cmp.Or(f.Detail, "unmet, as asked: "+f.Problem)}
	}
	return f
}

// In begins the problem with the scope, or the detail if there is no problem.
func In(scope string, f Finding) Finding {
	switch {
	case f.Problem != "":
		f.Problem = "in " + scope + ": " + f.Problem
	case f.Detail != "":
		f.Detail = "in " + scope + ": " + f.Detail
	}
	return f
}

// join returns the details of the met parts if the whole is met, and otherwise
// the problems and details of the failed parts. Equal details are stated once.
func join(whole Verdict, parts []Finding, conjunction string) Finding {
	var relevant []Finding
	var details []string
	for _, f := range parts {
		if (f.Verdict == Met) != (whole == Met) {
			continue
		}
		relevant = append(relevant, f)
		if f.Detail != "" && !slices.Contains(details, f.Detail) {
			details = append(details, f.Detail)
		}
	}
	all := Finding{Verdict: whole, Detail: List(details, ", ")}
	if whole != Met {
		all.Problem, all.several = joinProblems(relevant, conjunction)
	}
	return all
}

// joinProblems joins the problems of failed parts, each once, with a
// conjunction. Joined problems within joined problems are put in parentheses.
func joinProblems(failed []Finding, conjunction string) (text string, several bool) {
	var texts []string
	for _, f := range failed {
		problem := f.Problem
		if f.several && len(failed) > 1 {
			problem = "(" + problem + ")"
		}
		if !slices.Contains(texts, problem) {
			texts = append(texts, problem)
		}
	}
	return List(texts, conjunction), len(texts) > 1
}
