// Package sqlfixture checks the records of the databases under testdata of the
// stores. Each database dates from one version of the tables.
package sqlfixture

import (
	"iter"
	"reflect"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/rbac-go/rbac/store"
)

// Check checks the records that every such database holds.
func Check(t *testing.T, s store.Store) {
	at := time.Date(2026, 1, 2, 3, 4, 5, 678901000, time.UTC)
	id := func(n byte) uuid.UUID { return uuid.UUID{0: 0xa, 15: n} }
	err := s.View(t.Context(), func(r store.Records) error {
		same(t, store.Head{Revision: 1, Nonce: 1<<64 - 2})(r.Head(store.NoLock))
		same(t, store.UserRecord{User: store.User{ID: id(1), Name: "张三", Email: "Amy@example.com", Subject: "auth0|AbC",
			DisplayName: "Amy", Note: "first", Disabled: true, Created: at},
			EmailKey: "amy@example.com", PasswordHash: "$argon2id$v=19$m=8,t=1,p=1$c2FsdA$aGFzaA"})(r.User(store.UserKey{ID: id(1)}))
		same(t, []store.Section{{Name: "posts", Title: "Posts", Position: 3}})(r.Sections())
		same(t, []store.Permission{{ID: id(2), Name: "post.edit", Title: "Edit", Description: "Edit posts", Object: "text", Operation: "change",
			Section: "posts", Position: 2, Created: at}})(r.Permissions())
		same(t, store.Group{ID: id(3), Name: "editors", DisplayName: "Editors", Note: "n", Created: at})(r.Group(store.GroupKey{Name: "editors"}))
		same(t, []store.Grant{{Group: id(3), Permission: "post.*", Note: "g", GrantedBy: "root", GrantedAt: at}})(r.Grants(store.GrantFilter{}))
		same(t, []store.Inheritance{{Senior: id(4), Junior: id(3)}})(r.Inheritances(store.InheritanceFilter{}))
		same(t, []store.Declaration{{Kind: "group", Key: "editors", ID: id(3), Text: "Editors"}})(r.Declarations())
		same(t, []store.Separation{{Dynamic: true, Name: "cashiers", Cardinality: 2, Groups: []uuid.UUID{id(3), id(4)}}})(r.Separations(store.SeparationFilter{Dynamic: true}))
		same(t, []store.Membership{{User: id(1), Group: id(3), Scope: "org:42", Note: "m", Until: at,
			AssignedBy: "root", AssignedAt: at}})(r.UserMemberships(id(1)))
		same(t, store.Ticket{ID: id(5), User: id(1), Hash: store.TokenHash{1, 2, 3}, Label: "key", Key: true, Narrowed: true,
			Groups: []uuid.UUID{id(3)}, Created: at, LastSeen: at, Expires: at, Idle: time.Hour, Addr: "192.0.2.1", UserAgent: "curl"})(r.Ticket(store.TicketKey{ID: id(5)}))
		same(t, []store.TicketValue{{Ticket: id(5), Key: "lang", Value: "中文"}})(r.TicketValues(id(5)))
		same(t, store.Throttle{Key: [32]byte{9}})(r.Throttle([32]byte{9}))
		same(t, store.Change{Revision: 1, Nonce: 1<<64 - 2, At: at, Actor: "root", Verified: true, Reason: "why", Action: "AddUser", Subject: "amy",
			Object: "o", Scope: "s", SubjectID: id(1), ObjectID: id(3), After: []byte(`{"Name":"amy"}`)})(first(r.Changes(store.ChangeFilter{})))
		return nil
	})
	if err != nil {
		t.Error(err)
	}
}

// EachKept checks what becomes of the reserved value that marked an API key as
// kept: a column, for keys only, and no other value is lost. The function
// migrate makes the database of the version before, runs mark, and migrates.
func EachKept(t *testing.T, migrate func(t *testing.T, mark string) store.Store) {
	ticket := uuid.UUID{0: 0xa, 15: 5}
	marked := "INSERT INTO rbac_ticket_values VALUES ('" + ticket.String() + "', '\x01kept', '1');"
	for mark, kept := range map[string]bool{
		"":     false,
		marked: true,
		marked + "UPDATE rbac_tickets SET api_key = (1 = 0);": false, // a session
	} {
		s := migrate(t, mark)
		err := s.View(t.Context(), func(r store.Records) error {
			got, err := r.Ticket(store.TicketKey{ID: ticket})
			if err != nil || got.Kept != kept {
				t.Errorf("after %q: got %+v, %v", mark, got, err)
			}
			if got.Key {
				same(t, []store.TicketValue{{Ticket: ticket, Key: "lang", Value: "中文"}})(r.TicketValues(ticket))
			}
			return nil
		})
		if err != nil {
			t.Error(err)
		}
	}
}

func same[T any](t *testing.T, want T) func(T, error) {
	return func(got T, err error) {
		t.Helper()
		if err != nil || !reflect.DeepEqual(got, want) {
			t.Errorf("after the migration there is\n%+v, %v, want\n%+v", got, err, want)
		}
	}
}

func first[T any](seq iter.Seq2[T, error]) (T, error) {
	for v, err := range seq {
		return v, err
	}
	var zero T
	return zero, store.ErrNotFound
}
