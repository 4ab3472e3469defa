package postgresstore

import (
	"fmt"
	"regexp"
	"strconv"
	"strings"
)

// Spell numbers the arguments of a statement and qualifies every name that the
// server would look up along the search_path: tables with the schema of the
// store, and operators, functions and types with pg_catalog. Overloads of an
// operator or a function are then never considered, wherever they were made.
//
// Spell panics at syntax that Spell cannot qualify. BETWEEN, LIKE, CASE x WHEN,
// IN with a list, NULLIF, USING and IS DISTINCT FROM use an operator without
// naming the operator, and a type can stand in many places: write x::int8. All
// operators that are written with a schema have the same precedence, so two
// operators in an expression need AND, OR or parentheses between them.
func (e *engine) Spell(query string) string {
	if s, ok := e.spelled.Load(query); ok {
		return s.(string)
	}
	s, _ := e.spelled.LoadOrStore(query, qualify(query, e.prefix))
	return s.(string)
}

// tokens matches the tokens of a statement: spaces, texts, quoted names, words,
// numbers, casts, operators, and single characters.
var tokens = regexp.MustCompile(`\s+|[eE]'(?:[^'\\]|\\.|'')*'|'[^'\\]*'|"[^"]*"|[A-Za-z_]\w*|[0-9]+|::|[-+*/<>=~!@#%^&|]+|(?s:.)`)

// Words by their meaning to a speller, in lower case. A word before a
// parenthesis is the name of a function, unless the word is in
// beforeParenthesis.
var (
	beforeParenthesis = set(`all and any as by coalesce conflict else except exists extract filter from greatest in intersect join least
		limit materialized not on or over returning select then union values when where with`)
	endsExpression = set(`and as by else end except for from group having intersect join left limit not offset on or order returning
		select set then union values when where`)
	endsAssignments = set("from returning where")
	startsStatement = set("delete insert select update values with")
	unqualifiable   = set("between cast collate ilike like natural nullif similar using")
)

func set(words string) map[string]bool {
	m := map[string]bool{}
	for _, w := range strings.Fields(words) {
		m[w] = true
	}
	return m
}

// speller rewrites one statement.
type speller struct {
	query, prefix string
	tokens        []string
	out           strings.Builder
	args          int
	operator      []bool // by depth of parentheses: the expression so far has an operator
	assignments   int    // depth of the SET list; -1: outside of one
	assigns       bool   // the next "=" is an assignment, not an operator
}

func qualify(query, prefix string) string {
	s := &speller{query: query, prefix: prefix, tokens: tokens.FindAllString(query, -1), operator: []bool{false}, assignments: -1}
	for i, token := range s.tokens {
		s.token(i, token)
	}
	return s.out.String()
}

// refuse panics before a statement with an unqualified name is sent. Only a
// change to this module can cause the panic.
func (s *speller) refuse(why string) {
	panic(fmt.Sprintf("postgresstore: a statement cannot be qualified: %s: %s", why, s.query))
}

func (s *speller) token(i int, token string) {
	depth := len(s.operator) - 1
	switch c := token[0]; {
	case token == "?":
		s.args++
		token = "$" + strconv.Itoa(s.args)
	case token == "(":
		s.operator = append(s.operator, false)
	case token == ")":
		if depth == 0 {
			s.refuse("parentheses")
		}
		s.operator = s.operator[:depth]
	case token == ",":
		s.operator[depth] = false
		s.assigns = s.assigns || s.assignments == depth
	case token == "::":
		token += "pg_catalog."
	case c == '\'' || c == '"':
		if len(token) == 1 {
			s.refuse("a text with a backslash or without an end")
		}
	case strings.ContainsRune("-+*/<>=~!@#%^&|", rune(c)):
		token = s.operation(i, token, depth)
	case c == '_' || 'a' <= c|0x20 && c|0x20 <= 'z':
		if c|0x20 != 'e' || !strings.HasSuffix(token, "'") {
			token = s.word(i, token, depth)
		}
	case !strings.ContainsRune(" \t\n.0123456789", rune(c)):
		s.refuse(token)
	}
	s.out.WriteString(token)
}

func (s *speller) operation(i int, token string, depth int) string {
	switch {
	case token == "*" && s.near(i, -1) == "(" && s.near(i, 1) == ")": // count(*)
		return token
	case token == "=" && s.assigns && depth == s.assignments:
		s.assigns = false
		return token
	case strings.Contains(token, "--") || strings.Contains(token, "/*"):
		s.refuse("a comment")
	case s.operator[depth]:
		s.refuse("two operators without parentheses")
	}
	s.operator[depth] = true
	return "OPERATOR(pg_catalog." + token + ")"
}

func (s *speller) word(i int, token string, depth int) string {
	word, before, after := strings.ToLower(token), s.near(i, -1), s.near(i, 1)
	if before == "." || before == "::" {
		return token // the preceding token is qualified
	}
	if endsExpression[word] {
		s.operator[depth] = false
	}
	switch {
	case before == "" && !startsStatement[word], unqualifiable[word],
		word == "case" && after != "when",
		word == "distinct" && (before == "is" || before == "not"),
		// a list of columns with types
		word == "as" && after == "(" && !startsStatement[s.near(i, 2)],
		// a type before its text
		strings.HasSuffix(after, "'") && !endsExpression[word] && word != "interval":
		s.refuse(token)
	case word == "in":
		if before == "not" || after != "(" || s.near(i, 2) != "select" {
			s.refuse("IN without a SELECT")
		}
		return s.operation(i, "=", depth) + " ANY"
	case strings.HasPrefix(word, "rbac_"):
		return s.prefix + token
	case word == "set":
		s.assignments, s.assigns = depth, true
	case endsAssignments[word] && s.assignments == depth:
		s.assignments, s.assigns = -1, false
	case after == "(" && !beforeParenthesis[word]:
		return "pg_catalog." + token
	}
	return token
}

// near returns the token at a distance from i, without spaces, in lower case.
func (s *speller) near(i, places int) string {
	step := 1
	if places < 0 {
		step = -1
	}
	for i += step; 0 <= i && i < len(s.tokens); i += step {
		if strings.TrimSpace(s.tokens[i]) == "" {
			continue
		}
		if places -= step; places == 0 {
			return strings.ToLower(s.tokens[i])
		}
	}
	return ""
}
