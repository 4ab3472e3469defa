package policyfile

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/rbac-go/rbac"
)

// texts are hard to write in YAML.
var texts = []string{"", "plain", "no", "null", "1.0", "~", "- a", "a: b", "#x", " lead", "trail ", "two\nlines", "\n\nx\n", "tab\tin", "cr\rlf\r\n",
	"quote \" ' \\", "é 😀", "\u0085 \u2028 \ufeff", "\x01\x7f", "*", "&a", "!!str", "{", "[", "%", "@", "`", "2030-01-01", "0x10", "<<", "=", "\\ud83d\\ude00"}

// names are names of records.
var someNames = []string{"a", "b", "c", "no", "1.0", "x: y", "#n", "'q'", "*x", "ü 2", "&d", "2030-01-01", "-", "a.b", "a.b.c", "[x]", "{y}", "e\\u0041"}

// randomPolicy fills a store with random records. Refused changes are left out.
func randomPolicy(r *rand.Rand) func(tx *rbac.Tx) error {
	pick := func(list []string) string { return list[r.IntN(len(list))] }
	return func(tx *rbac.Tx) (unusable error) {
		try := func(err error) {
			if errors.Is(err, rbac.ErrUnavailable) {
				unusable = errors.Join(unusable, err)
			}
		}
		for _, name := range []string{"amy", "bob", "cyd"} {
			try(second(tx.AddUser(rbac.User{Name: name})))
		}
		for _, name := range someNames {
			if r.IntN(3) == 0 {
				try(tx.AddSection(rbac.Section{Name: name, Title: pick(texts), Position: r.IntN(5) - 2}))
			}
			if r.IntN(3) > 0 {
				try(second(tx.AddGroup(rbac.Group{Name: name, DisplayName: pick(texts), Note: pick(texts)})))
			}
			for _, section := range []string{pick(someNames), ""} {
				try(second(tx.AddPermission(rbac.Permission{Name: name, Title: pick(texts), Description: pick(texts),
					Section: section, Position: r.IntN(3), Object: pick(someNames), Operation: pick(texts)})))
			}
		}
		for range 15 {
			try(tx.GrantPermission(rbac.Grant{Group: pick(someNames), Permission: pick(append(someNames[:6:6], "*", "a.*")), Note: pick(texts)}))
			try(tx.AddInheritance(rbac.Inheritance{Senior: pick(someNames), Junior: pick(someNames)}))
			try(tx.AddDelegation(rbac.Delegation{Group: pick(someNames), Assign: []string{pick(someNames[:9]), pick(someNames[9:])},
				Users: r.IntN(2) == 0, Note: pick(texts)}))
			try(tx.AssignUser(rbac.Membership{User: pick([]string{"amy", "bob", "cyd"}), Group: pick(someNames), Scope: pick([]string{"", "", "org: 1", "no"}), Note: pick(texts)}))
			set := rbac.SeparationSet{Name: pick(someNames), Groups: []string{pick(someNames[:6]), pick(someNames[6:12]), pick(someNames[12:])}, Cardinality: 2 + r.IntN(2)}
			if r.IntN(2) == 0 {
				try(tx.CreateDSDSet(set))
			} else {
				try(tx.CreateSSDSet(set))
			}
		}
		return unusable
	}
}

// rights lists what users may do, by their groups as the store has them.
func (h *house) rights() (all string) {
	h.t.Helper()
	var permissions []rbac.Permission
	must(h.t, h.View(h.ctx(), func(tx *rbac.Tx) (err error) {
		permissions, err = tx.Permissions()
		return err
	}))
	for _, user := range []string{"amy", "bob", "cyd"} {
		id, err := h.Identity(h.ctx(), user)
		must(h.t, err)
		for _, p := range permissions {
			for _, scope := range []string{"", "org: 1", "no"} {
				asked := rbac.HasPermission(p.Name)
				if scope != "" {
					asked = rbac.In(scope, asked)
				}
				all += fmt.Sprintln(user, p.Name, scope, rbac.Met(id, asked))
			}
		}
	}
	return all
}

// A random store, exported and applied to an empty one, gives an equal store:
// the same export and the same rights. From a store with another random policy,
// a plan and an apply with prune give it, too.
func TestRandomPolicies(t *testing.T) {
	count := map[kind]int{}
	yes := 0
	for seed := range uint64(12) {
		r := rand.New(rand.NewPCG(seed, 1))
		h, empty, other := inMemory(t), inMemory(t), inMemory(t)
		h.do(randomPolicy(r))
		want := h.export(true)
		empty.users("amy", "bob", "cyd")
		empty.apply(want, false)
		equal(t, fmt.Sprint(seed, ": the export"), empty.export(true), want)
		equal(t, fmt.Sprint(seed, ": the rights"), empty.rights(), h.rights())
		equal(t, fmt.Sprint(seed, ": a second apply"), empty.apply(want, true), "")

		other.users("amy", "bob", "cyd")
		before := inMemory(t)
		before.do(randomPolicy(r))
		other.apply(before.export(true), false)
		p := saved(t, other.plan(want, true))
		must(t, p.Apply(other.ctx(), other.Authority))
		equal(t, fmt.Sprint(seed, ": the export after another policy"), other.export(true), want)
		equal(t, fmt.Sprint(seed, ": the rights after another policy"), other.rights(), h.rights())
		if t.Failed() {
			return
		}
		for _, r := range read(t, want).records {
			count[r.kind]++
		}
		yes += strings.Count(h.rights(), " true\n")
	}
	for k := range kindNames {
		if count[kind(k)] < 12 {
			t.Errorf("%d records of the kind %v", count[kind(k)], kind(k))
		}
	}
	if yes < 100 {
		t.Errorf("%d rights", yes)
	}
}
