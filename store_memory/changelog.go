package memorystore

import (
	"encoding/binary"
	"encoding/json"
	"iter"
	"slices"
	"time"

	"github.com/rbac-go/rbac"
	"github.com/rbac-go/rbac/internal/persistent"
)

// changeLog keeps changes as bytes, row after row in blocks. There are more changes than records of any other kind, most are
// never read, and so they cost neither an allocation each nor the garbage collector a look.
//
// Copying one gives an independent log, as with a tree, although rows are added to last in place: what has been seen is not
// written over, only what an Update left behind that did not commit.
type changeLog struct {
	full persistent.Tree[[]byte] // blocks, by the key of their last row
	last []byte                  // the block that is added to; its rows come after all in full
	end  string                  // the key of the last row in last
}

const blockSize = 8 << 10

// add adds a row, and reports whether its key was free.
func (l *changeLog) add(stamp uint64, c *rbac.Change) bool {
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
func (l *changeLog) insert(stamp uint64, key, end string, c *rbac.Change) bool {
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

func changeKey(c *rbac.Change) string {
	return numberKey(uint64(c.Revision)) + numberKey(uint64(c.Seq))
}

// changeRow is a change in a block: its length, its key, what has a fixed length, and its texts each after its length.
type changeRow struct {
	bytes []byte
	texts [textsOfRow]struct{ from, to int }
}

const (
	atKey        = 4
	atTime       = atKey + 16
	atNonce      = atTime + 12
	atVerified   = atNonce + 8
	atSubjectID  = atVerified + 1
	atObjectID   = atSubjectID + 16
	atTexts      = atObjectID + 16
	longestCount = binary.MaxVarintLen32
)

// The texts of a row, in their order.
const (
	actorText = iota
	reasonText
	actionText
	subjectText
	objectText
	scopeText
	beforeText
	afterText
	textsOfRow
)

// rowSize is at least the length of a row.
func rowSize(c *rbac.Change) int {
	return atTexts + textsOfRow*longestCount +
		len(c.Actor) + len(c.Reason) + len(c.Action) + len(c.Subject) + len(c.Object) + len(c.Scope) + len(c.Before) + len(c.After)
}

func appendRow(b []byte, key string, c *rbac.Change) []byte {
	start := len(b)
	b = append(b, 0, 0, 0, 0)
	b = append(b, key...)
	b = append(b, timeKey(c.At)...)
	b = binary.BigEndian.AppendUint64(b, c.Nonce)
	verified := byte(0)
	if c.Verified {
		verified = 1
	}
	b = append(b, verified)
	b = append(b, c.SubjectID[:]...)
	b = append(b, c.ObjectID[:]...)
	for _, text := range [...]string{c.Actor, c.Reason, c.Action, c.Subject, c.Object, c.Scope} {
		b = append(binary.AppendUvarint(b, uint64(len(text))), text...)
	}
	for _, record := range [...]json.RawMessage{c.Before, c.After} {
		if record == nil {
			b = append(b, 0)
			continue
		}
		b = append(binary.AppendUvarint(b, uint64(len(record))+1), record...)
	}
	binary.BigEndian.PutUint32(b[start:], uint32(len(b)-start))
	return b
}

// rows iterates over the rows of a block.
func rows(block []byte) iter.Seq[changeRow] {
	return func(yield func(changeRow) bool) {
		for len(block) > 0 {
			size := binary.BigEndian.Uint32(block)
			if !yield(readRow(block[:size])) {
				return
			}
			block = block[size:]
		}
	}
}

func readRow(b []byte) changeRow {
	row := changeRow{bytes: b}
	for i, at := 0, atTexts; i < textsOfRow; i++ {
		n, width := binary.Uvarint(b[at:])
		at += width
		if i >= beforeText {
			if n == 0 {
				continue // from and to stay 0: there is none
			}
			n--
		}
		row.texts[i].from, row.texts[i].to = at, at+int(n)
		at += int(n)
	}
	return row
}

func (r *changeRow) size() int   { return len(r.bytes) }
func (r *changeRow) key() string { return string(r.bytes[atKey:atTime]) }

func (r *changeRow) revision() rbac.Revision {
	return rbac.Revision(binary.BigEndian.Uint64(r.bytes[atKey:]))
}

func (r *changeRow) at() time.Time {
	sec, nsec := binary.BigEndian.Uint64(r.bytes[atTime:])^1<<63, binary.BigEndian.Uint32(r.bytes[atTime+8:])
	return time.Unix(int64(sec), int64(nsec)).UTC()
}

// is compares a text.
func (r *changeRow) is(text int, s string) bool {
	return string(r.bytes[r.texts[text].from:r.texts[text].to]) == s
}

// change makes the change of its row. Texts share one copy.
func (r *changeRow) change() rbac.Change {
	all := string(r.bytes)
	text := func(i int) string { return all[r.texts[i].from:r.texts[i].to] }
	record := func(i int) json.RawMessage {
		if r.texts[i].from == 0 {
			return nil
		}
		return json.RawMessage(text(i))
	}
	c := rbac.Change{
		Revision: r.revision(), Seq: int(binary.BigEndian.Uint64(r.bytes[atKey+8:])), At: r.at(),
		Nonce: binary.BigEndian.Uint64(r.bytes[atNonce:]), Verified: r.bytes[atVerified] == 1,
		Actor: text(actorText), Reason: text(reasonText), Action: text(actionText),
		Subject: text(subjectText), Object: text(objectText), Scope: text(scopeText),
		Before: record(beforeText), After: record(afterText),
	}
	copy(c.SubjectID[:], r.bytes[atSubjectID:])
	copy(c.ObjectID[:], r.bytes[atObjectID:])
	return c
}
