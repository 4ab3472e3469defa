package main

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"
)

// deadlines is a ResponseWriter that has deadlines.
type deadlines struct {
	http.ResponseWriter
	set, bare int // deadlines for writing, and writes without one
}

func (d *deadlines) SetWriteDeadline(t time.Time) error {
	if until := time.Until(t); until > 0 && until <= writeWithin {
		d.set++
	}
	return nil
}

func (d *deadlines) Write(b []byte) (int, error) {
	if d.set == 0 {
		d.bare++
	}
	d.set = 0
	return d.ResponseWriter.Write(b)
}

func (d *deadlines) Unwrap() http.ResponseWriter { return d.ResponseWriter }

func (*site) control(w http.ResponseWriter) *http.ResponseController {
	return http.NewResponseController(&deadlines{ResponseWriter: w})
}

func TestEveryWriteHasADeadline(t *testing.T) {
	d := &deadlines{ResponseWriter: httptest.NewRecorder()}
	e, err := newEvents(d)
	if err != nil {
		t.Fatal(err)
	}
	for range 3 {
		if err := e.send("message", 1, "x"); err != nil {
			t.Fatal(err)
		}
		if err := e.beat(); err != nil {
			t.Fatal(err)
		}
	}
	if d.bare > 0 {
		t.Errorf("%d writes without a deadline: who does not read would hold them for ever", d.bare)
	}
}

func TestNoStreamWithoutDeadlines(t *testing.T) {
	w := httptest.NewRecorder() // has none
	if _, err := newEvents(w); err == nil || w.Body.Len() > 0 {
		t.Errorf("error %v, and sent %q", err, w.Body)
	}
}

// The deadlines of the server end answers, and not streams.
func TestServersDeadlinesAreNotTheStreams(t *testing.T) {
	s := newSite(t)
	server := httptest.NewUnstartedServer(s.handler)
	server.Config.ReadTimeout = 500 * time.Millisecond
	server.Config.WriteTimeout = 500 * time.Millisecond
	s.chat.beat = 100 * time.Millisecond
	server.Start()
	t.Cleanup(server.Close)
	ann := s.as("ann")
	ann.Base = server.URL
	ear := ann.listens("0")
	ear.hears("at first", speaks)
	for range 15 {
		ear.hears("long after the timeouts", "beat")
	}
	s.chat.endStreams()
}

func TestNothingTypedIsAnEvent(t *testing.T) {
	w := httptest.NewRecorder()
	e, err := newEvents(&deadlines{ResponseWriter: w})
	if err != nil {
		t.Fatal(err)
	}
	for _, text := range []string{"a\n\nevent: reload\ndata: x\n\n", "a\r\revent: reload\r", "a\u2028event: reload", "a\x00b"} {
		w.Body.Reset()
		if err := e.send("message", 7, messageView{By: text, Text: text}); err != nil {
			t.Fatal(err)
		}
		if got := w.Body.String(); strings.Count(got, "\n") != 4 || strings.ContainsAny(got, "\r\x00") {
			t.Errorf("%q makes %q", text, got)
		}
	}
}
