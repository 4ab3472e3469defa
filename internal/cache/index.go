package cache

import "sync/atomic"

// Index finds the records of a cache by one of their keys. Records whose key
// is the zero K are not in the index.
//
// An index is a hash table with open addressing, in which every slot is written
// atomically. Readers see a record until it is deleted, whatever happens to
// other records meanwhile.
type Index[K comparable, V any] struct {
	key   func(*V) K
	hash  func(K) uint64
	table atomic.Pointer[table[V]]
	gone  *V // in the slots of deleted records
}

type table[V any] struct {
	slots []slot[V] // a power of two
	taken int       // slots that hold a record or gone
	count int       // records
}

// slot holds the hash beside the record: a lookup follows no pointer to the
// records of other keys.
type slot[V any] struct {
	hash   atomic.Uint64
	record atomic.Pointer[V] // nil: the slot was never taken
}

// AddIndex adds an index to a cache. Key returns the key of a record and must
// always return the same; hash distributes keys evenly over 64 bits.
func AddIndex[K comparable, V any](c *Cache[V], key func(*V) K, hash func(K) uint64) *Index[K, V] {
	x := &Index[K, V]{key: key, hash: hash, gone: new(V)}
	x.clear()
	c.indexes = append(c.indexes, x)
	return x
}

// Get returns the record with a key, or nil.
func (x *Index[K, V]) Get(key K) *V {
	t, h := x.table.Load(), x.hash(key)
	for i := h; ; i++ {
		s := t.slot(i)
		v := s.record.Load()
		if v == nil {
			return nil
		}
		if s.hash.Load() == h && v != x.gone && x.key(v) == key {
			return v
		}
	}
}

func (t *table[V]) slot(i uint64) *slot[V] { return &t.slots[i&uint64(len(t.slots)-1)] }

// like returns the record with the key of v.
func (x *Index[K, V]) like(v *V) *V {
	var none K
	if key := x.key(v); key != none {
		return x.Get(key)
	}
	return nil
}

// put adds a record whose key no other record has.
func (x *Index[K, V]) put(v *V) {
	var none K
	key := x.key(v)
	if key == none {
		return
	}
	t := x.table.Load()
	if 2*(t.taken+1) > len(t.slots) { // lookups end at a slot that was never taken
		t = x.grow(t)
	}
	t.put(x.hash(key), v, x.gone)
}

func (t *table[V]) put(h uint64, v, gone *V) {
	for i := h; ; i++ {
		s := t.slot(i)
		old := s.record.Load()
		if old != nil && old != gone {
			continue
		}
		if old == nil {
			t.taken++
		}
		t.count++
		s.hash.Store(h) // first: a reader that sees the record compares its hash
		s.record.Store(v)
		return
	}
}

// grow replaces the table by a table without deleted records, at most a third
// full.
func (x *Index[K, V]) grow(old *table[V]) *table[V] {
	size := fewestSlots
	for size < 3*(old.count+1) {
		size *= 2
	}
	t := &table[V]{slots: make([]slot[V], size)}
	for i := range old.slots {
		if v := old.slots[i].record.Load(); v != nil && v != x.gone {
			t.put(old.slots[i].hash.Load(), v, x.gone)
		}
	}
	x.table.Store(t)
	return t
}

const fewestSlots = 8

func (x *Index[K, V]) delete(v *V) {
	var none K
	key := x.key(v)
	if key == none {
		return
	}
	t := x.table.Load()
	for i := x.hash(key); ; i++ {
		s := t.slot(i)
		switch s.record.Load() {
		case nil:
			return
		case v:
			s.record.Store(x.gone)
			t.count--
			return
		}
	}
}

func (x *Index[K, V]) clear() {
	x.table.Store(&table[V]{slots: make([]slot[V], fewestSlots)})
}
