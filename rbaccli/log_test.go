package rbaccli

import (
	"bytes"
	"context"
	"log/slog"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/rbac-go/rbac"
	memorystore "github.com/rbac-go/rbac/store_memory"
)

// A followed log has each change and each login once, those of before too, and
// ends with its context. A count of failed logins that grows is printed again.
func TestFollow(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		cfg := rbac.Config{Logger: slog.New(slog.DiscardHandler), Argon2id: rbac.Argon2id{MemoryKiB: 8, Time: 1}}
		a, err := rbac.Open(t.Context(), memorystore.New(), cfg)
		if err != nil {
			t.Fatal(err)
		}
		defer a.Close()
		login := func(password string) { _, _ = a.Login(t.Context(), rbac.Login{User: "amy", Password: password}) }
		add := func(name string) {
			if _, err := a.CreateUser(t.Context(), rbac.User{Name: name}, "the plum tree of grandmother"); err != nil {
				t.Fatal(err)
			}
		}
		add("amy")
		login("the plum tree of grandmother")
		time.Sleep(time.Hour)

		var out bytes.Buffer
		ctx, stop := context.WithCancel(t.Context())
		done := make(chan int)
		go func() {
			done <- Program{Authority: a, Stdout: &out, Stderr: &out}.Main(ctx, []string{"log", "--follow"})
		}()
		time.Sleep(5 * time.Second)
		add("bob")
		login("wrong")
		time.Sleep(5 * time.Second)
		login("wrong")
		login("the plum tree of grandmother")
		time.Sleep(5 * time.Minute)
		stop()
		if code := <-done; code != 0 {
			t.Errorf("exit code %d", code)
		}
		for text, want := range map[string]int{
			"AddUser amy":                                1,
			"AddUser bob":                                1,
			"login by password: success":                 2,
			"login by password: wrong":                   2,
			"login by password: wrong password, 2 times": 1,
		} {
			if have := strings.Count(out.String(), text); have != want {
				t.Errorf("%q is there %d times, want %d:\n%s", text, have, want, &out)
			}
		}
	})
}
