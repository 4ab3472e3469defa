package postgresstore_test

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/rbac-go/rbac"
	"github.com/rbac-go/rbac/internal/postgrestest"
	"github.com/rbac-go/rbac/store"
	postgresstore "github.com/rbac-go/rbac/store_postgres"
)

// Whatever two processes do concurrently to the same few users and tickets, no
// two transactions wait for each other. The server of this test never breaks a
// deadlock: with a deadlock, the test does not end.
func TestNoDeadlock(t *testing.T) {
	t.Parallel()
	server := postgrestest.Start(t, "fsync=off", "deadlock_timeout=1h")
	ctx, cancel := context.WithTimeout(rbac.WithActor(t.Context(), "test"), 2*time.Minute)
	defer cancel()
	s := newStorm(t, server.DSN())
	steps := s.steps()
	succeeded := func() bool {
		return !slices.ContainsFunc(steps, func(step stormStep) bool { return step.done.Load() == 0 })
	}
	var group sync.WaitGroup
	for range 12 {
		group.Go(func() {
			for i := 0; i < 150 || !succeeded(); i++ {
				n := rand.IntN(len(steps))
				err := steps[n].do(ctx)
				if err != nil && !s.expected(err) {
					t.Errorf("%s: %v", steps[n].name, err)
				}
				if err == nil {
					steps[n].done.Add(1)
				}
				if ctx.Err() != nil {
					return
				}
			}
		})
	}
	group.Wait()
	for _, step := range steps {
		if step.done.Load() == 0 {
			t.Errorf("%s never succeeded, so nothing is proved of it", step.name)
		}
	}
}

// storm is two processes with the same few users.
type storm struct {
	t      *testing.T
	stores [2]*postgresstore.Store
	a      [2]*rbac.Authority
	users  []uuid.UUID
	mu     sync.Mutex
	tokens []rbac.Token
}

var stormUsers = []string{"amy", "bob", "cy"}

func newStorm(t *testing.T, dsn string) *storm {
	s := &storm{t: t}
	for i := range s.a {
		s.stores[i] = mustOpen(t, dsn+"&pool_max_conns=12", postgresstore.Options{})
		var err error
		s.a[i], err = rbac.Open(t.Context(), s.stores[i], rbac.Config{Logger: discard, MaxTickets: 4, Argon2id: rbac.Argon2id{MemoryKiB: 8, Time: 1, Threads: 1}})
		must(t, err)
		t.Cleanup(func() { s.a[i].Close() })
	}
	must(t, s.a[0].Update(rbac.WithActor(t.Context(), "test"), func(tx *rbac.Tx) error {
		for _, name := range []string{"staff", "guests"} {
			if _, err := tx.AddGroup(rbac.Group{Name: name}); err != nil {
				return err
			}
		}
		for _, name := range stormUsers {
			u, err := tx.AddUser(rbac.User{Name: name})
			if err = errors.Join(err, tx.AssignUser(rbac.Membership{User: name, Group: "staff"})); err != nil {
				return err
			}
			s.users = append(s.users, u.ID)
		}
		return nil
	}))
	return s
}

type stormStep struct {
	name string
	do   func(context.Context) error
	done *atomic.Int64
}

func (s *storm) steps() (steps []stormStep) {
	add := func(name string, do func(context.Context) error) {
		steps = append(steps, stormStep{name, do, &atomic.Int64{}})
	}
	add("login", func(ctx context.Context) error { return s.issue(ctx, nil) })
	add("narrowed login", func(ctx context.Context) error { return s.issue(ctx, []string{"staff"}) })
	add("pace", func(ctx context.Context) error { // keeps logins unpaced
		return s.records(ctx, func(r store.Records) error { return r.SetPacedUntil(s.users[rand.IntN(len(s.users))], time.Time{}) })
	})
	add("failed login", func(ctx context.Context) error {
		_, err := s.one().Login(ctx, rbac.Login{User: s.user(), Password: "not the password"})
		if errors.Is(err, rbac.ErrBadCredentials) || errors.Is(err, rbac.ErrThrottled) || errors.Is(err, rbac.ErrBusy) {
			return nil
		}
		return err
	})
	add("SetValue", func(ctx context.Context) error {
		return s.one().SetValue(ctx, s.token(), fmt.Sprint("key", rand.IntN(3)), fmt.Sprint(rand.Int()))
	})
	add("Logout", func(ctx context.Context) error { return s.one().Logout(ctx, s.token()) })
	add("LogoutUser", func(ctx context.Context) error { _, err := s.one().LogoutUser(ctx, s.user()); return err })
	add("memberships", s.memberships)
	add("groups", s.groups)
	add("touches", func(ctx context.Context) error { return s.records(ctx, s.touch) })
	add("delete, then lock the user", func(ctx context.Context) error { return s.records(ctx, s.deleteThenLock) })
	add("sweep tickets", func(ctx context.Context) error {
		return s.records(ctx, func(r store.Records) error { _, err := r.DeleteDeadTickets(time.Now().Add(time.Hour), 2); return err })
	})
	add("sweep throttles", func(ctx context.Context) error {
		return s.records(ctx, func(r store.Records) error {
			_, err := r.DeleteIdleThrottles(time.Now(), 1, 2)
			return err
		})
	})
	add("sweep changes", func(ctx context.Context) error {
		return s.records(ctx, func(r store.Records) error { _, err := r.DeleteChanges(time.Now(), 5); return err })
	})
	return steps
}

