package memorystore_test

import (
	"testing"

	"github.com/rbac-go/rbac/store"
	"github.com/rbac-go/rbac/store/storetest"
	memorystore "github.com/rbac-go/rbac/store_memory"
)

func TestStore(t *testing.T) {
	storetest.Run(t, func(*testing.T) store.Store { return memorystore.New() })
}
