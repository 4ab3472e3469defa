package policyfile

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"go.yaml.in/yaml/v3"

	"github.com/rbac-go/rbac"
	"github.com/rbac-go/rbac/internal/names"
)

// Tests are the cases of a file of policy tests. Make Tests with [ReadTests].
type Tests struct {
	Source string // the path for messages
	cases  []testCase
}

// testCase asks questions about one user: a stored user, or a user who is
// described by groups.
type testCase struct {
	line      int
	title     string
	user      string
	groups    []rbac.Membership // without User; nil: a stored user
	scope     string
	questions []question
}

// question is a permission or an expression that a user has to meet, or must
// not meet.
type question struct {
	line  int
	may   bool
	asked string
	p     rbac.Predicate
}

// ReadTests reads a file of tests: a list, as YAML or JSON. Errors are
// ErrInvalid and name the file, the line and the key.
func ReadTests(source string, data []byte) (*Tests, error) {
	r := &testReader{reader: reader{source: source}, tests: &Tests{Source: source}}
	if root := r.parse(data); root != nil {
		r.list(r.testCase)(value{root, "the file"})
	}
	if len(r.errs) == 0 && len(r.tests.cases) == 0 {
		r.fail(0, "the file has no tests")
	}
	if err := r.err(); err != nil {
		return nil, err
	}
	return r.tests, nil
}

type testReader struct {
	reader
	tests *Tests
}

func (r *testReader) testCase(v value) {
	c := testCase{line: v.Line}
	described := false
	r.mapping(v, fields{
		"name": r.text(&c.title, names.CheckText), "user": r.user(&c.user),
		"groups": func(v value) {
			described, c.groups = true, []rbac.Membership{}
			r.list(func(v value) { c.groups = append(c.groups, r.member(v)) })(v)
		},
		"scope":   r.text(&c.scope, names.CheckKey),
		"may":     r.list(func(v value) { r.question(&c, true, v) }),
		"may_not": r.list(func(v value) { r.question(&c, false, v) }),
	})
	switch {
	case described == (c.user != ""):
		r.failAt(v, "a test has either the key \"user\" or the key \"groups\"")
	case len(c.questions) == 0:
		r.failAt(v, "a test asks for something: \"may\" or \"may_not\"")
	}
	r.tests.cases = append(r.tests.cases, c)
}

// member reads a group, or a mapping with a scope.
func (r *testReader) member(v value) (m rbac.Membership) {
	group := r.text(&m.Group, names.CheckName)
	if v.Kind != yaml.MappingNode {
		group(v)
		return m
	}
	r.mapping(v, fields{"group": group, "scope": r.text(&m.Scope, names.CheckKey)}, "group")
	return m
}

// question reads a permission or an expression. An expression has parentheses.
func (r *testReader) question(c *testCase, may bool, v value) {
	q := question{line: v.Line, may: may}
	r.text(&q.asked, func(text string) (reason string) {
		if strings.Contains(text, "(") {
			var err error
			if q.p, err = rbac.Parse(text); err != nil {
				return err.Error()
			}
			return ""
		}
		q.p = rbac.HasPermission(text)
		return checkPermission(text)
	})(v)
	c.questions = append(c.questions, q)
}

// Result is the answer to one question of a test.
type Result struct {
	Source string `json:"source"`
	Line   int    `json:"line"`           // of the question
	Test   string `json:"test,omitempty"` // the name of the test
	User   string `json:"user"`           // or the groups, such as "a member of editors"
	Scope  string `json:"scope,omitempty"`
	May    bool   `json:"may"`   // the answer that the test expects
	Asked  string `json:"asked"` // the permission or expression
	Passed bool   `json:"passed"`
	Reason string `json:"reason"` // in one sentence
	// Why explains the answer. Why is zero for a question that has no answer:
	// an unknown user, group or permission fails a test whatever the test
	// expects.
	Why rbac.Explanation `json:"-"`
}

// Run asks an Authority all questions, and returns the results in the order of
// the file. Questions about users who are described by groups are answered on a
// copy of the policy in memory, so a policy can be tested without users. Errors
// are those of View; a failed test is not an error.
func (t *Tests) Run(ctx context.Context, a *rbac.Authority) ([]Result, error) {
	var s *scratch
	if slices.ContainsFunc(t.cases, func(c testCase) bool { return c.groups != nil }) {
		var err error
		if s, err = scratchOf(ctx, a); err != nil {
			return nil, err
		}
		defer s.Close()
	}
	var results []Result
	for _, c := range t.cases {
		asked, user, fault := a, c.user, error(nil)
		if c.groups != nil {
			asked = s.Authority
			user, fault = s.user(ctx, c)
		}
		for _, q := range c.questions {
			r := Result{Source: t.Source, Line: q.line, Test: c.title, User: c.person(), Scope: c.scope, May: q.may, Asked: q.asked}
			err := fault
			if err == nil {
				r.Why, err = answer(ctx, asked, user, c.scope, q.p)
			}
			switch {
			case errors.Is(err, rbac.ErrUnavailable) || errors.Is(err, rbac.ErrBusy):
				return nil, err
			case err != nil:
				r.Reason = err.Error()
			default:
				r.Passed, r.Reason = r.Why.Met == q.may, r.Why.Reason
			}
			results = append(results, r)
		}
	}
	return results, nil
}

// RunOn asks all questions of the policy in a file, without a store, for CI.
// The file has no users, so each test needs groups. Errors are those of
// [Apply].
func (t *Tests) RunOn(ctx context.Context, f *File) ([]Result, error) {
	s, err := newScratch(ctx, f, rbac.Config{})
	if err != nil {
		return nil, err
	}
	defer s.Close()
	return t.Run(ctx, s.Authority)
}

// answer explains a predicate for a user. A predicate that names an unknown
// group or permission has no answer.
func answer(ctx context.Context, a *rbac.Authority, user, scope string, p rbac.Predicate) (rbac.Explanation, error) {
	if err := a.Validate(p); err != nil {
		return rbac.Explanation{}, err
	}
	if scope != "" {
		p = rbac.In(scope, p)
	}
	return a.ExplainUser(ctx, user, p)
}

// person returns the user of a case, for people.
func (c testCase) person() string {
	if c.groups == nil {
		return c.user
	}
	var list []string
	for _, m := range c.groups {
		if m.Scope != "" {
			m.Group += " at " + m.Scope
		}
		list = append(list, m.Group)
	}
	if len(list) == 0 {
		return "a user without groups"
	}
	return "a member of " + strings.Join(list, ", ")
}

// String reads like: tests.yaml:4: amy may post.edit at org:1: passed: …
func (r Result) String() string {
	may, passed, at := "may not", "FAILED", ""
	if r.May {
		may = "may"
	}
	if r.Passed {
		passed = "passed"
	}
	if r.Scope != "" {
		at = " at " + r.Scope
	}
	return fmt.Sprintf("%s:%d: %s %s %s%s: %s: %s", r.Source, r.Line, r.User, may, r.Asked, at, passed, r.Reason)
}
