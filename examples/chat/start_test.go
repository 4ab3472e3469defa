package main

import (
	"bufio"
	"context"
	"io"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/rbac-go/rbac/examples/internal/webtest"
)

func TestRestartKeepsWhatWasSaidAndDone(t *testing.T) {
	path, clock := filepath.Join(t.TempDir(), "chat.db"), &clock{}
	first := serveFile(t, path, clock, config)
	manager, ann := first.as("manager"), first.as("ann")
	ann.says("for later")
	manager.Done("mute", manager.Post("/rooms/general/mute", "user", "ann"))
	manager.Done("remove", manager.Post("/rooms/general/remove", "user", "bob"))
	first.chat.close()

	second := serveFile(t, path, clock, config)
	ann, bob := second.as("ann"), second.as("bob")
	ann.Want("ann", ann.Get("/rooms/general"), 200, "for later", "you are muted in this room")
	bob.Want("bob", bob.Get("/rooms/general"), 403)
}

var address = regexp.MustCompile(`http://[0-9.:]+`)

// An open stream delays the end of the program no longer than any other
// request.
func TestStreamsEndWithTheProgram(t *testing.T) {
	newSite(t) // skips where there is no SQLite
	ctx, interrupt := context.WithCancel(t.Context())
	defer interrupt()
	r, w := io.Pipe()
	ended := make(chan error, 1)
	go func() {
		err := run(ctx, []string{"-addr", "127.0.0.1:0", "-db", filepath.Join(t.TempDir(), "chat.db")}, w)
		w.CloseWithError(io.EOF)
		ended <- err
	}()
	var told strings.Builder
	for lines := bufio.NewScanner(r); lines.Scan(); {
		told.WriteString(lines.Text() + "\n")
		if lines.Text() == "" && strings.Contains(told.String(), "ROUTE") { // the end of the table
			ear := openStream(t, address.FindString(told.String()))
			ear.hears("at first", speaks)
			interrupt()
			if now := ear.next(); now != (event{}) {
				t.Errorf("%q came, want the end; the browser shall come back by itself", now)
			}
		}
	}
	if err := <-ended; err != nil {
		t.Fatalf("interrupted: %v\n%s", err, told.String())
	}
}

func openStream(t *testing.T, url string) *ear {
	b := &browser{webtest.New(t, url)}
	b.Done("login", b.Post("/login", "user", "ann", "password", "annspass"))
	return b.listens("0")
}
