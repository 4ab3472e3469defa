package rbaccli

import (
	"context"
	"errors"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"strings"
	"testing"

	"github.com/rbac-go/rbac"
)

// codes has the exit code of every error of package rbac.
var codes = map[string]struct {
	err  error
	code int
}{
	"ErrNotFound":       {rbac.ErrNotFound, 67},
	"ErrExists":         {rbac.ErrExists, 77},
	"ErrInvalid":        {rbac.ErrInvalid, 64},
	"ErrReadOnly":       {rbac.ErrReadOnly, 70},
	"ErrDenied":         {rbac.ErrDenied, 77},
	"ErrNoTicket":       {rbac.ErrNoTicket, 70},
	"ErrBadCredentials": {rbac.ErrBadCredentials, 70},
	"ErrThrottled":      {rbac.ErrThrottled, 75},
	"ErrBusy":           {rbac.ErrBusy, 75},
	"ErrUnavailable":    {rbac.ErrUnavailable, 69},
	"ErrTxDone":         {rbac.ErrTxDone, 70},
	"ErrCycle":          {rbac.ErrCycle, 77},
	"ErrSeparation":     {rbac.ErrSeparation, 77},
	"ErrConflict":       {rbac.ErrConflict, 77},
	"ErrProtected":      {rbac.ErrProtected, 77},
}

// Every error of errors.go has an exit code of its own choice: bare, in an
// *rbac.Error, and wrapped.
func TestEveryErrorHasItsExitCode(t *testing.T) {
	declared := declaredErrors(t)
	if len(declared) < 15 {
		t.Fatalf("errors.go declares %q; the test would prove nothing", declared)
	}
	for _, name := range declared {
		want, ok := codes[name]
		if !ok {
			t.Errorf("rbac.%s is not in the table of this test: choose its exit code", name)
			continue
		}
		listed := false
		for _, e := range exitCodes {
			listed = listed || e.kind == want.err
		}
		if !listed {
			t.Errorf("rbac.%s is not in exitCodes", name)
		}
		for _, err := range []error{want.err, &rbac.Error{Kind: want.err, Record: "user", Name: "amy"}, fmt.Errorf("deep: %w", want.err)} {
			if code := exitCode(err); code != want.code {
				t.Errorf("%v: exit code %d, want %d", err, code, want.code)
			}
		}
	}
}

// declaredErrors returns the names of the errors that errors.go declares.
func declaredErrors(t *testing.T) (names []string) {
	file, err := parser.ParseFile(token.NewFileSet(), "../errors.go", nil, 0)
	if err != nil {
		t.Fatal(err)
	}
	ast.Inspect(file, func(n ast.Node) bool {
		if spec, ok := n.(*ast.ValueSpec); ok {
			for _, name := range spec.Names {
				if strings.HasPrefix(name.Name, "Err") {
					names = append(names, name.Name)
				}
			}
		}
		return true
	})
	return names
}

func TestOtherExitCodes(t *testing.T) {
	for _, c := range []struct {
		err  error
		code int
	}{
		{nil, 0},
		{errNo, 1},
		{errDifference, 2},
		{usagef("what?"), 64},
		{StoreError("there is none"), 69},
		{context.Canceled, 75},
		{errors.New("anything"), 70},
		// what is unknown comes before an answer
		{errors.Join(rbac.ErrNotFound, rbac.ErrUnavailable), 69},
		{&rbac.ThrottledError{}, 75},
		{&rbac.ConflictError{}, 77},
		{&rbac.DeniedError{}, 77},
	} {
		if code := exitCode(c.err); code != c.code {
			t.Errorf("%v: exit code %d, want %d", c.err, code, c.code)
		}
	}
}

// Messages are in the words of the command line.
func TestMessages(t *testing.T) {
	c := newCall(t.Context(), Program{})
	for _, m := range []struct {
		err  error
		want string
	}{
		{fmt.Errorf("%w: the plan is stale", rbac.ErrConflict), "Changed meanwhile: the plan is stale"},
		{fmt.Errorf("%w: no route", rbac.ErrUnavailable), "The store cannot be used: store unavailable: no route"},
		{&rbac.Error{Kind: rbac.ErrInvalid, Record: "postgres", Field: "dsn", Reason: "is not a URL"}, "The DSN of the store cannot be used: is not a URL."},
		{&rbac.Error{Kind: rbac.ErrInvalid, Record: "login", Name: "zed", Field: "Expires", Reason: "in the past"},
			`The session or key of the user "zed" cannot be used: expires: in the past.`},
		{&rbac.Error{Kind: rbac.ErrInvalid, Record: "predicate", Name: "has_permission", Reason: "a pattern"},
			`The condition "has_permission" cannot be used: a pattern.`},
	} {
		if have := c.message(m.err); have != m.want {
			t.Errorf("%v:\nhave %s\nwant %s", m.err, have, m.want)
		}
	}
}
