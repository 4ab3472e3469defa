package rbac_test

import (
	"context"
	"errors"
	"fmt"
	"testing"

	"github.com/rbac-go/rbac"
)

// CheckPassword gets the user wherever a password is set, and no transaction is
// open meanwhile.
func TestCheckPasswordGetsTheUser(t *testing.T) {
	type key struct{}
	ctx := context.WithValue(ctx, key{}, "of the call")
	eachStore(t, func(t *testing.T, h *house) {
		var a *rbac.Authority
		var seen []rbac.User
		refuse := false
		a = h.office(rbac.Config{CheckPassword: func(ctx context.Context, u rbac.User, password string) error {
			seen = append(seen, u)
			if ctx.Value(key{}) != "of the call" {
				return nil // a password that the office sets
			}
			if refuse {
				return errors.New("known from elsewhere")
			}
			if password != "caf\u00e9 au lait and more" {
				t.Errorf("not in NFC: %q", password)
			}
			// in a transaction, this Update would wait for itself
			return a.Update(ctx, func(tx *rbac.Tx) error { return tx.Unlock("nora") })
		}})
		const p = "cafe\u0301 au lait and more"
		must(t, a.SetPassword(t.Context(), "amy", p))
		nina := rbac.User{Name: "Nina", Email: "nina@example.org", DisplayName: "Nina Smith"}
		var tok, link rbac.Token
		tests := []struct {
			rule, name, display string
			call                func() error
		}{
			{"CreateUser", "nina", "Nina Smith", func() error { return alone(a.CreateUser(ctx, nina, p)) }},
			{"SetPassword", "amy", "", func() error { return a.SetPassword(ctx, "AMY", p) }},
			{"HashPassword", "", "", func() error { return alone(a.HashPassword(ctx, p)) }},
			{"HashPasswordFor", "Nina", "Nina Smith", func() error { return alone(a.HashPasswordFor(ctx, nina, p)) }},
			{"ChangePassword", "amy", "", func() error { return alone(a.ChangePassword(ctx, tok, p, p)) }},
			{"ResetPassword", "amy", "", func() error { return a.ResetPassword(ctx, link, p) }},
		}
		for _, refuse = range []bool{true, false} {
			for _, tt := range tests {
				tok = h.issue(a, rbac.Login{User: "amy"})
				link = must1(a.IssueLink(ctx, rbac.Link{User: "amy", Purpose: rbac.LinkReset}))
				before := h.lastChange(a).Revision
				seen = nil
				err := tt.call()
				if len(seen) != 1 || seen[0].Name != tt.name || seen[0].DisplayName != tt.display {
					t.Errorf("%s: CheckPassword got %+v", tt.rule, seen)
				}
				if !refuse {
					must(t, err)
					continue
				}
				e, ok := errors.AsType[*rbac.Error](err)
				if !ok || e.Kind != rbac.ErrInvalid || e.Record != "password" || e.Reason != "known from elsewhere" {
					t.Errorf("%s: got %v", tt.rule, err)
				}
				if after := h.lastChange(a).Revision; after != before {
					t.Errorf("%s was refused, and changed something", tt.rule)
				}
			}
		}
		seen = nil
		must(t, alone(a.Login(ctx, rbac.Login{User: "amy", Password: p})))
		if len(seen) != 0 {
			t.Errorf("a login calls CheckPassword: %+v", seen)
		}
	})
}

