package persistent

import (
	"hash/maphash"
	"maps"
	"math/rand/v2"
	"strconv"
	"testing"
)

// TestMapIsAMap makes the same random changes to a Map and to a Go map, and
// checks copies taken along the way.
func TestMapIsAMap(t *testing.T) {
	seed := maphash.MakeSeed()
	for name, hash := range map[string]func(string) uint64{
		"good hash":   func(s string) uint64 { return maphash.String(seed, s) },
		"low bits":    func(s string) uint64 { return maphash.String(seed, s) & 3 },
		"high bits":   func(s string) uint64 { return maphash.String(seed, s) & 3 << 62 },
		"no hash":     func(string) uint64 { return 0 },
		"dense digit": func(s string) uint64 { n, _ := strconv.Atoi(s); return uint64(n) },
	} {
		t.Run(name, func(t *testing.T) { actAtRandom(t, hash) })
	}
}

func actAtRandom(t *testing.T, hash func(string) uint64) {
	type copied struct {
		m    Map[string, int]
		want map[string]int
	}
	r := rand.New(rand.NewPCG(1, 2))
	m, want := NewMap[string, int](hash), map[string]int{}
	var copies []copied
	stamp := uint64(1)
	for i := range 6000 {
		key := strconv.Itoa(r.IntN(400))
		if r.IntN(3) > 0 {
			m.Set(stamp, key, i)
			want[key] = i
		} else {
			m.Delete(stamp, key)
			delete(want, key)
		}
		if r.IntN(200) == 0 {
			copies = append(copies, copied{m, maps.Clone(want)})
			stamp++ // the pages of the copy are not written any more
		}
	}
	copies = append(copies, copied{m, want})
	for i, c := range copies {
		same(t, i, c.m, c.want)
	}
	for key := range want {
		m.Delete(stamp+1, key)
	}
	same(t, len(copies), m, map[string]int{})
	same(t, len(copies), copies[len(copies)-1].m, want)
}

func same(t *testing.T, i int, m Map[string, int], want map[string]int) {
	t.Helper()
	if got := maps.Collect(m.All()); !maps.Equal(got, want) {
		t.Fatalf("copy %d holds %v, want %v", i, got, want)
	}
	if m.Len() != len(want) {
		t.Fatalf("copy %d: Len is %d, want %d", i, m.Len(), len(want))
	}
	for n := range 400 {
		key := strconv.Itoa(n)
		got, ok := m.Get(key)
		if v, there := want[key]; got != v || ok != there {
			t.Fatalf("copy %d: Get(%s) is %d, %v; want %d, %v", i, key, got, ok, v, there)
		}
	}
}

func TestZeroMapIsEmpty(t *testing.T) {
	var m Map[string, int]
	if _, ok := m.Get("a"); ok || m.Len() != 0 {
		t.Error("the zero Map has something in it")
	}
	for range m.All() {
		t.Error("the zero Map yields something")
	}
	m.Delete(1, "a")
}

func TestMapAllEndsEarly(t *testing.T) {
	m := NewMap[string, int](func(s string) uint64 { n, _ := strconv.Atoi(s); return uint64(n) })
	for n := range 100 {
		m.Set(1, strconv.Itoa(n), n)
	}
	seen := 0
	for range m.All() {
		if seen++; seen == 40 {
			break
		}
	}
	if seen != 40 {
		t.Errorf("All yielded %d entries to a loop that ends after 40", seen)
	}
}

func BenchmarkMapGet(b *testing.B) {
	seed := maphash.MakeSeed()
	m := NewMap[string, int](func(s string) uint64 { return maphash.String(seed, s) })
	native := map[string]int{}
	keys := make([]string, 1<<16)
	for i := range keys {
		keys[i] = "permission." + strconv.Itoa(i)
		m.Set(1, keys[i], i)
		native[keys[i]] = i
	}
	b.Run("Map", func(b *testing.B) {
		for i := range b.N {
			if _, ok := m.Get(keys[uint(i)*7919%(1<<16)]); !ok {
				b.Fatal("lost")
			}
		}
	})
	b.Run("map", func(b *testing.B) {
		for i := range b.N {
			if _, ok := native[keys[uint(i)*7919%(1<<16)]]; !ok {
				b.Fatal("lost")
			}
		}
	})
}

func BenchmarkMapSet(b *testing.B) {
	seed := maphash.MakeSeed()
	m := NewMap[string, int](func(s string) uint64 { return maphash.String(seed, s) })
	for i := range 1 << 16 {
		m.Set(1, "permission."+strconv.Itoa(i), i)
	}
	b.ReportAllocs()
	for i := range b.N {
		m.Set(uint64(i+2), "permission.77", i)
	}
}
