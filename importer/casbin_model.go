package importer

import (
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// casbinModel is the part of a model.conf that an import needs: the places of
// the subject, the domain and the parts of a permission in a line of the
// policy, and how each part is compared with a request.
type casbinModel struct {
	subject, domain int   // places in a p line; domain is -1 without domains
	rights          []int // places of the parts of a permission, the operation last
	effect          int   // place of eft, or -1
	priority        int   // place of priority, or -1
	resources       int   // place of the part that is compared by g2, or -1
	tokens          int   // of a p line

	roles      bool           // g is asked about the subject
	roleDomain bool           // and with the domain
	patterns   map[int]string // functions by place

	denyWins    bool // a deny line overrides allow lines, always or as firstWins says
	firstWins   bool // of the lines that match, the first decides
	constraints []constraint
}

// constraint is a line of constraint_definition.
type constraint struct{ key, value string }

// parseCasbinModel reads a model. A model with a matcher or an effect that the
// package does not understand is refused as a whole.
func parseCasbinModel(text string) (*casbinModel, error) {
	sections := casbinSections(text)
	var fault error
	get := func(section, key string) string {
		v := sections[section][key]
		if v == "" && fault == nil {
			fault = invalid("model", section, key, "is missing")
		}
		return v
	}
	request, policy := fields(get("request_definition", "r")), fields(get("policy_definition", "p"))
	matcher, effect := get("matchers", "m"), get("policy_effect", "e")
	if fault != nil {
		return nil, fault
	}
	m := &casbinModel{subject: -1, domain: -1, resources: -1, tokens: len(policy), patterns: map[int]string{},
		effect: slices.Index(policy, "eft"), priority: slices.Index(policy, "priority")}
	for key, v := range sections["constraint_definition"] {
		m.constraints = append(m.constraints, constraint{key, v})
	}
	slices.SortFunc(m.constraints, func(a, b constraint) int { return strings.Compare(a.key, b.key) })
	if err := m.readEffect(effect); err != nil {
		return nil, err
	}
	return m, m.readMatcher(matcher, request, policy)
}

func (m *casbinModel) readEffect(effect string) error {
	switch strings.ReplaceAll(effect, " ", "") {
	case "some(where(p.eft==allow))":
	case "some(where(p.eft==allow))&&!some(where(p.eft==deny))":
		m.denyWins = true
	case "priority(p.eft)||deny":
		m.denyWins, m.firstWins = true, true
	default:
		return invalid("model", "policy_effect", effect, "is not an effect that an import understands: only what a line allows may be allowed")
	}
	return nil
}

var (
	equality = regexp.MustCompile(`^([rp])\.(\w+)==([rp])\.(\w+)$`)
	call     = regexp.MustCompile(`^(\w+)\(r\.(\w+),p\.(\w+)(?:,r\.(\w+))?\)$`)
)

// readMatcher reads comparisons that are joined by &&. Each part of a request
// has to be compared with a part of the line exactly once.
func (m *casbinModel) readMatcher(matcher string, request, policy []string) error {
	compared := map[string]bool{}
	domain, subject := "", ""
	places := map[string]int{} // of parts of the request in a line
	for _, atom := range strings.Split(strings.ReplaceAll(matcher, " ", ""), "&&") {
		function, r, p, third := "", "", "", ""
		if f := equality.FindStringSubmatch(atom); f != nil && f[1] != f[3] {
			r, p = f[2], f[4]
			if f[1] == "p" {
				r, p = p, r
			}
		} else if f := call.FindStringSubmatch(atom); f != nil {
			function, r, p, third = f[1], f[2], f[3], f[4]
		}
		place := slices.Index(policy, p)
		if place < 0 || !slices.Contains(request, r) || compared[r] {
			return invalid("model", "matchers", atom, "is not a comparison that an import understands")
		}
		compared[r] = true
		places[r] = place
		switch {
		case function == "":
		case function == "g" && subject == "":
			subject, domain = r, third
			m.roles, m.roleDomain = true, third != ""
		case function == "g2" && third == "" && m.resources < 0:
			m.resources = place
		case third == "" && patternFunctions[function]:
			m.patterns[place] = function
		default:
			return invalid("model", "matchers", atom, "is not a function that an import understands")
		}
	}
	if subject == "" && slices.Contains([]string{"sub", "subject", "user"}, request[0]) {
		subject = request[0]
	}
	for _, r := range request {
		switch {
		case !compared[r]:
			return invalid("model", "matchers", r, "is not compared with the policy")
		case r == subject:
			m.subject = places[r]
		case r == domain, domain == "" && slices.Contains([]string{"dom", "domain", "tenant"}, r):
			m.domain = places[r]
		default:
			m.rights = append(m.rights, places[r])
		}
	}
	if m.subject < 0 || m.patterns[m.subject] != "" || m.patterns[m.domain] != "" || m.roleDomain && m.domain < 0 ||
		len(m.rights) == 0 || m.resources >= 0 && !slices.Contains(m.rights, m.resources) {
		return invalid("model", "matchers", matcher, "compares subjects or domains in a way that an import does not understand")
	}
	return nil
}

// patternFunctions are the functions of casbin by which a line can match more
// than it names.
var patternFunctions = map[string]bool{"keyMatch": true, "keyMatch2": true, "keyMatch3": true, "keyMatch4": true, "keyMatch5": true,
	"regexMatch": true, "globMatch": true, "ipMatch": true}

// literal reports whether a text matches nothing but itself under a function.
func literal(function, text string) bool {
	switch function {
	case "":
		return true
	case "keyMatch":
		return !strings.Contains(text, "*")
	case "keyMatch2":
		return !strings.Contains(text, ":") && regexp.QuoteMeta(text) == text
	}
	return false
}

func fields(definition string) (names []string) {
	for name := range strings.SplitSeq(definition, ",") {
		names = append(names, strings.TrimSpace(name))
	}
	return names
}

// casbinSections reads a file of sections, as casbin does: a comment begins
// with # or ;, and a backslash at the end of a line continues the line.
func casbinSections(text string) map[string]map[string]string {
	sections := map[string]map[string]string{}
	section, pending := "", ""
	for line := range strings.Lines(text) {
		line = strings.TrimSpace(line)
		if strings.HasPrefix(line, "[") && strings.HasSuffix(line, "]") {
			section = line[1 : len(line)-1]
			continue
		}
		rest, continued := strings.CutSuffix(line, `\`)
		if i := strings.IndexAny(rest, "#;"); i >= 0 {
			rest = rest[:i]
		}
		pending += rest + " "
		if continued {
			continue
		}
		if key, value, ok := strings.Cut(pending, "="); ok {
			if sections[section] == nil {
				sections[section] = map[string]string{}
			}
			sections[section][strings.TrimSpace(key)] = strings.TrimSpace(value)
		}
		pending = ""
	}
	return sections
}

var (
	sod    = regexp.MustCompile(`^sod\s*\(\s*"([^"]+)"\s*,\s*"([^"]+)"\s*\)$`)
	sodMax = regexp.MustCompile(`^sodMax\s*\(\s*\[([^\]]+)\]\s*,\s*(\d+)\s*\)$`)
)

// separation returns the roles of a constraint and the number at which they may
// not come together, or false for a constraint of another kind.
func (c constraint) separation() (roles []string, cardinality int, ok bool) {
	if f := sod.FindStringSubmatch(c.value); f != nil {
		return f[1:], 2, true
	}
	f := sodMax.FindStringSubmatch(c.value)
	if f == nil {
		return nil, 0, false
	}
	most, err := strconv.Atoi(f[2])
	for _, role := range fields(f[1]) {
		roles = append(roles, strings.Trim(role, `"`))
	}
	return roles, most + 1, err == nil && 1 <= most && most < len(roles)
}
