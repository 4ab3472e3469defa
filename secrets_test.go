package rbac_test

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/rbac-go/rbac"
)

// syncBuffer is a buffer that the background may write to concurrently.
type syncBuffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (s *syncBuffer) Write(p []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.b.Write(p)
}

func (s *syncBuffer) String() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.b.String()
}

func (s *syncBuffer) Reset() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.b.Reset()
}

// secrets are values that must stay inside, and seen is the output.
type secrets struct {
	texts []string
	seen  strings.Builder
}

// note records the result of a login: the token is a secret, and its printed
// form is output.
func (s *secrets) note(tok rbac.Token, err error) rbac.Token {
	if !tok.IsZero() {
		hash := sha256.Sum256([]byte(tok.Secret()))
		s.texts = append(s.texts, tok.Secret(), hex.EncodeToString(hash[:]), base64.StdEncoding.EncodeToString(hash[:]), fmt.Sprint(hash))
	}
	fmt.Fprintf(&s.seen, "%v %+v %#v %v\n", tok, tok, tok, err)
	return tok
}

func (s *secrets) password() string {
	p := fmt.Sprintf("a secret never told %d", len(s.texts))
	s.texts = append(s.texts, p)
	return p
}

// busyDay makes logins, values of tickets, changes of passwords and denials of
// all kinds, and ends tickets in all ways.
func (s *secrets) busyDay(t *testing.T, h *house, a *rbac.Authority) {
	p := s.password()
	hash, err := a.HashPassword(ctx, p)
	must(t, err)
	s.texts = append(s.texts, hash, hash[strings.LastIndex(hash, "$")+1:])
	h.do(a, func(tx *rbac.Tx) error { return tx.SetPasswordHash("amy", hash) })
	l := rbac.Login{User: "amy", Password: p, Addr: home, Label: "laptop"}
	for range 3 {
		l.Replaces = s.note(a.Login(ctx, l))
	}
	s.note(a.Issue(ctx, rbac.Login{User: "amy", Groups: []string{"editors"}}))
	s.note(a.Issue(ctx, rbac.Login{User: "amy"}))
	h.do(a, func(tx *rbac.Tx) error {
		m := rbac.Membership{User: "amy", Group: "editors"}
		return errors.Join(tx.DeassignUser(m), tx.AssignUser(m))
	})
	s.note(a.Login(ctx, rbac.Login{User: "amy", Password: p, Groups: []string{"chiefs"}}))
	s.note(a.Login(ctx, rbac.Login{User: "amy", Password: s.password()}))
	tok := s.note(a.Issue(ctx, rbac.Login{User: "amy", Label: "robot", Expires: h.clock.Now().Add(time.Hour)}))
	fmt.Fprintln(&s.seen, a.SetValue(ctx, tok, "draft", s.password()), a.SetValue(ctx, tok, "draft", s.password()+"\x00"),
		a.SetValue(ctx, tok, "draft", strings.Repeat(s.password(), 200)))
	s.note(a.ChangePassword(ctx, tok, s.password(), s.password()))
	tok = s.note(a.ChangePassword(ctx, tok, p, s.password()))
	fmt.Fprintln(&s.seen, a.Judge(ctx, tok, rbac.InGroup("chiefs")), a.Logout(ctx, tok), a.Logout(ctx, tok), a.SetPassword(ctx, "amy", p[:9]))
	h.clock.Advance(time.Hour)
}

// seeChanges adds the change log to the output.
func (s *secrets) seeChanges(t *testing.T, a *rbac.Authority) {
	n := 0
	must(t, a.View(ctx, func(tx *rbac.Tx) error {
		for c, err := range tx.Changes(rbac.ChangeQuery{}) {
			if err != nil {
				return err
			}
			fmt.Fprintf(&s.seen, "%+v %s %s\n", c, c.Before, c.After)
			n++
		}
		return nil
	}))
	if n < 50 {
		t.Errorf("only %d changes: the history says little", n)
	}
}

// Neither the change log nor the log nor an error nor anything printed holds a
// password, a hash, a token or a ticket's value.
func TestSecretsStayInside(t *testing.T) {
	eachStore(t, func(t *testing.T, h *house) {
		var log, events syncBuffer
		var s secrets
		see := func(_ context.Context, e rbac.Event) { fmt.Fprintf(&events, "%+v %v\n", e, e.LogValue()) }
		a := h.office(rbac.Config{MaxTickets: 2, OnEvent: see, Logger: slog.New(slog.NewJSONHandler(&log, &slog.HandlerOptions{Level: slog.LevelDebug}))})
		for range 6 {
			s.busyDay(t, h, a)
		}
		s.seeChanges(t, a)
		must(t, a.Close())
		if n := strings.Count(events.String(), "\n"); n < 50 {
			t.Errorf("only %d events: they say little", n)
		}
		for where, text := range map[string]string{"the change log or an error": s.seen.String(), "the log": log.String(), "an event": events.String()} {
			for _, secret := range s.texts {
				if strings.Contains(text, secret) {
					t.Errorf("%s holds the secret %q", where, secret)
				}
			}
		}
		for _, event := range []string{"rbac: login", "rbac: login refused", "rbac: ticket ended", "rbac: denied"} {
			if !strings.Contains(log.String(), `"msg":"`+event+`"`) {
				t.Errorf("%q is not logged", event)
			}
		}
	})
}
