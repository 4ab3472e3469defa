package storetest

import (
	"bytes"
	"crypto/sha256"
	"slices"
	"strings"
	"time"

	"github.com/google/uuid"

	"github.com/rbac-go/rbac/store"
)

// noon is the time of most of the suite. noon has microseconds.
var noon = time.Date(2024, 2, 29, 12, 0, 0, 123456000, time.UTC)

const tick = time.Microsecond // the precision of a store

// times are times that an encoding is likely to lose or to mistake for the zero
// Time.
var times = []time.Time{
	{},
	time.Time{}.Add(tick),
	time.Date(1582, 10, 4, 23, 59, 59, 999999000, time.UTC),
	time.Unix(-1, 999999000).UTC(),
	time.Unix(0, 0).UTC(),
	time.Unix(0, 0).UTC().Add(tick),
	noon,
	time.Date(2038, 1, 19, 3, 14, 8, 0, time.UTC),
	// Nanoseconds since 1970 do not fit 64 bits.
	time.Date(2300, 1, 1, 0, 0, 0, 1000, time.UTC),
	time.Date(9999, 12, 31, 23, 59, 59, 999999000, time.UTC),
}

// spans are valid idle limits.
var spans = []time.Duration{time.Hour, 0, tick, time.Minute, 100 * 365 * 24 * time.Hour}

// texts are pairwise different as bytes, but some are equal under one or
// another collation, normalization or trimming. Only the first is empty.
var texts = []string{
	"", " ", "a", "A", "a ", " a", "a.b", "a-b", "a b", "ab", "a\u00adb", "Z", "z", "1", "01", "1.0", "1e0", "null", "NULL", "true",
	"'", "''", `"`, "`", ";--", `\`, `\\`, `\n`, "\n", "\r\n", "\t", "%", "_", "*", "?", "$1", ":a", "@a", "a\x01b",
	"\u00e9", "e\u0301", "\u00c9", "ß", "ss", "ẞ", "ı", "I", "i", "İ", "K", "k", "\u212a", "ſ", "s", "\u00c5", "\u212b", "\uff21",
	"张三", "系统管理员", "สมชาย", "مدير", "שלום", "Ελένη", "иван", "👩‍👩‍👧‍👦", "👩", "\U0010FFFF", "\uFFFD", "\uFEFF", "\u200b",
	strings.Repeat("a", 256), strings.Repeat("a", 255) + "b", strings.Repeat("界", 85) + "!", strings.Repeat("😀", 64),
}

// pick cycles through values.
func pick[V any](values []V, i int) V { return values[i%len(values)] }

// id returns an id for each name. The ids do not sort as the names do.
func id(name string) (id uuid.UUID) {
	h := sha256.Sum256([]byte(name))
	copy(id[:], h[:])
	return id
}

func hash(name string) [32]byte { return sha256.Sum256([]byte(name)) }

// ids returns the ids of names in byte order.
func ids(names ...string) (list []uuid.UUID) {
	for _, name := range names {
		list = append(list, id(name))
	}
	slices.SortFunc(list, compareIDs)
	return list
}

func compareIDs(a, b uuid.UUID) int { return bytes.Compare(a[:], b[:]) }

// user is a user with only the unique fields set.
func user(name string) store.UserRecord {
	return store.UserRecord{User: store.User{ID: id(name), Name: name}}
}

func group(name string) store.Group { return store.Group{ID: id(name), Name: name} }

func addUsers(r store.Records, names ...string) error {
	return each(names, func(name string) error { return r.AddUser(user(name)) })
}

func addGroups(r store.Records, names ...string) error {
	return each(names, func(name string) error { return r.PutGroup(group(name)) })
}

// member is a membership without scope and without end.
func member(user, group string) store.Membership {
	return store.Membership{User: id(user), Group: id(group)}
}

// ticket is a ticket that is alive at noon; groups narrow it.
func ticket(name, user string, groups ...string) store.Ticket {
	return store.Ticket{
		ID: id(name), User: id(user), Hash: hash(name), Created: noon, LastSeen: noon, Expires: noon.Add(time.Hour), Idle: time.Hour,
		Narrowed: groups != nil, Groups: ids(groups...),
	}
}
