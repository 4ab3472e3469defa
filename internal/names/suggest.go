package names

import (
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"
)

// Suggestion returns a question for an unknown name, such as `did you mean
// "editors"?`, or "" if no known name is close.
func Suggestion(name string, known []string) string {
	if meant := closest(name, known); meant != "" {
		return "did you mean " + strconv.Quote(meant) + "?"
	}
	return ""
}

// closest returns the known name that is closest to an unknown name, or "" if
// none is close. Of several names at the same distance closest returns the
// first. Case makes no difference.
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

// OneTypoApart reports whether a and b differ in at most one letter that was
// inserted, left out, replaced, or swapped with its neighbour.
func OneTypoApart(a, b string) bool { return distance([]rune(a), []rune(b), 1) <= 1 }

// distance counts the insertions, deletions, replacements and swaps of
// neighbours that turn a into b (optimal string alignment). Only cells whose
// count may stay within limit are computed, and distance returns limit+1 as
// soon as none does, so names that have nothing in common are compared quickly.
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
