package main

import (
	"errors"
	"io/fs"
	"os"
	"strings"
	"testing"

	"github.com/rbac-go/rbac"
)

// A verb in a wrong folder is an error, and makes no store.
func TestVerbsMakeNoStore(t *testing.T) {
	t.Chdir(t.TempDir())
	for _, args := range []string{"admin user list", "admin user add init", "admin backup copy.db"} {
		code, err := run(t.Context(), strings.Fields(args))
		if code != 69 || !errors.Is(err, rbac.ErrUnavailable) || !strings.Contains(err.Error(), "notes.db") {
			t.Errorf("%s: %d %v", args, code, err)
		}
		for _, name := range []string{"notes.db", "copy.db"} {
			if _, err := os.Stat(name); !errors.Is(err, fs.ErrNotExist) {
				t.Errorf("%s has made %s", args, name)
			}
		}
	}
	for _, args := range []string{"admin init", "admin user list", "admin backup copy.db"} {
		if code, err := run(t.Context(), strings.Fields(args)); code != 0 || err != nil {
			t.Errorf("%s: %d %v", args, code, err)
		}
	}
}
