package rbac_test

import (
	"errors"
	"testing"
	"time"

	"github.com/rbac-go/rbac"
)

func importUserOf(u rbac.User) func(*rbac.Tx) error {
	return func(tx *rbac.Tx) error { _, err := tx.ImportUser(u); return err }
}

// An imported account keeps the times of the system that it comes from, and is
// otherwise an account like any other.
func TestImportUserKeepsTimes(t *testing.T) {
	eachStore(t, func(t *testing.T, h *house) {
		a := h.open(rbac.Config{})
		now := h.clock.Now()
		created, login := now.AddDate(-9, 0, 0), now.Add(-time.Hour)
		h.do(a, all(
			importUserOf(rbac.User{Name: "Old", Email: "old@example.org", Subject: "17", Created: created, LastLogin: login, EmailVerified: login}),
			importUserOf(rbac.User{Name: "undated"})))
		must(t, a.View(ctx, func(tx *rbac.Tx) error {
			old, err := tx.UserBySubject("17")
			if err != nil || old.Name != "old" || !old.Created.Equal(created) || !old.LastLogin.Equal(login) || !old.EmailVerified.IsZero() {
				t.Errorf("stored as %+v, %v", old, err)
			}
			undated, err := tx.User("undated")
			if !undated.Created.Equal(now) || !undated.LastLogin.IsZero() {
				t.Errorf("without times, stored as %+v", undated)
			}
			return err
		}))
		if c := h.lastChange(a); c.Action != "AddUser" || c.Subject != "undated" || !c.At.Equal(now) {
			t.Errorf("logged as %+v", c)
		}
		for what, u := range map[string]rbac.User{
			"created in the future": {Name: "x", Created: now.Add(time.Second)},
			"a login in the future": {Name: "x", LastLogin: now.Add(time.Second)},
			"created before 1970":   {Name: "x", Created: time.Unix(-1, 0)},
			"an impossible name":    {Name: "x\x00"},
		} {
			if err := a.Update(ctx, importUserOf(u)); !errors.Is(err, rbac.ErrInvalid) {
				t.Errorf("%s: %v", what, err)
			}
		}
		if err := a.Update(ctx, importUserOf(rbac.User{Name: "OLD"})); !errors.Is(err, rbac.ErrExists) {
			t.Errorf("a taken name: %v", err)
		}
		if err := a.View(ctx, importUserOf(rbac.User{Name: "x"})); !errors.Is(err, rbac.ErrReadOnly) {
			t.Errorf("in a View: %v", err)
		}
	})
}

// Delegates create accounts, but do not choose when the accounts were created.
func TestImportUserIsForAdministrators(t *testing.T) {
	h := newHouse(t, stores[0].open(t))
	a := cooperative(h)
	for _, c := range []struct {
		who  string
		want error
	}{{"hal", rbac.ErrDenied}, {"ada", nil}} {
		id := must1(a.Identity(ctx, c.who))
		if err := a.UpdateAs(ctx, id, importUserOf(rbac.User{Name: "zoe"})); !errors.Is(err, c.want) {
			t.Errorf("%s imports: %v, want %v", c.who, err, c.want)
		}
	}
	if err := a.UpdateAs(ctx, must1(a.Identity(ctx, "hal")), addUser(rbac.User{Name: "yan"})); err != nil {
		t.Errorf("hal creates: %v", err)
	}
}
