package console

import (
	"context"
	"errors"
	"log/slog"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/rbac-go/rbac"
	"github.com/rbac-go/rbac/internal/storefault"
	memorystore "github.com/rbac-go/rbac/store_memory"
)

// If the findings cannot be computed, by an error or a panic, the overview shows
// those of before and says so, the log has the reason, and the next request
// computes them.
func TestFindingsFail(t *testing.T) {
	for name, fault := range map[string]func() error{
		"error": func() error { return errors.New("the disk is full") },
		"panic": func() error { panic("the disk is full") },
	} {
		var broken atomic.Bool
		st := &storefault.Store{Store: memorystore.New(), Hooks: storefault.Hooks{Call: func(c storefault.Call) error {
			if broken.Load() && c.Name == "Separations" {
				return fault()
			}
			return nil
		}}}
		s := siteOn(t, st, "/admin/", Config{}, nil)
		broken.Store(true)
		page := s.get("amy", "")
		checkText(t, page, "The findings could not be computed", "Last changes")
		checkPage(t, "overview", page)
		if text := s.log.String(); !strings.Contains(text, "the findings cannot be computed") || !strings.Contains(text, "the disk is full") {
			t.Errorf("%s: the log is %s", name, text)
		}
		broken.Store(false)
		page = s.get("amy", "")
		checkText(t, page, "Groups without members")
		if strings.Contains(page.text, "could not be computed") {
			t.Errorf("%s: the next request does not try again:\n%s", name, textOf(page.text))
		}
		s.advance(keepFindings)
		broken.Store(true)
		checkText(t, s.get("amy", ""), "The findings could not be computed", "Groups without members")
	}
}

// A store that hangs keeps the findings from being computed for a minute, and no
// longer, even if the request has ended.
func TestFindingsTimeOut(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var hangs atomic.Bool
		st := &storefault.Store{Store: memorystore.New(), Hooks: storefault.Hooks{Call: func(c storefault.Call) error {
			if hangs.Load() && c.Name == "Separations" {
				<-c.Context.Done()
				return c.Context.Err()
			}
			return nil
		}}}
		a, err := rbac.Open(ctx, st, rbac.Config{Logger: slog.New(slog.DiscardHandler), MaxStaleness: time.Hour})
		must(t, err)
		defer func() { must(t, a.Close()) }()
		var found foundList
		hangs.Store(true)
		gone, cancel := context.WithCancel(ctx)
		cancel()
		began := time.Now()
		if _, _, ok := found.get(gone, a, began); ok {
			t.Error("the findings were computed in a store that hangs")
		}
		if waited := time.Since(began); waited != time.Minute {
			t.Errorf("the request waited %v, want a minute", waited)
		}
		hangs.Store(false)
		if _, at, ok := found.get(ctx, a, began); !ok || at != began {
			t.Errorf("the next request does not try again: %v, %v", at, ok)
		}
	})
}

// logText is a log that is written in the background, too.
type logText struct {
	mu sync.Mutex
	strings.Builder
}

func (l *logText) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.Builder.Write(p)
}

func (l *logText) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.Builder.String()
}
