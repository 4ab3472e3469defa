package rbac_test

import (
	"errors"
	"net/netip"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/google/uuid"

	"github.com/rbac-go/rbac"
)

var home = netip.MustParseAddr("192.0.2.10")

// office is a world for logins: amy in editors, who may assign editors; dora
// disabled, nora without password.
func (h *house) office(cfg rbac.Config) *rbac.Authority {
	h.t.Helper()
	a := h.open(cfg)
	h.groups(a, map[string][]string{"editors": {"post.edit"}, "staff": {"door.open"}, "chiefs": nil})
	h.do(a, func(tx *rbac.Tx) error {
		return errors.Join(
			tx.AddInheritance(rbac.Inheritance{Senior: "chiefs", Junior: "staff"}),
			tx.AddDelegation(rbac.Delegation{Group: "editors", Assign: []string{"editors"}}))
	})
	amy := h.user(a, "amy", goodPassword, "editors")
	dora := h.user(a, "dora", goodPassword, "editors")
	h.user(a, "nora", "", "editors")
	h.do(a, func(tx *rbac.Tx) error {
		amy.Subject = "sub|amy"
		dora.Disabled = true
		return errors.Join(tx.ModifyUser(amy), tx.ModifyUser(dora))
	})
	return a
}

func TestLogin(t *testing.T) {
	eachStore(t, func(t *testing.T, h *house) {
		a := h.office(rbac.Config{})
		for _, l := range []rbac.Login{
			{User: "amy"}, {User: "AMY"}, {User: "ａｍｙ"}, {Subject: "sub|amy"},
		} {
			l.Password = goodPassword
			tok, err := a.Login(ctx, l)
			must(t, err)
			id, err := a.Identify(ctx, tok)
			must(t, err)
			if id.User() != "amy" || !id.HasPermission("post.edit") || !id.AuthenticatedAt().Equal(h.clock.Now()) {
				t.Errorf("%v: the token is amy, with her groups, authenticated now: got %v at %v", l, id, id.AuthenticatedAt())
			}
		}
		must(t, a.View(ctx, func(tx *rbac.Tx) error {
			u, err := tx.User("amy")
			if !u.LastLogin.Equal(h.clock.Now()) {
				t.Errorf("a login is written as LastLogin: got %v", u.LastLogin)
			}
			return err
		}))
	})
}

func TestLoginRefuses(t *testing.T) {
	past := newClock().Now()
	tests := []struct {
		rule string
		l    rbac.Login
		want error
	}{
		{"neither User nor Subject", rbac.Login{}, rbac.ErrInvalid},
		{"both User and Subject", rbac.Login{User: "amy", Subject: "sub|amy"}, rbac.ErrInvalid},
		{"Expires in the past", rbac.Login{User: "amy", Expires: past.Add(-1)}, rbac.ErrInvalid},
		{"Expires now", rbac.Login{User: "amy", Expires: past}, rbac.ErrInvalid},
		{"Expires too far to be kept", rbac.Login{User: "amy", Label: "key", Expires: time.Unix(1<<60, 0)}, rbac.ErrInvalid},
		{"Label too long", rbac.Login{User: "amy", Label: strings.Repeat("x", 257)}, rbac.ErrInvalid},
		{"Label not UTF-8", rbac.Login{User: "amy", Label: "\xff"}, rbac.ErrInvalid},
		{"a group without a name", rbac.Login{User: "amy", Groups: []string{""}}, rbac.ErrInvalid},
		{"a group that cannot be", rbac.Login{User: "amy", Groups: []string{"\xff"}}, rbac.ErrInvalid},
		{"an unknown group", rbac.Login{User: "amy", Groups: []string{"nobody"}}, rbac.ErrDenied},
		{"a group of others", rbac.Login{User: "amy", Groups: []string{"staff"}}, rbac.ErrDenied},
		{"one group of hers and one of others", rbac.Login{User: "amy", Groups: []string{"editors", "staff"}}, rbac.ErrDenied},
		{"unknown user", rbac.Login{User: "zed"}, rbac.ErrBadCredentials},
		{"unknown subject", rbac.Login{Subject: "sub|zed"}, rbac.ErrBadCredentials},
		{"a subject in another case", rbac.Login{Subject: "SUB|amy"}, rbac.ErrBadCredentials},
		{"a subject that cannot be", rbac.Login{Subject: "\xff"}, rbac.ErrBadCredentials},
		{"a name that cannot be", rbac.Login{User: "\x00"}, rbac.ErrBadCredentials},
		{"a name not UTF-8", rbac.Login{User: "\xff\xfe"}, rbac.ErrBadCredentials},
		{"a name of a megabyte", rbac.Login{User: strings.Repeat("x", 1<<20)}, rbac.ErrBadCredentials},
		{"disabled", rbac.Login{User: "dora"}, rbac.ErrBadCredentials},
		{"no password set", rbac.Login{User: "nora"}, rbac.ErrBadCredentials},
	}
	eachStore(t, func(t *testing.T, h *house) {
		a := h.office(rbac.Config{})
		for _, tt := range tests {
			tt.l.Password = goodPassword
			if tok, err := a.Login(ctx, tt.l); !tok.IsZero() || !errors.Is(err, tt.want) {
				t.Errorf("%s is %v: got %v, %v", tt.rule, tt.want, tok, err)
			}
		}
		for _, password := range []string{"", "wrong", goodPassword + " ", "\xff", strings.Repeat("x", 2000)} {
			h.clock.Advance(time.Hour)
			if tok, err := a.Login(ctx, rbac.Login{User: "amy", Password: password}); !tok.IsZero() || err != rbac.ErrBadCredentials {
				t.Errorf("password %.10q is ErrBadCredentials and nothing else: got %v, %v", password, tok, err)
			}
		}
		if list, err := a.Tickets(ctx, "amy"); len(list) != 0 || err != nil {
			t.Errorf("a refused login makes no ticket: got %v, %v", list, err)
		}
	})
}

