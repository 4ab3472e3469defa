package persistent

import "iter"

// Map is a hash map from K to V: a table of slots with linear probing, and a
// table of entries. A Map is made for many reads: a Get reads a slot, an entry,
// and the memory behind the key. A write copies a page of each table, and both
// lists of pages. Make a Map with NewMap; the zero Map is empty and must not be
// written to.
type Map[K comparable, V any] struct {
	slots   Vector[slot] // a power of two of them, or none
	entries Vector[entry[K, V]]
	len     int
	taken   int // number of slots in use, those of deleted entries included
	hash    func(K) uint64
}

// NewMap returns an empty map. Different keys must have different hashes in all
// but rare cases.
func NewMap[K comparable, V any](hash func(K) uint64) Map[K, V] {
	return Map[K, V]{hash: hash}
}

// slot refers to an entry. The hash is long enough to skip most slots of
// different keys, and to move the slot to a larger table.
type slot struct {
	hash uint32
	at   int32 // one more than the number of the entry; 0: never used; or deleted
}

const deleted = -1

type entry[K comparable, V any] struct {
	key   K
	value V
}

func (m *Map[K, V]) short(key K) uint32 {
	h := m.hash(key)
	return uint32(h ^ h>>32)
}

// Len is the number of entries.
func (m *Map[K, V]) Len() int { return m.len }

// Get returns the value of a key.
func (m *Map[K, V]) Get(key K) (v V, ok bool) {
	if m.len == 0 {
		return v, false
	}
	if _, e := m.find(key, m.short(key)); e != nil {
		return e.value, true
	}
	return v, false
}

// find returns the entry of a key and the number of the slot; nil for an
// unknown key.
func (m *Map[K, V]) find(key K, hash uint32) (number int32, e *entry[K, V]) {
	for i := m.first(hash); ; i = m.next(i) {
		s := m.slots.at(i)
		if s.at == 0 {
			return 0, nil
		}
		if s.hash == hash && s.at != deleted {
			if e := m.entries.at(s.at - 1); e.key == key {
				return i, e
			}
		}
	}
}

func (m *Map[K, V]) first(hash uint32) int32 { return int32(hash & uint32(m.slots.len-1)) }

func (m *Map[K, V]) next(i int32) int32 { return (i + 1) & int32(m.slots.len-1) }

// Set adds or replaces.
func (m *Map[K, V]) Set(stamp uint64, key K, value V) {
	hash := m.short(key)
	if m.len > 0 {
		if i, e := m.find(key, hash); e != nil {
			m.entries.Set(stamp, m.slots.at(i).at-1, entry[K, V]{key, value})
			return
		}
	}
	if 4*(m.taken+1) > 3*m.slots.len {
		m.rehash(stamp)
	}
	m.entries.Set(stamp, int32(m.entries.Len()), entry[K, V]{key, value})
	m.take(stamp, slot{hash, int32(m.entries.Len())})
	m.len++
}

// take puts a new slot into the first unused place.
func (m *Map[K, V]) take(stamp uint64, s slot) {
	i := m.first(s.hash)
	for m.slots.at(i).at != 0 {
		i = m.next(i)
	}
	m.slots.Set(stamp, i, s)
	m.taken++
}

// rehash makes a table at most half full, without deleted entries.
func (m *Map[K, V]) rehash(stamp uint64) {
	old := *m
	*m = Map[K, V]{hash: old.hash, len: old.len}
	size := pageSize
	for size < 2*(old.len+1) {
		size *= 2
	}
	m.slots.extend(stamp, size)
	for i := range old.slots.len {
		if s := *old.slots.at(int32(i)); s.at > 0 {
			m.entries.Set(stamp, int32(m.entries.Len()), *old.entries.at(s.at - 1))
			m.take(stamp, slot{s.hash, int32(m.entries.Len())})
		}
	}
}

// Delete removes a key. An unknown key is ignored.
func (m *Map[K, V]) Delete(stamp uint64, key K) {
	if m.len == 0 {
		return
	}
	hash := m.short(key)
	if i, e := m.find(key, hash); e != nil {
		m.entries.Set(stamp, m.slots.at(i).at-1, entry[K, V]{})
		m.slots.Set(stamp, i, slot{at: deleted})
		m.len--
	}
}

// All iterates over the entries, in no order. Do not write to m meanwhile.
func (m Map[K, V]) All() iter.Seq2[K, V] {
	return func(yield func(K, V) bool) {
		for i := range m.slots.len {
			if s := m.slots.at(int32(i)); s.at > 0 {
				if e := m.entries.at(s.at - 1); !yield(e.key, e.value) {
					return
				}
			}
		}
	}
}
