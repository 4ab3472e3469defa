package rbac

import (
	"slices"
	"strings"
	"unicode/utf8"
)

// closest returns the known name that was probably meant by one that is not known, or "".
// Of several that are equally close it is the first. Case makes no difference.
func closest(name string, known []string) string {
	folded := []rune(strings.ToLower(name))
	best, limit := "", min(3, 1+len(folded)/4)
	for _, k := range known {
		if abs(utf8.RuneCountInString(k)-len(folded)) > limit {
			continue
		}
		if d := distance(folded, []rune(strings.ToLower(k)), limit); d <= limit {
			best, limit = k, d-1
		}
		if limit < 0 {
			break
		}
	}
	return best
}

func abs(n int) int { return max(n, -n) }

// distance counts the letters that are to be put in, left out or replaced, and the neighbours to be swapped,
// to make one name of the other. It looks only where the count may stay within
// limit, and gives up with limit+1, so that it is quick for names that have nothing in common.
func distance(a, b []rune, limit int) int {
	two, one, row := make([]int, len(b)+1), make([]int, len(b)+1), make([]int, len(b)+1)
	for j := range row {
		one[j] = j
	}
	for i := 1; i <= len(a); i++ {
		for j := range row {
			row[j] = limit + 1
		}
		row[0] = i
		for j := max(1, i-limit); j <= min(len(b), i+limit); j++ {
			step := one[j-1]
			if a[i-1] != b[j-1] {
				step = 1 + min(step, one[j], row[j-1])
			}
			if i > 1 && j > 1 && a[i-1] == b[j-2] && a[i-2] == b[j-1] {
				step = min(step, two[j-2]+1)
			}
			row[j] = step
		}
		if slices.Min(row) > limit {
			return limit + 1
		}
		two, one, row = one, row, two
	}
	return min(one[len(b)], limit+1)
}