// memberships adds and deletes memberships, which also narrows tickets, and
// changes the users.
func (s *storm) memberships(ctx context.Context) error {
	return s.one().Update(ctx, func(tx *rbac.Tx) error {
		for range 2 {
			m := rbac.Membership{User: s.user(), Group: "staff"}
			if err := tx.DeassignUser(m); errors.Is(err, rbac.ErrNotFound) {
				err = tx.AssignUser(m)
				if err != nil {
					return err
				}
			} else if err != nil {
				return err
			}
			u, err := tx.User(s.user())
			if err != nil {
				return err
			}
			u.Note = fmt.Sprint(rand.Int())
			if err := tx.ModifyUser(u); err != nil {
				return err
			}
		}
		return nil
	})
}

// groups renames the group that logins are narrowed to, or makes a new group of
// the same name, and then changes a user. Adding a ticket refers to both.
func (s *storm) groups(ctx context.Context) error {
	return s.one().Update(ctx, func(tx *rbac.Tx) error {
		var err error
		if rand.IntN(2) == 0 {
			var g rbac.Group
			if g, err = tx.Group("staff"); err == nil {
				g.Name = "crew"
				err = tx.ModifyGroup(g)
				g.Name = "staff"
				err = errors.Join(err, tx.ModifyGroup(g))
			}
		} else {
			err = tx.DeleteGroup("staff")
			_, err2 := tx.AddGroup(rbac.Group{Name: "staff"})
			err = errors.Join(err, err2)
			for _, name := range stormUsers {
				err = errors.Join(err, tx.AssignUser(rbac.Membership{User: name, Group: "staff"}))
			}
		}
		u, err2 := tx.User(s.user())
		u.Note = fmt.Sprint(rand.Int())
		return errors.Join(err, err2, tx.ModifyUser(u))
	})
}

// touch touches tickets in random order.
func (s *storm) touch(r store.Records) error {
	tickets, err := s.tickets(r)
	rand.Shuffle(len(tickets), func(i, j int) { tickets[i], tickets[j] = tickets[j], tickets[i] })
	for _, t := range tickets {
		err = errors.Join(err, r.TouchTicket(t.ID, time.Now()))
	}
	return err
}

// deleteThenLock stands for an Update of a host.
func (s *storm) deleteThenLock(r store.Records) error {
	if _, err := r.Head(store.ExclusiveLock); err != nil {
		return err
	}
	tickets, err := s.tickets(r)
	if err != nil {
		return err
	}
	for _, t := range tickets[:min(2, len(tickets))] {
		if err := r.DeleteTicket(t.ID); err != nil && !errors.Is(err, rbac.ErrNotFound) {
			return err
		}
		if _, err := r.LockUser(t.User); err != nil {
			return err
		}
	}
	return nil
}

func (s *storm) tickets(r store.Records) (list []store.Ticket, err error) {
	for _, u := range s.users {
		tickets, err := r.UserTickets(u)
		if err != nil {
			return nil, err
		}
		list = append(list, tickets...)
	}
	return list, nil
}

func (s *storm) records(ctx context.Context, f func(store.Records) error) error {
	return s.stores[rand.IntN(2)].Update(ctx, f)
}

func (s *storm) one() *rbac.Authority { return s.a[rand.IntN(2)] }

func (s *storm) user() string { return stormUsers[rand.IntN(len(stormUsers))] }

func (s *storm) issue(ctx context.Context, groups []string) error {
	l := rbac.Login{User: s.user(), Groups: groups}
	if rand.IntN(3) == 0 {
		l.Replaces = s.token()
	}
	tok, err := s.one().Issue(ctx, l)
	if err == nil {
		s.mu.Lock()
		defer s.mu.Unlock()
		s.tokens = append(s.tokens, tok)
	}
	return err
}

