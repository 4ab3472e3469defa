package policyfile

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/rbac-go/rbac"
)

// mark remembers a record that an apply has added. Memberships have no marks:
// their Source names the file; see [sourceOf].
type mark struct {
	Kind  string `json:"kind"`
	Key   string `json:"key"`
	Stamp string `json:"stamp,omitempty"`
}

func markOf(r record) mark { return mark{r.kind.String(), r.key, r.stamp} }

// readMarks returns the marks of the files with a name.
func readMarks(tx *rbac.Tx, file string) (map[mark]bool, error) {
	text, err := tx.Applied(file)
	if err != nil {
		return nil, err
	}
	var list []mark
	if text != "" {
		if err := json.Unmarshal([]byte(text), &list); err != nil {
			return nil, fmt.Errorf("%w: the records of file %q: %v", rbac.ErrUnavailable, file, err)
		}
	}
	marks := map[mark]bool{}
	for _, m := range list {
		marks[m] = true
	}
	return marks, nil
}

// keepMarks stores the marks of the records that this and earlier applies have
// added and that still exist.
func (c *comparison) keepMarks(tx *rbac.Tx) error {
	added := map[id]bool{}
	for _, d := range c.differences {
		if d.is != nil && (d.was == nil || c.brought[markOf(*d.was)]) {
			added[d.is.id()] = true // or changed: a set with other groups has another mark
		}
	}
	if len(added) == 0 && len(c.brought) == 0 {
		return nil
	}
	records, err := policyOf(tx)
	if err != nil {
		return err
	}
	kept := map[mark]bool{}
	for _, r := range records {
		if m := markOf(r); added[r.id()] || c.brought[m] {
			kept[m] = true
		}
	}
	if maps.Equal(kept, c.brought) {
		return nil
	}
	list := slices.SortedFunc(maps.Keys(kept), func(a, b mark) int {
		return strings.Compare(joined(a.Kind, a.Key), joined(b.Kind, b.Key))
	})
	text, err := json.Marshal(list)
	if err != nil {
		return err
	}
	return tx.KeepApplied(c.file.Name, string(text))
}
