package rbac

import "github.com/rbac-go/rbac/store"

// appliedFile is the kind of the declarations of policy files.
const appliedFile = "file"

// Applied returns the text that KeepApplied has stored under the name of a
// policy file, and "" for a file that was never applied.
func (tx *Tx) Applied(file string) (text string, err error) {
	if err := validName("file", "Name", file); err != nil {
		return "", err
	}
	text, _, err = tx.declaration(appliedFile, file)
	return text, err
}

// Declared reports whether a program has declared a permission of this name by
// [Authority.Declare]. The permission may have been deleted since.
func (tx *Tx) Declared(permission string) (bool, error) {
	_, found, err := tx.declaration("permission", permission)
	return found, err
}

func (tx *Tx) declaration(kind, key string) (text string, found bool, err error) {
	declarations, err := tx.r.Declarations()
	for _, d := range declarations {
		if d.Kind == kind && d.Key == key {
			return d.Text, true, nil
		}
	}
	return "", false, err
}

// KeepApplied stores which records a policy file has brought, among the
// declarations of the store, in place of an earlier text. Package rbaccli reads
// and writes the text. No right depends on the text, so the change log has no
// entry for KeepApplied.
//
// Errors: ErrInvalid for an impossible name; ErrReadOnly; ErrDenied in an
// UpdateAs of a user who does not hold [Config.Administer].
func (tx *Tx) KeepApplied(file, text string) error {
	if err := tx.writable(validName("file", "Name", file)); err != nil {
		return err
	}
	return tx.r.PutDeclaration(store.Declaration{Kind: appliedFile, Key: file, Text: text})
}
