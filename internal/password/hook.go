package password

import (
	"cmp"
	"errors"
	"net/url"
	"strconv"
	"strings"

	"github.com/rbac-go/rbac/store"
)

// Ask calls a hook of the host that may refuse a password, which is given as
// typed and in NFC. The error of the hook is returned without its wrapped
// errors, unless the hook could not answer: an error that is ErrUnavailable
// stays one. A panic refuses, too, and its value is dropped, since it may hold
// the password. An error that quotes the password loses its text: errors end up
// in logs.
func Ask(hook, typed, normal string, call func() error) (refusal error) {
	defer func() {
		if recover() != nil {
			refusal = errors.New(hook + " panicked")
		}
	}()
	err := call()
	if err == nil {
		return nil
	}
	reason := cmp.Or(err.Error(), "refused")
	quoted := quotes(reason, typed) || quotes(reason, normal)
	switch {
	case errors.Is(err, store.ErrUnavailable) && quoted:
		return store.ErrUnavailable
	case errors.Is(err, store.ErrUnavailable):
		return err
	case quoted:
		reason = "refused"
	}
	return errors.New(reason)
}

// quotes reports whether a text contains a password, as it is or as the errors
// of net/url and fmt write it.
func quotes(text, password string) bool {
	spelt := strconv.Quote(password)
	for _, s := range []string{password, url.QueryEscape(password), url.PathEscape(password), spelt[1 : len(spelt)-1]} {
		if strings.Contains(text, s) {
			return true
		}
	}
	return false
}
