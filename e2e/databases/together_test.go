package databases

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"testing"

	"github.com/jackc/pgx/v5"
	"github.com/jmoiron/sqlx"
	"github.com/rbac-go/rbac"
	"github.com/rbac-go/rbac/store/sqlstore/sqlite"
	postgresstore "github.com/rbac-go/rbac/store_postgres"
)

// An order and the membership of its owner are committed together, and are
// seen at once by the library and by checks.
func TestCommitTogether(t *testing.T) {
	each(t, 4, func(t *testing.T, s *shop, l library) {
		must(t, l.together(t.Context(), s, Order{Owner: "amy", Item: "it's ? $1 \\ tea"}))
		s.want(t, 1, 1)
		order := s.orders(t)[0]
		if order.Owner != "amy" || order.Item != "it's ? $1 \\ tea" {
			t.Errorf("the order is %+v", order)
		}
		id, err := s.auth.Identity(t.Context(), "amy")
		must(t, err)
		if scope := ownerOf(order).Scope; !id.In(scope).InGroup("owners") {
			t.Errorf("amy is not an owner in %s", scope)
		}
	})
}

// If rbac refuses the membership, there is no order. If the database refuses
// the order, there is no membership.
func TestRollBackTogether(t *testing.T) {
	each(t, 4, func(t *testing.T, s *shop, l library) {
		if err := l.together(t.Context(), s, Order{Owner: "nobody", Item: "tea"}); !errors.Is(err, rbac.ErrNotFound) {
			t.Errorf("an order of an unknown user: %v, want ErrNotFound", err)
		}
		s.want(t, 0, 0)
		if err := l.together(t.Context(), s, Order{Owner: "amy"}); err == nil {
			t.Error("an order of nothing is accepted")
		}
		s.want(t, 0, 0)
		must(t, l.together(t.Context(), s, Order{Owner: "amy", Item: "tea"}))
		s.want(t, 1, 1)
	})
}

// With one connection, and with few, Updates and the host's own statements wait
// for each other, and all succeed: an Update uses one connection only.
func TestOnePool(t *testing.T) {
	for _, connections := range []int{1, 3} {
		t.Run(fmt.Sprint(connections), func(t *testing.T) { each(t, connections, testOnePool) })
	}
}

func testOnePool(t *testing.T, s *shop, l library) {
	const clients, rounds = 6, 3
	ctx, cancel := context.WithTimeout(t.Context(), long)
	defer cancel()
	var all sync.WaitGroup
	for range clients {
		all.Go(func() {
			for range rounds {
				err1 := l.together(ctx, s, Order{Owner: "amy", Item: "tea"})
				err2 := l.alone(ctx, s, Order{Owner: "bob", Item: "tea"})
				if err := errors.Join(err1, err2); err != nil {
					t.Error(err)
				}
			}
		})
	}
	all.Wait()
	s.want(t, 2*clients*rounds, clients*rounds)
}

// In a View, sqlx and pgx read rows into the structs that sqlx reads on its
// pool.
func TestReadInView(t *testing.T) {
	for _, d := range databases {
		t.Run(d.name, func(t *testing.T) {
			s := d.open(t, 1)
			must(t, libraries[0].together(t.Context(), s, Order{Owner: "amy", Item: "tea"}))
			var list []Order
			must(t, s.auth.View(t.Context(), func(tx *rbac.Tx) (err error) {
				if db, ok := sqlite.Tx(tx); ok {
					rows, err := db.QueryContext(t.Context(), "SELECT * FROM orders")
					return errors.Join(err, sqlx.StructScan(rows, &list), rows.Close())
				}
				db, _ := postgresstore.Tx(tx)
				rows, err1 := db.Query(t.Context(), "SELECT * FROM orders")
				list, err = pgx.CollectRows(rows, pgx.RowToStructByName[Order])
				return errors.Join(err1, err)
			}))
			if want := []Order{{1, "amy", "tea"}}; !slices.Equal(list, want) {
				t.Errorf("the View reads %+v, want %+v", list, want)
			}
		})
	}
}

// PostgreSQL may end an Update in favor of another transaction. The Update then
// runs again, and places one order, with an id of its own.
func TestUpdateRunsAgain(t *testing.T) {
	for _, l := range libraries {
		t.Run(l.name, func(t *testing.T) {
			s := openOnPostgres(t, 4)
			_, err := s.db.ExecContext(t.Context(), `CREATE SEQUENCE commits;
				CREATE FUNCTION fail_once() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
					IF nextval('commits') = 1 THEN RAISE 'not now' USING ERRCODE = 'serialization_failure'; END IF;
					RETURN NULL;
				END $$;
				CREATE CONSTRAINT TRIGGER fails_once AFTER INSERT ON orders DEFERRABLE INITIALLY DEFERRED
					FOR EACH ROW EXECUTE FUNCTION fail_once()`)
			must(t, err)
			must(t, l.together(t.Context(), s, Order{Owner: "amy", Item: "tea"}))
			s.want(t, 1, 1)
			if id := s.orders(t)[0].ID; id != 2 {
				t.Errorf("the order has the id %d, want 2, the first having been rolled back", id)
			}
		})
	}
}
