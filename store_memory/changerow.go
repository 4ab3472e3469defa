package memorystore

import (
	"encoding/binary"
	"encoding/json"
	"iter"
	"time"

	"github.com/rbac-go/rbac/store"
)

// changeRow is a change in a block: the length of the row, the key, the fields
// of fixed length, and the texts, each after its length.
type changeRow struct {
	bytes []byte
	texts [textsOfRow]struct{ from, to int }
}

const (
	atKey        = 4
	atTime       = atKey + 16
	atNonce      = atTime + 12
	atFlags      = atNonce + 8
	atSubjectID  = atFlags + 1
	atObjectID   = atSubjectID + 16
	atTexts      = atObjectID + 16
	longestCount = binary.MaxVarintLen32
)

// The texts of a row, in order.
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

// rowSize returns an upper bound of the length of a row.
func rowSize(c *store.Change) int {
	return atTexts + textsOfRow*longestCount +
		len(c.Actor) + len(c.Reason) + len(c.Action) + len(c.Subject) + len(c.Object) + len(c.Scope) + len(c.Before) + len(c.After)
}

func appendRow(b []byte, key string, c *store.Change) []byte {
	start := len(b)
	b = append(b, 0, 0, 0, 0)
	b = append(b, key...)
	b = append(b, timeKey(c.At)...)
	b = binary.BigEndian.AppendUint64(b, c.Nonce)
	b = append(b, flags(c))
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

// The flags of a row.
const (
	verifiedFlag = 1 << iota
	actedForFlag
)

func flags(c *store.Change) (f byte) {
	if c.Verified {
		f |= verifiedFlag
	}
	if c.ActedFor {
		f |= actedForFlag
	}
	return f
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
				continue // from and to stay 0: no text
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

func (r *changeRow) revision() store.Revision {
	return store.Revision(binary.BigEndian.Uint64(r.bytes[atKey:]))
}

func (r *changeRow) at() time.Time {
	sec, nsec := binary.BigEndian.Uint64(r.bytes[atTime:])^1<<63, binary.BigEndian.Uint32(r.bytes[atTime+8:])
	return time.Unix(int64(sec), int64(nsec)).UTC()
}

// is reports whether a text of the row equals s.
func (r *changeRow) is(text int, s string) bool {
	return string(r.bytes[r.texts[text].from:r.texts[text].to]) == s
}

// change returns the change in the row. The texts of the change share one copy.
func (r *changeRow) change() store.Change {
	all := string(r.bytes)
	text := func(i int) string { return all[r.texts[i].from:r.texts[i].to] }
	record := func(i int) json.RawMessage {
		if r.texts[i].from == 0 {
			return nil
		}
		return json.RawMessage(text(i))
	}
	c := store.Change{
		Revision: r.revision(), Seq: int(binary.BigEndian.Uint64(r.bytes[atKey+8:])), At: r.at(),
		Nonce:    binary.BigEndian.Uint64(r.bytes[atNonce:]),
		Verified: r.bytes[atFlags]&verifiedFlag != 0, ActedFor: r.bytes[atFlags]&actedForFlag != 0,
		Actor: text(actorText), Reason: text(reasonText), Action: text(actionText),
		Subject: text(subjectText), Object: text(objectText), Scope: text(scopeText),
		Before: record(beforeText), After: record(afterText),
	}
	copy(c.SubjectID[:], r.bytes[atSubjectID:])
	copy(c.ObjectID[:], r.bytes[atObjectID:])
	return c
}
