package rbac_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/rbac-go/rbac"
	"github.com/rbac-go/rbac/internal/storefault"
	"github.com/rbac-go/rbac/store"
	memorystore "github.com/rbac-go/rbac/store_memory"
)

// userByEmail returns the name of the user with an address, "" if none.
func userByEmail(t testing.TB, a *rbac.Authority, address string) string {
	t.Helper()
	var u rbac.User
	err := a.View(ctx, func(tx *rbac.Tx) (err error) {
		u, err = tx.UserByEmail(address)
		return err
	})
	if err != nil && !errors.Is(err, rbac.ErrNotFound) {
		t.Fatal(err)
	}
	return u.Name
}

// A mailbox is never found as another mailbox, and has one user.
func TestUserByEmail(t *testing.T) {
	eachStore(t, func(t *testing.T, h *house) {
		a := h.open(rbac.Config{})
		users := map[string]string{
			"fass": "boss@fass.example", "fasz": "boss@faß.example", "sigma": "νικοσ@x.example", "final": "νικος@x.example",
			"office": "office@x.example", "ligature": "oﬃce@x.example", "acute": "É@x.example", "grave": "é@x.example",
			"host": "bob@a_b.example", "literal": "bob@[192.0.2.1]", "label": "bob@localhost",
		}
		for name, address := range users {
			h.do(a, func(tx *rbac.Tx) error {
				_, err := tx.AddUser(rbac.User{Name: name, Email: address})
				return err
			})
		}
		for name, address := range users {
			if got := userByEmail(t, a, address); got != name {
				t.Errorf("%s finds %q, want %q", address, got, name)
			}
		}
		for address, name := range map[string]string{
			"BOSS@FASS.example": "fass", "boss@ＦＡＳＳ.example": "fass", "Boss@FAẞ.example": "fasz", "boss@xn--fa-hia.example": "fasz",
			"ΝΙΚΟΣ@x.example": "", "boss@other.example": "", "bob@[192.0.2.2]": "",
		} {
			if got := userByEmail(t, a, address); got != name {
				t.Errorf("%s finds %q, want %q", address, got, name)
			}
			if name == "" {
				continue
			}
			err := a.Update(ctx, func(tx *rbac.Tx) error {
				_, err := tx.AddUser(rbac.User{Name: "second", Email: address})
				return err
			})
			if e, ok := errors.AsType[*rbac.Error](err); !ok || e.Kind != rbac.ErrExists || e.Field != "Email" {
				t.Errorf("a second user with %s: got %v", address, err)
			}
		}
	})
}

// oldRecord returns a user record as an earlier version wrote it, with a
// case-folded key.
func oldRecord(name, address, key string, created time.Time) store.UserRecord {
	return store.UserRecord{User: store.User{ID: uuid.New(), Name: name, Email: address, Created: created}, EmailKey: key}
}

func (h *house) put(users ...store.UserRecord) {
	h.t.Helper()
	must(h.t, h.store.Update(ctx, func(r store.Records) error {
		for _, u := range users {
			if err := r.AddUser(u); err != nil {
				return err
			}
		}
		return nil
	}))
}

// earlierStore has users of an earlier version. eve and fay have one mailbox.
// gus and hal have one mailbox too, and gus, the younger account, has the key.
// The keys of the remaining users are in each other's way.
func earlierStore(h *house) {
	day := func(n int) time.Time { return time.Date(2030, 1, n, 0, 0, 0, 0, time.UTC) }
	h.put(
		oldRecord("amy", "Amy@Example.com", "amy@example.com", day(1)),
		oldRecord("boss", "boss@faß.example", "boss@fass.example", day(2)),
		oldRecord("clerk", "boss@ＦＡＳＳ.example", "boss@ｆａｓｓ.example", day(3)),
		oldRecord("dan", "Straße@x.example", "strasse@x.example", day(4)),
		oldRecord("eve", "eve@bücher.example", "eve@bücher.example", day(5)),
		oldRecord("fay", "eve@xn--bcher-kva.example", "eve@xn--bcher-kva.example", day(6)),
		oldRecord("gus", "gus@例え.example", "gus@例え.example", day(8)),
		oldRecord("hal", "gus@例え。example", "gus@例え。example", day(7)),
		oldRecord("ida", "", "", day(9)),
		oldRecord("jan", "jan\u200b@x.example", "jan\u200b@x.example", day(9)),
	)
}

