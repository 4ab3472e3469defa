package links_test

import (
	"slices"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/rbac-go/rbac/internal/links"
	"github.com/rbac-go/rbac/store"
)

var noon = time.Date(2026, time.March, 4, 12, 0, 0, 0, time.UTC)

// amy has a password, an e-mail address and a subject.
var amy = account(func(*store.UserRecord) {})

// account returns amy's account with a change.
func account(change func(*store.UserRecord)) store.UserRecord {
	u := store.UserRecord{User: store.User{ID: uuid.UUID{1}, Name: "amy", Email: "amy@example.org", Subject: "42"}, PasswordHash: "hash"}
	change(&u)
	return u
}

func TestNew(t *testing.T) {
	const day = 24 * time.Hour
	noEmail := account(func(u *store.UserRecord) { u.Email = "" })
	tests := []struct {
		rule          string
		user          store.UserRecord
		purpose       string
		expires       time.Duration // after noon; 0: the end that the purpose has
		good          time.Duration // 0: refused
		field, reason string
	}{
		{"an invitation is good for a week", amy, links.Invite, 0, 7 * day, "", ""},
		{"a reset is good for an hour", amy, links.Reset, 0, time.Hour, "", ""},
		{"a verification is good for a day", amy, links.Verify, 0, day, "", ""},
		{"a forgotten password has an hour", amy, links.Forgot, 0, time.Hour, "", ""},
		{"a purpose of the host has an hour", amy, "newsletter", 0, time.Hour, "", ""},
		{"a stated end", amy, links.Reset, 3 * day, 3 * day, "", ""},
		{"30 days", amy, links.Invite, links.Longest, 30 * day, "", ""},
		{"longer than 30 days", amy, links.Invite, links.Longest + 1, 0, "Expires", "more than 30 days away"},
		{"an end that has passed", amy, links.Invite, -1, 0, "Expires", "in the past"},
		{"nothing to verify", noEmail, links.Verify, 0, 0, "User", "the user has no e-mail address"},
		{"an invitation without an address", noEmail, links.Invite, 0, 7 * day, "", ""},
	}
	for _, tt := range tests {
		var expires time.Time
		if tt.expires != 0 {
			expires = noon.Add(tt.expires)
		}
		l, field, reason := links.New(tt.user, tt.purpose, expires, noon)
		if field != tt.field || reason != tt.reason {
			t.Errorf("%s: got %q %q, want %q %q", tt.rule, field, reason, tt.field, tt.reason)
		}
		if tt.good == 0 {
			if l != (store.Link{}) {
				t.Errorf("%s: a refused link is zero: got %+v", tt.rule, l)
			}
			continue
		}
		if l.User != amy.ID || l.Purpose != tt.purpose || !l.Created.Equal(noon) || l.Expires.Sub(noon) != tt.good || l.Hash != (store.TokenHash{}) {
			t.Errorf("%s: good for %v, got %+v", tt.rule, tt.good, l)
		}
	}
}

// A link ends with its time, and with the account that it was issued for.
func TestGood(t *testing.T) {
	rehashed := account(func(u *store.UserRecord) { u.PasswordHash = "another" })
	tests := []struct {
		rule     string
		user     store.UserRecord
		after    time.Duration
		password bool // links that let the user choose a password are good
		other    bool // a link for another purpose is good
	}{
		{"the account is as it was", amy, 0, true, true},
		{"until the last moment", amy, time.Hour - 1, true, true},
		{"the end", amy, time.Hour, false, false},
		{"another password, or an upgraded hash", rehashed, 0, false, true},
		{"no password any more", account(func(u *store.UserRecord) { u.PasswordHash = "" }), 0, false, true},
		{"another address", account(func(u *store.UserRecord) { u.Email = "eve@example.org" }), 0, false, false},
		{"another subject", account(func(u *store.UserRecord) { u.Subject = "43" }), 0, false, false},
		{"the address ends elsewhere", account(func(u *store.UserRecord) { u.Email, u.Subject = "amy@example.org4", "2" }), 0, false, false},
		{"another name", account(func(u *store.UserRecord) { u.Name = "amelia" }), 0, true, true},
	}
	for _, tt := range tests {
		for _, purpose := range []string{links.Invite, links.Reset, links.Forgot, links.Verify, "newsletter"} {
			l, _, reason := links.New(amy, purpose, noon.Add(time.Hour), noon)
			if reason != "" {
				t.Fatal(reason)
			}
			want := tt.other
			if slices.Contains([]string{links.Invite, links.Reset, links.Forgot}, purpose) {
				want = tt.password
			}
			if got := links.Good(l, tt.user, noon.Add(tt.after)); got != want {
				t.Errorf("%s: a link for %s is good: got %t, want %t", tt.rule, purpose, got, want)
			}
		}
	}
	if links.Good(store.Link{}, amy, noon) {
		t.Error("the zero link is good")
	}
}

func TestForDelegate(t *testing.T) {
	elsewhere := account(func(u *store.UserRecord) { u.PasswordHash = "" })
	fresh := account(func(u *store.UserRecord) { u.PasswordHash, u.Subject = "", "" })
	tests := []struct {
		rule    string
		user    store.UserRecord
		purpose string
		good    time.Duration
		want    string
	}{
		{"an invitation", fresh, links.Invite, 7 * 24 * time.Hour, ""},
		{"an invitation that outlasts the usual", fresh, links.Invite, 7*24*time.Hour + 1, "chiefs issue links for longer than 168h0m0s"},
		{"a reset", amy, links.Reset, time.Hour, ""},
		{"a reset that outlasts the usual", amy, links.Reset, 2 * time.Hour, "chiefs issue links for longer than 1h0m0s"},
		{"a purpose of the host", amy, "newsletter", time.Minute, "chiefs issue links for newsletter"},
		{"a second way in", elsewhere, links.Reset, time.Hour, "the account signs in elsewhere: chiefs give it a password"},
		{"an invitation as a second way in", elsewhere, links.Invite, time.Hour, "the account signs in elsewhere: chiefs give it a password"},
		{"the address of an account that signs in elsewhere", elsewhere, links.Verify, time.Hour, ""},
	}
	for _, tt := range tests {
		l, _, reason := links.New(tt.user, tt.purpose, noon.Add(tt.good), noon)
		if reason != "" && tt.want == "" {
			t.Fatalf("%s: %s", tt.rule, reason)
		}
		if got := links.ForDelegate(l, tt.user, "chiefs"); got != tt.want {
			t.Errorf("%s: got %q, want %q", tt.rule, got, tt.want)
		}
	}
}
