package main

import (
	"fmt"
	"math/rand/v2"
	"slices"
)

// size is the size of a world.
type size struct {
	Name                       string
	Users, Groups, Permissions int
}

// sizes are the worlds in which all peers are measured.
var sizes = []size{
	{"S", 1_000, 100, 500},
	{"M", 10_000, 1_000, 5_000},
	{"L", 100_000, 10_000, 50_000},
}

var (
	// million is for rbac on SQLite only.
	million = size{"X", 1_000_000, 10_000, 50_000}
	// grants100k has 100,000 grants, for the aim on loading a policy.
	grants100k = size{"P", 1_000, 5_000, 25_000}
)

const (
	groupsPerUser       = 5
	permissionsPerGroup = 20
)

// world holds the groups of each user and the permissions of each group, as
// numbers into the lists of names.
type world struct {
	size
	users, groups, permissions []string
	memberships                [][]int32 // of each user
	grants                     [][]int32 // of each group
}

// newWorld returns the world of a size, the same at every call.
func newWorld(s size) *world {
	random := rand.New(rand.NewPCG(uint64(s.Users), uint64(s.Groups)))
	w := &world{
		size:        s,
		users:       names(s.Users, "user%07d"),
		groups:      names(s.Groups, "group%05d"),
		permissions: names(s.Permissions, "document%05d.edit"),
		memberships: make([][]int32, s.Users),
		grants:      make([][]int32, s.Groups),
	}
	for g := range w.grants {
		w.grants[g] = choose(random, permissionsPerGroup, s.Permissions)
	}
	for u := range w.memberships {
		w.memberships[u] = choose(random, groupsPerUser, s.Groups)
	}
	return w
}

func names(n int, format string) []string {
	list := make([]string, n)
	for i := range list {
		list[i] = fmt.Sprintf(format, i)
	}
	return list
}

// choose picks k different numbers below n.
func choose(random *rand.Rand, k, n int) []int32 {
	chosen := make([]int32, 0, k)
	for len(chosen) < k {
		if c := random.Int32N(int32(n)); !slices.Contains(chosen, c) {
			chosen = append(chosen, c)
		}
	}
	return chosen
}

// inGroup and has are the naive truth: the answers of every peer are compared
// with them.
func (w *world) inGroup(user, group int32) bool { return slices.Contains(w.memberships[user], group) }

func (w *world) has(user, permission int32) bool {
	return slices.ContainsFunc(w.memberships[user], func(g int32) bool {
		return slices.Contains(w.grants[g], permission)
	})
}
