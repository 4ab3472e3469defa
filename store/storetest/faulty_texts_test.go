package storetest

import (
	"strings"

	"github.com/rbac-go/rbac/store"
)

// lending keeps texts in the memory of its caller.
type lending struct {
	store.Records
	lent map[string]string
}

func (r lending) PutPermission(p store.Permission) error {
	r.lent[strings.Clone(p.Name)] = p.Object
	return r.Records.PutPermission(p)
}

func (r lending) Permissions() ([]store.Permission, error) {
	list, err := r.Records.Permissions()
	for i := range list {
		list[i].Object = r.lent[list[i].Name]
	}
	return list, err
}