// The users that the addresses of earlierStore find. Before the keys are up to
// date, an address finds fewer users, but never a wrong user.
var (
	foundEarlier = map[string]string{
		"amy@example.COM": "amy", "boss@faß.example": "boss", "boss@fass.example": "", "boss@ＦＡＳＳ.example": "clerk",
		"straße@x.example": "dan", "Strasse@x.example": "", "eve@bücher.example": "fay", "jan\u200b@x.example": "jan", "jan@x.example": "",
	}
	foundNow = map[string]string{
		"amy@example.COM": "amy", "boss@faß.example": "boss", "boss@xn--fa-hia.example": "boss", "boss@fass.example": "clerk",
		"boss@ＦＡＳＳ.example": "clerk", "straße@x.example": "dan", "Strasse@x.example": "", "eve@bücher.example": "eve",
		"eve@xn--bcher-kva.example": "eve", "gus@例え.example": "hal", "gus@例え。example": "hal", "jan\u200b@x.example": "jan", "jan@x.example": "",
	}
)

func checkFound(t *testing.T, when string, a *rbac.Authority, want map[string]string) {
	t.Helper()
	for address, name := range want {
		if got := userByEmail(t, a, address); got != name {
			t.Errorf("%s: %s finds %q, want %q", when, address, got, name)
		}
	}
}

func conflicts(t testing.TB, a *rbac.Authority) string {
	t.Helper()
	var names []string
	must(t, a.View(ctx, func(tx *rbac.Tx) error {
		names = nil
		for u, err := range tx.EmailConflicts() {
			if err != nil {
				return err
			}
			names = append(names, u.Name)
		}
		return nil
	}))
	return strings.Join(names, " ")
}

// The next Open brings the keys of an earlier version up to date, once, and
// reports collisions. Nothing is lost.
func TestEmailKeysOfAnEarlierVersion(t *testing.T) {
	eachStore(t, func(t *testing.T, h *house) {
		before := h.open(rbac.Config{}) // finds no users, and therefore does nothing
		earlierStore(h)
		checkFound(t, "before", before, foundEarlier)

		var log bytes.Buffer
		var updates atomic.Int64
		h.store = countingUpdates(h.store, &updates, nil)
		a := h.open(rbac.Config{Logger: slog.New(slog.NewTextHandler(&log, nil))})
		checkFound(t, "after", a, foundNow)
		checkFound(t, "in the Authority from before", before, foundNow)
		if got := conflicts(t, a); got != "fay gus" {
			t.Errorf("the conflicts are %q, want fay and gus", got)
		}
		for _, line := range []string{"user=eve email=eve@bücher.example other=fay", "user=hal email=gus@例え。example other=gus"} {
			if !strings.Contains(log.String(), line) {
				t.Errorf("the log does not say %s:\n%s", line, &log)
			}
		}
		var users []string
		must(t, a.View(ctx, func(tx *rbac.Tx) error {
			users = nil
			for u, err := range tx.Users(rbac.UserQuery{}) {
				must(t, err)
				users = append(users, u.Name+" "+u.Email)
			}
			return nil
		}))
		if want := []string{"amy Amy@Example.com", "boss boss@faß.example", "clerk boss@ＦＡＳＳ.example", "dan Straße@x.example", "eve eve@bücher.example",
			"fay eve@xn--bcher-kva.example", "gus gus@例え.example", "hal gus@例え。example", "ida ", "jan jan\u200b@x.example"}; !slices.Equal(users, want) {
			t.Errorf("the users are %q", users)
		}
		updates.Store(0)
		log.Reset()
		h.open(rbac.Config{Logger: slog.New(slog.NewTextHandler(&log, nil))})
		if n := updates.Load(); n != 0 || strings.Contains(log.String(), "mailbox") {
			t.Errorf("the next Open does it again: %d updates\n%s", n, &log)
		}
	})
}

