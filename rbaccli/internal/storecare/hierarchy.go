package storecare

import (
	"fmt"
	"slices"
	"strings"

	"github.com/google/uuid"

	"github.com/rbac-go/rbac/internal/rules"
	"github.com/rbac-go/rbac/store"
)

// inheritances reports missing groups, and each group that inherits itself.
func (c *checker) inheritances() error {
	list, err := c.r.Inheritances(store.InheritanceFilter{})
	juniors := map[uuid.UUID][]uuid.UUID{}
	for _, i := range list {
		c.needGroups("inheritance", c.group(i.Senior)+" of "+c.group(i.Junior), i.Senior, i.Junior)
		juniors[i.Senior] = append(juniors[i.Senior], i.Junior)
	}
	for _, cycle := range cycles(juniors) {
		var path []string
		for _, id := range cycle {
			path = append(path, c.group(id))
		}
		slices.Sort(path)
		c.fault("inheritance", path[0], "the groups inherit each other: "+strings.Join(path, ", "))
	}
	return err
}

// cycles returns each set of groups that inherit each other: the strongly
// connected components of more than one group, and groups that inherit
// themselves directly. The algorithm is Tarjan's.
func cycles(juniors map[uuid.UUID][]uuid.UUID) (found [][]uuid.UUID) {
	t := tarjan{juniors: juniors, index: map[uuid.UUID]int{}, low: map[uuid.UUID]int{}, open: map[uuid.UUID]bool{}}
	for g := range juniors {
		if t.index[g] == 0 {
			t.visit(g)
		}
	}
	return t.found
}

type tarjan struct {
	juniors    map[uuid.UUID][]uuid.UUID
	index, low map[uuid.UUID]int // from 1 on
	open       map[uuid.UUID]bool
	stack      []uuid.UUID
	found      [][]uuid.UUID
}

func (t *tarjan) visit(g uuid.UUID) {
	t.index[g] = len(t.index) + 1
	t.low[g] = t.index[g]
	t.stack, t.open[g] = append(t.stack, g), true
	for _, j := range t.juniors[g] {
		if t.index[j] == 0 {
			t.visit(j)
			t.low[g] = min(t.low[g], t.low[j])
		} else if t.open[j] {
			t.low[g] = min(t.low[g], t.index[j])
		}
	}
	if t.low[g] < t.index[g] {
		return
	}
	at := slices.Index(t.stack, g)
	component := slices.Clone(t.stack[at:])
	t.stack = t.stack[:at]
	for _, member := range component {
		t.open[member] = false
	}
	if len(component) > 1 || slices.Contains(t.juniors[g], g) {
		t.found = append(t.found, component)
	}
}

// separations checks the sets without regard to users.
func (c *checker) separations() error {
	for _, dynamic := range []bool{false, true} {
		list, err := c.r.Separations(store.SeparationFilter{Dynamic: dynamic})
		if err != nil {
			return err
		}
		for _, s := range list {
			c.needGroups(setRecord(s), s.Name, s.Groups...)
			if s.Cardinality < 2 || s.Cardinality > len(s.Groups) {
				c.fault(setRecord(s), s.Name, fmt.Sprintf("the cardinality is %d, and the set has %d groups", s.Cardinality, len(s.Groups)))
			}
		}
	}
	return nil
}

func setRecord(s store.Separation) string {
	if s.Dynamic {
		return "DSD set"
	}
	return "SSD set"
}

// violations reports the users who violate a static separation set. The sets are
// judged by the rules of the Authority, which need relations without faults.
// Nobody violates a dynamic set: the groups of a ticket that would violate the
// set are not active.
func (c *checker) violations() error {
	if len(c.faults) > 0 {
		c.fault("store", "separation sets", "nobody knows whether users violate a set before the other faults are gone")
		return nil
	}
	list, err := c.r.Separations(store.SeparationFilter{})
	if err != nil {
		return err
	}
	for _, s := range list {
		found, err := rules.Rules{Records: c.r, Now: c.now}.CheckSet(s, nil)
		if err != nil {
			return err
		}
		for _, v := range found {
			c.fault(setRecord(s), s.Name, fmt.Sprintf("the user %q has %d groups of the set or more", c.user(v.User), s.Cardinality))
		}
	}
	return nil
}
