package cache_test

import (
	"fmt"
	"hash/maphash"
	"math/rand/v2"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/rbac-go/rbac/internal/cache"
)

type record struct {
	cache.Mark
	id   int
	name string
}

type people struct {
	*cache.Cache[record]
	byID    *cache.Index[int, record]
	byName  *cache.Index[string, record]
	removed atomic.Int64
}

var seed = maphash.MakeSeed()

// newPeople makes a cache with indexes by id and by name. Few hashes lead to
// many collisions.
func newPeople(most, hashes int) *people {
	p := &people{}
	p.Cache = cache.New(most, func(r *record) *cache.Mark { return &r.Mark }, func(*record) { p.removed.Add(1) })
	p.byID = cache.AddIndex(p.Cache, func(r *record) int { return r.id }, func(id int) uint64 { return uint64(id % hashes) })
	p.byName = cache.AddIndex(p.Cache, func(r *record) string { return r.name },
		func(name string) uint64 { return maphash.String(seed, name) % uint64(hashes) })
	return p
}

// After each step the cache holds what a model holds, under all keys or none.
func TestCacheAgainstModel(t *testing.T) {
	for _, hashes := range []int{1, 7, 1 << 30} {
		t.Run(fmt.Sprint(hashes, " hashes"), func(t *testing.T) {
			const most, ids = 20, 40
			p, random := newPeople(most, hashes), rand.New(rand.NewPCG(1, uint64(hashes)))
			model, added := map[int]*record{}, 0
			for step := range 4_000 {
				id := 1 + random.IntN(ids)
				switch random.IntN(20) {
				case 0:
					p.Clear()
				case 1, 2, 3, 4:
					p.Remove(p.byID.Get(id))
				default:
					r := &record{id: id}
					if random.IntN(4) > 0 {
						r.name = fmt.Sprint("n", random.IntN(ids))
					}
					p.Add(r)
					model[id] = r
					added++
				}
				all, cached := p.All(), map[*record]bool{}
				for _, r := range all {
					cached[r] = true
				}
				if len(all) > most || len(cached) != len(all) || int(p.removed.Load()) != added-len(all) {
					t.Fatalf("step %d: %d records, %d of them different, %d were removed of %d", step, len(all), len(cached), p.removed.Load(), added)
				}
				names := map[string]*record{}
				for id := range ids + 1 {
					r := model[id]
					if r == nil {
						continue
					}
					found, in := p.byID.Get(id), cached[r]
					if in != (found == r) || !in && found != nil || in == r.Removed() {
						t.Fatalf("step %d: record %d is cached: %t; found %v; removed %t", step, id, in, found, r.Removed())
					}
					if in && r.name != "" {
						names[r.name] = r
					}
				}
				for n := range ids {
					name := fmt.Sprint("n", n)
					if p.byName.Get(name) != names[name] {
						t.Fatalf("step %d: under %s is %v, want %v", step, name, p.byName.Get(name), names[name])
					}
				}
				if p.byName.Get("") != nil || p.byID.Get(0) != nil {
					t.Fatalf("step %d: a record is under the zero key", step)
				}
			}
		})
	}
}

// Records that are used stay; records that nobody uses make room.
func TestUsedRecordsStay(t *testing.T) {
	p := newPeople(100, 1<<30)
	for id := 1; id <= 100; id++ {
		p.Add(&record{id: id})
	}
	for id := 101; id < 1000; id++ {
		for used := 1; used <= 50; used++ {
			r := p.byID.Get(used)
			if r == nil {
				t.Fatalf("record %d was removed while it was used", used)
			}
			r.Use()
		}
		p.Add(&record{id: id})
		if p.byID.Get(id) == nil {
			t.Fatalf("record %d is not cached", id)
		}
	}
	for id := 51; id <= 100; id++ {
		if p.byID.Get(id) != nil {
			t.Errorf("record %d is cached, which was never used; later records made room", id)
		}
	}
}

// A full cache turns over: records that are asked for again and again are soon
// cached, whatever filled the cache before.
func TestTurnover(t *testing.T) {
	const most = 100
	for _, asked := range []int{1, most / 2, most} {
		p := newPeople(most, 1<<30)
		for id := 1; id <= most; id++ {
			p.Add(&record{id: id})
		}
		for round := range 3 {
			for id := most + 1; id <= most+asked; id++ {
				if r := p.byID.Get(id); r != nil {
					r.Use()
					continue
				}
				if round > 0 {
					t.Fatalf("%d records in turn, round %d: record %d is not cached", asked, round, id)
				}
				p.Add(&record{id: id})
			}
		}
	}
}

// Without uses the records that were added first make room first.
func TestFirstInFirstOut(t *testing.T) {
	p := newPeople(10, 1<<30)
	for id := 1; id <= 35; id++ {
		p.Add(&record{id: id})
		for n := 1; n <= id; n++ {
			if cached := p.byID.Get(n) != nil; cached != (n > id-10) {
				t.Fatalf("after %d records: record %d is cached: %t", id, n, cached)
			}
		}
	}
}

// A cache for one record holds the last one.
func TestSmallestCache(t *testing.T) {
	p := newPeople(1, 1<<30)
	for id := 1; id < 10; id++ {
		r := &record{id: id, name: "same"}
		p.Add(r)
		r.Use()
		if p.byID.Get(id) != r || p.byName.Get("same") != r || p.byID.Get(id-1) != nil {
			t.Fatalf("record %d: %v, %v, %v", id, p.byID.Get(id), p.byName.Get("same"), p.byID.Get(id-1))
		}
	}
}

// A reader finds each record that is cached all the time, whatever else is
// added and removed, and never a record that was removed before the lookup.
func TestReadersBesideWriters(t *testing.T) {
	p := newPeople(300, 1<<30)
	for id := 1; id <= 100; id++ {
		p.Add(&record{id: id, name: fmt.Sprint("n", id)})
	}
	var gone atomic.Int64 // all records from 101 up to this id were removed
	gone.Store(100)
	stop := make(chan struct{})
	var readers sync.WaitGroup
	for g := range 4 {
		readers.Go(func() {
			for i := g; ; i++ {
				select {
				case <-stop:
					return
				default:
				}
				id := 1 + i%100
				if r := p.byName.Get(fmt.Sprint("n", id)); r == nil || r.id != id {
					t.Errorf("record %d: %v", id, r)
					return
				}
				if id := int(gone.Load()); id > 100 && p.byID.Get(id) != nil {
					t.Errorf("record %d was removed and is found", id)
					return
				}
			}
		})
	}
	for id := 101; id < 5_000; id++ {
		p.Add(&record{id: id, name: fmt.Sprint("n", id)})
		if id > 200 {
			p.Remove(p.byID.Get(id - 100))
			gone.Store(int64(id - 100))
		}
	}
	close(stop)
	readers.Wait()
}

// Lookups allocate nothing.
func TestLookupsAllocateNothing(t *testing.T) {
	p := newPeople(10, 1<<30)
	p.Add(&record{id: 1, name: "amy"})
	if n := testing.AllocsPerRun(100, func() {
		if r := p.byName.Get("amy"); r == nil || p.byID.Get(2) != nil {
			t.Error("not found")
		} else {
			r.Use()
		}
	}); n != 0 {
		t.Errorf("a lookup allocates %v times", n)
	}
}
