package policy

import (
	"slices"
	"testing"
)

// TestIntersect compares groupSet.meets with the obvious way, over all pairs of
// small sets, as lists and as bitsets, and of small and large sets.
func TestIntersect(t *testing.T) {
	var sets [][]int32
	for bits := range 64 {
		var set []int32
		for n := range int32(6) {
			if bits>>n&1 == 1 {
				set = append(set, n)
			}
		}
		sets = append(sets, set)
	}
	for i, a := range sets {
		for j, b := range sets {
			for name, set := range map[string]groupSet{"list": {few: b}, "bitset": groupSet{}.bits(b, 6), "long list": {few: withMore(b)}} {
				if got, want := set.meets(a), i&j != 0; got != want {
					t.Errorf("%s %v meets %v: %v, want %v", name, b, a, got, want)
				}
			}
		}
	}
}

// withMore returns a list with many larger numbers.
func withMore(list []int32) []int32 {
	more := slices.Clone(list)
	for n := range int32(100) {
		more = append(more, 1000+n)
	}
	return more
}
