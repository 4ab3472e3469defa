package rbac_test

import (
	"errors"
	"log/slog"
	"path/filepath"
	"testing"
	"time"

	"github.com/rbac-go/rbac"
	"github.com/rbac-go/rbac/internal/memdir"
	"github.com/rbac-go/rbac/internal/processtest"
	sqlitestore "github.com/rbac-go/rbac/store_sqlite"
)

// TestWorkerProcess is the program of a process that another test has started.
func TestWorkerProcess(t *testing.T) { processtest.Work(t, openFile) }

// officeFile makes an office in a new file.
func officeFile(t *testing.T) string {
	t.Helper()
	path := filepath.Join(memdir.New(t), "rbac.db")
	h := newHouse(t, must1(sqlitestore.Open(ctx, path, sqlitestore.Options{})))
	h.realTime = true
	must(t, h.office(rbac.Config{}).Close())
	must(t, h.store.Close())
	return path
}

// openFile makes an Authority with the settings of workers.
func openFile(path string) (*rbac.Authority, func(), error) {
	s, err := sqlitestore.Open(ctx, path, sqlitestore.Options{BusyTimeout: time.Minute})
	if err != nil {
		return nil, nil, err
	}
	a, err := rbac.Open(ctx, s, rbac.Config{Argon2id: cheap, MaxTickets: 10_000, Logger: slog.New(slog.DiscardHandler)})
	if err != nil {
		return nil, nil, errors.Join(err, s.Close())
	}
	return a, func() { a.Close(); s.Close() }, nil
}
