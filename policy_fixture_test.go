package rbac

import (
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/rbac-go/rbac/store"
)

// world is a policy in a few lines, for tests of what is judged against one.
type world struct {
	grants   map[string][]string // group: its own permissions
	inherits map[string][]string // senior: immediate juniors
}

// blog has inheritance over two steps, a permission nobody gives and one that two groups give.
var blog = world{
	grants: map[string][]string{
		"":               {"post.purge"}, // exists, given by no group
		"admins":         {"user.edit", "post.delete"},
		"chiefs":         {},
		"editors":        {"post.write", "post.edit"},
		"moderators":     {"post.delete"},
		"readers":        {"post.read"},
		"senior-editors": {"post.publish"},
		"staff":          {},
	},
	inherits: map[string][]string{
		"chiefs":         {"senior-editors", "staff"},
		"senior-editors": {"editors"},
	},
}

// worldRecords shows a world as a store would, as far as a policy is read from it.
type worldRecords struct {
	store.Records
	world
}

func worldID(name string) uuid.UUID { return uuid.NewSHA1(uuid.Nil, []byte(name)) }

func (w worldRecords) Groups() (groups []store.Group, _ error) {
	for _, name := range slices.Sorted(maps.Keys(w.grants)) {
		if name != "" {
			groups = append(groups, store.Group{ID: worldID(name), Name: name})
		}
	}
	return groups, nil
}

func (w worldRecords) Inheritances() (all []store.Inheritance, _ error) {
	for senior, juniors := range w.inherits {
		for _, junior := range juniors {
			all = append(all, store.Inheritance{Senior: worldID(senior), Junior: worldID(junior)})
		}
	}
	return all, nil
}

func (w worldRecords) Permissions() (all []store.Permission, _ error) {
	for _, names := range w.grants {
		for _, name := range names {
			all = append(all, store.Permission{ID: worldID(name), Name: name})
		}
	}
	slices.SortFunc(all, func(a, b store.Permission) int { return strings.Compare(a.Name, b.Name) })
	return slices.Compact(all), nil
}

func (w worldRecords) Grants() (all []store.Grant, _ error) {
	for group, names := range w.grants {
		for _, name := range names {
			all = append(all, store.Grant{Group: worldID(group), Permission: name})
		}
	}
	slices.SortFunc(all, func(a, b store.Grant) int { return strings.Compare(a.Permission, b.Permission) })
	return all, nil
}

func (w worldRecords) Sections() ([]store.Section, error) { return nil, nil }

func (w worldRecords) Separations(bool) ([]store.Separation, error) { return nil, nil }

func (w world) compile(t testing.TB) *policy {
	t.Helper()
	p, err := loadPolicy(worldRecords{world: w})
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// user is a user of the policy who is assigned to the groups.
func (p *policy) user(t testing.TB, name string, groups ...string) *Identity {
	t.Helper()
	var active []int32
	for _, g := range groups {
		n, ok := p.groupNums.Get(g)
		if !ok {
			t.Fatalf("the policy of the test has no group %q", g)
		}
		active = append(active, n)
	}
	return &p.stand(worldID(name), name, map[string][]int32{"": active}, store.Ticket{Created: time.Unix(1, 0)}, nil).Identity
}
