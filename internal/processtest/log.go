package processtest

import (
	"fmt"

	"github.com/rbac-go/rbac"
)

// GapFree returns an error if the change log lacks a revision.
func GapFree(tx *rbac.Tx) error {
	last := rbac.Revision(0)
	for c, err := range tx.Changes(rbac.ChangeQuery{}) {
		if err != nil {
			return err
		}
		if c.Revision > last+1 || c.Revision == last+1 && c.Seq != 0 {
			return fmt.Errorf("the change log goes from revision %v to %v.%d", last, c.Revision, c.Seq)
		}
		last = c.Revision
	}
	return nil
}
