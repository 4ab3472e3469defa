// Package cache is a bounded cache of records that are found by several keys.
//
// Lookups take no lock and allocate nothing. Changes take turns. A record is
// under all its keys or under none: removing a record takes every key along.
// When a cache is full, a new record replaces the first record that was not
// used since the search for room passed it last (the CLOCK algorithm, F. J.
// Corbató, "A Paging Experiment with the Multics System", 1968).
package cache

import (
	"slices"
	"sync"
	"sync/atomic"
)

// Mark holds what a cache needs to know about a record. Records embed a Mark
// and are not copied. A record is added to one cache, and not again after its
// removal.
type Mark struct {
	used    atomic.Bool // since the search for room passed the record
	removed atomic.Bool
	place   int // in Cache.ring
}

// Use notes that the record was used. The caller of [Index.Get] calls Use.
func (m *Mark) Use() {
	if !m.used.Load() { // several readers do not write to one cache line
		m.used.Store(true)
	}
}

// Removed reports whether the record has left the cache.
func (m *Mark) Removed() bool { return m.removed.Load() }

// Cache holds at most a fixed number of records. Add indexes with [AddIndex]
// before the first record.
type Cache[V any] struct {
	most    int
	mark    func(*V) *Mark
	removed func(*V) // nil: nobody asks

	evicted atomic.Uint64 // for want of room

	mu      sync.Mutex
	ring    []*V
	hand    int // the place in ring where the search for room goes on
	indexes []indexOf[V]
}

// indexOf is an Index of whatever key.
type indexOf[V any] interface {
	like(*V) *V
	put(*V)
	delete(*V)
	clear()
}

// New returns a cache of at most that many records. Mark returns the Mark of a
// record. Removed, unless nil, is called for each record that leaves the
// cache, for whatever reason, and must not call the cache.
func New[V any](most int, mark func(*V) *Mark, removed func(*V)) *Cache[V] {
	return &Cache[V]{most: most, mark: mark, removed: removed}
}

// Add adds a record. Records that have one of the record's keys are removed.
func (c *Cache[V]) Add(v *V) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, x := range c.indexes {
		if old := x.like(v); old != nil {
			c.remove(old)
		}
	}
	if len(c.ring) < c.most {
		c.mark(v).place = len(c.ring)
		c.ring = append(c.ring, v)
	} else {
		c.replace(c.victim(), v)
		c.evicted.Add(1)
	}
	for _, x := range c.indexes {
		x.put(v)
	}
}

// victim returns the record that makes room.
func (c *Cache[V]) victim() *V {
	for {
		c.hand %= len(c.ring)
		v := c.ring[c.hand]
		if !c.mark(v).used.Swap(false) {
			return v
		}
		c.hand++
	}
}

// replace gives v the place of old, and moves the hand on: the hand passes every
// other record before v has to make room.
func (c *Cache[V]) replace(old, v *V) {
	place := c.mark(old).place
	c.mark(v).place = place
	c.ring[place] = v
	c.hand = place + 1
	c.unlink(old)
}

// Remove removes a record. Nil and a record that is not cached are ignored.
func (c *Cache[V]) Remove(v *V) {
	if v == nil {
		return
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if place := c.mark(v).place; place < len(c.ring) && c.ring[place] == v {
		c.remove(v)
	}
}

// remove moves the last record of the ring to the place of v.
func (c *Cache[V]) remove(v *V) {
	place, last := c.mark(v).place, len(c.ring)-1
	c.ring[place] = c.ring[last]
	c.mark(c.ring[place]).place = place
	c.ring[last] = nil
	c.ring = c.ring[:last]
	c.unlink(v)
}

// unlink removes the keys of a record that is no longer in the ring.
func (c *Cache[V]) unlink(v *V) {
	for _, x := range c.indexes {
		x.delete(v)
	}
	c.leave(v)
}

func (c *Cache[V]) leave(v *V) {
	c.mark(v).removed.Store(true)
	if c.removed != nil {
		c.removed(v)
	}
}

// Clear removes all records.
func (c *Cache[V]) Clear() {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, x := range c.indexes {
		x.clear()
	}
	for _, v := range c.ring {
		c.leave(v)
	}
	c.ring, c.hand = nil, 0
}

// Stats returns how many records are cached now, and how many were removed to
// make room for others.
func (c *Cache[V]) Stats() (cached int, evicted uint64) {
	c.mu.Lock()
	defer c.mu.Unlock()
	return len(c.ring), c.evicted.Load()
}

// All returns the records that are cached now.
func (c *Cache[V]) All() []*V {
	c.mu.Lock()
	defer c.mu.Unlock()
	return slices.Clone(c.ring)
}