// Both users of a conflict can be changed, and a user is found again when the
// conflicting user gives way.
func TestEmailConflictEnds(t *testing.T) {
	eachStore(t, func(t *testing.T, h *house) {
		earlierStore(h)
		a := h.open(rbac.Config{})
		modify := func(name string, change func(*rbac.User)) error {
			return a.Update(ctx, func(tx *rbac.Tx) error {
				u, err := tx.User(name)
				change(&u)
				return errors.Join(err, tx.ModifyUser(u))
			})
		}
		for _, name := range []string{"eve", "fay"} {
			must(t, modify(name, func(u *rbac.User) { u.Note, u.Disabled = "asked which of the two it is", true }))
		}
		if err := modify("fay", func(u *rbac.User) { u.Email = "eve@BÜCHER.example" }); !errors.Is(err, rbac.ErrExists) {
			t.Errorf("another spelling of the mailbox: got %v", err)
		}
		checkFound(t, "unchanged", a, foundNow)
		must(t, modify("eve", func(u *rbac.User) { u.Email = "eve@example.com" }))
		must(t, modify("fay", func(*rbac.User) {}))
		if got := userByEmail(t, a, "eve@bücher.example"); got != "fay" || conflicts(t, a) != "gus" {
			t.Errorf("the mailbox finds %q, want fay; the conflicts are %q", got, conflicts(t, a))
		}
		must(t, modify("jan", func(u *rbac.User) { u.Note = "an address that is refused now" }))
		if err := modify("jan", func(u *rbac.User) { u.Email = "jan\u200c@x.example" }); !errors.Is(err, rbac.ErrInvalid) {
			t.Errorf("a new address with a hidden character: got %v", err)
		}
	})
}

// A program of an earlier version that continues to write does no harm.
func TestEmailKeysOfAnOldProgramBeside(t *testing.T) {
	eachStore(t, func(t *testing.T, h *house) {
		earlierStore(h)
		a := h.open(rbac.Config{})
		h.put(oldRecord("kim", "kim@faß.example", "kim@fass.example", time.Time{}), oldRecord("lea", "LÉA@x.example", "léa@x.example", time.Time{}))
		checkFound(t, "written beside", a, map[string]string{"kim@faß.example": "kim", "kim@fass.example": "", "LÉA@x.example": "lea", "léa@x.example": ""})
		add := func(name, address string) error {
			return a.Update(ctx, func(tx *rbac.Tx) error {
				_, err := tx.AddUser(rbac.User{Name: name, Email: address})
				return err
			})
		}
		if err := add("second", "kim@FAẞ.example"); !errors.Is(err, rbac.ErrExists) {
			t.Errorf("a second user with the mailbox: got %v", err)
		}
		must(t, add("kim2", "kim@fass.example"))
		must(t, add("lea2", "léa@x.example"))
		h.do(a, func(tx *rbac.Tx) error {
			u, err := tx.User("lea")
			u.Note = "x"
			return errors.Join(err, tx.ModifyUser(u))
		})
		checkFound(t, "written beside, and others added", a, map[string]string{"kim@faß.example": "kim", "kim@xn--fa-hia.example": "kim",
			"kim@fass.example": "kim2", "LÉA@x.example": "lea", "léa@x.example": "lea2"})
	})
}

// countingUpdates returns a store that counts Updates in n, and refuses the nth Update
// if err returns an error.
func countingUpdates(s rbac.Store, n *atomic.Int64, err func(nth int64) error) rbac.Store {
	return hooked(s, storefault.Hooks{Update: func(_ context.Context, run func() error) error {
		nth := n.Add(1)
		if err != nil {
			if err := err(nth); err != nil {
				return err
			}
		}
		return run()
	}})
}

