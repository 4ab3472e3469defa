package memorystore_test

import (
	"context"
	"fmt"
	"log"

	"github.com/rbac-go/rbac"
	memorystore "github.com/rbac-go/rbac/store_memory"
)

// A test opens an Authority on a new store. Nothing has to be cleaned up.
func Example() {
	auth, err := rbac.Open(context.Background(), memorystore.New(), rbac.Config{})
	if err != nil {
		log.Fatal(err)
	}
	defer auth.Close()
	id, err := auth.Identify(context.Background(), rbac.Token{})
	fmt.Println(id, err)
	// Output:
	// anonymous <nil>
}
