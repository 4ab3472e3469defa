package main

import (
	"encoding/json"
	"fmt"
	"net/http"
	"time"
)

// events writes Server-Sent Events. A client that does not read is disconnected
// when a write has waited for writeWithin: the WriteTimeout of the server is
// for answers that end.
type events struct {
	w       http.ResponseWriter
	control *http.ResponseController
}

const (
	writeWithin = 10 * time.Second
	comeBack    = 2 * time.Second // until a browser that lost the stream asks again
)

// newEvents begins the answer. A connection without deadlines is an error,
// before anything is written: a stream on such a connection would hold its
// memory for as long as the client likes.
func newEvents(w http.ResponseWriter) (*events, error) {
	e := &events{w, http.NewResponseController(w)}
	if err := e.control.SetWriteDeadline(time.Now().Add(writeWithin)); err != nil {
		return nil, err
	}
	h := w.Header()
	h.Set("Content-Type", "text/event-stream")
	h.Set("Cache-Control", "no-store")
	h.Set("X-Accel-Buffering", "no") // asks nginx to pass on each event at once
	return e, e.write(fmt.Sprintf("retry: %d\n\n", comeBack.Milliseconds()))
}

// send writes an event; the id zero means no id. JSON has no line breaks, so no
// typed text can end the event and begin another.
func (e *events) send(name string, id int64, data any) error {
	body, err := json.Marshal(data)
	if err != nil {
		return err
	}
	text := fmt.Sprintf("event: %s\ndata: %s\n\n", name, body)
	if id != 0 {
		text = fmt.Sprintf("id: %d\n%s", id, text)
	}
	return e.write(text)
}

// beat writes a comment, which browsers skip.
func (e *events) beat() error { return e.write(":\n\n") }

func (e *events) write(text string) error {
	if err := e.control.SetWriteDeadline(time.Now().Add(writeWithin)); err != nil {
		return err
	}
	if _, err := e.w.Write([]byte(text)); err != nil {
		return err
	}
	return e.control.Flush()
}
