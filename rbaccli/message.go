package rbaccli

import (
	"cmp"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/rbac-go/rbac"
	"github.com/rbac-go/rbac/internal/names"
)

// StoreError returns an error for Program.Open to return. The text states what
// is wrong with the store and what to do. The error is rbac.ErrUnavailable.
func StoreError(format string, args ...any) error {
	return &sentence{rbac.ErrUnavailable, fmt.Sprintf(format, args...)}
}

// note writes a remark to the error stream, unless the verb is quiet.
func (c *call) note(format string, args ...any) {
	if !c.Quiet {
		c.progress.end()
		fmt.Fprintf(c.stderr, format+"\n", args...)
	}
}

// message returns the text of an error: what is wrong, and what to do. The text
// is empty without an error, and for answers.
func (c *call) message(err error) string {
	var use *usage
	var whole *sentence
	var expression *rbac.ParseError
	var file *fileError
	var record *rbac.Error
	switch {
	case err == nil || errors.Is(err, errNo) || errors.Is(err, errDifference):
		return ""
	case errors.As(err, &use):
		return use.text
	case c.ctx.Err() != nil:
		return "The verb was interrupted: " + plain(err)
	case errors.As(err, &whole):
		return whole.text
	case errors.Is(err, rbac.ErrBusy):
		return "The store is busy with other transactions. Nothing was done. Try again."
	case errors.Is(err, rbac.ErrThrottled):
		return throttledText(err)
	case errors.Is(err, rbac.ErrUnavailable):
		return "The store cannot be used: " + plain(err)
	case errors.As(err, &file):
		return c.fileMessage(file)
	case errors.As(err, &expression):
		return fmt.Sprintf("The expression cannot be used (line %d, column %d): %s.", expression.Line, expression.Column, printable(expression.Err.Reason))
	case errors.As(err, &record):
		return c.recordMessage(record)
	}
	return upper(plain(err))
}

// plain returns the text of an error without the name of the library, which the
// name of the program repeats.
func plain(err error) string { return strings.TrimPrefix(printable(err.Error()), "rbac: ") }

func throttledText(err error) string {
	if t, ok := errors.AsType[*rbac.ThrottledError](err); ok && t.RetryAfter > 0 {
		return fmt.Sprintf("There were too many attempts. Try again in %v.", t.RetryAfter.Round(time.Second))
	}
	return "There were too many attempts. Try again later."
}

// recordMessage returns the text of an error about a record.
func (c *call) recordMessage(e *rbac.Error) string {
	what := recordName(e)
	reason := ""
	if e.Reason != "" {
		reason = ": " + printable(e.Reason)
	}
	switch {
	case errors.Is(e.Kind, rbac.ErrNotFound) && strings.HasPrefix(e.Reason, "did you mean"):
		return fmt.Sprintf("There is no %s. %s", what, upper(printable(e.Reason)))
	case errors.Is(e.Kind, rbac.ErrNotFound):
		return fmt.Sprintf("There is no %s%s.%s", what, reason, c.wayOut(e))
	case errors.Is(e.Kind, rbac.ErrExists) && e.Field != "" && e.Field != "Name":
		return fmt.Sprintf("Another %s has this %s%s. Choose another.", e.Record, fieldName(e.Field), reason)
	case errors.Is(e.Kind, rbac.ErrExists):
		return fmt.Sprintf("The %s already exists%s.%s", what, reason, c.changeHint(e.Record))
	case errors.Is(e.Kind, rbac.ErrInvalid):
		if e.Field != "" && e.Field != "Name" && e.Field != "dsn" {
			reason = ": " + fieldName(e.Field) + reason
		}
		return fmt.Sprintf("The %s cannot be used%s.", what, reason)
	case errors.Is(e.Kind, rbac.ErrProtected):
		return fmt.Sprintf("Nobody would have the permission %q any more%s. Give it to somebody else first.", printable(e.Name), reason)
	case errors.Is(e.Kind, rbac.ErrSeparation):
		return fmt.Sprintf("This would violate a separation of duty: %s%s. \"%s separation list\" lists the sets.", what, reason, c.name)
	case errors.Is(e.Kind, rbac.ErrCycle):
		return fmt.Sprintf("A group would inherit itself: %s%s. \"%s inherit list\" lists the inheritances.", what, reason, c.name)
	case errors.Is(e.Kind, rbac.ErrDenied):
		return fmt.Sprintf("This is refused for the %s%s.", what, reason)
	}
	return upper(plain(e))
}

// recordName returns the record at fault: user "amy".
func recordName(e *rbac.Error) string {
	record := cmp.Or(e.Record, "record")
	switch record {
	case "SSD set", "DSD set":
		record = "separation set"
	case "postgres":
		record = "DSN of the store"
	case "predicate":
		record = "condition"
	case "login":
		record = "session or key of the user"
	}
	if e.Name == "" {
		return record
	}
	return fmt.Sprintf("%s %q", record, printable(e.Name))
}

// fieldName returns the Go name of a field in words.
func fieldName(field string) string {
	var b strings.Builder
	for i, r := range field {
		if i > 0 && r >= 'A' && r <= 'Z' {
			b.WriteByte(' ')
		}
		b.WriteRune(r)
	}
	return strings.ToLower(b.String())
}

// lists has the verb that lists the records of a kind.
var lists = map[string]string{
	"user": "user list", "group": "group list", "permission": "permission list",
	"membership": "assign list", "grant": "grant list", "inheritance": "inherit list",
	"SSD set": "separation list", "DSD set": "separation list", "delegation": "delegate list", "session": "session list", "key": "key list",
}

// wayOut suggests a similar name, or otherwise the verb that lists the names.
func (c *call) wayOut(e *rbac.Error) string {
	if meant := names.Suggestion(e.Name, c.knownNames(e.Record)); meant != "" {
		return " " + upper(meant)
	}
	if e.Record == "section" {
		return fmt.Sprintf(" Name the section under \"sections\" of the file, or make the section with \"%s permission add --section\".", c.name)
	}
	if verb := lists[e.Record]; verb != "" {
		return fmt.Sprintf(" %q lists what there is.", c.name+" "+verb)
	}
	return ""
}

// suggestedUsers bounds the users that are searched for a name similar to a
// mistyped name.
const suggestedUsers = 10_000

// knownNames returns the names of a kind of record. After an error, the message
// has no suggestion.
func (c *call) knownNames(record string) (known []string) {
	if c.auth == nil || lists[record] == "" {
		return nil
	}
	known, _ = read(c, func(tx *rbac.Tx) ([]string, error) {
		switch record {
		case "user":
			users, err := collect(c, tx.Users(rbac.UserQuery{Limit: suggestedUsers}))
			return mapped(users, func(u rbac.User) string { return u.Name }), err
		case "group":
			return groupNames(tx)
		case "permission":
			permissions, err := tx.Permissions()
			return mapped(permissions, func(p rbac.Permission) string { return p.Name }), err
		case "SSD set", "DSD set":
			sets, err := separationRows(tx)
			return mapped(sets, func(s separationRow) string { return s.Name }), err
		}
		return nil, nil
	})
	return known
}

// changeHint names the verb for a record that exists already.
func (c *call) changeHint(record string) string {
	switch record {
	case "user", "group", "permission", "delegation", "membership":
		verb, _, _ := strings.Cut(lists[record], " ")
		return fmt.Sprintf(" %q changes it.", c.name+" "+verb+" change")
	}
	return ""
}
