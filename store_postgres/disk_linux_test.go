package postgresstore_test

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/rbac-go/rbac/internal/postgrestest"
	"github.com/rbac-go/rbac/store"
	postgresstore "github.com/rbac-go/rbac/store_postgres"
)

// An Update for which the server has no room fails and changes nothing.
// Existing records can be read, and Updates work again when there is room.
func TestDiskFull(t *testing.T) {
	server := postgrestest.Start(t, "fsync=off")
	disk := filepath.Join(server.Dir(), "small")
	must(t, os.Mkdir(disk, 0o755))
	if err := syscall.Mount("tmpfs", disk, "tmpfs", 0, "size=4m"); err != nil {
		t.Skip("cannot mount here:", err)
	}
	t.Cleanup(func() { must(t, syscall.Unmount(disk, syscall.MNT_DETACH)) })
	owner, err := os.Stat(server.Dir())
	must(t, err)
	stat := owner.Sys().(*syscall.Stat_t)
	must(t, os.Chown(disk, int(stat.Uid), int(stat.Gid)))
	postgrestest.Exec(t, server.DSN(), "CREATE TABLESPACE small LOCATION '"+disk+"'")
	s := mustOpen(t, server.DSN()+"&default_tablespace=small", postgresstore.Options{})
	noise := make([]byte, 40_000) // not compressible
	for i := range noise {
		noise[i] = '!' + byte(i*i*7919>>5)%90
	}
	fill := func(round int) error {
		return s.Update(t.Context(), func(r store.Records) error {
			for i := range 10 {
				if err := r.PutSection(store.Section{Name: fmt.Sprint(round, " ", i), Title: strings.Repeat(string(noise), 2)}); err != nil {
					return err
				}
			}
			return nil
		})
	}
	round := 0
	for ; err == nil && round < 100; round++ {
		err = fill(round)
	}
	says(t, "an Update without room", err, "No space left on device")
	if n := len(sections(t, s)); n != 10*(round-1) {
		t.Errorf("there are %d sections of %d Updates that succeeded, each with 10", n, round-1)
	}
	must(t, syscall.Mount("", disk, "", syscall.MS_REMOUNT, "size=64m"))
	must(t, fill(round))
}