func TestIssue(t *testing.T) {
	tests := []struct {
		rule string
		l    rbac.Login
		want error
	}{
		{"by name", rbac.Login{User: "Amy"}, nil},
		{"by subject", rbac.Login{Subject: "sub|amy"}, nil},
		{"without a password of their own", rbac.Login{User: "nora"}, nil},
		{"with a Password", rbac.Login{User: "amy", Password: goodPassword}, rbac.ErrInvalid},
		{"neither User nor Subject", rbac.Login{}, rbac.ErrInvalid},
		{"both User and Subject", rbac.Login{User: "amy", Subject: "sub|amy"}, rbac.ErrInvalid},
		{"unknown", rbac.Login{User: "zed"}, rbac.ErrNotFound},
		{"unknown subject", rbac.Login{Subject: "amy"}, rbac.ErrNotFound},
		{"not a name", rbac.Login{User: "\xff"}, rbac.ErrNotFound},
		{"disabled", rbac.Login{User: "dora"}, rbac.ErrDenied},
		{"a group of others", rbac.Login{User: "amy", Groups: []string{"staff"}}, rbac.ErrDenied},
	}
	eachStore(t, func(t *testing.T, h *house) {
		a := h.office(rbac.Config{})
		for _, tt := range tests {
			tok, err := a.Issue(ctx, tt.l)
			if !errors.Is(err, tt.want) || tok.IsZero() != (tt.want != nil) {
				t.Errorf("%s is %v: got %v, %v", tt.rule, tt.want, tok, err)
			}
		}
	})
}

func TestTicketShowsItsLogin(t *testing.T) {
	eachStore(t, func(t *testing.T, h *house) {
		a := h.office(rbac.Config{})
		now := h.clock.Now()
		tok, err := a.Login(ctx, rbac.Login{User: "AMY", Password: goodPassword, Addr: netip.MustParseAddr("fe80::1%eth\x00"),
			UserAgent: strings.Repeat("Mozilla\n\xff", 1000), Label: "laptop 電腦"})
		must(t, err)
		got, err := a.Ticket(ctx, tok)
		must(t, err)
		if got.ID == uuid.Nil || got.User != "amy" || got.Label != "laptop 電腦" || got.Groups != nil || got.Omitted != nil ||
			!got.Created.Equal(now) || !got.LastSeen.Equal(now) || !got.Expires.Equal(now.Add(12*time.Hour)) {
			t.Errorf("the ticket is what the login said: got %+v", got)
		}
		if got.Addr != netip.MustParseAddr("fe80::1") {
			t.Errorf("the address is kept without its zone: got %v", got.Addr)
		}
		if ua := got.UserAgent; len(ua) > 256 || len(ua) < 250 || !utf8.ValidString(ua) || strings.Contains(ua, "\n") || !strings.HasPrefix(ua, "Mozilla\uFFFDMozilla") {
			t.Errorf("a user agent is cut at 256 bytes and made printable: got %d bytes, %q", len(ua), ua)
		}
		list, err := a.Tickets(ctx, "Amy")
		must(t, err)
		if len(list) != 1 || list[0].ID != got.ID {
			t.Errorf("Tickets lists it: got %+v", list)
		}
	})
}

