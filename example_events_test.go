package rbac_test

import (
	"context"
	"fmt"
	"log/slog"
	"net/netip"

	"github.com/rbac-go/rbac"
	memorystore "github.com/rbac-go/rbac/store_memory"
)

// A service tells its users of logins from a new place and of new passwords, as
// NIST SP 800-63B-4 section 4.6 asks for.
func ExampleConfig_onEvent() {
	ctx := context.Background()
	var auth *rbac.Authority
	mail := func(ctx context.Context, e rbac.Event, text string) {
		err := auth.View(ctx, func(tx *rbac.Tx) error {
			u, err := tx.UserByID(e.UserID)
			if err == nil {
				fmt.Printf("to %s: %s\n", u.Email, text) // hand the mail to a queue of your own
			}
			return err
		})
		if err != nil {
			slog.ErrorContext(ctx, "no mail was sent", "event", e, "error", err)
		}
	}
	auth, err := rbac.Open(ctx, memorystore.New(), rbac.Config{
		Logger: slog.New(slog.DiscardHandler),
		OnEvent: func(ctx context.Context, e rbac.Event) {
			switch {
			case e.Kind == rbac.EventLogin && !e.Known:
				mail(ctx, e, fmt.Sprint("somebody signed in from ", e.Addr, ", a new place"))
			case e.Kind == rbac.EventPasswordChanged && e.Actor != "setup":
				mail(ctx, e, "your password was changed by "+e.Actor)
			}
		},
	})
	if err != nil {
		panic(err)
	}

	nina := rbac.User{Name: "nina", Email: "nina@example.org"}
	if _, err := auth.CreateUser(rbac.WithActor(ctx, "setup"), nina, "seven dry umbrellas"); err != nil {
		panic(err)
	}
	login := rbac.Login{User: "nina", Password: "seven dry umbrellas", Addr: netip.MustParseAddr("192.0.2.10")}
	for range 2 { // the second login is from a known place
		if _, err := auth.Login(ctx, login); err != nil {
			panic(err)
		}
	}
	if err := auth.SetPassword(rbac.WithActor(ctx, "the help desk"), "nina", "eight wet umbrellas"); err != nil {
		panic(err)
	}
	auth.Close() // waits until the last mail is written
	// Output:
	// to nina@example.org: somebody signed in from 192.0.2.10, a new place
	// to nina@example.org: your password was changed by the help desk
}

// The mean time that a login spends on its hash, of all hashes since Open.
func ExampleAuthority_Stats() {
	ctx := context.Background()
	auth, err := rbac.Open(ctx, memorystore.New(), rbac.Config{Logger: slog.New(slog.DiscardHandler)})
	if err != nil {
		panic(err)
	}
	defer auth.Close()
	if _, err := auth.CreateUser(ctx, rbac.User{Name: "nina"}, "seven dry umbrellas"); err != nil {
		panic(err)
	}
	for _, password := range []string{"seven dry umbrellas", "a wrong guess"} {
		auth.Login(ctx, rbac.Login{User: "nina", Password: password})
	}

	s := auth.Stats()
	fmt.Println(s.Logins, "login,", s.LoginsRefused, "refused,", s.Hashes.Count, "hashes")
	fmt.Println("a hash takes time:", s.Hashes.Total/3 > 0)
	// Output:
	// 1 login, 1 refused, 3 hashes
	// a hash takes time: true
}

// An event has the attributes of the line that the Logger gets.
func ExampleEvent_LogValue() {
	e := rbac.Event{Kind: rbac.EventLogin, Action: "Login", User: "nina", Addr: netip.MustParseAddr("192.0.2.10"), Known: true}
	for _, a := range e.LogValue().Group() {
		fmt.Println(a)
	}
	// Output:
	// event=authn_login_success
	// action=Login
	// user=nina
	// addr=192.0.2.10
	// known=true
}
