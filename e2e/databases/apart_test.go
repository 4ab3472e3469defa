package databases

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/rbac-go/rbac"
	"github.com/rbac-go/rbac/store/sqlstore/sqlite"
	postgresstore "github.com/rbac-go/rbac/store_postgres"
	"gorm.io/gorm"
)

var errNo = errors.New("no")

// moment is how long a test waits for an answer that cannot come.
const moment = 50 * time.Millisecond

// On PostgreSQL, what a library runs on its pool during an Update is committed
// by itself, and stays when the Update is rolled back.
func TestPoolIsApartOnPostgreSQL(t *testing.T) {
	for _, l := range libraries {
		t.Run(l.name, func(t *testing.T) {
			s := openOnPostgres(t, 4)
			err := s.auth.Update(t.Context(), func(tx *rbac.Tx) error {
				return errors.Join(l.alone(t.Context(), s, Order{Owner: "amy", Item: "tea"}),
					tx.AssignUser(ownerOf(Order{1, "amy", ""})), errNo)
			})
			if !errors.Is(err, errNo) || strings.Contains(err.Error(), "\n") {
				t.Errorf("Update = %v, want only %v", err, errNo)
			}
			s.want(t, 1, 0)
		})
	}
}

// On SQLite, the same statement cannot be run: the Update is the one writer.
// The statement waits for the host's busy_timeout, and fails.
func TestPoolIsLockedOnSQLite(t *testing.T) {
	for _, l := range libraries {
		t.Run(l.name, func(t *testing.T) {
			s := openOnSQLite(t, 2)
			// The two connections of the pool: that of the Update, and this.
			other, err := s.db.Conn(t.Context())
			must(t, err)
			_, err = other.ExecContext(t.Context(), "PRAGMA busy_timeout = 1")
			must(t, err)
			must(t, s.auth.Update(t.Context(), func(tx *rbac.Tx) error {
				must(t, other.Close())
				if err := l.alone(t.Context(), s, Order{Owner: "amy", Item: "tea"}); err == nil || !strings.Contains(err.Error(), "locked") {
					t.Errorf("a second writer: %v, want an error of a locked database", err)
				}
				return tx.AssignUser(ownerOf(Order{1, "amy", ""}))
			}))
			s.want(t, 0, 1)
		})
	}
}

// With one connection, a statement on the pool waits for the Update that waits
// for the statement. Only a context ends the wait.
func TestPoolOfOneConnectionWaits(t *testing.T) {
	each(t, 1, func(t *testing.T, s *shop, l library) {
		must(t, s.auth.Update(t.Context(), func(tx *rbac.Tx) error {
			ctx, cancel := context.WithTimeout(t.Context(), moment)
			defer cancel()
			if err := l.alone(ctx, s, Order{Owner: "amy", Item: "tea"}); !errors.Is(err, context.DeadlineExceeded) {
				t.Errorf("a statement without a connection: %v, want DeadlineExceeded", err)
			}
			return tx.AssignUser(ownerOf(Order{1, "amy", ""}))
		}))
		s.want(t, 0, 1)
	})
}

// An Update inside a transaction of the host is another transaction. On
// PostgreSQL the Update is committed although the host rolls back. On SQLite
// the Update waits for the host, which waits for the Update.
func TestUpdateInsideTransactionOfHost(t *testing.T) {
	for _, d := range databases {
		t.Run(d.name, func(t *testing.T) {
			s := d.open(t, 4)
			err := s.g.Transaction(func(g *gorm.DB) error {
				must(t, g.Create(&Order{Owner: "amy", Item: "tea"}).Error)
				ctx := t.Context()
				if !s.postgres {
					var cancel context.CancelFunc
					ctx, cancel = context.WithTimeout(ctx, moment)
					defer cancel()
				}
				err := s.auth.Update(ctx, func(tx *rbac.Tx) error { return tx.AssignUser(ownerOf(Order{1, "amy", ""})) })
				if s.postgres {
					must(t, err)
				} else if !errors.Is(err, context.DeadlineExceeded) {
					t.Errorf("an Update behind the transaction of the host: %v, want DeadlineExceeded", err)
				}
				return errNo
			})
			if !errors.Is(err, errNo) {
				t.Error(err)
			}
			s.want(t, 0, map[bool]int{true: 1, false: 0}[s.postgres])
		})
	}
}

// Parcel is a model of several statements, with a hook.
type Parcel struct {
	ID    int64
	Lines []Line
}

// Line is a row that GORM writes with its Parcel.
type Line struct {
	ID, ParcelID int64
	Item         string
}

// AfterCreate is a hook that runs a statement of its own.
func (p *Parcel) AfterCreate(g *gorm.DB) error {
	return g.Create(&Order{Owner: "hook", Item: "parcel"}).Error
}

