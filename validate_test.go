package rbac_test

import (
	"errors"
	"fmt"
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/rbac-go/rbac"
)

// Each row reads as: a predicate, and all its faults.
func TestValidate(t *testing.T) {
	h := newHouse(t, stores[0].open(t))
	a := h.open(rbac.Config{})
	h.groups(a, map[string][]string{"editors": {"post.edit", "post.read"}, "readers": {"post.read"}})
	yes := func(*rbac.Identity) bool { return true }
	const group, permission = `group %q: rbac: not found`, `permission %q: rbac: not found`
	const meant = `: did you mean %q?`

	for _, c := range []struct {
		p    rbac.Predicate
		want []string
	}{
		{rbac.All(rbac.InAllGroups("editors", "readers"), rbac.HasAnyPermission("post.edit"), rbac.Not(rbac.IsAnonymous())), nil},
		{rbac.Any(rbac.IsUser("nobody-of-this-name"), rbac.Func("odd", yes), rbac.AuthenticatedWithin(time.Hour), rbac.FromNet(netip.MustParsePrefix("::/0"))), nil},
		{rbac.InGroup("edtiors"), []string{fmt.Sprintf(group+meant, "edtiors", "editors")}},
		{rbac.InGroup("Editors"), []string{fmt.Sprintf(group+meant, "Editors", "editors")}},
		{rbac.InGroup("post.edit"), []string{fmt.Sprintf(group, "post.edit")}},
		{rbac.HasPermission("post.purge"), []string{fmt.Sprintf(permission, "post.purge")}},
		{rbac.HasPermission("editors"), []string{fmt.Sprintf(permission, "editors")}},
		{rbac.Not(rbac.WithMessage(rbac.HasPermission("post.edi"), "x")), []string{fmt.Sprintf(permission+meant, "post.edi", "post.edit")}},
		{rbac.All(rbac.InAnyGroup("x1", "editors"), rbac.Any(rbac.HasAllPermissions("y1", "x1"), rbac.InGroup("x1"))),
			[]string{fmt.Sprintf(group, "x1"), fmt.Sprintf(permission, "y1"), fmt.Sprintf(permission, "x1")}},
		{nil, []string{`predicate "nil": rbac: invalid: a predicate is missing`}},
		{rbac.Any(rbac.InGroup("editors"), nil), []string{`predicate "nil": rbac: invalid: a predicate is missing`}},
		{rbac.InAnyGroup("editors", ""), []string{`predicate "in_group": rbac: invalid: "" is no valid name of a group`}},
		{rbac.HasPermission("post.*"), []string{`predicate "has_permission": rbac: invalid: "post.*" is no valid name of a permission`}},
		{rbac.Func("odd", nil), []string{`predicate "func": rbac: invalid: the check "odd" has no function`}},
		{rbac.FromNet(netip.Prefix{}), []string{`predicate "from_net": rbac: invalid: "invalid Prefix" is no valid network`}},
		{rbac.All(rbac.AuthenticatedWithin(0), rbac.InGroup("x1")), []string{`predicate "authenticated_within": rbac: invalid: a login within 0s is impossible`, fmt.Sprintf(group, "x1")}},
		{nested(rbac.IsAnonymous(), 100), []string{`predicate "not": rbac: invalid: a predicate is nested deeper than 100`}},
	} {
		err := a.Validate(c.p)
		if got, want := fmt.Sprint(err), strings.Join(c.want, "\n"); err == nil && len(c.want) > 0 || err != nil && got != want {
			t.Errorf("%v\nsays %s\nwant %s", c.p, got, want)
		}
	}
}

func nested(p rbac.Predicate, times int) rbac.Predicate {
	for range times {
		p = rbac.Not(p)
	}
	return p
}

// Each fault is an Error with a kind of its own.
func TestValidateTells(t *testing.T) {
	h := newHouse(t, stores[0].open(t))
	a := h.open(rbac.Config{})
	err := a.Validate(rbac.All(rbac.InGroup("editors"), rbac.HasPermission("post.edit"), nil))
	all, ok := err.(interface{ Unwrap() []error })
	if !ok {
		t.Fatalf("got %v, want joined errors", err)
	}
	want := []rbac.Error{
		{Kind: rbac.ErrNotFound, Record: "group", Name: "editors"},
		{Kind: rbac.ErrNotFound, Record: "permission", Name: "post.edit"},
		{Kind: rbac.ErrInvalid, Record: "predicate", Name: "nil", Reason: "a predicate is missing"},
	}
	for i, err := range all.Unwrap() {
		if e, ok := errors.AsType[*rbac.Error](err); !ok || *e != want[i] {
			t.Errorf("error %d is %#v, want %#v", i, err, want[i])
		}
	}
	if !errors.Is(err, rbac.ErrNotFound) || !errors.Is(err, rbac.ErrInvalid) || errors.Is(err, rbac.ErrDenied) {
		t.Errorf("%v is not of the kinds of its parts", err)
	}
}

