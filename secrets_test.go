package rbac_test

import (
	"bytes"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"log/slog"
	"net/netip"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/rbac-go/rbac"
)

// syncBuffer is a buffer that the background may write to, too.
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

// Neither the change log nor the log nor an error nor anything that is printed holds a password, a hash or a token.
func TestSecretsStayInside(t *testing.T) {
	eachStore(t, func(t *testing.T, h *house) {
		var log syncBuffer
		a := h.office(rbac.Config{MaxTickets: 2, Logger: slog.New(slog.NewJSONHandler(&log, &slog.HandlerOptions{Level: slog.LevelDebug}))})
		var secrets []string
		var seen strings.Builder
		note := func(tok rbac.Token, err error) rbac.Token {
			if !tok.IsZero() {
				hash := sha256.Sum256([]byte(tok.Secret()))
				secrets = append(secrets, tok.Secret(), hex.EncodeToString(hash[:]), base64.StdEncoding.EncodeToString(hash[:]), fmt.Sprint(hash))
			}
			fmt.Fprintf(&seen, "%v %+v %#v %v\n", tok, tok, tok, err)
			return tok
		}
		password := func(n int) string {
			p := fmt.Sprintf("a secret never told %d", n)
			secrets = append(secrets, p)
			return p
		}
		for n := range 6 {
			p := password(n)
			hash, err := a.HashPassword(ctx, p)
			must(t, err)
			secrets = append(secrets, hash, hash[strings.LastIndex(hash, "$")+1:])
			h.do(a, func(tx *rbac.Tx) error { return tx.SetPasswordHash("amy", hash) })
			l := rbac.Login{User: "amy", Password: p, Addr: netip.MustParseAddr("192.0.2.1"), Label: "laptop"}
			for range 3 {
				l.Replaces = note(a.Login(ctx, l))
			}
			for _, groups := range [][]string{nil, {"editors"}} {
				note(a.Issue(ctx, rbac.Login{User: "amy", Groups: groups}))
			}
			h.do(a, func(tx *rbac.Tx) error {
				return errors.Join(tx.DeassignUser(rbac.Membership{User: "amy", Group: "editors"}), tx.AssignUser(rbac.Membership{User: "amy", Group: "editors"}))
			})
			wrong := l
			wrong.Password = password(n + 100)
			note(a.Login(ctx, wrong))
			wrong.Groups, wrong.Password = []string{"chiefs"}, p
			note(a.Login(ctx, wrong))
			tok := note(a.Issue(ctx, rbac.Login{User: "amy", Label: "robot", Expires: h.clock.Now().Add(time.Hour)}))
			note(a.ChangePassword(ctx, tok, password(n+200), password(n+300)))
			tok = note(a.ChangePassword(ctx, tok, p, password(n+400)))
			fmt.Fprintln(&seen, a.Judge(ctx, tok, rbac.InGroup("chiefs")), a.Logout(ctx, tok), a.Logout(ctx, tok), a.SetPassword(ctx, "amy", secrets[0][:9]))
			h.clock.Advance(time.Hour)
		}
		must(t, a.View(ctx, func(tx *rbac.Tx) error {
			n := 0
			for c, err := range tx.Changes(rbac.ChangeQuery{}) {
				if err != nil {
					return err
				}
				fmt.Fprintf(&seen, "%+v %s %s\n", c, c.Before, c.After)
				n++
			}
			if n < 50 {
				t.Errorf("only %d changes: the history says little", n)
			}
			return nil
		}))
		for where, text := range map[string]string{"the change log or an error": seen.String(), "the log": log.String()} {
			for _, secret := range secrets {
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
