package databases

import (
	"context"
	"errors"
	"sync"
	"testing"

	"github.com/rbac-go/rbac"
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
	const clients, rounds = 6, 3
	for _, connections := range []int{1, 3} {
		each(t, connections, func(t *testing.T, s *shop, l library) {
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
