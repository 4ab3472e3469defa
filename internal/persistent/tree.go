package persistent

import (
	"iter"
	"slices"
	"strings"
)

// Tree is an ordered map from strings to V, in byte order: a B+ tree. The zero
// Tree is empty.
type Tree[V any] struct{ root *treeNode[V] }

// treeWidth is the number of entries above which a node splits.
const treeWidth = 24

// treeNode is a leaf with values or an inner node with kids. kids[i] holds the
// keys from keys[i] up to keys[i+1]. keys[0] of an inner node is ignored.
type treeNode[V any] struct {
	stamp uint64
	keys  []string
	vals  []V
	kids  []*treeNode[V]
}

// Get returns the value of a key.
func (t *Tree[V]) Get(key string) (v V, ok bool) {
	n := t.root
	if n == nil {
		return v, false
	}
	for n.kids != nil {
		n = n.kids[n.find(key)]
	}
	i, ok := search(n.keys, key)
	if !ok {
		return v, false
	}
	return n.vals[i], true
}

// Has reports whether the tree has a key.
func (t *Tree[V]) Has(key string) bool {
	_, ok := t.Get(key)
	return ok
}

// HasUnder reports whether any key begins with prefix.
func (t *Tree[V]) HasUnder(prefix string) bool {
	for range t.Under(prefix) {
		return true
	}
	return false
}

// Set adds or replaces a key, and reports whether the key was new.
func (t *Tree[V]) Set(stamp uint64, key string, v V) (added bool) {
	if t.root == nil {
		t.root = &treeNode[V]{stamp: stamp}
	}
	left, right, added := t.root.set(stamp, key, v)
	t.root = left
	if right != nil {
		t.root = &treeNode[V]{stamp: stamp,
			keys: []string{"", right.keys[0]}, kids: []*treeNode[V]{left, right}}
	}
	return added
}

// Delete removes a key. An unknown key is ignored.
func (t *Tree[V]) Delete(stamp uint64, key string) {
	if !t.Has(key) {
		return
	}
	t.root = t.root.delete(stamp, key)
	for len(t.root.kids) == 1 {
		t.root = t.root.kids[0]
	}
}

// From iterates in order over the keys from a key on.
func (t Tree[V]) From(key string) iter.Seq2[string, V] {
	return func(yield func(string, V) bool) {
		if t.root != nil {
			t.root.ascend(key, yield)
		}
	}
}

// Under iterates in order over the keys beginning with prefix.
func (t Tree[V]) Under(prefix string) iter.Seq2[string, V] {
	return func(yield func(string, V) bool) {
		for k, v := range t.From(prefix) {
			if !strings.HasPrefix(k, prefix) || !yield(k, v) {
				return
			}
		}
	}
}

// Backward iterates over all keys, greatest first.
func (t Tree[V]) Backward() iter.Seq2[string, V] {
	return func(yield func(string, V) bool) {
		if t.root != nil {
			t.root.descend(yield)
		}
	}
}

// find returns the index of the kid for a key.
func (n *treeNode[V]) find(key string) int {
	i, equal := search(n.keys[1:], key)
	if equal {
		i++
	}
	return i
}

// search is slices.BinarySearch, without the treatment of NaN.
func search(keys []string, key string) (int, bool) {
	from, to := 0, len(keys)
	for from < to {
		middle := int(uint(from+to) / 2)
		if keys[middle] < key {
			from = middle + 1
		} else {
			to = middle
		}
	}
	return from, from < len(keys) && keys[from] == key
}

// writable returns n if stamp made n. Otherwise writable returns a copy with
// room for one more entry, enough for most writes.
func (n *treeNode[V]) writable(stamp uint64) *treeNode[V] {
	if n.stamp == stamp {
		return n
	}
	c := &treeNode[V]{stamp: stamp, keys: withRoomForOne(n.keys)}
	if n.kids != nil {
		c.kids = withRoomForOne(n.kids)
	} else {
		c.vals = withRoomForOne(n.vals)
	}
	return c
}

func withRoomForOne[E any](s []E) []E { return append(make([]E, 0, len(s)+1), s...) }

