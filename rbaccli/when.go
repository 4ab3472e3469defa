package rbaccli

import (
	"fmt"
	"strconv"
	"strings"
	"time"
)

// until is a flag with a time in the future: a date, a date with time, or a
// duration from now. The argument none is the zero time.
type until struct{ time.Time }

// UnmarshalText reads the argument of the flag.
func (u *until) UnmarshalText(text []byte) (err error) {
	if string(text) == "none" {
		u.Time = time.Time{}
		return nil
	}
	u.Time, err = parseTime(string(text), 1)
	return err
}

// end returns the end of a membership. Nil and none mean no end. A time in the
// past is most likely a mistake: to end a membership, remove the membership.
func (u *until) end() (time.Time, error) {
	switch {
	case u == nil:
		return time.Time{}, nil
	case !u.IsZero() && !u.After(time.Now()):
		return u.Time, usagef("The end %s is in the past. The verb \"assign remove\" ends a membership.", u.Local().Format("2006-01-02 15:04"))
	}
	return u.Time, nil
}

// since is a flag with a time in the past: a date, a date with time, or a
// duration before now.
type since struct{ time.Time }

// UnmarshalText reads the argument of the flag.
func (s *since) UnmarshalText(text []byte) (err error) {
	s.Time, err = parseTime(string(text), -1)
	return err
}

// span is a flag with a duration, in days and weeks too.
type span struct{ time.Duration }

// UnmarshalText reads the argument of the flag.
func (s *span) UnmarshalText(text []byte) (err error) {
	s.Duration, err = parseDuration(string(text))
	return err
}

// parseTime reads a time, or a duration from now in a direction. A time without
// a zone is local.
func parseTime(text string, direction time.Duration) (time.Time, error) {
	for _, layout := range []string{time.RFC3339, "2006-01-02T15:04", "2006-01-02 15:04", "2006-01-02"} {
		if t, err := time.ParseInLocation(layout, text, time.Local); err == nil {
			return t, nil
		}
	}
	if d, err := parseDuration(text); err == nil {
		return time.Now().Add(direction * d), nil
	}
	return time.Time{}, fmt.Errorf("%q is no time: write 2026-12-31, \"2026-12-31 18:00\", or a duration such as 90d, 2w or 12h", text)
}

func parseDuration(text string) (time.Duration, error) {
	for unit, hours := range map[string]int{"d": 24, "w": 7 * 24} {
		if number, ok := strings.CutSuffix(text, unit); ok {
			if n, err := strconv.Atoi(number); err == nil && n > 0 && n < 100_000/hours*24 {
				return time.Duration(n*hours) * time.Hour, nil
			}
		}
	}
	d, err := time.ParseDuration(text)
	if err != nil || d <= 0 {
		return 0, fmt.Errorf("%q is no duration: write 90d, 2w or 12h", text)
	}
	return d, nil
}
