package rbac

import (
	"math/bits"
	"slices"
)

// groupSet is a set of groups by their numbers: a sorted list when they are few, and a bitset where
// that is smaller. It does not change.
type groupSet struct {
	few  []int32
	many []uint64 // nil: it is few
}

// newGroupSet makes a set of sorted numbers, of groups of which there are so many. It keeps the list.
func newGroupSet(sorted []int32, groups int) groupSet {
	if 32*len(sorted) <= groups {
		return groupSet{few: sorted}
	}
	many := make([]uint64, groups/64+1)
	for _, n := range sorted {
		many[n>>6] |= 1 << (n & 63)
	}
	return groupSet{many: many}
}

func (s groupSet) has(n int32) bool {
	if s.many == nil {
		_, ok := slices.BinarySearch(s.few, n)
		return ok
	}
	word := int(n >> 6)
	return word < len(s.many) && s.many[word]>>(n&63)&1 != 0
}

// meets reports whether it has one of sorted numbers.
func (s groupSet) meets(sorted []int32) bool {
	if s.many == nil {
		return intersect(sorted, s.few)
	}
	return slices.ContainsFunc(sorted, s.has)
}

// numbers lists it, sorted.
func (s groupSet) numbers() []int32 {
	if s.many == nil {
		return s.few
	}
	var list []int32
	for i, word := range s.many {
		for ; word != 0; word &= word - 1 {
			list = append(list, int32(i<<6+bits.TrailingZeros64(word)))
		}
	}
	return list
}

// with returns the set with more groups in it.
func (s groupSet) with(more []int32, groups int) groupSet {
	if s.many == nil {
		return newGroupSet(sortedSet(slices.Concat(s.few, more)), groups)
	}
	many := make([]uint64, max(len(s.many), groups/64+1))
	copy(many, s.many)
	for _, n := range more {
		many[n>>6] |= 1 << (n & 63)
	}
	return groupSet{many: many}
}

// without returns the set without some groups that are sorted.
func (s groupSet) without(sorted []int32, groups int) groupSet {
	rest := slices.DeleteFunc(slices.Clone(s.numbers()), func(n int32) bool {
		_, gone := slices.BinarySearch(sorted, n)
		return gone
	})
	return newGroupSet(rest, groups)
}

// sortedSet sorts a list that is nobody else's, and leaves each number in it once.
func sortedSet(numbers []int32) []int32 {
	slices.Sort(numbers)
	return slices.Compact(numbers)
}

// intersect reports whether two sorted lists have a number in common. Where one is much
// shorter it looks its numbers up in the longer.
func intersect(short, long []int32) bool {
	if len(short) > len(long) {
		short, long = long, short
	}
	if len(long) > 8*len(short) {
		for _, n := range short {
			i, ok := slices.BinarySearch(long, n)
			if ok {
				return true
			}
			long = long[i:]
		}
		return false
	}
	for i, j := 0, 0; i < len(short) && j < len(long); {
		switch a, b := short[i], long[j]; {
		case a == b:
			return true
		case a < b:
			i++
		default:
			j++
		}
	}
	return false
}
