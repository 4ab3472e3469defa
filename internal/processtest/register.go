package processtest

import (
	"cmp"
	"fmt"
	"slices"
)

// Register is a value that one goroutine writes and many read, with all that they did.
type Register struct {
	Initial string
	Writes  []Operation // one after another
	Reads   []Operation
}

// Operation is a write of a value, or a read that returned it. Begin and End are those of a counter, which is
// taken before the call and after it, or of a clock that never goes back.
type Operation struct {
	Begin, End int64
	Value      string
}

// Check reports whether the history is linearizable: each read returns what was written by some write that began before
// the read ended, and that was not superseded before the read began; nor had an
// earlier read, one that ended before this one began, seen a later write.
//
// Of the writes that explain a read it takes the earliest possible: that leaves the most to the reads after it.
func (r *Register) Check() error {
	reads := slices.SortedFunc(slices.Values(r.Reads), func(a, b Operation) int { return cmp.Compare(a.Begin, b.Begin) })
	byEnd := slices.Clone(reads)
	slices.SortFunc(byEnd, func(a, b Operation) int { return cmp.Compare(a.End, b.End) })
	explained := make(map[int64]int, len(reads)) // the write that a read, known by its end, has seen
	completed, seen, ended := 0, 0, 0            // writes are numbered from 1; 0 is the initial value
	for _, read := range reads {
		for completed < len(r.Writes) && r.Writes[completed].End < read.Begin {
			completed++
		}
		for ended < len(byEnd) && byEnd[ended].End < read.Begin { // it began earlier, so it is explained
			seen = max(seen, explained[byEnd[ended].End])
			ended++
		}
		n, ok := r.explain(read, max(completed, seen))
		if !ok {
			return fmt.Errorf("the read %v is explained by no write after number %d, %v", read, max(completed, seen), r.around(completed))
		}
		explained[read.End] = n
	}
	return nil
}

// Regular reports whether each read by itself is of what was not superseded before it began, and was being written before it
// ended. This holds across processes, where one may see a change before another; how old an answer
// may be is taken off the beginning of its read.
func (r *Register) Regular() error {
	for _, read := range r.Reads {
		completed, _ := slices.BinarySearchFunc(r.Writes, read.Begin, func(w Operation, begin int64) int { return cmp.Compare(w.End, begin) })
		if _, ok := r.explain(read, completed); !ok {
			return fmt.Errorf("the read %v is explained by no write after number %d, %v", read, completed, r.around(completed))
		}
	}
	return nil
}

// explain returns the number of the first write, from one on, that gives the value of a read.
func (r *Register) explain(read Operation, from int) (number int, ok bool) {
	for n := from; n <= len(r.Writes); n++ {
		if n > 0 && r.Writes[n-1].Begin > read.End {
			return 0, false
		}
		if r.value(n) == read.Value {
			return n, true
		}
	}
	return 0, false
}

func (r *Register) value(n int) string {
	if n == 0 {
		return r.Initial
	}
	return r.Writes[n-1].Value
}

// around is the writes about a number, for messages.
func (r *Register) around(n int) []Operation {
	return r.Writes[max(0, n-2):min(len(r.Writes), n+2)]
}
