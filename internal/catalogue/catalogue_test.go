package catalogue_test

import (
	"fmt"
	"slices"
	"testing"

	"github.com/rbac-go/rbac/internal/catalogue"
	"github.com/rbac-go/rbac/internal/policy/policytest"
	"github.com/rbac-go/rbac/store"
)

var (
	editors = policytest.ID("editors")
	chiefs  = policytest.ID("chiefs")
)

func grant(permission string) store.Grant { return store.Grant{Group: editors, Permission: permission} }

// declared is a catalogue with a record of each kind. The program calls the
// group editors "authors" by now.
func declared() []catalogue.Record {
	inherits := catalogue.Inheritance(store.Inheritance{Senior: chiefs, Junior: editors})
	return []catalogue.Record{
		{Key: catalogue.Section("posts"), Shown: "posts"},
		{Key: catalogue.Permission("post.edit"), Shown: "post.edit"},
		{Key: catalogue.Group(editors), Shown: "authors"},
		{Key: catalogue.Group(chiefs), Shown: "chiefs"},
		{Key: inherits, Shown: "chiefs > authors", Groups: []string{"chiefs", "authors"}},
		{Key: catalogue.Grant(grant("post.edit")), Shown: "authors: post.edit", Groups: []string{"authors"}},
		{Key: catalogue.Grant(grant("post.*")), Shown: "authors: post.*", Groups: []string{"authors"}},
		{Key: catalogue.Delegation(chiefs), Shown: "chiefs", Groups: []string{"chiefs"}},
	}
}

func TestMissing(t *testing.T) {
	all := declared()
	tests := []struct {
		rule string
		gone []catalogue.Key
		want []catalogue.Entry
	}{
		{"nothing is gone", nil, nil},
		{"a section", []catalogue.Key{catalogue.Section("posts")}, []catalogue.Entry{{"section", "posts", "was deleted"}}},
		{"a grant", []catalogue.Key{catalogue.Grant(grant("post.edit"))},
			[]catalogue.Entry{{"grant", "authors: post.edit", "was revoked"}}},
		{"a grant of a pattern, with the permission", []catalogue.Key{catalogue.Permission("post.edit"), catalogue.Grant(grant("post.*"))},
			[]catalogue.Entry{{"permission", "post.edit", "was deleted"}, {"grant", "authors: post.*", "was revoked"}}},
		{"a permission with its grant", []catalogue.Key{catalogue.Permission("post.edit"), catalogue.Grant(grant("post.edit"))},
			[]catalogue.Entry{{"permission", "post.edit", "was deleted"}, {"grant", "authors: post.edit", "the permission post.edit was deleted"}}},
		{"an inheritance", []catalogue.Key{all[4].Key}, []catalogue.Entry{{"inheritance", "chiefs > authors", "was deleted"}}},
		{"a junior with the inheritance", []catalogue.Key{catalogue.Group(editors), all[4].Key},
			[]catalogue.Entry{{"group", "authors", "was deleted"}, {"inheritance", "chiefs > authors", "the group authors was deleted"}}},
		{"a senior with all that it had", []catalogue.Key{catalogue.Group(chiefs), all[4].Key, catalogue.Delegation(chiefs)},
			[]catalogue.Entry{{"group", "chiefs", "was deleted"}, {"inheritance", "chiefs > authors", "the group chiefs was deleted"},
				{"delegation", "chiefs", "the group chiefs was deleted"}}},
	}
	for _, tt := range tests {
		stored := catalogue.KeysOf(all)
		for _, key := range tt.gone {
			delete(stored, key)
		}
		// a catalogue may name a record twice
		if got := stored.Missing(append(declared(), all...)); !slices.Equal(got, tt.want) {
			t.Errorf("%s:\ngot  %v\nwant %v", tt.rule, got, tt.want)
		}
	}
}

// Records of different kinds, groups or permissions have different keys.
func TestKeysDiffer(t *testing.T) {
	keys := []catalogue.Key{
		catalogue.Section("x"), catalogue.Permission("x"), catalogue.Section("y"), catalogue.Group(editors), catalogue.Group(chiefs),
		catalogue.Delegation(editors), catalogue.Grant(grant("x")), catalogue.Grant(grant("y")), catalogue.Grant(store.Grant{Group: chiefs, Permission: "x"}),
		catalogue.Inheritance(store.Inheritance{Senior: chiefs, Junior: editors}), catalogue.Inheritance(store.Inheritance{Senior: editors, Junior: chiefs}),
	}
	seen := catalogue.Keys{}
	for _, key := range keys {
		if seen[key] {
			t.Errorf("two records have the key %v", key)
		}
		seen[key] = true
	}
}

func TestOthers(t *testing.T) {
	short := func(name string) bool { return len(name) < 3 }
	if got := catalogue.Others([]string{"a", "abc", "ab", "abcd"}, short); !slices.Equal(got, []string{"abc", "abcd"}) {
		t.Errorf("the records that are not accounted for, in their order: got %v", got)
	}
	if got := catalogue.Others([]string{"a"}, short); got != nil {
		t.Errorf("all are accounted for: got %v", got)
	}
}

func TestUnmatched(t *testing.T) {
	stored := catalogue.Keys{catalogue.Permission("post.edit.own"): true, catalogue.Section("page.top"): true}
	for pattern, matches := range map[string]bool{
		"*":               true,
		"post.*":          true,
		"post.edit.*":     true,
		"post.edit.own.*": false, // the name itself is below no such pattern
		"pos.*":           false,
		"page.*":          false, // a section is no permission
		"post.gone":       true,  // no pattern
	} {
		var want []store.Grant
		if !matches {
			want = []store.Grant{grant(pattern)}
		}
		if got := stored.Unmatched([]store.Grant{grant(pattern)}); fmt.Sprint(got) != fmt.Sprint(want) {
			t.Errorf("%s: got %v, want %v", pattern, got, want)
		}
	}
	if got := (catalogue.Keys{}).Unmatched([]store.Grant{grant("*"), grant("a.*")}); len(got) != 1 || got[0].Permission != "a.*" {
		t.Errorf("without permissions, * alone matches: got %v", got)
	}
}
