package txcache

import (
	"bytes"
	"maps"
	"slices"

	"github.com/google/uuid"

	"github.com/rbac-go/rbac/store"
)

// table is a table of the policy. At first the store is asked for one key after
// another, so that the cost of an Update depends on what it touches and not on
// the size of the store. After many questions the whole table is read, which
// costs about as much as the questions until then.
type table[K comparable, V any] struct {
	byKey map[K]V
	whole bool // byKey has the whole table
	asked int  // questions to the store
}

// setTable holds separation sets by group.
type setTable = table[uuid.UUID, []store.Separation]

// minAsked is the number of questions after which even a small table is read. A
// question costs as much as reading ten records, and a question about sets as
// much as a hundred.
const minAsked = 32

// due counts a question to the store, and reports whether the whole table is to
// be read instead.
func (t *table[K, V]) due(worth int) bool {
	t.asked++
	return !t.whole && t.asked > max(minAsked, worth)
}

func (t *table[K, V]) fill(byKey map[K]V) { t.byKey, t.whole = byKey, true }

// Group answers from the cache if the group is cached. The first group that an
// Update asks for is not cached, and a key that is not cached goes to the store.
func (r *records) Group(k store.GroupKey) (store.Group, error) {
	if !r.active() {
		return r.Records.Group(k)
	}
	if _, ok := r.cachedGroup(k); !ok && r.groups.due(r.ofGroups/10) {
		if err := r.readGroups(); err != nil {
			return store.Group{}, err
		}
	}
	if g, ok := r.cachedGroup(k); ok {
		return g, nil
	}
	g, err := r.Records.Group(k)
	if err == nil && r.groups.asked > 1 { // most Updates ask for one group
		if r.groups.byKey == nil {
			r.groups.byKey, r.groupNames = map[string]store.Group{}, map[uuid.UUID]string{}
		}
		r.groups.byKey[g.Name], r.groupNames[g.ID] = g, g.Name
	}
	return g, err
}

func (r *records) cachedGroup(k store.GroupKey) (store.Group, bool) {
	name := k.Name
	if name == "" {
		name = r.groupNames[k.ID]
	}
	g, ok := r.groups.byKey[name]
	return g, ok
}

func (r *records) readGroups() error {
	all, err := r.Groups()
	if err != nil {
		return err
	}
	byName := make(map[string]store.Group, len(all))
	r.groupNames = make(map[uuid.UUID]string, len(all))
	for _, g := range all {
		byName[g.Name], r.groupNames[g.ID] = g, g.Name
	}
	r.groups.fill(byName)
	return nil
}

// PutGroup drops the cached record of the group, which may get another name.
func (r *records) PutGroup(g store.Group) error {
	r.dropGroup(g.ID)
	return r.Records.PutGroup(g)
}

// DeleteGroup drops the cached record of the group.
func (r *records) DeleteGroup(id uuid.UUID) error {
	r.dropGroup(id)
	return r.Records.DeleteGroup(id)
}

func (r *records) dropGroup(id uuid.UUID) {
	if name, ok := r.groupNames[id]; ok {
		delete(r.groups.byKey, name)
		delete(r.groupNames, id)
	}
}

// Inheritances answers from the cache once all inheritances have been read, if
// the inheritances of a senior are asked for. The caller may write to the
// result.
func (r *records) Inheritances(f store.InheritanceFilter) ([]store.Inheritance, error) {
	if !r.active() || f != (store.InheritanceFilter{Senior: f.Senior}) || f.Senior == uuid.Nil {
		return r.Records.Inheritances(f)
	}
	if r.juniors.due(r.ofGroups / 10) {
		if err := r.readInheritances(); err != nil {
			return nil, err
		}
	}
	if r.juniors.whole {
		return slices.Clone(r.juniors.byKey[f.Senior]), nil
	}
	return r.Records.Inheritances(f)
}

func (r *records) readInheritances() error {
	all, err := r.Records.Inheritances(store.InheritanceFilter{})
	if err != nil {
		return err
	}
	bySenior := map[uuid.UUID][]store.Inheritance{}
	for _, i := range all {
		bySenior[i.Senior] = append(bySenior[i.Senior], i)
	}
	r.juniors.fill(bySenior)
	return nil
}

// AddInheritance also adds the inheritance to the cache.
func (r *records) AddInheritance(i store.Inheritance) error {
	if list := r.juniors.byKey[i.Senior]; r.juniors.whole {
		at, _ := slices.BinarySearchFunc(list, i, compareJuniors)
		r.juniors.byKey[i.Senior] = slices.Insert(list, at, i)
	}
	return r.Records.AddInheritance(i)
}

func compareJuniors(a, b store.Inheritance) int { return bytes.Compare(a.Junior[:], b.Junior[:]) }

// DeleteInheritance also removes the inheritance from the cache.
func (r *records) DeleteInheritance(i store.Inheritance) error {
	if list := r.juniors.byKey[i.Senior]; r.juniors.whole {
		same := func(other store.Inheritance) bool { return other == i }
		r.juniors.byKey[i.Senior] = slices.DeleteFunc(list, same)
	}
	return r.Records.DeleteInheritance(i)
}

// Separations answers from the cache once all sets of the kind have been read,
// if the sets of groups are asked for. The caller may write to the result.
func (r *records) Separations(f store.SeparationFilter) ([]store.Separation, error) {
	if !r.active() || f.Groups == nil {
		return r.Records.Separations(f)
	}
	t := &r.static
	if f.Dynamic {
		t = &r.dynamic
	}
	if t.due(r.ofGroups / 100) {
		all, err := r.Records.Separations(store.SeparationFilter{Dynamic: f.Dynamic})
		if err != nil {
			return nil, err
		}
		t.fill(setsByGroup(all))
	}
	if t.whole {
		return setsWith(t.byKey, f.Groups), nil
	}
	return r.Records.Separations(f)
}

func setsByGroup(sets []store.Separation) map[uuid.UUID][]store.Separation {
	byGroup := map[uuid.UUID][]store.Separation{}
	for _, s := range sets {
		for _, g := range s.Groups {
			byGroup[g] = append(byGroup[g], s)
		}
	}
	return byGroup
}

// setsWith returns the sets of groups, each once, by name.
func setsWith(byGroup map[uuid.UUID][]store.Separation, groups []uuid.UUID) []store.Separation {
	if len(byGroup) == 0 {
		return nil
	}
	found := map[string]store.Separation{}
	for _, g := range groups {
		for _, s := range byGroup[g] {
			found[s.Name] = s
		}
	}
	var sets []store.Separation
	for _, name := range slices.Sorted(maps.Keys(found)) {
		s := found[name]
		s.Groups = slices.Clone(s.Groups)
		sets = append(sets, s)
	}
	return sets
}

// PutSeparation drops all cached sets.
func (r *records) PutSeparation(s store.Separation) error {
	r.dropSets()
	return r.Records.PutSeparation(s)
}

// DeleteSeparation drops all cached sets.
func (r *records) DeleteSeparation(dynamic bool, name string) error {
	r.dropSets()
	return r.Records.DeleteSeparation(dynamic, name)
}

func (r *records) dropSets() {
	r.static, r.dynamic = setTable{}, setTable{}
}
