package processtest

import (
	"cmp"
	"fmt"
	"slices"
)

// Register is a value that one goroutine writes and many read, with the history
// of all operations.
type Register struct {
	Initial string
	Writes  []Operation // one after another
	Reads   []Operation
}

// Operation is a write of a value, or a read that returned the value. Begin and
// End are readings of a counter before and after the call, or of a clock that
// never goes back.
type Operation struct {
	Begin, End int64
	Value      string
}

// Check reports whether the history is linearizable. Each read must return the
// value of a write that began before the read ended, and that was not
// superseded before the read began. No earlier read, ended before this read
// began, may have seen a later write.
//
// Check explains each read by the earliest possible write, which leaves the
// most freedom to later reads.
func (r *Register) Check() error {
	reads := slices.SortedFunc(slices.Values(r.Reads), func(a, b Operation) int { return cmp.Compare(a.Begin, b.Begin) })
	byEnd := slices.Clone(reads)
	slices.SortFunc(byEnd, func(a, b Operation) int { return cmp.Compare(a.End, b.End) })
	// the write that each read has seen, by the end of the read
	explained := make(map[int64]int, len(reads))
	// writes are numbered from 1; 0 is the initial value
	completed, seen, ended := 0, 0, 0
	for _, read := range reads {
		for completed < len(r.Writes) && r.Writes[completed].End < read.Begin {
			completed++
		}
		// this read began earlier, and is explained already
		for ended < len(byEnd) && byEnd[ended].End < read.Begin {
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

// Regular reports whether each read by itself returned a value that was not
// superseded before the read began, and whose write began before the read
// ended. Regular suits several processes, where one process may see a change
// before another. The permitted age of an answer is subtracted from the begin
// of its read.
func (r *Register) Regular() error {
	for _, read := range r.Reads {
		completed, _ := slices.BinarySearchFunc(r.Writes, read.Begin, func(w Operation, begin int64) int { return cmp.Compare(w.End, begin) })
		if _, ok := r.explain(read, completed); !ok {
			return fmt.Errorf("the read %v is explained by no write after number %d, %v", read, completed, r.around(completed))
		}
	}
	return nil
}

// explain returns the number of the first write, starting at from, that
// explains the value of a read.
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

// around returns the writes near a number, for messages.
func (r *Register) around(n int) []Operation {
	return r.Writes[max(0, n-2):min(len(r.Writes), n+2)]
}