// A program that may only read opens the store, and finds no wrong user.
func TestEmailKeysWhereNothingCanBeWritten(t *testing.T) {
	refusal := fmt.Errorf("%w: permission denied for table rbac_users", rbac.ErrUnavailable)
	eachStore(t, func(t *testing.T, h *house) {
		var updates atomic.Int64
		readOnly := countingUpdates(h.store, &updates, func(int64) error { return refusal })
		var log bytes.Buffer
		cfg := rbac.Config{Logger: slog.New(slog.NewTextHandler(&log, nil))}
		open := func() *rbac.Authority {
			log.Reset()
			h := *h
			h.store = readOnly
			return h.open(cfg)
		}
		h.open(rbac.Config{})
		open()
		if n := updates.Load(); n != 0 || strings.Contains(log.String(), "e-mail") {
			t.Errorf("a store without users: %d updates\n%s", n, &log)
		}
		earlierStore(h)
		checkFound(t, "old keys", open(), foundEarlier)
		if !strings.Contains(log.String(), "permission denied") {
			t.Errorf("the log does not say that the keys are old:\n%s", &log)
		}
		h.open(rbac.Config{})
		updates.Store(0)
		checkFound(t, "new keys", open(), foundNow)
		if n := updates.Load(); n != 0 || strings.Contains(log.String(), "e-mail") {
			t.Errorf("a store with new keys: %d updates\n%s", n, &log)
		}
	})
}

// An interrupted migration is resumed, and several processes may run the
// migration at once.
func TestEmailKeysInterrupted(t *testing.T) {
	const users = 5300 // more than a page
	for broken := int64(1); broken <= 4; broken++ {
		h := newHouse(t, memorystore.New())
		var all []store.UserRecord
		for i := range users {
			u := oldRecord(fmt.Sprintf("u%05d", i), fmt.Sprintf("u%d@example.com", i), fmt.Sprintf("u%d@example.com", i), time.Time{})
			if i < 250 || i > 5290 {
				u.Email, u.EmailKey = fmt.Sprintf("u%d@faß.example", i), fmt.Sprintf("u%d@fass.example", i)
			}
			all = append(all, u)
		}
		h.put(all...)
		whole := h.store
		h.store = countingUpdates(whole, new(atomic.Int64), func(n int64) error {
			if n >= broken {
				return rbac.ErrUnavailable
			}
			return nil
		})
		a := h.open(rbac.Config{})
		h.store = whole
		var group sync.WaitGroup
		for range 4 {
			group.Go(func() { h.open(rbac.Config{}) })
		}
		group.Wait()
		for _, i := range []int{0, 249, 250, 5290, 5291, 5299} {
			address, want := fmt.Sprintf("u%d@XN--FA-HIA.example", i), fmt.Sprintf("u%05d", i)
			if 250 <= i && i <= 5290 {
				address = fmt.Sprintf("U%d@example.com", i)
			}
			if got := userByEmail(t, a, address); got != want {
				t.Errorf("broken at the %d. update: %s finds %q, want %q", broken, address, got, want)
			}
		}
	}
}

// The mark that a store has new keys is not part of a catalogue.
func TestEmailKeysBesideACatalogue(t *testing.T) {
	eachStore(t, func(t *testing.T, h *house) {
		must(t, h.open(rbac.Config{}).Declare(ctx, blogCatalogue()))
		earlierStore(h)
		a := h.open(rbac.Config{Logger: slog.New(slog.NewTextHandler(io.Discard, nil))})
		must(t, a.Declare(ctx, blogCatalogue()))
		if plan := planned(t, a, blogCatalogue()); plan.String() != "" {
			t.Errorf("the plan is\n%s", plan)
		}
	})
}
