// Package durable makes names of files durable.
package durable

import (
	"errors"
	"os"
)

// Dir makes the names of new and of renamed files in a directory durable. Some
// systems cannot sync a directory, and need not.
func Dir(path string) error {
	dir, err := os.Open(path)
	if err != nil {
		return err
	}
	defer dir.Close()
	if err := dir.Sync(); err != nil && !errors.Is(err, errors.ErrUnsupported) {
		return err
	}
	return nil
}
