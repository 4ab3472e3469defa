// Command nocgo prints the error of Open in a program without cgo.
package main

import (
	"context"
	"errors"
	"fmt"
	"os"

	"github.com/rbac-go/rbac"
	sqlitestore "github.com/rbac-go/rbac/store_sqlite"
)

func main() {
	_, err := sqlitestore.Open(context.Background(), os.Args[1], sqlitestore.Options{})
	fmt.Println(errors.Is(err, sqlitestore.ErrNoCgo), errors.Is(err, rbac.ErrUnavailable), err)
}
