package main

import (
	"context"

	"github.com/open-policy-agent/opa/v1/ast"
	"github.com/open-policy-agent/opa/v1/rego"
	"github.com/open-policy-agent/opa/v1/storage"
	"github.com/open-policy-agent/opa/v1/storage/inmem"
)

// opaWorld has the world as data in OPA's store in memory, in the form that the
// evaluator reads without conversion, and prepared queries.
type opaWorld struct {
	store            storage.Store
	simple, compound rego.PreparedEvalQuery
}

const opaModule = `package authz

default allow := false

allow if {
	some group, _ in data.users[input.user]
	data.groups[group][input.permission]
}

default compound := false

compound if {
	either
	not data.users[input.user][input.c]
}

either if data.users[input.user][input.a]

either if {
	some group, _ in data.users[input.user]
	data.groups[group][input.b]
}
`

func loadOPA(w *world) (subject, error) {
	data := map[string]any{
		"users":  opaSets(w.users, w.memberships, w.groups),
		"groups": opaSets(w.groups, w.grants, w.permissions),
	}
	o := &opaWorld{store: inmem.NewFromObjectWithOpts(data, inmem.OptRoundTripOnWrite(false), inmem.OptReturnASTValuesOnRead(true))}
	var err error
	if o.simple, err = o.prepare("data.authz.allow"); err != nil {
		return nil, err
	}
	o.compound, err = o.prepare("data.authz.compound")
	return o, err
}

// opaSets returns objects in place of sets, which JSON lacks.
func opaSets(names []string, of [][]int32, members []string) map[string]any {
	sets := make(map[string]any, len(names))
	for i, name := range names {
		set := make(map[string]any, len(of[i]))
		for _, n := range of[i] {
			set[members[n]] = true
		}
		sets[name] = set
	}
	return sets
}

func (o *opaWorld) prepare(query string) (rego.PreparedEvalQuery, error) {
	return rego.New(rego.Query(query), rego.Store(o.store), rego.Module("authz.rego", opaModule)).PrepareForEval(context.Background())
}

func (o *opaWorld) check(user, permission string) bool {
	return allows(o.simple, rego.EvalInput(map[string]any{"user": user, "permission": permission}))
}

func allows(q rego.PreparedEvalQuery, input rego.EvalOption) bool {
	results, err := q.Eval(context.Background(), input)
	return err == nil && results.Allowed()
}

func (o *opaWorld) checks(ps []probe) (allowed int) {
	for i := range ps {
		if o.check(ps[i].user, ps[i].permission) {
			allowed++
		}
	}
	return allowed
}

// opaReady holds parsed inputs.
type opaReady struct {
	query  rego.PreparedEvalQuery
	inputs []ast.Value
}

func (o *opaWorld) ready(ps []probe) prepared {
	r := &opaReady{query: o.simple}
	for _, p := range ps {
		r.inputs = append(r.inputs, opaInput("user", p.user, "permission", p.permission))
	}
	return r
}

func opaInput(pairs ...string) ast.Value {
	object := ast.NewObject()
	for i := 0; i < len(pairs); i += 2 {
		object.Insert(ast.StringTerm(pairs[i]), ast.StringTerm(pairs[i+1]))
	}
	return object
}

func (r *opaReady) each(from, to int) (allowed int) {
	for i := from; i < to; i++ {
		if allows(r.query, rego.EvalParsedInput(r.inputs[i])) {
			allowed++
		}
	}
	return allowed
}

func (r *opaReady) again(i, n int) (allowed int) {
	for range n {
		if allows(r.query, rego.EvalParsedInput(r.inputs[i])) {
			allowed++
		}
	}
	return allowed
}

func (o *opaWorld) compounds(cs []compound) func(from, to int) int {
	r := &opaReady{query: o.compound}
	for _, c := range cs {
		r.inputs = append(r.inputs, opaInput("user", c.user, "a", c.a, "b", c.b, "c", c.c))
	}
	return r.each
}

func (o *opaWorld) assign(user, group string) error { return o.add("users", user, group) }

func (o *opaWorld) deassign(user, group string) error { return o.remove("users", user, group) }

func (o *opaWorld) grant(group, permission string) error { return o.add("groups", group, permission) }

func (o *opaWorld) revoke(group, permission string) error {
	return o.remove("groups", group, permission)
}

func (o *opaWorld) add(path ...string) error {
	return storage.WriteOne(context.Background(), o.store, storage.AddOp, path, true)
}

func (o *opaWorld) remove(path ...string) error {
	return storage.WriteOne(context.Background(), o.store, storage.RemoveOp, path, nil)
}

func (o *opaWorld) close() error { return nil }
