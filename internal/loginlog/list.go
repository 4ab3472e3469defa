package loginlog

import (
	"iter"
	"net/netip"
	"time"

	"github.com/google/uuid"

	"github.com/rbac-go/rbac/store"
)

// A Record is a row of the list, with the fields of rbac.LoginRecord.
type Record struct {
	ID, UserID uuid.UUID
	User       string
	At, Last   time.Time
	Count      int
	From       netip.Prefix
	UserAgent  string
	Method     string
	Outcome    string
}

// List lists the rows that a filter selects and whose Last is not before since,
// converted; at most limit rows, or all if limit is 0.
func List[R any](r store.LoginRecords, f store.LoginFilter, since time.Time, limit int, convert func(Record) R) iter.Seq2[R, error] {
	return func(yield func(R, error) bool) {
		n := 0
		for row, err := range r.Logins(f) {
			switch {
			case err != nil:
				var none R
				yield(none, err)
				return
			case row.First.Before(since.Add(-span)):
				return // the rest ended earlier, too
			case row.Last.Before(since):
				continue
			}
			if n++; !yield(convert(record(row)), nil) || n == limit {
				return
			}
		}
	}
}

func record(row store.UserLogin) Record {
	from, _ := netip.ParsePrefix(row.Addr) // empty: not known
	return Record{
		ID:        row.ID,
		UserID:    row.User,
		User:      row.UserName,
		At:        row.First,
		Last:      row.Last,
		Count:     row.Count,
		From:      from,
		UserAgent: row.UserAgent,
		Method:    row.Method,
		Outcome:   row.Outcome,
	}
}
