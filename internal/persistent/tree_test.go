package persistent

import (
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
)

// TestTree compares a tree with a plain map after random writes of few keys and
// of many keys. TestTree also checks that copies taken along the way stay
// unchanged.
func TestTree(t *testing.T) {
	for _, keys := range []int{1, 10, 40, 500, 5000} {
		t.Run(fmt.Sprint(keys), func(t *testing.T) {
			random := rand.New(rand.NewPCG(1, uint64(keys)))
			m := model{want: map[string]int{}, stamp: 1}
			for step := range 20 * keys {
				m.write(t, fmt.Sprintf("%05d", random.IntN(keys)), step, random.IntN(8) < 5)
				if step%(2*keys) == 0 {
					m.keep()
				}
			}
			m.check(t)
			for key := range maps.Clone(m.want) {
				m.write(t, key, 0, false)
			}
			m.check(t)
			if m.tree.root.kids != nil {
				t.Error("an empty tree is one leaf")
			}
		})
	}
}

type model struct {
	tree  Tree[int]
	want  map[string]int
	stamp uint64
	kept  []kept
}

type kept struct {
	tree Tree[int]
	want map[string]int
}

func (m *model) write(t *testing.T, key string, value int, set bool) {
	if set {
		_, there := m.want[key]
		if added := m.tree.Set(m.stamp, key, value); added == there {
			t.Errorf("Set(%q) says that it added: %v", key, added)
		}
		m.want[key] = value
		return
	}
	m.tree.Delete(m.stamp, key)
	delete(m.want, key)
}

func (m *model) keep() {
	m.kept = append(m.kept, kept{m.tree, maps.Clone(m.want)})
	m.stamp++
}

func (m *model) check(t *testing.T) {
	t.Helper()
	for _, k := range append(m.kept, kept{m.tree, m.want}) {
		if got := maps.Collect(k.tree.From("")); !maps.Equal(got, k.want) {
			t.Fatalf("the tree has %d keys, the map %d, or they differ", len(got), len(k.want))
		}
		checkOrder(t, k.tree, slices.Sorted(maps.Keys(k.want)))
		for key, want := range k.want {
			if got, ok := k.tree.Get(key); !ok || got != want {
				t.Fatalf("get %q: %d, %v, want %d", key, got, ok, want)
			}
		}
	}
}

func checkOrder(t *testing.T, tree Tree[int], sorted []string) {
	t.Helper()
	for _, from := range []string{"", "00003", "00003x", "00250", "04999", "1"} {
		i, _ := slices.BinarySearch(sorted, from)
		var got []string
		for k := range tree.From(from) {
			got = append(got, k)
		}
		if !slices.Equal(got, sorted[i:]) {
			t.Fatalf("from %q: wrong keys or order", from)
		}
		var under []string
		for k := range tree.Under(from) {
			under = append(under, k)
		}
		if !slices.Equal(under, slices.DeleteFunc(slices.Clone(sorted), func(k string) bool { return !strings.HasPrefix(k, from) })) {
			t.Fatalf("under %q: wrong keys or order", from)
		}
	}
	var back []string
	for k := range tree.Backward() {
		back = append(back, k)
	}
	slices.Reverse(back)
	if !slices.Equal(back, sorted) {
		t.Fatal("backward: wrong keys or order")
	}
}

// TestTreeStaysLow proves that no tree stays high and empty after deletions.
func TestTreeStaysLow(t *testing.T) {
	var tr Tree[int]
	const n = 100_000
	for i := range n {
		tr.Set(1, fmt.Sprintf("%06d", i), i)
	}
	for i := range n {
		if i%100 != 0 {
			tr.Delete(1, fmt.Sprintf("%06d", i))
		}
	}
	height := 1
	for node := tr.root; node.kids != nil; node = node.kids[0] {
		height++
	}
	if height > 4 {
		t.Errorf("a tree of %d keys is %d nodes high", n/100, height)
	}
}
