package breached_test

import (
	"context"
	"crypto/sha1"
	"fmt"
	"os"
	"path/filepath"

	"github.com/rbac-go/rbac"
	"github.com/rbac-go/rbac/breached"
	memorystore "github.com/rbac-go/rbac/store_memory"
)

// A service refuses passwords that are on a downloaded list, and common ones.
func Example() {
	ctx := context.Background()
	folder, err := os.MkdirTemp("", "breached")
	if err != nil {
		panic(err)
	}
	defer os.RemoveAll(folder)
	path := filepath.Join(folder, "pwnedpasswords.txt")
	line := fmt.Sprintf("%X:52\r\n", sha1.Sum([]byte("correct horse battery staple")))
	if err := os.WriteFile(path, []byte(line), 0o600); err != nil {
		panic(err)
	}

	list, err := breached.Open(path)
	if err != nil {
		panic(err)
	}
	defer list.Close()
	auth, err := rbac.Open(ctx, memorystore.New(), rbac.Config{
		CheckPassword: func(ctx context.Context, u rbac.User, password string) error {
			if err := rbac.CommonPassword(ctx, u, password); err != nil {
				return err
			}
			return list.Check(ctx, u, password)
		},
	})
	if err != nil {
		panic(err)
	}
	defer auth.Close()

	for _, password := range []string{"correct horse battery staple", "seven dry umbrellas"} {
		_, err := auth.CreateUser(ctx, rbac.User{Name: "nina"}, password)
		fmt.Println(err)
	}
	// Output:
	// password: rbac: invalid: known from a data breach
	// <nil>
}
