package rbac_test

import (
	"context"
	"crypto/subtle"
	"encoding/hex"
	"fmt"
	"strings"

	"golang.org/x/crypto/argon2"

	"github.com/rbac-go/rbac"
	memorystore "github.com/rbac-go/rbac/store_memory"
)

// A service refuses common passwords, the names of the user, and its own name.
func ExampleCommonPassword() {
	ctx := context.Background()
	auth, err := rbac.Open(ctx, memorystore.New(), rbac.Config{
		CheckPassword: func(ctx context.Context, u rbac.User, password string) error {
			if err := rbac.CommonPassword(ctx, u, password); err != nil {
				return err
			}
			return rbac.RefuseWords(password, "Acme", "rocket control")
		},
	})
	if err != nil {
		panic(err)
	}
	defer auth.Close()
	nina := rbac.User{Name: "nina", Email: "nina.smith@example.org"}
	for _, password := range []string{"Password12345678", "nina.smith.2026", "Acme rocket 2026", "seven dry umbrellas"} {
		_, err := auth.CreateUser(ctx, nina, password)
		fmt.Println(err)
	}
	// Output:
	// password: rbac: invalid: too common
	// password: rbac: invalid: made of names that are easy to guess
	// password: rbac: invalid: made of names that are easy to guess
	// <nil>
}

// A user of TurboGears comes with a SHA-256, which is kept inside argon2id until
// the first login.
func ExampleAuthority_WrapPasswordHash() {
	ctx := context.Background()
	auth, err := rbac.Open(ctx, memorystore.New(), rbac.Config{})
	if err != nil {
		panic(err)
	}
	defer auth.Close()
	const column = "81509d3c9487d2ca1ce2bcb4431f6ed2e50e8b6984217fe82a40b9582101ea763eee3f7ecbacabd65387afa92d5d25d71744eb04dc61622773893a29bbe6a79e"

	hash, err := auth.WrapPasswordHash(ctx, "turbogears", column)
	if err != nil {
		panic(err)
	}
	err = auth.Update(ctx, func(tx *rbac.Tx) error {
		if _, err := tx.AddUser(rbac.User{Name: "nina"}); err != nil {
			return err
		}
		return tx.SetPasswordHash("nina", hash)
	})
	fmt.Println(strings.HasPrefix(hash, "$wrapped$sha256-suffix$i=1,l=32$"), err)

	_, err = auth.Login(ctx, rbac.Login{User: "nina", Password: "correct horse battery"})
	fmt.Println(err)
	_, err = auth.Login(ctx, rbac.Login{User: "nina", Password: "incorrect horse"})
	fmt.Println(err)
	// Output:
	// true <nil>
	// <nil>
	// rbac: bad credentials
}

// A host verifies hashes of its own: argon2i, as salt$digest.
func ExampleConfig_legacyHash() {
	ctx := context.Background()
	auth, err := rbac.Open(ctx, memorystore.New(), rbac.Config{
		LegacyHash: func(_ context.Context, hash, password string) (bool, error) {
			salt, digest, _ := strings.Cut(hash, "$")
			want, err := hex.DecodeString(digest)
			key := argon2.Key([]byte(password), []byte(salt), 3, 1024, 1, 32)
			return subtle.ConstantTimeCompare(key, want) == 1, err
		},
	})
	if err != nil {
		panic(err)
	}
	defer auth.Close()
	key := argon2.Key([]byte("seven dry umbrellas"), []byte("sixteen salt byt"), 3, 1024, 1, 32)
	old := "sixteen salt byt$" + hex.EncodeToString(key)

	err = auth.Update(ctx, func(tx *rbac.Tx) error {
		if _, err := tx.AddUser(rbac.User{Name: "nina"}); err != nil {
			return err
		}
		return tx.SetPasswordHash("nina", "$legacy$"+old)
	})
	fmt.Println(err)

	_, err = auth.Login(ctx, rbac.Login{User: "nina", Password: "seven dry umbrellas"})
	fmt.Println(err)
	_, err = auth.Login(ctx, rbac.Login{User: "nina", Password: "six dry umbrellas"})
	fmt.Println(err)
	// Output:
	// <nil>
	// <nil>
	// rbac: bad credentials
}
