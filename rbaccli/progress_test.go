package rbaccli

import (
	"bytes"
	"io"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

// What takes longer than a second shows its progress, and removes it before
// anything else is printed. What is quicker shows nothing.
func TestProgress(t *testing.T) {
	during := func(d time.Duration) string {
		var screen bytes.Buffer
		synctest.Test(t, func(t *testing.T) {
			var p progress
			stop := p.begin(&screen)
			p.count.Add(7)
			time.Sleep(d)
			p.end()
			io.WriteString(&screen, "answer\n")
			time.Sleep(time.Minute)
			stop()
		})
		return screen.String()
	}
	if text := during(900 * time.Millisecond); text != "answer\n" {
		t.Errorf("a quick verb shows %q", text)
	}
	text := during(2500 * time.Millisecond)
	if !strings.Contains(text, "\r\x1b[K1 s, 7 rows") || !strings.Contains(text, "\r\x1b[K2 s, 7 rows") {
		t.Errorf("a slow verb shows %q", text)
	}
	importing := progress{w: new(bytes.Buffer), began: time.Now()}
	importing.count.Store(300)
	importing.all.Store(2000)
	importing.show()
	if text := importing.w.(*bytes.Buffer).String(); text != "\r\x1b[K0 s, 300 of 2000 users" {
		t.Errorf("an import shows %q", text)
	}
	if !strings.HasSuffix(text, " rows\r\x1b[Kanswer\n") {
		t.Errorf("the progress stays on the screen: %q", text)
	}
}
