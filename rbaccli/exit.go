package rbaccli

import (
	"context"
	"errors"

	"github.com/rbac-go/rbac"
)

// The exit codes. From 64 on they are those of sysexits.h. A script tells "no"
// from an error.
const (
	ExitYes         = 0  // yes, or done
	ExitNo          = 1  // no, or findings
	ExitDifference  = 2  // a plan would change something
	ExitUsage       = 64 // the command line, or a value in it, cannot be understood
	ExitNotFound    = 67 // no such user, group, permission or other record
	ExitUnavailable = 69 // the store cannot be used
	ExitOther       = 70 // anything else, a panic included
	ExitTryAgain    = 75 // busy, or throttled
	ExitRefused     = 77 // denied, or in conflict with a rule or with existing records
)

// errNo is the answer no, and errDifference that of a plan. Neither needs a
// message.
var (
	errNo         = errors.New("no")
	errDifference = errors.New("difference")
)

// exitCodes lists the kinds of errors. The first match counts: what is unknown
// comes before what is known.
var exitCodes = []struct {
	kind error
	code int
}{
	{errNo, ExitNo},
	{errDifference, ExitDifference},
	{rbac.ErrTxDone, ExitOther},   // a fault of the program
	{rbac.ErrReadOnly, ExitOther}, // a fault of the program
	{rbac.ErrBusy, ExitTryAgain},
	{rbac.ErrThrottled, ExitTryAgain},
	{rbac.ErrUnavailable, ExitUnavailable},
	{rbac.ErrDenied, ExitRefused},
	{rbac.ErrProtected, ExitRefused},
	{rbac.ErrSeparation, ExitRefused},
	{rbac.ErrCycle, ExitRefused},
	{rbac.ErrConflict, ExitRefused},
	{rbac.ErrExists, ExitRefused},
	{rbac.ErrNotFound, ExitNotFound},
	{rbac.ErrInvalid, ExitUsage},
	{rbac.ErrNoTicket, ExitOther},
	{rbac.ErrBadCredentials, ExitOther},
}

// exitCode returns the exit code for an error of a verb.
func exitCode(err error) int {
	if err == nil {
		return ExitYes
	}
	if _, ok := errors.AsType[*usage](err); ok {
		return ExitUsage
	}
	for _, e := range exitCodes {
		if errors.Is(err, e.kind) {
			return e.code
		}
	}
	if errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded) {
		return ExitTryAgain // interrupted
	}
	return ExitOther
}
