package rbac

import (
	"cmp"
	"slices"
	"strconv"
	"strings"
)

// Explanation says why a predicate is met or not.
type Explanation struct {
	Predicate string // the predicate as an expression
	Reason    string // one sentence, for people; the message of Check where Met is false
	Met       bool   // what Met returns
	// Parts explains each part of a compound, in its order. A predicate with a
	// message of its own has one part: itself without the message.
	Parts []Explanation
}

// Explain judges as Check does and tells the reasons. It looks at every part, also
// where others have decided already. It changes nothing.
//
// For a permission that id has it names the group that gives it and the
// inheritance it comes through; for one that is missing, the groups that would give it.
func Explain(id *Identity, p Predicate) (e Explanation) {
	defer func() {
		if recover() != nil {
			e = Explanation{Reason: faultMessage}
		}
	}()
	_, e = explainer{}.explain(own(p), id)
	return e
}

const faultMessage = "the predicate could not be evaluated"

// denialMessage is the Reason of Explain, after judge has denied.
func denialMessage(id *Identity, p Predicate) (msg string) {
	e := Explain(id, p)
	if e.Met {
		return faultMessage // a Func that changed its mind
	}
	return e.Reason
}

// finding is the verdict on a predicate and its reason, in two halves, so that
// a compound whose parts fail for one cause says it once.
type finding struct {
	verdict verdict
	need    string // not met: what is missing, or what is wrong with the predicate
	fact    string // what is so of the identity; may be empty unless met
	several bool   // need is made of several
}

// reason reads like: needs post.write, which the group editors gives; you are in no group.
func (f finding) reason() string {
	switch {
	case f.verdict == met:
		return f.fact
	case f.need == "" || f.fact == "":
		return f.need + f.fact
	}
	return f.need + "; " + f.fact
}

// explainer walks through a predicate.
type explainer struct {
	evidence func(leaf, *Identity) []Explanation // what the parts of a leaf are; nil: it has none
}

// explain gives the finding that a compound around p uses, and the Explanation.
func (x explainer) explain(p *predicate, id *Identity) (finding, Explanation) {
	f, parts := x.examine(p, id)
	e := Explanation{Predicate: p.plain(), Reason: f.reason(), Met: f.verdict == met, Parts: parts}
	if p.msg == "" {
		return f, e
	}
	if f.verdict != met {
		f = finding{verdict: f.verdict, need: p.msg}
	}
	return f, Explanation{Predicate: p.String(), Reason: f.reason(), Met: e.Met, Parts: []Explanation{e}}
}

// examine disregards the message of p itself, not those of its parts.
func (x explainer) examine(p *predicate, id *Identity) (f finding, parts []Explanation) {
	switch r := p.rule.(type) {
	case leaf:
		if x.evidence != nil && id.known() {
			parts = x.evidence(r, id)
		}
		return examineLeaf(r, id), parts
	case joint:
		var findings []finding
		for _, part := range r.members() {
			f, e := x.explain(part, r.enter(id))
			findings, parts = append(findings, f), append(parts, e)
		}
		return r.combine(findings), parts
	}
	return finding{need: faultMessage}, nil
}

func examineLeaf(r leaf, id *Identity) finding {
	if !id.known() {
		return finding{need: "nobody was identified"}
	}
	v := r.judge(id.view())
	need, fact := r.describe(id, v)
	return finding{verdict: v, need: need, fact: fact}
}

func (c *allOf) combine(parts []finding) finding {
	v := met
	for _, f := range parts {
		v = min(v, f.verdict)
	}
	return gather(v, parts, ", and ")
}

func (c *anyOf) combine(parts []finding) finding {
	v := unmet
	for _, f := range parts {
		v = max(v, f.verdict)
	}
	return gather(v, parts, ", or ")
}

func (c *negation) combine(parts []finding) finding {
	f := parts[0]
	switch f.verdict {
	case met:
		return finding{verdict: unmet, need: "refused because " + f.fact}
	case unmet:
		return finding{verdict: met, fact: cmp.Or(f.fact, "unmet, as asked: "+f.need)}
	}
	return f
}

// gather tells the facts of the parts that are met if the whole is, and the needs and
// facts of those that are not otherwise.
func gather(whole verdict, parts []finding, conjunction string) finding {
	var failed []finding
	var facts []string
	for _, f := range parts {
		if (f.verdict == met) != (whole == met) {
			continue
		}
		failed = append(failed, f)
		if f.fact != "" && !slices.Contains(facts, f.fact) {
			facts = append(facts, f.fact)
		}
	}
	all := finding{verdict: whole, fact: listed(facts, ", ")}
	if whole != met {
		all.need, all.several = needs(failed, conjunction)
	}
	return all
}

func needs(failed []finding, conjunction string) (text string, several bool) {
	var texts []string
	for _, f := range failed {
		need := f.need
		if f.several && len(failed) > 1 {
			need = "(" + need + ")"
		}
		if !slices.Contains(texts, need) {
			texts = append(texts, need)
		}
	}
	return listed(texts, conjunction), len(texts) > 1
}

// maxListed keeps messages short: so many names are told, and then how many more there are.
const maxListed = 5

func listed(names []string, separator string) string { return listedOf(names, len(names), separator) }

// listedOf is listed for the first of so many names in all.
func listedOf(names []string, all int, separator string) string {
	if all <= maxListed {
		return strings.Join(names, separator)
	}
	return strings.Join(names[:maxListed], separator) + " and " + strconv.Itoa(all-maxListed) + " more"
}
