//go:build !unix

package storecare

// Files finds nothing on a system whose files have no permissions as in POSIX.
func Files(string) ([]Fault, error) { return nil, nil }

// sameOwner finds nothing, either.
func sameOwner(string, string) error { return nil }
