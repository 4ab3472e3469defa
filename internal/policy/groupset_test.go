package policy

import "testing"

// TestIntersect compares with the obvious way, over all pairs of small sets.
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
			if got, want := intersect(a, b), i&j != 0; got != want {
				t.Errorf("intersect(%v, %v) = %v, want %v", a, b, got, want)
			}
		}
	}
}
