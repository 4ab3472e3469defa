package console

import (
	"cmp"
	"regexp"
	"slices"
	"strings"

	"github.com/rbac-go/rbac"
)

// Package rbac words its reasons in English only: [rbac.Explanation],
// [rbac.Error] and [rbac.DeniedError]. The English texts "reason.…" are the
// sentences of package rbac, by which reason recognises a sentence and finds
// the text of another language. A sentence without a text stays in English, so
// no reason is lost.

// sentence is a text "reason.…" as a pattern that is compared with sentences.
type sentence struct {
	key  string
	form *regexp.Regexp
	args []int // the number of the argument in each group of form
}

// sentences are the texts of reasons, the longest first: "needs the group x" is
// no permission with the name "the group x".
var sentences = readSentences(builtIn[0])

func readSentences(en *texts) (list []sentence) {
	for key, text := range en.texts {
		if !strings.HasPrefix(key, "reason.") {
			continue
		}
		s := sentence{key: key}
		for _, m := range argument.FindAllStringSubmatch(text, -1) {
			s.args = append(s.args, int(m[1][0]-'0'))
		}
		parts := argument.Split(text, -1)
		for i := range parts {
			parts[i] = regexp.QuoteMeta(parts[i])
		}
		s.form = regexp.MustCompile(`^` + strings.Join(parts, `(.+?)`) + `$`)
		list = append(list, s)
	}
	slices.SortFunc(list, func(a, b sentence) int {
		literal := func(s sentence) int { return len(argument.ReplaceAllString(en.texts[s.key], "")) }
		return cmp.Or(cmp.Compare(literal(b), literal(a)), cmp.Compare(a.key, b.key))
	})
	return list
}

// within lists the arguments that are sentences themselves. All others are names
// and are shown as they are.
var within = map[string][]int{
	"reason.in": {2}, "reason.refused": {1}, "reason.as asked": {1}, "reason.apart": {1}, "reason.left out": {3},
	"reason.would not do": {2}, "reason.static set": {3}, "reason.creating": {2}, "reason.scope is": {1}, "reason.expected": {1, 2},
}

// prefixes are the sentences that introduce further sentences, and the
// sentences with a joint of their own.
var prefixes = []string{"reason.in", "reason.refused", "reason.as asked", "reason.creating", "reason.set too small"}

// joints are the texts between sentences. In a list, a part that is no sentence
// belongs to the sentence before. At other joints, such a part is a message of
// the host, and stays as it is.
var joints = []struct {
	text, key string
	list      bool
}{
	{"; ", "joint.also", false}, {", and ", "joint.and", false}, {", or ", "joint.or", false},
	{" and ", "joint.both", true}, {", ", "joint.list", true},
}

// reason returns a reason of package rbac in the language. A reason that is
// very long or deeply nested stays in English, since names and messages in a
// reason come from outside.
func (l *texts) reason(english string) string {
	if len(english) > 4<<10 {
		return english
	}
	text, _ := (&wording{l, map[string]worded{}, 0}).sentence(english)
	return text
}

// wording is the state of the translation of one reason.
type wording struct {
	*texts
	done  map[string]worded // by the English text
	depth int
}

type worded struct {
	text  string
	known bool // it has a text in the language
}

func (l *wording) reason(english string) string {
	text, _ := l.sentence(english)
	return text
}

// sentence is reason, and reports whether the sentence has a text.
func (l *wording) sentence(english string) (string, bool) {
	w, ok := l.done[english]
	if !ok && l.depth < 12 {
		l.depth++
		w.text, w.known = l.find(english)
		l.depth--
		l.done[english] = w
	} else if !ok {
		return english, false
	}
	return w.text, w.known
}

func (l *wording) find(english string) (string, bool) {
	if text, ok := l.path(english); ok {
		return text, true
	}
	if text, ok := l.whole(english, true); ok {
		return text, true
	}
	if m := furtherSentences.FindStringSubmatch(english); m != nil {
		if text, ok := l.joined(m[1]); ok {
			return l.T("joint.more", text, m[2]), true
		}
	}
	if text, ok := l.joined(english); ok {
		return text, true
	}
	return l.whole(english, false)
}

// whole returns the text of a single sentence, with or without a prefix.
func (l *wording) whole(english string, prefix bool) (string, bool) {
	for _, s := range sentences {
		if slices.Contains(prefixes, s.key) == prefix {
			if m := s.form.FindStringSubmatch(english); m != nil {
				return l.fill(s, m[1:]), true
			}
		}
	}
	return english, false
}

