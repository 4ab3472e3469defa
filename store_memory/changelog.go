package memorystore

import (
	"iter"
	"slices"

	"github.com/rbac-go/rbac/internal/persistent"
	"github.com/rbac-go/rbac/store"
)

// changeLog keeps changes as bytes, row after row, in blocks. Changes outnumber
// the records of every other kind, and most changes are never read. Rows in
// blocks need no allocation each, and the garbage collector does not scan them.
//
// Copying a changeLog gives an independent log, as with a tree, although new
// rows are appended to last in place. Appending overwrites only bytes left
// behind by an uncommitted Update, and these bytes must not be read any more.
type changeLog struct {
	full persistent.Tree[[]byte] // blocks, by the key of their last row
	last []byte                  // the block for new rows; its rows come after all rows in full
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

// seal moves the last block to full.
func (l *changeLog) seal(stamp uint64) {
	if len(l.last) > 0 {
		l.full.Set(stamp, l.end, l.last)
	}
	l.last, l.end = nil, ""
}

// insert adds a row to the full block that ends with a row at or after the new
// row. Updates of an Authority never need insert, since revisions go up.
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

// from iterates over the rows with keys at or above key.
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

// blocks iterates over the blocks that end at or after key.
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

// backward iterates over all rows, last row first.
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

// deleteFirst deletes rows from the beginning as long as rows are old, at most
// limit rows, and returns the number of deleted rows.
func (l *changeLog) deleteFirst(stamp uint64, limit int, old func(changeRow) bool) (n int) {
	// ends are the keys of the blocks that lose rows. A tree must not be
	// written while the tree is read.
	var ends []string
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

// dropFirst returns a block without its first old rows, and n plus the number
// of dropped rows, at most limit.
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
