package main

import (
	"fmt"
	"math"
	"strconv"
	"strings"
)

const none = "–"

// significant prints two digits, and all of those before the point.
func significant(v float64) string {
	if v == 0 {
		return "0"
	}
	digits := 1 - int(math.Floor(math.Log10(math.Abs(v))))
	return strconv.FormatFloat(v, 'f', max(0, min(digits, 4)), 64)
}

// duration prints nanoseconds in the unit that fits.
func duration(ns float64) string {
	for _, u := range []struct {
		name string
		of   float64
	}{{"s", 1e9}, {"ms", 1e6}, {"µs", 1e3}} {
		if math.Abs(ns) >= u.of {
			return significant(ns/u.of) + " " + u.name
		}
	}
	return significant(ns) + " ns"
}

func megabytes(bytes float64) string { return significant(bytes/1e6) + " MB" }

func ratio(v float64) string { return significant(v) + " ×" }

func plain(v float64) string { return strconv.Itoa(int(v)) }

// table prints lines of cells in Markdown; the first are the heads. All columns but the first are aligned right.
func table(lines [][]string) string {
	var b strings.Builder
	for i, cells := range lines {
		fmt.Fprintf(&b, "| %s |\n", strings.Join(cells, " | "))
		if i == 0 {
			fmt.Fprintf(&b, "|---|%s\n", strings.Repeat("---:|", len(cells)-1))
		}
	}
	return b.String()
}

// thousands prints 100000 as 100,000.
func thousands(n int) string {
	s := strconv.Itoa(n)
	for i := len(s) - 3; i > 0; i -= 3 {
		s = s[:i] + "," + s[i:]
	}
	return s
}