// A user who does not exist, or cannot exist, and a password that is refused
// anyway, are not shown to CheckPassword.
func TestCheckPasswordIsNotAsked(t *testing.T) {
	h := newHouse(t, stores[0].open(t))
	asked := 0
	a := h.open(rbac.Config{
		RefusePassword: func(p string) error {
			if p == "refused anyway, by the other" {
				return errors.New("refused by the other")
			}
			return nil
		},
		CheckPassword: func(context.Context, rbac.User, string) error { asked++; return nil },
	})
	h.user(a, "amy", goodPassword)
	asked = 0
	for want, err := range map[error]error{
		rbac.ErrNotFound: a.SetPassword(ctx, "zed", goodPassword),
		rbac.ErrInvalid: errors.Join(a.SetPassword(ctx, "amy", "short"), a.SetPassword(ctx, "amy", "refused anyway, by the other"),
			alone(a.CreateUser(ctx, rbac.User{}, goodPassword))),
		rbac.ErrNoTicket: errors.Join(alone(a.ChangePassword(ctx, rbac.Token{}, goodPassword, goodPassword)), a.ResetPassword(ctx, rbac.Token{}, goodPassword)),
	} {
		if !errors.Is(err, want) {
			t.Errorf("got %v, want %v", err, want)
		}
	}
	if asked != 0 {
		t.Errorf("CheckPassword was asked %d times", asked)
	}
}

// Somebody who holds a ticket, and does not know the password, learns nothing
// from the hooks: ChangePassword proves the old password first. A refusal of the
// new password is no failure of the client.
func TestHooksFollowTheOldPassword(t *testing.T) {
	h := newHouse(t, stores[0].open(t))
	asked := 0
	refuse := func() error { asked++; return errors.New("used before") }
	a := h.open(rbac.Config{
		RefusePassword: func(p string) error { return refuse() },
		CheckPassword:  func(context.Context, rbac.User, string) error { return refuse() },
	})
	h.user(a, "amy", "")
	hash := must1(h.open(rbac.Config{}).HashPassword(ctx, goodPassword))
	h.do(a, func(tx *rbac.Tx) error { return tx.SetPasswordHash("amy", hash) })
	tok := h.issue(a, rbac.Login{User: "amy"})
	for _, p := range []string{"short", goodPassword} {
		if err := alone(a.ChangePassword(ctx, tok, "wrong", p)); err != rbac.ErrBadCredentials || asked != 0 {
			t.Errorf("a wrong old password: got %v, and the hooks were asked %d times", err, asked)
		}
	}
	for range 101 { // one more than failures that shut the ticket's holder out
		if err := alone(a.ChangePassword(ctx, tok, goodPassword, goodPassword)); reasonOf(err) != "used before" {
			t.Fatalf("the new password is refused: got %v", err)
		}
	}
	if asked != 101 {
		t.Errorf("asked %d times", asked)
	}
}

// CommonPassword refuses what is guessed first, and the user's own names.
func TestCommonPassword(t *testing.T) {
	h := newHouse(t, stores[0].open(t))
	a := h.open(rbac.Config{MinPassword: 8, CheckPassword: func(ctx context.Context, u rbac.User, p string) error {
		if err := rbac.CommonPassword(ctx, u, p); err != nil {
			return err
		}
		return rbac.RefuseWords(p, "Acme", "Rocket Control")
	}})
	u := rbac.User{Name: "quartermaster", Email: "nina.smith@example.org", DisplayName: "Nina Smith-Featherstone"}
	must(t, alone(a.CreateUser(ctx, u, "seven dry umbrellas")))
	for p, reason := range map[string]string{
		"Password123456": "too common", "SUNSHINE": "too common", "qwertyuiop": "too common", "jjjjjjjjjjjj": "too common",
		"Quartermaster 7": "made of names that are easy to guess", "Nina.Smith.99": "made of names that are easy to guess",
		"featherstone!": "made of names that are easy to guess", "acme-rocket-1": "made of names that are easy to guess",
		"seven dry acme umbrellas": "", "example.org": "",
	} {
		err := a.SetPassword(ctx, "quartermaster", p)
		if got := reasonOf(err); got != reason {
			t.Errorf("%q: got %v, want reason %q", p, err, reason)
		}
	}
}

func reasonOf(err error) string {
	if err == nil {
		return ""
	}
	e, ok := errors.AsType[*rbac.Error](err)
	if !ok {
		return fmt.Sprint(err)
	}
	return e.Reason
}
