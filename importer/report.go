package importer

import (
	"fmt"
	"slices"
	"strings"
)

// A Report lists the outcome of every row of the source.
type Report struct {
	Kind   string `json:"kind"`    // "django", "turbogears", "casbin" or "spatie"
	DryRun bool   `json:"dry_run"` // nothing was changed
	// Rows has every row, in the order in which the rows were handled. Columns
	// that need a line of their own, such as a password or a flag, are listed,
	// too.
	Rows []Row `json:"rows"`

	users       map[string]string // by subject: why something of the user was not taken
	permissions map[string]string // by name: why the permission, or a grant of the permission, was not taken
}

// A Row is a row of a table or a line of a file, or a column of the row.
type Row struct {
	Table   string  `json:"table"`            // the table, or "policy" and "model" of casbin
	Key     string  `json:"key"`              // the primary key or the number of the line, and names for people
	Column  string  `json:"column,omitempty"` // of a password or a flag; empty for the row itself
	Outcome Outcome `json:"outcome"`
	// Reason states why the row was not taken, or in which other form the row
	// was taken. Empty: the row was taken as it is.
	Reason string `json:"reason,omitempty"`
}

// Outcome is the result for a row. The zero Outcome is NotTaken.
type Outcome uint8

const (
	NotTaken Outcome = iota // see Row.Reason
	Taken                   // by this import; in a dry run, would be taken
	Present                 // by an earlier import, or the same record was here before
)

// String returns "not taken", "taken" or "here already".
func (o Outcome) String() string {
	if o > Present {
		return fmt.Sprintf("Outcome(%d)", uint8(o))
	}
	return [...]string{"not taken", "taken", "here already"}[o]
}

// MarshalText encodes String.
func (o Outcome) MarshalText() ([]byte, error) { return []byte(o.String()), nil }

// String returns a row as a line: auth_user 17 (amy) password: not taken: …
func (r Row) String() string {
	parts := []string{r.Table + " " + r.Key}
	if r.Column != "" {
		parts[0] += " " + r.Column
	}
	parts = append(parts, r.Outcome.String())
	if r.Reason != "" {
		parts = append(parts, r.Reason)
	}
	return strings.Join(parts, ": ")
}

// A TableCount counts the rows of a table, without columns.
type TableCount struct {
	Table    string `json:"table"`
	Taken    int    `json:"taken"`
	Present  int    `json:"present"`
	NotTaken int    `json:"not_taken"`
}

// Tables counts the rows of each table, in the order in which the tables were
// first handled.
func (r *Report) Tables() []TableCount {
	var counts []TableCount
	for _, row := range r.Rows {
		if row.Column != "" {
			continue
		}
		i := slices.IndexFunc(counts, func(c TableCount) bool { return c.Table == row.Table })
		if i < 0 {
			i = len(counts)
			counts = append(counts, TableCount{Table: row.Table})
		}
		switch row.Outcome {
		case Taken:
			counts[i].Taken++
		case Present:
			counts[i].Present++
		default:
			counts[i].NotTaken++
		}
	}
	return counts
}

// Reported returns the rows and columns with a Reason. They were not taken, or
// were taken in another form.
func (r *Report) Reported() []Row {
	return slices.DeleteFunc(slices.Clone(r.Rows), func(row Row) bool { return row.Reason == "" })
}

// add appends rows. A row without a table is the second use of another row.
func (r *Report) add(rows ...Row) {
	for _, row := range rows {
		if row.Table != "" {
			r.Rows = append(r.Rows, row)
		}
	}
}

// leftUser keeps the reason why a right of a user was not taken. The first
// reason stays.
func (r *Report) leftUser(subject, reason string) {
	if r.users == nil {
		r.users = map[string]string{}
	}
	if r.users[subject] == "" {
		r.users[subject] = reason
	}
}

// left keeps the reason why a permission, or a grant of the permission, was not
// taken. The first reason stays.
func (r *Report) left(permission, reason string) {
	if r.permissions == nil {
		r.permissions = map[string]string{}
	}
	if r.permissions[permission] == "" {
		r.permissions[permission] = reason
	}
}

// as returns a row with an outcome.
func (r Row) as(o Outcome, reason string) Row {
	r.Outcome, r.Reason = o, reason
	return r
}