// insert is slices.Insert for a list with treeWidth+1 entries at most.
func insert[E any](s []E, i int, e E) []E {
	if len(s) == cap(s) {
		s = withRoom(s)
	}
	return slices.Insert(s, i, e)
}

func withRoom[E any](s []E) []E { return append(make([]E, 0, treeWidth+1), s...) }

// set returns the node in the place of n, and the node split off on the right,
// if any.
func (n *treeNode[V]) set(stamp uint64, key string, v V) (left, right *treeNode[V], added bool) {
	n = n.writable(stamp)
	if n.kids != nil {
		i := n.find(key)
		kid, more, added := n.kids[i].set(stamp, key, v)
		n.kids[i] = kid
		if more != nil {
			n.keys = insert(n.keys, i+1, more.keys[0])
			n.kids = insert(n.kids, i+1, more)
		}
		return n, n.split(), added
	}
	i, ok := search(n.keys, key)
	if ok {
		n.vals[i] = v
		return n, nil, false
	}
	n.keys = insert(n.keys, i, key)
	n.vals = insert(n.vals, i, v)
	return n, n.split(), true
}

// split takes the upper half off an overfull node.
func (n *treeNode[V]) split() *treeNode[V] {
	if len(n.keys) <= treeWidth {
		return nil
	}
	const half = (treeWidth + 1) / 2
	right := &treeNode[V]{stamp: n.stamp, keys: withRoom(n.keys[half:])}
	n.keys = slices.Delete(n.keys, half, len(n.keys))
	if n.kids != nil {
		right.kids = withRoom(n.kids[half:])
		n.kids = slices.Delete(n.kids, half, len(n.kids))
	} else {
		right.vals = withRoom(n.vals[half:])
		n.vals = slices.Delete(n.vals, half, len(n.vals))
	}
	return right
}

// delete removes an existing key.
func (n *treeNode[V]) delete(stamp uint64, key string) *treeNode[V] {
	n = n.writable(stamp)
	if n.kids != nil {
		i := n.find(key)
		n.kids[i] = n.kids[i].delete(stamp, key)
		n.join(stamp, i+1)
		n.join(stamp, i)
		return n
	}
	i, _ := search(n.keys, key)
	n.keys = slices.Delete(n.keys, i, i+1)
	n.vals = slices.Delete(n.vals, i, i+1)
	return n
}

// join merges kids i-1 and i if the result is at most half full. Nodes stay a
// quarter full on average, and the next insert does not undo a join.
func (n *treeNode[V]) join(stamp uint64, i int) {
	if i < 1 || i >= len(n.kids) {
		return
	}
	left, right := n.kids[i-1], n.kids[i]
	if len(left.keys)+len(right.keys) > treeWidth/2 {
		return
	}
	left = left.writable(stamp)
	if left.kids != nil {
		left.keys = append(append(left.keys, n.keys[i]), right.keys[1:]...)
		left.kids = append(left.kids, right.kids...)
	} else {
		left.keys = append(left.keys, right.keys...)
		left.vals = append(left.vals, right.vals...)
	}
	n.kids[i-1] = left
	n.keys = slices.Delete(n.keys, i, i+1)
	n.kids = slices.Delete(n.kids, i, i+1)
}

func (n *treeNode[V]) ascend(from string, yield func(string, V) bool) bool {
	if n.kids != nil {
		for _, kid := range n.kids[n.find(from):] {
			if !kid.ascend(from, yield) {
				return false
			}
		}
		return true
	}
	i, _ := search(n.keys, from)
	for ; i < len(n.keys); i++ {
		if !yield(n.keys[i], n.vals[i]) {
			return false
		}
	}
	return true
}

func (n *treeNode[V]) descend(yield func(string, V) bool) bool {
	for _, kid := range slices.Backward(n.kids) {
		if !kid.descend(yield) {
			return false
		}
	}
	for i := len(n.vals) - 1; i >= 0; i-- {
		if !yield(n.keys[i], n.vals[i]) {
			return false
		}
	}
	return true
}
