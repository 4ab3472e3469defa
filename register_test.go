package rbac_test

import (
	"cmp"
	"fmt"
	"slices"
	"sync/atomic"
	"testing"
)

// register is a value that one goroutine writes and many read, with all that they did.
type register struct {
	initial string
	writes  []operation // one after another
	reads   []operation
}

// operation is a write of a value, or a read that returned it. The order of begin and end is that of a counter, which is
// taken before the call and after it: no clock is asked.
type operation struct {
	begin, end int64
	value      string
}

// order numbers what happens.
type order struct{ atomic.Int64 }

func (o *order) next() int64 { return o.Add(1) }

// check reports whether the history is linearizable: each read returns what was written by some write that began before
// the read ended, and that was not superseded before the read began; nor had an
// earlier read, one that ended before this one began, seen a later write.
//
// Of the writes that explain a read it takes the earliest possible: that leaves the most to the reads after it.
func (r *register) check() error {
	reads := slices.SortedFunc(slices.Values(r.reads), func(a, b operation) int { return cmp.Compare(a.begin, b.begin) })
	byEnd := slices.Clone(reads)
	slices.SortFunc(byEnd, func(a, b operation) int { return cmp.Compare(a.end, b.end) })
	explained := make(map[int64]int, len(reads)) // the write that a read, known by its end, has seen
	completed, seen, ended := 0, 0, 0            // writes are numbered from 1; 0 is the initial value
	for _, read := range reads {
		for completed < len(r.writes) && r.writes[completed].end < read.begin {
			completed++
		}
		for ended < len(byEnd) && byEnd[ended].end < read.begin { // it began earlier, so it is explained
			seen = max(seen, explained[byEnd[ended].end])
			ended++
		}
		n, ok := r.explain(read, max(completed, seen))
		if !ok {
			return fmt.Errorf("the read %v is explained by no write after number %d, %v", read, max(completed, seen), r.around(completed))
		}
		explained[read.end] = n
	}
	return nil
}

// regular reports whether each read by itself is of what was not superseded before it began, and was being written before it
// ended. This holds across processes, where one may see a change before another; how old an answer
// may be is taken off the beginning of its read.
func (r *register) regular() error {
	for _, read := range r.reads {
		completed, _ := slices.BinarySearchFunc(r.writes, read.begin, func(w operation, begin int64) int { return cmp.Compare(w.end, begin) })
		if _, ok := r.explain(read, completed); !ok {
			return fmt.Errorf("the read %v is explained by no write after number %d, %v", read, completed, r.around(completed))
		}
	}
	return nil
}

// explain returns the number of the first write, from one on, that gives the value of a read.
func (r *register) explain(read operation, from int) (number int, ok bool) {
	for n := from; n <= len(r.writes); n++ {
		if n > 0 && r.writes[n-1].begin > read.end {
			return 0, false
		}
		if r.value(n) == read.value {
			return n, true
		}
	}
	return 0, false
}

func (r *register) value(n int) string {
	if n == 0 {
		return r.initial
	}
	return r.writes[n-1].value
}

// around is the writes about a number, for messages.
func (r *register) around(n int) []operation {
	return r.writes[max(0, n-2):min(len(r.writes), n+2)]
}

// The check refuses what no register does.
func TestRegisterCheck(t *testing.T) {
	writes := []operation{{10, 20, "b"}, {30, 40, "a"}, {50, 60, "b"}}
	tests := []struct {
		rule    string
		reads   []operation
		good    bool
		regular bool // where it is not good
	}{
		{"the initial value", []operation{{1, 2, "a"}}, true, true},
		{"another value, before any write", []operation{{1, 2, "b"}}, false, false},
		{"what is being written, old or new", []operation{{11, 12, "a"}, {13, 14, "b"}}, true, true},
		{"what was written", []operation{{21, 22, "b"}}, true, true},
		{"what was superseded before the read began", []operation{{21, 22, "a"}}, false, false},
		{"what was superseded during the read", []operation{{19, 22, "a"}}, true, true},
		{"what is written during the read", []operation{{22, 35, "a"}}, true, true},
		{"what is written after the read", []operation{{22, 29, "a"}}, false, false},
		{"what was nowhere written", []operation{{15, 55, "c"}}, false, false},
		{"the new value and then the old one, while it is written", []operation{{11, 12, "b"}, {13, 14, "a"}}, false, true},
		{"both at the same time", []operation{{11, 14, "b"}, {12, 15, "a"}}, true, true},
		{"new, old and new again over three writes", []operation{{11, 12, "b"}, {31, 32, "a"}, {51, 52, "b"}}, true, true},
		{"the long read takes the earliest explanation", []operation{{5, 58, "b"}, {32, 33, "b"}, {34, 35, "a"}}, true, true},
		{"a read after all writes, of the value before the last", []operation{{61, 62, "a"}}, false, false},
	}
	for _, tt := range tests {
		r := &register{initial: "a", writes: writes, reads: tt.reads}
		if err := r.check(); (err == nil) != tt.good {
			t.Errorf("%s: good %t; got %v", tt.rule, tt.good, err)
		}
		if err := r.regular(); (err == nil) != (tt.good || tt.regular) {
			t.Errorf("%s: regular %t; got %v", tt.rule, tt.regular, err)
		}
	}
}
