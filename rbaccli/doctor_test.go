package rbaccli

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/rbac-go/rbac"
	memorystore "github.com/rbac-go/rbac/store_memory"
)

// The doctor looks at the settings of a service, and finds those that are
// weaker than the defaults.
func TestDoctorOfASetting(t *testing.T) {
	sound := rbac.Config{
		Logger: slog.New(slog.DiscardHandler), Protected: []string{"rbac.administer"}, CheckPassword: rbac.CommonPassword,
	}
	for name, c := range map[string]struct {
		change func(*rbac.Config)
		want   string
	}{
		"sound":        {func(*rbac.Config) {}, ""},
		"protected":    {func(c *rbac.Config) { c.Protected = nil }, "Config.Protected lacks rbac.administer"},
		"changes":      {func(c *rbac.Config) { c.KeepChanges = 24 * time.Hour }, "Config.KeepChanges is 24h"},
		"min":          {func(c *rbac.Config) { c.MinPassword = 4 }, "Config.MinPassword is 4"},
		"common":       {func(c *rbac.Config) { c.CheckPassword = nil }, "common passwords are accepted"},
		"other check":  {func(c *rbac.Config) { c.CheckPassword, c.RefusePassword = nil, func(string) error { return nil } }, ""},
		"cheap":        {func(c *rbac.Config) { c.Argon2id = rbac.Argon2id{MemoryKiB: 8, Time: 1, Threads: 1} }, "Config.Argon2id"},
		"cheap passes": {func(c *rbac.Config) { c.Argon2id.Time = 1 }, "Config.Argon2id"},
	} {
		cfg := sound
		c.change(&cfg)
		a, err := rbac.Open(t.Context(), memorystore.New(), cfg)
		if err != nil {
			t.Fatal(err)
		}
		defer a.Close()
		o := Program{Authority: a}.call("doctor", "-o", "csv")
		if got := strings.Count(o.out, "\nsetting,"); o.code != exitNo || c.want == "" && got != 0 || c.want != "" && (got != 1 || !strings.Contains(o.out, c.want)) {
			t.Errorf("%s: %d settings, %+v", name, got, o)
		}
	}
}

// A store whose accounts are in use has no findings.
func TestDoctorWithoutFindings(t *testing.T) {
	a, err := rbac.Open(t.Context(), memorystore.New(), rbac.Config{
		Logger: slog.New(slog.DiscardHandler), Protected: []string{"rbac.administer"}, CheckPassword: rbac.CommonPassword,
	})
	if err != nil {
		t.Fatal(err)
	}
	defer a.Close()
	p := Program{Authority: a}
	if o := p.call("doctor"); o.code != exitNo || !strings.Contains(o.out, "no enabled user has the permission everywhere") {
		t.Errorf("nobody is an administrator: %+v", o)
	}
	for _, args := range []string{"user add amy", "group add admins --grant rbac.administer", "assign add amy admins --scope org:1"} {
		if o := p.call(strings.Fields(args)...); o.code != 0 {
			t.Fatal(o)
		}
	}
	if o := p.call("doctor"); !strings.Contains(o.out, "no administrator") {
		t.Errorf("an administrator of one scope: %+v", o)
	}
	if o := p.call("assign", "add", "amy", "admins"); o.code != 0 {
		t.Fatal(o)
	}
	if _, err := a.Issue(t.Context(), rbac.Login{User: "amy"}); err != nil {
		t.Fatal(err)
	}
	if o := p.call("doctor"); o.code != exitYes || o.out != "There are no findings.\n" {
		t.Errorf("%+v", o)
	}
	if o := p.call("doctor", "-o", "json"); o.code != exitYes || o.out != "[]\n" {
		t.Errorf("%+v", o)
	}
}

// People see the first records of a finding and how many others there are, and
// programs see more.
func TestDoctorOfManyRecords(t *testing.T) {
	a := newAuthority(t)
	if err := a.Update(t.Context(), func(tx *rbac.Tx) error {
		for i := range 30 {
			if _, err := tx.AddGroup(rbac.Group{Name: fmt.Sprint("group", i)}); err != nil {
				return err
			}
		}
		return nil
	}); err != nil {
		t.Fatal(err)
	}
	p := Program{Authority: a}
	if o := p.call("doctor"); strings.Count(o.out, "empty groups") != 11 || !strings.Contains(o.out, "and 20 others") {
		t.Errorf("%+v", o)
	}
	if o := p.call("doctor", "-o", "csv"); strings.Count(o.out, "\nempty groups") != 30 || strings.Contains(o.out, "others") {
		t.Errorf("%+v", o)
	}
}

// Changes in the future, and changes that are earlier than the changes before
// them, come from clocks that disagree.
func TestDoctorOfClocks(t *testing.T) {
	var now atomic.Int64 // in seconds; the Authority reads the clock in the background
	now.Store(time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC).Unix())
	a, err := rbac.Open(t.Context(), memorystore.New(), rbac.Config{
		Logger: slog.New(slog.DiscardHandler), Clock: func() time.Time { return time.Unix(now.Load(), 0) },
	})
	if err != nil {
		t.Fatal(err)
	}
	defer a.Close()
	p := Program{Authority: a}
	clocks := func(want string) {
		t.Helper()
		o := p.call("doctor", "-o", "csv")
		if got := strings.Count(o.out, "\nclocks,"); want == "" && got != 0 || want != "" && (got != 1 || !strings.Contains(o.out, want)) {
			t.Errorf("%+v, want %q", o, want)
		}
	}
	if o := p.call("group", "add", "editors"); o.code != 0 {
		t.Fatal(o)
	}
	clocks("")
	now.Add(-59)
	clocks("")
	now.Add(-3600)
	clocks("is 1h0m59s ahead of our clock")
	if o := p.call("group", "add", "writers"); o.code != 0 {
		t.Fatal(o)
	}
	clocks("is 1h0m59s later than the change of revision")
	now.Add(2 * 3600)
	clocks("which followed")
}

// serverStore is a store on a server with a clock of its own.
type serverStore struct {
	countedStore
	ahead time.Duration
	err   error
}

func (s *serverStore) Now(context.Context) (time.Time, error) { return time.Now().Add(s.ahead), s.err }

// The clock of the database server is compared with ours.
func TestDoctorOfTheServersClock(t *testing.T) {
	s := &serverStore{countedStore: countedStore{Store: memorystore.New()}}
	p := Program{Open: func(context.Context, string, bool) (Store, error) { return s, nil }}
	for ahead, want := range map[time.Duration]string{
		0: "", 30 * time.Second: "", -30 * time.Second: "", time.Hour: "ahead of ours", -time.Hour: "behind ours",
	} {
		s.ahead = ahead
		o := p.call("--store", "x", "doctor", "-o", "csv")
		if found := strings.Contains(o.out, "\nclocks,"); o.code != exitNo || found != (want != "") || !strings.Contains(o.out, want) {
			t.Errorf("%v: %+v", ahead, o)
		}
	}
	s.err = errors.New("connection refused")
	if o := p.call("--store", "x", "doctor"); o.code != exitUnavailable || !strings.Contains(o.errors, "connection refused") {
		t.Errorf("%+v", o)
	}
}
