package rbaccli_test

import (
	"context"
	"fmt"
	"os"

	"github.com/rbac-go/rbac"
	"github.com/rbac-go/rbac/rbaccli"
	memorystore "github.com/rbac-go/rbac/store_memory"
)

// A service offers the verbs as "service admin …".
func ExampleMain_service() {
	ctx := context.Background()
	auth, err := rbac.Open(ctx, memorystore.New(), rbac.Config{})
	if err != nil {
		panic(err)
	}
	defer auth.Close()

	if len(os.Args) > 1 && os.Args[1] == "admin" {
		os.Exit(rbaccli.Main(ctx, os.Args[2:], auth))
	}
}

func ExampleMain() {
	ctx := context.Background()
	auth, err := rbac.Open(ctx, memorystore.New(), rbac.Config{})
	if err != nil {
		panic(err)
	}
	defer auth.Close()

	rbaccli.Main(ctx, []string{"permission", "add", "post.edit"}, auth)
	rbaccli.Main(ctx, []string{"group", "add", "editors", "--grant", "post.edit"}, auth)
	rbaccli.Main(ctx, []string{"user", "add", "amy", "--group", "editors"}, auth)
	fmt.Println(rbaccli.Main(ctx, []string{"can", "amy", "post.edit"}, auth))
	// Output:
	// done: AddPermission post.edit
	// done: AddGroup editors
	// done: GrantPermission editors post.edit
	// done: AddUser amy
	// done: AssignUser amy editors
	// yes
	// 0
}
