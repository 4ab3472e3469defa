package persistent

import (
	"math/rand/v2"
	"slices"
	"testing"
)

// TestVectorIsAnArray makes the same random writes to a Vector and to a slice,
// and checks copies taken along the way.
func TestVectorIsAnArray(t *testing.T) {
	type copied struct {
		v    Vector[int]
		want []int
	}
	r := rand.New(rand.NewPCG(1, 2))
	var v Vector[int]
	var want []int
	var copies []copied
	stamp := uint64(1)
	for i := range 5000 {
		n := r.IntN(len(want) + 1)
		if n == len(want) || r.IntN(4) == 0 {
			n = len(want)
			want = append(want, i)
		}
		v.Set(stamp, int32(n), i)
		want[n] = i
		if r.IntN(100) == 0 {
			copies = append(copies, copied{v, slices.Clone(want)})
			stamp++
		}
	}
	for i, c := range append(copies, copied{v, want}) {
		if c.v.Len() != len(c.want) {
			t.Fatalf("copy %d: Len is %d, want %d", i, c.v.Len(), len(c.want))
		}
		for n, value := range c.want {
			if got := c.v.Get(int32(n)); got != value {
				t.Fatalf("copy %d: Get(%d) is %d, want %d", i, n, got, value)
			}
		}
	}
}
