package storecare

import (
	"encoding/json"
	"fmt"

	"github.com/rbac-go/rbac/store"
)

// changes checks the change log: every revision from the oldest entry to the
// head has its entries, counted from 0, all with the nonce of the revision. The
// oldest entries may have been deleted, of a revision in part, too.
func (c *checker) changes() error {
	var last store.Change
	for entry, err := range c.r.Changes(store.ChangeFilter{}) {
		if err != nil {
			return err
		}
		c.follows(last, entry)
		for _, record := range []json.RawMessage{entry.Before, entry.After} {
			if record != nil && !json.Valid(record) {
				c.logFault(entry, fmt.Sprintf("the entry %d holds a record that is not JSON", entry.Seq))
			}
		}
		last = entry
	}
	head, err := c.r.Head(store.NoLock)
	if err != nil {
		return err
	}
	if last.Revision != head.Revision {
		c.fault("change log", "head", fmt.Sprintf("the store is at revision %v, and the last change has revision %v", head.Revision, last.Revision))
	} else if last.Nonce != head.Nonce {
		c.fault("change log", "head", fmt.Sprintf("the head and the last change have different nonces at revision %v", head.Revision))
	}
	return nil
}

// follows checks that an entry is the next one after another.
func (c *checker) follows(last, entry store.Change) {
	switch {
	case last.Revision == 0: // the oldest entry
	case entry.Revision == last.Revision && entry.Nonce != last.Nonce:
		c.logFault(entry, fmt.Sprintf("the entries %d and %d have different nonces", last.Seq, entry.Seq))
	case entry.Revision == last.Revision && entry.Seq != last.Seq+1:
		c.logFault(entry, fmt.Sprintf("the entry %d is missing", last.Seq+1))
	case entry.Revision > last.Revision+1:
		c.logFault(store.Change{Revision: last.Revision + 1}, fmt.Sprintf("all entries are missing, up to revision %v", entry.Revision-1))
	case entry.Revision > last.Revision && entry.Seq != 0:
		c.logFault(entry, "the entry 0 is missing")
	}
}

func (c *checker) logFault(entry store.Change, reason string) {
	c.fault("change log", "revision "+entry.Revision.String(), reason)
}
