package stats_test

import (
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/rbac-go/rbac/internal/stats"
	"github.com/rbac-go/rbac/store"
)

func TestLogins(t *testing.T) {
	wrong := errors.New("the password is wrong")
	tests := []struct {
		rule      string
		err       error
		throttled bool
		want      [4]uint64 // succeeded, refused, throttled, failed
	}{
		{"a login", nil, false, [4]uint64{1, 0, 0, 0}},
		{"a wrong password", wrong, false, [4]uint64{0, 1, 0, 0}},
		{"too many attempts", wrong, true, [4]uint64{0, 0, 1, 0}},
		{"too many attempts, by the word of a store", fmt.Errorf("later: %w", store.ErrBusy), true, [4]uint64{0, 0, 1, 0}},
		{"no answer of the store", fmt.Errorf("head: %w", store.ErrUnavailable), false, [4]uint64{0, 0, 0, 1}},
		{"no place among others", store.ErrBusy, false, [4]uint64{0, 0, 0, 1}},
		{"an unknown user", store.ErrNotFound, false, [4]uint64{0, 1, 0, 0}},
	}
	var all stats.Logins
	var sum [4]uint64
	for _, tt := range tests {
		var one stats.Logins
		one.Count(tt.err, tt.throttled)
		if got := counts(&one); got != tt.want {
			t.Errorf("%s: got %v, want %v", tt.rule, got, tt.want)
		}
		all.Count(tt.err, tt.throttled)
		for i := range sum {
			sum[i] += tt.want[i]
		}
	}
	if got := counts(&all); got != sum {
		t.Errorf("together: got %v, want %v", got, sum)
	}
}

func counts(l *stats.Logins) [4]uint64 {
	return [4]uint64{l.Succeeded.Load(), l.Refused.Load(), l.Throttled.Load(), l.Failed.Load()}
}

func TestTimer(t *testing.T) {
	var timer stats.Timer
	if got := timer.Load(); got != (stats.Timing{}) {
		t.Errorf("nothing was counted: got %+v", got)
	}
	timer.Since(time.Now().Add(-time.Minute))
	timer.Since(time.Now().Add(-time.Hour))
	if got := timer.Load(); got.Count != 2 || got.Total < time.Hour+time.Minute {
		t.Errorf("calls of an hour and of a minute: got %+v", got)
	}
}
