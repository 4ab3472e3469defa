package memorystore

import (
	"iter"
	"slices"

	"github.com/rbac-go/rbac/internal/persistent"
	"github.com/rbac-go/rbac/store"
)

// changeLog keeps changes as bytes, row after row in blocks. There are more changes than records of any other kind, most are
// never read, and so they cost neither an allocation each nor the garbage collector a look.
//
// Copying one gives an independent log, as with a tree, although rows are added to last in place: nothing is written over
// but what an Update has left behind that did not commit, and nobody may look at that any more.
type changeLog struct {
	full persistent.Tree[[]byte] // blocks, by the key of their last row
	last []byte                  // the block that is added to; its rows come after all in full
	end  string                  // the key of the last row in last
}

const blockSize = 8 << 10

// add adds a row, and reports whether its key was free.
func (l *changeLog) add(stamp uint64, c *store.Change) bool {
	key, size := changeKey(c), rowSize(c)
	if len(l.last) == 0 || key <= l.end {
		l.seal(stamp)
		for end := range l.full.From(key) {
			return l.insert(stamp, key, end, c)
		}
	}
	if len(l.last)+size > cap(l.last) {
		l.seal(stamp)
		l.last = make([]byte, 0, max(size, blockSize))
	}
	l.last, l.end = appendRow(l.last, key, c), key
	return true
}

// seal moves the last block to the others.
func (l *changeLog) seal(stamp uint64) {
	if len(l.last) > 0 {
		l.full.Set(stamp, l.end, l.last)
	}
	l.last, l.end = nil, ""
}

// insert adds a row into the full block that ends with a row at or after it. Updates have no need of it, since revisions go up.
func (l *changeLog) insert(stamp uint64, key, end string, c *store.Change) bool {
	block, _ := l.full.Get(end)
	before := 0
	for row := range rows(block) {
		if row.key() >= key {
			if row.key() == key {
				return false
			}
			break
		}
		before += row.size()
	}
	l.full.Set(stamp, end, slices.Concat(block[:before], appendRow(nil, key, c), block[before:]))
	return true
}

// from iterates over the rows with keys not below one.
func (l changeLog) from(key string) iter.Seq[changeRow] {
	return func(yield func(changeRow) bool) {
		for block := range l.blocks(key) {
			for row := range rows(block) {
				if row.key() >= key && !yield(row) {
					return
				}
			}
		}
	}
}

// blocks iterates over those that end at a key or after it.
func (l changeLog) blocks(key string) iter.Seq[[]byte] {
	return func(yield func([]byte) bool) {
		for _, block := range l.full.From(key) {
			if !yield(block) {
				return
			}
		}
		if len(l.last) > 0 {
			yield(l.last)
		}
	}
}

// backward iterates over all rows, the last first.
func (l changeLog) backward() iter.Seq[changeRow] {
	return func(yield func(changeRow) bool) {
		back := func(block []byte) bool {
			for _, row := range slices.Backward(slices.Collect(rows(block))) {
				if !yield(row) {
					return false
				}
			}
			return true
		}
		if !back(l.last) {
			return
		}
		for _, block := range l.full.Backward() {
			if !back(block) {
				return
			}
		}
	}
}

// deleteFirst deletes rows from the beginning as long as they are old, at most limit, and tells how many.
func (l *changeLog) deleteFirst(stamp uint64, limit int, old func(changeRow) bool) (n int) {
	var ends []string // of the blocks that lose rows; a tree must not be written while it is read
	var left []byte
	for end, block := range l.full.From("") {
		ends = append(ends, end)
		left, n = dropFirst(block, n, limit, old)
		if len(left) > 0 {
			break
		}
	}
	if len(left) == 0 {
		l.last, n = dropFirst(l.last, n, limit, old)
	}
	for _, end := range ends {
		l.full.Delete(stamp, end)
	}
	if len(left) > 0 {
		l.full.Set(stamp, ends[len(ends)-1], left)
	}
	return n
}

// dropFirst returns a block without its first rows, and n with their number added, which is at most limit.
func dropFirst(block []byte, n, limit int, old func(changeRow) bool) ([]byte, int) {
	for row := range rows(block) {
		if n == limit || !old(row) {
			break
		}
		block = block[row.size():]
		n++
	}
	return block, n
}

func changeKey(c *store.Change) string {
	return numberKey(uint64(c.Revision)) + numberKey(uint64(c.Seq))
}
