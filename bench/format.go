package main

import (
	"fmt"
	"math"
	"strconv"
	"strings"
)

// none is the cell of a value that is not there.
const none = "–"

// significant prints two digits, and all digits before the point.
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

// perSecond prints how often a second has room for the nanoseconds, to three
// digits.
func perSecond(ns float64) string {
	v := 1e9 / ns
	if v < 100 {
		return significant(v)
	}
	unit := math.Pow(10, math.Floor(math.Log10(v))-2)
	return thousands(int(math.Round(v/unit) * unit))
}

func megabytes(bytes float64) string { return significant(bytes/1e6) + " MB" }

func ratio(v float64) string { return significant(v) + " ×" }

func plain(v float64) string { return strconv.Itoa(int(v)) }

// table prints lines of cells in Markdown, the head first. All columns but the
// first are aligned right.
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
