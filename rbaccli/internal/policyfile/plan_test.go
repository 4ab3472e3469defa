package policyfile

import (
	"encoding/json"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/rbac-go/rbac"
	memorystore "github.com/rbac-go/rbac/store_memory"
)

// A plan has the effect on users, and changes nothing.
func TestPlanShowsTheEffect(t *testing.T) {
	eachStore(t, func(t *testing.T, open func() *house) {
		h := open()
		h.users("amy", "bob")
		h.apply("name: x\npermissions: [{name: p}, {name: q}]\ngroups: [{name: a, grants: [p]}]\nmemberships: [{user: amy, group: a}, {user: bob, group: a, scope: org}]\n", false)
		before := h.Revision()
		p := h.plan("name: x\npermissions: [{name: p}, {name: q}]\ngroups: [{name: a, grants: [q]}]\n", true)
		equal(t, "the steps", p.String(), "- grant \"p to a\"\n+ grant \"q to a\"\n")
		right := func(user, permission, scope string) rbac.Right {
			return rbac.Right{User: user, Permission: permission, Scope: scope}
		}
		if p.Effect.Users != 2 || len(p.Effect.Gained) != 2 || len(p.Effect.Lost) != 2 ||
			p.Effect.Gained[0] != right("amy", "q", "") || p.Effect.Lost[1] != right("bob", "p", "org") {
			t.Errorf("the effect: %+v", p.Effect)
		}
		equal(t, "the revision", h.Revision(), before)
		equal(t, "the revision of the plan", p.Revision, before)
	})
}

// saved writes a plan to a file and reads it again.
func saved(t *testing.T, p *Plan) *Plan {
	t.Helper()
	data, err := p.JSON()
	must(t, err)
	if !IsPlan(data) {
		t.Error("IsPlan knows a plan")
	}
	again, err := ReadPlan("plan.json", data)
	must(t, err)
	equal(t, "the steps", again.String(), p.String())
	return again
}

const next = "name: x\ngroups: [{name: b, inherits: [a]}, {name: a, note: new}]\n"

// A saved plan does what it says, also after changes that concern neither the
// policy nor the groups of users.
func TestSavedPlan(t *testing.T) {
	eachStore(t, func(t *testing.T, open func() *house) {
		h := open()
		h.users("amy")
		h.apply("name: x\ngroups: [{name: a}, {name: c}]\n", false)
		p := saved(t, h.plan(next, true))
		tok, err := h.Issue(h.ctx(), rbac.Login{User: "amy"})
		must(t, err)
		must(t, h.Logout(h.ctx(), tok))
		must(t, h.SetPassword(h.ctx(), "amy", "correct horse battery"))
		before := h.Revision()
		must(t, p.Check(h.ctx(), h.Authority))
		equal(t, "the revision after a check", h.Revision(), before)
		must(t, p.Apply(h.ctx(), h.Authority))
		equal(t, "what is left", h.plan(next, true).String(), "")
		if err := p.Check(h.ctx(), h.Authority); !errors.Is(err, rbac.ErrConflict) {
			t.Errorf("a check of an applied plan: %v", err)
		}
		if err := p.Apply(h.ctx(), h.Authority); !errors.Is(err, rbac.ErrConflict) {
			t.Errorf("a second apply of a plan: %v", err)
		}
	})
}

