package rbaccli

import (
	"context"
	"errors"

	"github.com/rbac-go/rbac"
)

// The exit codes. The codes from 64 on are those of sysexits.h. A script can
// distinguish the answer no from an error.
const (
	exitYes         = 0  // yes, or done
	exitNo          = 1  // no, or findings
	exitDifference  = 2  // a plan would change something
	exitUsage       = 64 // the command line, or a value in it, cannot be understood
	exitNotFound    = 67 // no such user, group, permission or other record
	exitUnavailable = 69 // the store cannot be used
	exitOther       = 70 // anything else, a panic included
	exitTryAgain    = 75 // busy, or throttled
	exitRefused     = 77 // denied, or in conflict with a rule or with existing records
)

// errNo is the answer no, and errDifference is the result of a plan with
// differences. Neither needs a message.
var (
	errNo         = errors.New("no")
	errDifference = errors.New("difference")
)

// exitCodes lists the kinds of errors. The first match counts, so missing
// records come before conflicts with existing records.
var exitCodes = []struct {
	kind error
	code int
}{
	{errNo, exitNo},
	{errDifference, exitDifference},
	{rbac.ErrTxDone, exitOther},   // a fault of the program
	{rbac.ErrReadOnly, exitOther}, // a fault of the program
	{rbac.ErrBusy, exitTryAgain},
	{rbac.ErrThrottled, exitTryAgain},
	{rbac.ErrUnavailable, exitUnavailable},
	{rbac.ErrDenied, exitRefused},
	{rbac.ErrProtected, exitRefused},
	{rbac.ErrSeparation, exitRefused},
	{rbac.ErrCycle, exitRefused},
	{rbac.ErrConflict, exitRefused},
	{rbac.ErrExists, exitRefused},
	{rbac.ErrNotFound, exitNotFound},
	{rbac.ErrInvalid, exitUsage},
	{rbac.ErrNoTicket, exitOther},
	{rbac.ErrBadCredentials, exitOther},
}

// exitCode returns the exit code for the error of the call. The error of an
// interrupted verb is no statement about the store.
func (c *call) exitCode(err error) int {
	code := exitCode(err)
	if code == exitUnavailable && c.ctx.Err() != nil {
		return exitTryAgain
	}
	return code
}

// exitCode returns the exit code for an error of a verb.
func exitCode(err error) int {
	if err == nil {
		return exitYes
	}
	if _, ok := errors.AsType[*usage](err); ok {
		return exitUsage
	}
	for _, e := range exitCodes {
		if errors.Is(err, e.kind) {
			return e.code
		}
	}
	if errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded) {
		return exitTryAgain // interrupted
	}
	return exitOther
}
