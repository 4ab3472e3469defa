package loginlog_test

import (
	"fmt"
	"net/netip"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/rbac-go/rbac/internal/loginlog"
	"github.com/rbac-go/rbac/store"
)

var noon = time.Date(2026, time.March, 4, 12, 0, 0, 0, time.UTC)

// table keeps the last record that was counted.
type table struct {
	store.LoginRecords
	last store.Login
	keep int
}

func (t *table) CountLogin(l store.Login, keep int) error {
	t.last, t.keep = l, keep
	return nil
}

func TestSucceeded(t *testing.T) {
	for addr, want := range map[string]string{
		"192.0.2.7":        "192.0.2.7/32",
		"::ffff:192.0.2.7": "192.0.2.7/32",
		"2001:db8::7":      "2001:db8::7/128",
		"":                 "",
		"nonsense":         "",
	} {
		var r table
		ticket := store.Ticket{ID: uuid.UUID{1}, User: uuid.UUID{2}, LastSeen: noon, Created: noon.Add(-time.Hour), Addr: addr, UserAgent: "x"}
		if err := loginlog.Succeeded(&r, ticket, loginlog.ByHost); err != nil {
			t.Fatal(err)
		}
		l := store.Login{ID: ticket.ID, User: ticket.User, First: noon, Last: noon, Count: 1, Addr: want, UserAgent: "x", Method: "host", Outcome: "success"}
		if r.last != l || r.keep != 100 {
			t.Errorf("%q: got %+v, keeping %d, want %+v", addr, r.last, r.keep, l)
		}
	}
}

// Failures share a record if they have the user, the hour, the network, the
// method and the outcome in common.
func TestFailuresThatShareARecord(t *testing.T) {
	first := loginlog.Failure{User: uuid.UUID{1}, Network: netip.MustParsePrefix("192.0.2.7/32"), UserAgent: "a", Method: loginlog.ByPassword, Outcome: loginlog.WrongPassword}
	with := func(change func(*loginlog.Failure)) loginlog.Failure {
		f := first
		change(&f)
		return f
	}
	id := func(f loginlog.Failure, now time.Time) uuid.UUID {
		var r table
		if err := f.Count(&r, now); err != nil {
			t.Fatal(err)
		}
		if !r.last.Failed || r.last.Count != 1 || !r.last.First.Equal(now) || !r.last.Last.Equal(now) || r.keep != 50 {
			t.Errorf("got %+v, keeping %d", r.last, r.keep)
		}
		return r.last.ID
	}
	same := id(first, noon)
	if got := id(with(func(f *loginlog.Failure) { f.UserAgent = "b" }), noon.Add(time.Hour-1)); got != same {
		t.Error("another user agent in the same hour has a record of its own")
	}
	seen := map[string]string{same.String(): "the first"}
	for what, other := range map[string]uuid.UUID{
		"another user":           id(with(func(f *loginlog.Failure) { f.User = uuid.UUID{2} }), noon),
		"another network":        id(with(func(f *loginlog.Failure) { f.Network = netip.MustParsePrefix("192.0.2.8/32") }), noon),
		"no network":             id(with(func(f *loginlog.Failure) { f.Network = netip.Prefix{} }), noon),
		"another method":         id(with(func(f *loginlog.Failure) { f.Method = loginlog.ByChange }), noon),
		"another outcome":        id(with(func(f *loginlog.Failure) { f.Outcome = loginlog.Disabled }), noon),
		"the hour before":        id(first, noon.Add(-1)),
		"the hour after":         id(first, noon.Add(time.Hour)),
		"the same hour tomorrow": id(first, noon.Add(24*time.Hour)),
	} {
		if twin, ok := seen[other.String()]; ok {
			t.Errorf("%s shares the record of %s", what, twin)
		}
		seen[other.String()] = what
	}
}

// Stores keep the ids, so a version of the program that made other ids would
// count failures of one hour twice.
func TestIDsAreStable(t *testing.T) {
	var r table
	f := loginlog.Failure{User: uuid.UUID{1}, Network: netip.MustParsePrefix("2001:db8::/64"), Method: loginlog.ByPassword, Outcome: loginlog.WrongPassword}
	if err := f.Count(&r, noon); err != nil {
		t.Fatal(err)
	}
	if got := fmt.Sprint(r.last.ID); got != "8c6e057a-0e3d-8fd4-bf91-5da3c7901791" {
		t.Errorf("got %s", got)
	}
	if r.last.ID.Version() != 8 {
		t.Errorf("version %d, which tickets may have", r.last.ID.Version())
	}
}