// A plan is refused once the store is no longer as the plan found it.
func TestSavedPlanIsRefused(t *testing.T) {
	start := func(t *testing.T, cfg rbac.Config) *house {
		h := newHouse(t, memorystore.New(), cfg)
		h.apply("name: x\ngroups: [{name: a}]\n", false)
		return h
	}
	amy := func(h *house, f func(tx *rbac.Tx) error) {
		h.now.pass(time.Second)
		must(h.t, h.Update(rbac.WithActor(h.ctx(), "amy"), f))
	}
	for _, c := range []struct {
		name   string
		change func(h *house)
		want   string
	}{
		{"a group was changed", func(h *house) {
			amy(h, func(tx *rbac.Tx) error { return second(tx.AddGroup(rbac.Group{Name: "z"})) })
		}, `the plan for "x" is for revision 2: make another plan: rbac: changed meanwhile: group "z" was changed by "amy" at 2030-01-01T12:00:02Z: AddGroup`},
		{"a user was added", func(h *house) {
			amy(h, func(tx *rbac.Tx) error { return second(tx.AddUser(rbac.User{Name: "zoe"})) })
		}, `the plan for "x" is for revision 2: make another plan: rbac: changed meanwhile: user "zoe" was changed by "amy" at 2030-01-01T12:00:02Z: AddUser`},
	} {
		t.Run(c.name, func(t *testing.T) {
			h := start(t, rbac.Config{})
			p := saved(t, h.plan(next, false))
			c.change(h)
			before := h.export(false)
			err := p.Apply(h.ctx(), h.Authority)
			if !errors.Is(err, rbac.ErrConflict) || err.Error() != c.want {
				t.Errorf("%v\nwant %s", err, c.want)
			}
			if checked := p.Check(h.ctx(), h.Authority); checked == nil || checked.Error() != err.Error() {
				t.Errorf("the check: %v\nwant %v", checked, err)
			}
			equal(t, "the policy", h.export(false), before)
		})
	}
	refused := func(t *testing.T, h *house, p *Plan, want string) {
		t.Helper()
		if err := p.Apply(h.ctx(), h.Authority); !errors.Is(err, rbac.ErrConflict) || !strings.Contains(err.Error(), want) {
			t.Errorf("%v\nwant %s", err, want)
		}
		if err := p.Check(h.ctx(), h.Authority); !errors.Is(err, rbac.ErrConflict) || !strings.Contains(err.Error(), want) {
			t.Errorf("the check: %v\nwant %s", err, want)
		}
	}
	t.Run("another store, as far on", func(t *testing.T) {
		refused(t, start(t, rbac.Config{}), saved(t, start(t, rbac.Config{}).plan(next, false)), "another store")
	})
	t.Run("another store, further on", func(t *testing.T) {
		h := start(t, rbac.Config{})
		h.users("amy")
		refused(t, h, saved(t, start(t, rbac.Config{}).plan(next, false)), "another store")
	})
	t.Run("another store, not as far on", func(t *testing.T) {
		h := start(t, rbac.Config{})
		h.users("amy")
		refused(t, start(t, rbac.Config{}), saved(t, h.plan(next, false)), "this store is at revision 2: another store, or an older copy")
	})
	t.Run("the file in the plan was edited", func(t *testing.T) {
		h := start(t, rbac.Config{})
		data, err := h.plan(next, false).JSON()
		must(t, err)
		p, err := ReadPlan("plan.json", []byte(strings.Replace(string(data), `"note": "new"`, `"note": "newer"`, 1)))
		must(t, err)
		refused(t, h, p, "other steps")
	})
	t.Run("the log no longer reaches back", func(t *testing.T) {
		s := memorystore.New()
		h := newHouse(t, s, rbac.Config{})
		h.apply("name: x\ngroups: [{name: a}]\n", false)
		p := saved(t, h.plan(next, false))
		h.users("amy")
		must(t, deleteChanges(t, s, h.now.Now().Add(time.Hour)))
		refused(t, h, p, "does not reach back")
	})
}