// All unknown names are listed, but not the likely meaning of each name.
func TestValidateManyNames(t *testing.T) {
	h := newHouse(t, stores[0].open(t))
	a := h.open(rbac.Config{})
	h.groups(a, map[string][]string{"editors": nil})
	var names []string
	for i := range 1000 {
		names = append(names, fmt.Sprintf("editor%d", i))
	}
	err := a.Validate(rbac.InAnyGroup(names[0], names...))
	text := err.Error()
	if got := strings.Count(text, "\n") + 1; got != len(names) {
		t.Errorf("%d errors, want %d", got, len(names))
	}
	if got := strings.Count(text, "did you mean"); got != 20 {
		t.Errorf("%d suggestions, want 20", got)
	}
}

// Validate uses the policy at the time of the call.
func TestValidateFollows(t *testing.T) {
	eachStore(t, func(t *testing.T, h *house) {
		a := h.open(rbac.Config{})
		p := rbac.All(rbac.InGroup("editors"), rbac.HasPermission("post.edit"))
		if err := a.Validate(p); !errors.Is(err, rbac.ErrNotFound) {
			t.Errorf("before they are declared: got %v", err)
		}
		must(t, a.Declare(ctx, rbac.Catalogue{
			Permissions: []rbac.Permission{{Name: "post.edit"}},
			Groups:      []rbac.Group{{Name: "editors"}},
		}))
		if err := a.Validate(p); err != nil {
			t.Errorf("after they were declared: got %v", err)
		}
		h.do(h.open(rbac.Config{}), func(tx *rbac.Tx) error { return tx.DeleteGroup("editors") })
		if err := a.Validate(p); !errors.Is(err, rbac.ErrNotFound) {
			t.Errorf("after another Authority deleted the group: got %v", err)
		}
		must(t, a.Close())
		if err := a.Validate(rbac.IsAnonymous()); !errors.Is(err, rbac.ErrUnavailable) {
			t.Errorf("after Close: got %v", err)
		}
	})
}

// AuthenticatedWithin uses the login of the ticket and the clock of the
// Authority.
func TestAuthenticatedWithinOfATicket(t *testing.T) {
	eachStore(t, func(t *testing.T, h *house) {
		a := h.open(rbac.Config{IdleLimit: 24 * time.Hour, AbsoluteLimit: 24 * time.Hour})
		h.user(a, "amy", goodPassword)
		tok, err := a.Login(ctx, rbac.Login{User: "amy", Password: goodPassword})
		must(t, err)
		p := rbac.AuthenticatedWithin(15 * time.Minute)
		must(t, a.Judge(ctx, tok, p))
		h.clock.Advance(15*time.Minute - time.Second)
		id, err := a.Identify(ctx, tok)
		must(t, err)
		must(t, rbac.Check(id, p))
		h.clock.Advance(time.Second)
		denied, ok := errors.AsType[*rbac.DeniedError](rbac.Check(id, p))
		if !ok || denied.Message != "needs a login within the last 15m; your login was 15m ago" {
			t.Fatalf("an Identity that was handed out earlier grows old, too: got %v", denied)
		}
		if maxAge, helps := denied.FreshLogin(); !helps || maxAge != 15*time.Minute {
			t.Errorf("a new login helps: got %v, %v", maxAge, helps)
		}
		if err := a.Judge(ctx, tok, p); !errors.Is(err, rbac.ErrDenied) {
			t.Errorf("the login is too long ago: got %v", err)
		}
		again, err := a.Login(ctx, rbac.Login{User: "amy", Password: goodPassword, Replaces: tok})
		must(t, err)
		must(t, a.Judge(ctx, again, p))
		amy, err := a.Identity(ctx, "amy")
		must(t, err)
		for _, q := range []rbac.Predicate{p, rbac.Not(p)} {
			if err := rbac.Check(amy, q); !errors.Is(err, rbac.ErrDenied) {
				t.Errorf("without a ticket no login is known: %v gave %v", q, err)
			}
		}
	})
}
