package main

import (
	"bufio"
	"context"
	"io"
	"net/http"
	"net/http/cookiejar"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

func TestRestartKeepsWhatWasSaidAndDone(t *testing.T) {
	path, clock := filepath.Join(t.TempDir(), "chat.db"), &clock{}
	first := serveFile(t, path, clock, config)
	manager, ann := first.as("manager"), first.as("ann")
	ann.says("for later")
	manager.done("mute", manager.post("/rooms/general/mute", "user", "ann"))
	manager.done("remove", manager.post("/rooms/general/remove", "user", "bob"))
	first.chat.close()

	second := serveFile(t, path, clock, config)
	ann, bob := second.as("ann"), second.as("bob")
	ann.want("ann", ann.get("/rooms/general"), 200, "for later", "you are muted in this room")
	bob.want("bob", bob.get("/rooms/general"), 403)
}

func TestOnlyLoopbackAddresses(t *testing.T) {
	for _, addr := range []string{":0", "0.0.0.0:0", "[::]:0", "192.0.2.1:0", "nonsense", ""} {
		if l, err := listen(addr); err == nil {
			t.Errorf("listens on %q, where others can sign in with the known passwords", addr)
			l.Close()
		}
	}
}

var address = regexp.MustCompile(`http://[0-9.:]+`)

// A stream that is open keeps the program from ending no longer than any other request.
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
	jar, err := cookiejar.New(nil)
	if err != nil {
		t.Fatal(err)
	}
	stay := func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	b := &browser{t, url, &http.Client{Jar: jar, CheckRedirect: stay}, "text/html"}
	b.done("login", b.post("/login", "user", "ann", "password", "annspass"))
	return b.listens("0")
}
