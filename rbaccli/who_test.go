package rbaccli

import (
	"log/slog"
	"sync/atomic"
	"testing"
	"time"

	"github.com/rbac-go/rbac"
	memorystore "github.com/rbac-go/rbac/store_memory"
)

// Groups whose membership has ended are neither listed with a user nor with a
// holder.
func TestEndedMemberships(t *testing.T) {
	began := time.Now()
	var ahead atomic.Int64 // nanoseconds
	a, err := rbac.Open(t.Context(), memorystore.New(), rbac.Config{
		Logger: slog.New(slog.DiscardHandler), Clock: func() time.Time { return began.Add(time.Duration(ahead.Load())) }, MaxStaleness: time.Hour,
	})
	if err != nil {
		t.Fatal(err)
	}
	defer a.Close()
	p := Program{Authority: a}
	for _, args := range [][]string{
		{"permission", "add", "post.edit"},
		{"group", "add", "editors", "--grant", "post.edit"},
		{"group", "add", "chiefs", "--grant", "post.edit"},
		{"user", "add", "bob", "-g", "chiefs"},
		{"assign", "add", "bob", "editors", "--until", "1h"},
	} {
		if o := p.call(args...); o.code != 0 {
			t.Fatal(args, o)
		}
	}
	answers := func() [2]string { return [2]string{p.call("who", "post.edit").out, p.call("user", "list").out} }
	if have, want := answers(), [2]string{
		"USER  GROUPS           EVERYWHERE\nbob   chiefs, editors  yes\n", "NAME  GROUPS\nbob   chiefs, editors\n",
	}; have != want {
		t.Errorf("before the end: %q", have)
	}
	ahead.Store(int64(2 * time.Hour))
	if have, want := answers(), [2]string{
		"USER  GROUPS  EVERYWHERE\nbob   chiefs  yes\n", "NAME  GROUPS\nbob   chiefs\n",
	}; have != want {
		t.Errorf("after the end: %q", have)
	}
}
