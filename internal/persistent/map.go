package persistent

import (
	"iter"
	"math/bits"
	"slices"
)

// Map is a hash map from K to V, a hash array mapped trie. Make it with NewMap; the zero Map is empty and must not be written to.
type Map[K comparable, V any] struct {
	root *mapNode[K, V]
	len  int
	hash func(K) uint64
}

// NewMap returns an empty map. Keys that differ must have different hashes in all but rare cases.
func NewMap[K comparable, V any](hash func(K) uint64) Map[K, V] {
	return Map[K, V]{hash: hash}
}

const (
	mapBits  = 5 // bits of the hash for one level
	mapDigit = 1<<mapBits - 1
	mapDepth = 64 // bits there are; below, a node is a plain list
)

// mapNode holds under each of up to 32 digits of the hash an entry, or a node with those that have the digit in common.
type mapNode[K comparable, V any] struct {
	stamp   uint64
	single  uint32 // digits with one entry
	several uint32 // digits with a node
	entries []entry[K, V]
	nodes   []*mapNode[K, V]
}

type entry[K comparable, V any] struct {
	key   K
	value V
}

// Len is the number of entries.
func (m Map[K, V]) Len() int { return m.len }

// Get returns the value of a key.
func (m Map[K, V]) Get(key K) (v V, ok bool) {
	n := m.root
	if n == nil {
		return v, false
	}
	for h := m.hash(key); n.several != 0 || n.single != 0; h >>= mapBits {
		bit := uint32(1) << (h & mapDigit)
		if n.several&bit != 0 {
			n = n.nodes[before(n.several, bit)]
			continue
		}
		if n.single&bit == 0 {
			return v, false
		}
		e := &n.entries[before(n.single, bit)]
		if e.key != key {
			return v, false
		}
		return e.value, true
	}
	for i := range n.entries {
		if n.entries[i].key == key {
			return n.entries[i].value, true
		}
	}
	return v, false
}

// before is how many digits come before one.
func before(digits, bit uint32) int { return bits.OnesCount32(digits & (bit - 1)) }

// Set adds or replaces.
func (m *Map[K, V]) Set(stamp uint64, key K, value V) {
	if m.root == nil {
		m.root = &mapNode[K, V]{stamp: stamp}
	}
	var added bool
	m.root, added = m.set(m.root, stamp, m.hash(key), 0, entry[K, V]{key, value})
	if added {
		m.len++
	}
}

// set returns the node to put in the place of n.
func (m *Map[K, V]) set(n *mapNode[K, V], stamp, hash uint64, level uint, e entry[K, V]) (_ *mapNode[K, V], added bool) {
	n = n.own(stamp)
	if level >= mapDepth {
		return n, n.list(e)
	}
	bit := uint32(1) << (hash >> level & mapDigit)
	switch {
	case n.several&bit != 0:
		i := before(n.several, bit)
		n.nodes[i], added = m.set(n.nodes[i], stamp, hash, level+mapBits, e)
		return n, added
	case n.single&bit == 0:
		n.entries = slices.Insert(n.entries, before(n.single, bit), e)
		n.single |= bit
		return n, true
	}
	i := before(n.single, bit)
	old := n.entries[i]
	if old.key == e.key {
		n.entries[i].value = e.value
		return n, false
	}
	kid := &mapNode[K, V]{stamp: stamp}
	kid, _ = m.set(kid, stamp, m.hash(old.key), level+mapBits, old)
	kid, _ = m.set(kid, stamp, hash, level+mapBits, e)
	n.entries = slices.Delete(n.entries, i, i+1)
	n.single &^= bit
	n.nodes = slices.Insert(n.nodes, before(n.several, bit), kid)
	n.several |= bit
	return n, true
}

// list sets an entry among those whose hashes are equal.
func (n *mapNode[K, V]) list(e entry[K, V]) (added bool) {
	for i := range n.entries {
		if n.entries[i].key == e.key {
			n.entries[i].value = e.value
			return false
		}
	}
	n.entries = append(n.entries, e)
	return true
}

// own returns n if stamp made it, and else a copy.
func (n *mapNode[K, V]) own(stamp uint64) *mapNode[K, V] {
	if n.stamp == stamp {
		return n
	}
	c := *n
	c.stamp = stamp
	c.entries, c.nodes = slices.Clone(n.entries), slices.Clone(n.nodes)
	return &c
}

// Delete removes a key; one that is not there does not matter.
func (m *Map[K, V]) Delete(stamp uint64, key K) {
	if _, ok := m.Get(key); !ok {
		return
	}
	m.root = m.root.delete(stamp, m.hash(key), 0, key)
	m.len--
}

// delete removes a key that is there. A node that is left with one entry is not kept below another.
func (n *mapNode[K, V]) delete(stamp, hash uint64, level uint, key K) *mapNode[K, V] {
	n = n.own(stamp)
	bit := uint32(1) << (hash >> level & mapDigit)
	if level >= mapDepth || n.single&bit != 0 {
		n.entries = slices.DeleteFunc(n.entries, func(e entry[K, V]) bool { return e.key == key })
		if level < mapDepth {
			n.single &^= bit
		}
		return n
	}
	i := before(n.several, bit)
	kid := n.nodes[i].delete(stamp, hash, level+mapBits, key)
	if len(kid.nodes) > 0 || len(kid.entries) > 1 {
		n.nodes[i] = kid
		return n
	}
	n.nodes = slices.Delete(n.nodes, i, i+1)
	n.several &^= bit
	n.entries = slices.Insert(n.entries, before(n.single, bit), kid.entries[0])
	n.single |= bit
	return n
}

// All iterates over the entries, in no order. Meanwhile m must not be written to.
func (m Map[K, V]) All() iter.Seq2[K, V] {
	return func(yield func(K, V) bool) {
		if m.root != nil {
			m.root.all(yield)
		}
	}
}

func (n *mapNode[K, V]) all(yield func(K, V) bool) bool {
	for _, e := range n.entries {
		if !yield(e.key, e.value) {
			return false
		}
	}
	for _, kid := range n.nodes {
		if !kid.all(yield) {
			return false
		}
	}
	return true
}