// A plan shows what the plan does: whatever somebody has changed in the text is
// refused by the reader, or by the check.
func TestEditedPlanIsRefused(t *testing.T) {
	h := inMemory(t)
	h.users("amy", "bob")
	h.apply("name: x\npermissions: [{name: p}, {name: q}]\ngroups: [{name: a, grants: [p]}, {name: own}]\nmemberships: [{user: amy, group: a}]\n", false)
	h.now.pass(time.Second)
	must(t, h.Update(h.ctx(), func(tx *rbac.Tx) error {
		return errors.Join(second(tx.AddGroup(rbac.Group{Name: "theirs"})),
			tx.AssignUser(rbac.Membership{User: "bob", Group: "a", Until: h.now.Now().Add(time.Hour)}))
	}))
	plan := h.plan("name: x\npermissions: [{name: p}, {name: q}]\ngroups: [{name: a, grants: [q]}]\n", true)
	data, err := plan.JSON()
	must(t, err)
	text := string(data)
	must(t, saved(t, plan).Check(h.ctx(), h.Authority))
	const file = `{"name": "x", "groups": [{"name": "backdoor", "grants": ["*"]}]}`
	const steps = `[{"op": "add", "kind": "group", "name": "backdoor"}]`
	end := strings.LastIndex(text, "}")
	for _, more := range []string{`"File": ` + file, `"file": ` + file, `"Steps": ` + steps, `"steps": ` + steps, `"FILE": ` + file, `"Prune": false`, `"x": 1`} {
		edited := []byte(text[:end] + ", " + more + "}")
		if _, err := ReadPlan("plan.json", edited); !errors.Is(err, rbac.ErrInvalid) {
			t.Errorf("%s: %v", more, err)
		}
		if !IsPlan(edited) {
			t.Errorf("%s: an edited plan is no policy file", more)
		}
	}
	for _, c := range []struct{ was, is string }{
		{`"op": "add"`, `"op": "change"`},
		{`"name": "q to a"`, `"name": "p to a"`},
		{`"user": "amy"`, `"user": "abe"`},
		{`"users": 2`, `"users": 0`},
		{`"gained": [`, `"gained": [{"user": "amy", "permission": "none"}, `},
		{`"lost": [`, `"lost": [{"user": "amy", "permission": "none"}, `},
		{`"prune": true`, `"prune": false`},
		{`"name": "own"`, `"name": "owner"`},       // a step
		{`"name": "theirs"`, `"name": "somebody"`}, // an extra
		{`"users": 2`, `"users": 2, "more": true`},
	} {
		if !strings.Contains(text, c.was) {
			t.Fatalf("the plan has no %s:\n%s", c.was, text)
		}
		p, err := ReadPlan("plan.json", []byte(strings.Replace(text, c.was, c.is, 1)))
		must(t, err)
		if err := p.Check(h.ctx(), h.Authority); !errors.Is(err, rbac.ErrConflict) {
			t.Errorf("%s in place of %s: %v", c.is, c.was, err)
		}
		if err := p.Apply(h.ctx(), h.Authority); !errors.Is(err, rbac.ErrConflict) {
			t.Errorf("%s in place of %s is applied: %v", c.is, c.was, err)
		}
	}
	h.now.pass(2 * time.Hour)
	if err := plan.Check(h.ctx(), h.Authority); !errors.Is(err, rbac.ErrConflict) || !strings.Contains(err.Error(), "another effect") {
		t.Errorf("the membership of bob has ended: %v", err)
	}
}

// Plans of other forms are refused.
func TestReadPlanErrors(t *testing.T) {
	for text, want := range map[string]string{
		`{`:                  "p.json: rbac: invalid: not a plan: ",
		`{"plan": 2}`:        "p.json: rbac: invalid: the plan has version 2, and this program knows version 1",
		`{"plan": 1, "x":1}`: `p.json:1: rbac: invalid: the plan: there is no key "x"`,
		`{"revision": "1", "nonce": "2", "file": {"name": "x"}}`:                         `p.json:1: rbac: invalid: the plan: the key "plan" is missing`,
		`{"plan": 1, "revision": 1, "nonce": "2", "file": {"name": "x"}}`:                "p.json:1: rbac: invalid: revision: 1 is no text: write it in quotes",
		`{"plan": 1, "revision": "-1", "nonce": "2", "file": {"name": "x"}}`:             `p.json:1: rbac: invalid: revision: "-1": expected a whole number`,
		`{"plan": 1, "revision": "1", "nonce": "2", "file": {"name": "x", "groups": 1}}`: "p.json:1: rbac: invalid: groups: expected a list",
	} {
		if _, err := ReadPlan("p.json", []byte(text)); !errors.Is(err, rbac.ErrInvalid) || !strings.HasPrefix(err.Error(), want) {
			t.Errorf("%s: %v\nwant %s", text, err, want)
		}
	}
	for _, text := range []string{"name: x\n", `{"name": "x"}`, `{"plan": 0}`, "plan: 1\n"} {
		if IsPlan([]byte(text)) {
			t.Errorf("%s is no plan", text)
		}
	}
	if data, err := json.Marshal(Step{Op: "add", Kind: "group", Name: "a"}); err != nil || string(data) != `{"op":"add","kind":"group","name":"a"}` {
		t.Errorf("the form of a step: %s, %v", data, err)
	}
}