// token returns a recent token.
func (s *storm) token() rbac.Token {
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.tokens) == 0 {
		return rbac.Token{}
	}
	return s.tokens[max(0, len(s.tokens)-1-rand.IntN(6))]
}

// expected reports whether an error is an expected answer after others have
// ended the ticket or deleted the group.
func (s *storm) expected(err error) bool {
	return errors.Is(err, rbac.ErrNoTicket) || errors.Is(err, rbac.ErrThrottled) || errors.Is(err, rbac.ErrDenied) || errors.Is(err, rbac.ErrNotFound)
}

// A transaction has deleted a ticket and locks its user; another has locked the
// user and locks the ticket.
func TestValueGivesWayToEnd(t *testing.T) {
	server := postgrestest.Start(t, "fsync=off", "deadlock_timeout=1h")
	s := mustOpen(t, server.DSN(), postgresstore.Options{})
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	user, ticket := uuid.New(), uuid.New()
	must(t, s.Update(ctx, func(r store.Records) error {
		return errors.Join(r.AddUser(store.UserRecord{User: store.User{ID: user, Name: "amy"}}), r.AddTicket(store.Ticket{ID: ticket, User: user}))
	}))
	deleted, locked := make(chan struct{}), make(chan struct{})
	set := make(chan error, 1)
	go func() {
		<-deleted
		var once sync.Once
		set <- s.Update(ctx, func(r store.Records) error {
			if _, err := r.LockUser(user); err != nil {
				return err
			}
			once.Do(func() { close(locked) })
			return r.PutTicketValue(store.TicketValue{Ticket: ticket, Key: "k", Value: "v"})
		})
	}()
	must(t, s.Update(ctx, func(r store.Records) error {
		_, err := r.Head(store.ExclusiveLock)
		if err = errors.Join(err, r.DeleteTicket(ticket)); err != nil {
			return err
		}
		close(deleted)
		<-locked
		_, err = r.LockUser(user)
		return err
	}))
	if err := <-set; err != rbac.ErrNotFound {
		t.Errorf("PutTicketValue of a ticket that was deleted meanwhile: %v, want ErrNotFound", err)
	}
}

// A transaction that shares the head waits behind an Update that waits for the
// head. Otherwise, logins could starve the Update.
func TestSharingDoesNotOvertake(t *testing.T) {
	dsn := postgrestest.InSchema(t)
	s := mustOpen(t, dsn+"&pool_max_conns=4&application_name="+t.Name(), postgresstore.Options{})
	share := func(r store.Records) error { _, err := r.Head(store.ShareLock); return err }
	waiting := func(n int) {
		t.Helper()
		waitFor(t, s, fmt.Sprintf("SELECT count(*) = %d FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND application_name = '%s'", n, t.Name()))
	}
	update, second := make(chan error, 1), make(chan error, 1)
	must(t, s.Update(t.Context(), func(r store.Records) error {
		err := share(r)
		go func() { update <- s.Update(t.Context(), nextRevision) }()
		waiting(1)
		go func() { second <- s.Update(t.Context(), share) }()
		waiting(2)
		return err
	}))
	must(t, <-update)
	must(t, <-second)
}

// A transaction that the server aborted in favor of another transaction is run
// again.
func TestDeadlockIsRunAgain(t *testing.T) {
	s := openStore(t)
	ids := [2]uuid.UUID{uuid.New(), uuid.New()}
	must(t, s.Update(t.Context(), func(r store.Records) error {
		return errors.Join(r.AddUser(store.UserRecord{User: store.User{ID: ids[0], Name: "amy"}}), r.AddUser(store.UserRecord{User: store.User{ID: ids[1], Name: "bob"}}))
	}))
	var both, group sync.WaitGroup
	var runs atomic.Int32
	both.Add(2)
	for i := range ids {
		group.Go(func() {
			first := true
			err := s.Update(t.Context(), func(r store.Records) error {
				runs.Add(1)
				if _, err := r.LockUser(ids[i]); err != nil {
					return err
				}
				if first {
					first = false
					both.Done()
					both.Wait() // each has locked a user and waits for the other user
				}
				_, err := r.LockUser(ids[1-i])
				return err
			})
			if err != nil {
				t.Errorf("Update: %v", err)
			}
		})
	}
	group.Wait()
	// The aborted transaction is run again. On a busy machine the aborted
	// transaction may lock its first user before the other transaction wakes
	// up, and the two meet again.
	if runs.Load() < 3 {
		t.Errorf("the two transactions were run %d times, want 3: one of them again", runs.Load())
	}
}
