package sqlitestore_test

import (
	"context"
	"fmt"
	"log"
	"os"
	"path/filepath"

	"github.com/rbac-go/rbac"
	sqlitestore "github.com/rbac-go/rbac/store_sqlite"
)

// The host's own tables can live in the same file, and change in the same
// transaction: an order and the right to it are added together, or neither is
// added.
func ExampleTx() {
	ctx := context.Background()
	dir, err := os.MkdirTemp("", "rbac")
	if err != nil {
		log.Fatal(err)
	}
	defer os.RemoveAll(dir)
	store, err := sqlitestore.Open(ctx, filepath.Join(dir, "shop.db"), sqlitestore.Options{})
	if err != nil {
		log.Fatal(err)
	}
	defer store.Close()
	auth, err := rbac.Open(ctx, store, rbac.Config{})
	if err != nil {
		log.Fatal(err)
	}
	defer auth.Close() // closed before the store

	err = auth.Update(ctx, func(tx *rbac.Tx) error {
		if _, err := tx.AddUser(rbac.User{Name: "amy"}); err != nil {
			return err
		}
		db, _ := sqlitestore.Tx(tx)
		_, err := db.ExecContext(ctx, "CREATE TABLE orders (owner TEXT); INSERT INTO orders VALUES ('amy')")
		return err
	})
	fmt.Println(err)

	err = auth.View(ctx, func(tx *rbac.Tx) error {
		db, _ := sqlitestore.Tx(tx)
		var orders int
		if err := db.QueryRowContext(ctx, "SELECT count(*) FROM orders WHERE owner = 'amy'").Scan(&orders); err != nil {
			return err
		}
		_, err := tx.User("amy")
		fmt.Println(orders, err)
		return nil
	})
	fmt.Println(err)
	// Output:
	// <nil>
	// 1 <nil>
	// <nil>
}
