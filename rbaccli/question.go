package rbaccli

import (
	"github.com/rbac-go/rbac"
)

// question asks whether a user meets a condition: a permission, or an
// expression.
type question struct {
	User       string `arg:"" help:"The name of the user."`
	Permission string `arg:"" optional:"" help:"The name of the permission."`
	Scope      scope  `placeholder:"SCOPE" help:"Where: the scope of a tenant or project. Without it, memberships without scope count."`
	Expr       string `placeholder:"EXPRESSION" help:"Ask for an expression in place of a permission, such as any(in_group(\"editors\"), is_user(\"amy\"))."`
}

// predicate returns the condition, after a check that it names groups and
// permissions that exist.
func (q question) predicate(c *call) (p rbac.Predicate, err error) {
	switch {
	case (q.Permission == "") == (q.Expr == ""):
		return nil, usagef("Name a permission, or give an expression with --expr.")
	case q.Expr != "":
		if p, err = rbac.Parse(q.Expr); err != nil {
			return nil, err
		}
	default:
		p = rbac.HasPermission(q.Permission)
	}
	if q.Scope != "" {
		p = rbac.In(string(q.Scope), p)
	}
	return p, c.auth.Validate(p)
}

// canVerb is the verb can.
type canVerb struct {
	question
	Why bool `help:"Explain the answer."`
}

func (canVerb) Help() string {
	return `Print yes or no. The exit code is 0 for yes and 1 for no; with -q the exit code is the only answer.

    rbac can amy post.edit
    rbac can amy invoice.read --scope org:42 --why
    rbac can -q amy post.edit && echo "amy may edit"
    rbac can amy --expr 'all(in_group("editors"), not(is_user("bob")))'`
}

// answer is the answer to a question.
type answer struct {
	User        string       `json:"user"`
	Condition   string       `json:"condition"`
	Allowed     bool         `json:"allowed"`
	Reason      string       `json:"reason"`
	Explanation *explanation `json:"explanation,omitempty"`
}

// explanation is an rbac.Explanation in json and yaml.
type explanation struct {
	Condition string        `json:"condition"`
	Met       bool          `json:"met"`
	Reason    string        `json:"reason"`
	Parts     []explanation `json:"parts"`
}

func explained(e rbac.Explanation) explanation {
	x := explanation{e.Predicate, e.Met, e.Reason, []explanation{}}
	for _, part := range e.Parts {
		x.Parts = append(x.Parts, explained(part))
	}
	return x
}

func (v *canVerb) Run(c *call) error {
	e, err := v.explain(c)
	if err != nil {
		return err
	}
	if err := v.print(c, e); err != nil {
		return err
	}
	if !e.Met {
		return errNo
	}
	return nil
}

// explain explains the condition to an administrator.
func (q question) explain(c *call) (e rbac.Explanation, err error) {
	p, err := q.predicate(c)
	if err != nil {
		return e, err
	}
	return c.auth.ExplainUser(c.ctx, q.User, p)
}

func (v *canVerb) print(c *call, e rbac.Explanation) error {
	if c.Quiet {
		return nil
	}
	if c.Output != "table" {
		a := answer{User: v.User, Condition: e.Predicate, Allowed: e.Met, Reason: e.Reason}
		if x := explained(e); v.Why {
			a.Explanation = &x
		}
		return c.printRecord(a)
	}
	text := c.red("no")
	if e.Met {
		text = c.green("yes")
	}
	if err := c.println(text); err != nil || !v.Why {
		return err
	}
	return c.printTree(e)
}

// whyVerb is the verb why.
type whyVerb struct{ question }

func (whyVerb) Help() string {
	return `Print every path by which the user has the permission, with the actor and the date of each step. If the user does not have the permission, print what would give it. The exit code is 0 for either.

    rbac why amy post.edit
    rbac why amy invoice.read --scope org:42 -o json`
}

func (v *whyVerb) Run(c *call) error {
	e, err := v.explain(c)
	if err != nil {
		return err
	}
	if c.Output == "table" {
		return c.printTree(e)
	}
	if c.Output == "csv" {
		return c.printRows(flat(e, 0))
	}
	return c.encode(explained(e))
}

// explanationRow is a line of an explanation as CSV.
type explanationRow struct {
	Depth     int    `json:"depth"`
	Condition string `json:"condition"`
	Met       bool   `json:"met"`
	Reason    string `json:"reason"`
}

func flat(e rbac.Explanation, depth int) []explanationRow {
	rows := []explanationRow{{depth, e.Predicate, e.Met, e.Reason}}
	for _, part := range e.Parts {
		rows = append(rows, flat(part, depth+1)...)
	}
	return rows
}