// On SQLite, associations, hooks, batches and preloads of GORM run in the
// Update, too: the pool has no other connection.
func TestGORMManyStatements(t *testing.T) {
	s := openOnSQLite(t, 1)
	must(t, s.g.AutoMigrate(&Parcel{}, &Line{}))
	create := func(end error) error {
		return s.auth.Update(t.Context(), func(tx *rbac.Tx) error {
			g := sessionOf(t, s, tx)
			parcels := []Parcel{{Lines: []Line{{Item: "tea"}, {Item: "milk"}}}, {Lines: []Line{{Item: "cups"}}}}
			if err := g.CreateInBatches(&parcels, 1).Error; err != nil {
				return err
			}
			var found []Parcel
			must(t, g.Preload("Lines").Order("id").Find(&found).Error)
			if len(found) != 2 || len(found[0].Lines) != 2 || len(found[1].Lines) != 1 {
				t.Errorf("the Update reads %+v", found)
			}
			nested := g.Transaction(func(*gorm.DB) error { return nil })
			if !errors.Is(nested, gorm.ErrInvalidTransaction) {
				t.Errorf("a transaction of GORM inside the Update: %v, want ErrInvalidTransaction", nested)
			}
			return errors.Join(tx.AssignUser(ownerOf(Order{1, "amy", ""})), end)
		})
	}
	if err := create(errNo); !errors.Is(err, errNo) {
		t.Error(err)
	}
	s.want(t, 0, 0)
	must(t, create(nil))
	s.want(t, 2, 1) // the hook's
}

// On PostgreSQL, a dry run of GORM makes one statement. The statements of
// associations and hooks are lost.
func TestGORMDryRunIsOneStatement(t *testing.T) {
	s := openOnPostgres(t, 1)
	must(t, s.g.AutoMigrate(&Parcel{}, &Line{}))
	must(t, s.auth.Update(t.Context(), func(tx *rbac.Tx) error {
		db, _ := postgresstore.Tx(tx)
		made := s.g.Session(&gorm.Session{Context: t.Context(), DryRun: true, SkipDefaultTransaction: true}).
			Create(&Parcel{Lines: []Line{{Item: "tea"}}})
		_, err := db.Exec(t.Context(), made.Statement.SQL.String(), made.Statement.Vars...)
		return errors.Join(made.Error, err)
	}))
	var parcels, lines int64
	must(t, errors.Join(s.g.Model(&Parcel{}).Count(&parcels).Error, s.g.Model(&Line{}).Count(&lines).Error))
	if parcels != 1 || lines != 0 {
		t.Errorf("%d parcels and %d lines, want 1 and 0", parcels, lines)
	}
	s.want(t, 0, 0) // the hook's order is lost
}

// After an Update, GORM runs its statements on the pool again.
func TestGORMSessionIsItsOwn(t *testing.T) {
	s := openOnSQLite(t, 4)
	must(t, orderWithGORM(t.Context(), s.auth, s.g, Order{Owner: "amy", Item: "tea"}))
	must(t, s.g.Create(&Order{Owner: "bob", Item: "tea"}).Error)
	s.want(t, 2, 1)
}

// The task of an Update is done once, and not if the Update is rolled back or
// the work fails.
func TestWork(t *testing.T) {
	s := openOnPostgres(t, 4)
	must(t, s.g.AutoMigrate(&Task{}))
	update := func(order int64, end error) error {
		return s.auth.Update(t.Context(), func(tx *rbac.Tx) error {
			db, _ := postgresstore.Tx(tx)
			_, err := db.Exec(t.Context(), `INSERT INTO tasks ("order") VALUES ($1)`, order)
			return errors.Join(err, tx.AssignUser(ownerOf(Order{order, "amy", ""})), end)
		})
	}
	place := func(g *gorm.DB, task Task) error {
		return g.Create(&Order{ID: task.Order, Owner: "amy", Item: "tea"}).Error
	}
	if err := update(7, errNo); !errors.Is(err, errNo) {
		t.Error(err)
	}
	must(t, update(8, nil))
	s.want(t, 0, 1)
	err := work(t.Context(), s.g, func(g *gorm.DB, task Task) error { return errors.Join(place(g, task), errNo) })
	if !errors.Is(err, errNo) {
		t.Error(err)
	}
	s.want(t, 0, 1)
	for range 2 {
		must(t, work(t.Context(), s.g, place))
		s.want(t, 1, 1)
	}
}

// sessionOf returns GORM on the transaction of an Update, as in orderWithGORM.
func sessionOf(t *testing.T, s *shop, tx *rbac.Tx) *gorm.DB {
	db, _ := sqlite.Tx(tx)
	g := s.g.Session(&gorm.Session{Context: t.Context(), SkipDefaultTransaction: true})
	g.Statement.ConnPool = db
	return g
}
