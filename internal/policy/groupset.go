package policy

import (
	"math/bits"
	"slices"
)

// groupSet is a set of groups by number: a sorted list of few groups, or a
// bitset if a bitset is smaller. A groupSet does not change.
type groupSet struct {
	few  []int32
	many []uint64 // nil: the set is the list
}

// newGroupSet makes a set of numbers, each once. groups is the number of all
// groups. The set keeps the list.
func newGroupSet(numbers []int32, groups int) groupSet {
	if !areMany(len(numbers), groups) {
		slices.Sort(numbers)
		return groupSet{few: numbers}
	}
	return groupSet{}.bits(numbers, groups)
}

// areMany reports whether a bitset is smaller than a list of numbers.
func areMany(numbers, groups int) bool { return 32*numbers > groups }

// bits returns the set with more groups, as a bitset.
func (s groupSet) bits(more []int32, groups int) groupSet {
	many := make([]uint64, max(len(s.many), groups/64+1))
	copy(many, s.many)
	for _, list := range [][]int32{s.few, more} {
		for _, n := range list {
			many[n>>6] |= 1 << (n & 63)
		}
	}
	return groupSet{many: many}
}

// has reports whether a group is in the set.
func (s groupSet) has(n int32) bool {
	if s.many == nil {
		_, ok := slices.BinarySearch(s.few, n)
		return ok
	}
	word := int(n >> 6)
	return word < len(s.many) && s.many[word]>>(n&63)&1 != 0
}

// meets reports whether the set has any of some sorted numbers.
func (s groupSet) meets(sorted []int32) bool {
	if s.many == nil {
		return intersect(sorted, s.few)
	}
	found := uint64(0)
	for _, n := range sorted { // branch-free, as in intersect
		if word := uint(n) >> 6; word < uint(len(s.many)) {
			found |= s.many[word] >> (n & 63)
		}
	}
	return found&1 != 0
}

// numbers lists the set, sorted.
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

// with returns the set with more groups.
func (s groupSet) with(more []int32, groups int) groupSet {
	if s.many == nil && !areMany(len(s.few)+len(more), groups) {
		return groupSet{few: sortedSet(slices.Concat(s.few, more))}
	}
	return s.bits(more, groups)
}

// without returns the set without some sorted groups.
func (s groupSet) without(sorted []int32, groups int) groupSet {
	if s.many == nil {
		return groupSet{few: slices.Clip(minus(s.few, sorted))}
	}
	rest, left := groupSet{many: slices.Clone(s.many)}, 0
	for _, n := range sorted {
		if word := int(n >> 6); word < len(rest.many) {
			rest.many[word] &^= 1 << (n & 63)
		}
	}
	for _, word := range rest.many {
		left += bits.OnesCount64(word)
	}
	if areMany(left, groups) {
		return rest
	}
	return groupSet{few: slices.Clip(rest.numbers())}
}

// minus returns the numbers of a list without others, a sorted list.
func minus(list, others []int32) (rest []int32) {
	for _, n := range list {
		if _, found := slices.BinarySearch(others, n); !found {
			rest = append(rest, n)
		}
	}
	return rest
}

// sortedSet sorts numbers in place, and removes repetitions.
func sortedSet(numbers []int32) []int32 {
	slices.Sort(numbers)
	return slices.Compact(numbers)
}

// intersect reports whether two sorted lists have a number in common. A branch
// for each comparison would be unpredictable, so short lists are compared
// without branches. The numbers of a much shorter list are searched for in the
// longer list. Otherwise intersect merges the lists.
func intersect(short, long []int32) bool {
	if len(short) > len(long) {
		short, long = long, short
	}
	if len(short)*len(long) <= 64 {
		least := ^uint32(0)
		for _, a := range short {
			for _, b := range long {
				least = min(least, uint32(a^b))
			}
		}
		return least == 0
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