func TestIdentity(t *testing.T) {
	tests := []struct {
		name, subject string
		want          error
	}{
		{"amy", "sub|amy", nil},
		{"ＡＭＹ", "", nil},
		{"dora", "", rbac.ErrDenied},
		{"zed", "sub|zed", rbac.ErrNotFound},
		{"\xff", "\xff", rbac.ErrInvalid},
	}
	eachStore(t, func(t *testing.T, h *house) {
		a := h.office(rbac.Config{})
		for range 2 { // read, then cached
			for _, tt := range tests {
				id, err := a.Identity(ctx, tt.name)
				checkAmy(t, "Identity of "+tt.name, id, err, tt.want)
				if tt.subject != "" {
					id, err = a.IdentityBySubject(ctx, tt.subject)
					checkAmy(t, "IdentityBySubject of "+tt.subject, id, err, tt.want)
				}
			}
		}
		for name, f := range map[string]func() (*rbac.Identity, error){
			"name":    func() (*rbac.Identity, error) { return a.Identity(ctx, "") },
			"subject": func() (*rbac.Identity, error) { return a.IdentityBySubject(ctx, "") },
		} {
			if id, err := f(); id != nil || !errors.Is(err, rbac.ErrInvalid) {
				t.Errorf("an empty %s is ErrInvalid: got %v, %v", name, id, err)
			}
		}
	})
}

func checkAmy(t *testing.T, what string, id *rbac.Identity, err, want error) {
	t.Helper()
	if want != nil {
		if id != nil || !errors.Is(err, want) {
			t.Errorf("%s is %v: got %v, %v", what, want, id, err)
		}
		return
	}
	if err != nil || id.User() != "amy" || !id.InGroup("editors") || !id.AuthenticatedAt().IsZero() {
		t.Errorf("%s is amy with all her groups: got %v, %v", what, id, err)
	}
}

// A name that was given to another user is another user, through a warm cache
// too.
func TestIdentityAfterRenaming(t *testing.T) {
	eachStore(t, func(t *testing.T, h *house) {
		a := h.office(rbac.Config{})
		amy, err := a.Identity(ctx, "amy")
		must(t, err)
		h.do(a, func(tx *rbac.Tx) error {
			err := tx.ModifyUser(rbac.User{ID: amy.ID(), Name: "amelia"})
			_, err2 := tx.AddUser(rbac.User{Name: "amy", Subject: "sub|amy"})
			return errors.Join(err, err2)
		})
		for range 2 {
			if id, err := a.Identity(ctx, "amelia"); err != nil || id.ID() != amy.ID() || !id.InGroup("editors") {
				t.Errorf("a renamed user keeps id and groups: got %v, %v", id, err)
			}
			for _, f := range []func() (*rbac.Identity, error){
				func() (*rbac.Identity, error) { return a.Identity(ctx, "amy") },
				func() (*rbac.Identity, error) { return a.IdentityBySubject(ctx, "sub|amy") },
			} {
				if id, err := f(); err != nil || id.ID() == amy.ID() || id.InGroup("editors") {
					t.Errorf("the name and subject are the new user's: got %v, %v", id, err)
				}
			}
		}
	})
}

// A host that has not just seen the user sign in passes the time of the
// sign-in, and AuthenticatedWithin uses that time.
func TestIssueWithAuthenticatedAt(t *testing.T) {
	fresh := rbac.AuthenticatedWithin(15 * time.Minute)
	eachStore(t, func(t *testing.T, h *house) {
		a := h.office(rbac.Config{MaxTickets: 2})
		for _, c := range []struct {
			ago   time.Duration
			fresh bool
			err   error
		}{{0, true, nil}, {14 * time.Minute, true, nil}, {15 * time.Minute, false, nil}, {30 * 24 * time.Hour, false, nil},
			{-time.Minute, true, nil}, {-time.Minute - time.Second, false, rbac.ErrInvalid}} {
			l := rbac.Login{User: "amy", AuthenticatedAt: h.clock.Now().Add(-c.ago)}
			tok, err := a.Issue(ctx, l)
			if !errors.Is(err, c.err) || (err == nil) != (c.err == nil) {
				t.Errorf("%v ago: %v; want %v", c.ago, err, c.err)
			}
			if err != nil {
				continue
			}
			for _, x := range []*rbac.Authority{a, h.open(rbac.Config{})} {
				if err := x.Judge(ctx, tok, fresh); (err == nil) != c.fresh || err != nil && !errors.Is(err, rbac.ErrDenied) {
					t.Errorf("%v ago: %v; want allowed %t", c.ago, err, c.fresh)
				}
			}
			if ticket, err := a.Ticket(ctx, tok); err != nil || !ticket.Expires.Equal(h.clock.Now().Add(12*time.Hour)) || !ticket.LastSeen.Equal(h.clock.Now()) {
				t.Errorf("%v ago: the ticket lives from now: %+v, %v", c.ago, ticket, err)
			}
		}
		if _, err := a.Login(ctx, rbac.Login{User: "amy", Password: goodPassword, AuthenticatedAt: h.clock.Now()}); !errors.Is(err, rbac.ErrInvalid) {
			t.Errorf("with a password the time is now: %v", err)
		}
	})
}
