package rbaccli_test

import (
	"context"
	"fmt"
	"os"

	"github.com/rbac-go/rbac"
	"github.com/rbac-go/rbac/httpguard"
	"github.com/rbac-go/rbac/rbaccli"
	memorystore "github.com/rbac-go/rbac/store_memory"
)

// A service offers the verbs as "blog admin …".
func ExampleProgram_service() {
	ctx := context.Background()
	store := memorystore.New()
	auth, err := rbac.Open(ctx, store, rbac.Config{})
	if err != nil {
		panic(err)
	}
	defer auth.Close()
	guard := httpguard.New(auth, httpguard.Config{Site: "https://h.example", BasePath: "/blog"})

	if len(os.Args) > 1 && os.Args[1] == "admin" {
		os.Exit(rbaccli.Program{
			Name:        "blog admin",
			Authority:   auth,
			Store:       store,
			PasswordURL: guard.PasswordURL,
		}.Main(ctx, os.Args[2:]))
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