// joined returns several sentences.
func (l *wording) joined(english string) (string, bool) {
	for _, j := range joints {
		var parts []string
		known := 0
		split := splitOutside(english, j.text)
		if len(split) < 2 {
			continue
		}
		for _, part := range split {
			_, ok := l.sentence(part)
			ok = ok && !furtherBegins.MatchString(part)
			if last := len(parts) - 1; j.list && !ok && last >= 0 {
				parts[last] += j.text + part
				continue
			}
			if ok {
				known++
			}
			parts = append(parts, part)
		}
		if len(parts) < 2 || known == 0 || j.list && known < len(parts) {
			continue
		}
		all := l.reason(parts[0])
		for _, part := range parts[1:] {
			all = l.T(j.key, all, l.reason(part))
		}
		return all, true
	}
	return "", false
}

// splitOutside splits a text at a separator, but not within parentheses.
func splitOutside(text, separator string) (parts []string) {
	depth, begin := 0, 0
	for i := 0; i < len(text); i++ {
		switch {
		case text[i] == '(':
			depth++
		case text[i] == ')':
			depth--
		case depth == 0 && strings.HasPrefix(text[i:], separator):
			parts = append(parts, text[begin:i])
			begin = i + len(separator)
			i = begin - 1
		}
	}
	return append(parts, text[begin:])
}

// fill returns the text of a sentence with the arguments that were found.
func (l *wording) fill(s sentence, found []string) string {
	args := make([]any, 9)
	for i, n := range s.args {
		args[n-1] = l.andMore(found[i])
		if slices.Contains(within[s.key], n) {
			args[n-1] = l.reason(found[i])
		}
	}
	return l.T(s.key, args[:len(s.args)]...)
}

// Package rbac lists five names or sentences, and counts the others.
var (
	furtherNames     = regexp.MustCompile(`^(.+, .+, .+, .+, .+) and (\d+) more$`)
	furtherBegins    = regexp.MustCompile(`^\d+ more\b`)
	furtherSentences = regexp.MustCompile(`^(.+) and (\d+) more$`)
)

// andMore returns a list of names.
func (l *texts) andMore(names string) string {
	if m := furtherNames.FindStringSubmatch(names); m != nil {
		return l.T("joint.more", m[1], m[2])
	}
	return names
}

// A path reads like: bob → seniors (assigned by amy, 2026-03-01, in org:1) →
// editors (inherited) → post.* (granted by amy, 2026-03-01).
var (
	assignedStep = regexp.MustCompile(`^(.+?) → (.+?) \(assigned(?: by (.+?))?, (\d{4}-\d\d-\d\d)(?:, for (.+?))?(?:, in (.+?))?` +
		`(?:, ended (\d{4}-\d\d-\d\d)|(, which is not asked about)|; (.+? is left out.*?))?\)((?: → .*)?)$`)
	grantedStep   = regexp.MustCompile(`^(.+) \(granted(?: by (.+))?, (\d{4}-\d\d-\d\d)\)$`)
	inheritedStep = regexp.MustCompile(`^(.+) \(inherited\)$`)
)

// path returns a path in words.
func (l *wording) path(english string) (string, bool) {
	m := assignedStep.FindStringSubmatch(english)
	if m == nil {
		return "", false
	}
	note := l.by("path.assigned", m[3], m[4])
	for _, detail := range []struct{ key, name string }{
		{"path.for", m[5]}, {"path.in", m[6]}, {"path.ended", m[7]}, {"path.elsewhere", m[8]},
	} {
		if detail.name != "" {
			note = l.T(detail.key, note, detail.name)
		}
	}
	if m[9] != "" {
		note = l.T("joint.also", note, l.reason(m[9]))
	}
	text := m[1] + " → " + l.T("path.note", m[2], note)
	for _, step := range strings.Split(m[10], " → ")[1:] {
		if m := grantedStep.FindStringSubmatch(step); m != nil {
			step = l.T("path.note", m[1], l.by("path.granted", m[2], m[3]))
		} else if m := inheritedStep.FindStringSubmatch(step); m != nil {
			step = l.T("path.note", m[1], l.T("path.inherited"))
		}
		text += " → " + step
	}
	return text, true
}

// by returns who did something and when, or only when.
func (l *texts) by(key, actor, day string) string {
	if actor == "" {
		return l.T(key, day)
	}
	return l.T(key+" by", day, actor)
}

// explained returns an explanation in the language of the page.
func (v *visit) explained(e rbac.Explanation) rbac.Explanation {
	e.Reason = v.lang.reason(e.Reason)
	parts := make([]rbac.Explanation, len(e.Parts))
	for i, part := range e.Parts {
		parts[i] = v.explained(part)
	}
	e.Parts = parts
	return e
}
