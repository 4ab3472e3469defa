package main

import (
	"net/http"
	"time"

	"github.com/rbac-go/rbac"
	"github.com/rbac-go/rbac/examples/internal/web"
)

// roomData is the page of a room.
type roomData struct {
	Room     room
	Rooms    []room
	Messages []messageView
	Last     int64 // the id after which the stream of the page begins
	Standing standing
	Draft    string

	Moderates, Disables bool
	People              []person
}

// messageView is a message on pages and in streams.
type messageView struct {
	By   string `json:"by"`
	At   string `json:"at"`
	Text string `json:"text"`
}

func view(m message) messageView {
	return messageView{m.By, m.At.Local().Format("15:04"), m.Text}
}

const mostShown = 50 // messages on a page

func (c *chat) home(w http.ResponseWriter, r *http.Request) {
	c.show(w, r, "home.html", page{Title: "Rooms", Data: readable(rbac.FromContext(r.Context()))})
}

func (c *chat) readRoom(w http.ResponseWriter, r *http.Request) {
	c.showRoom(w, r, page{}, "")
}

func (c *chat) showRoom(w http.ResponseWriter, r *http.Request, p page, draft string) {
	m, err := roomOf(r)
	if err != nil {
		c.guard.Deny(w, r, err)
		return
	}
	id := rbac.FromContext(r.Context())
	data := roomData{
		Room: m, Rooms: readable(id), Standing: standingOf(id, m), Draft: draft,
		Moderates: rbac.Met(id, m.mayModerate()), Disables: id.HasPermission("account.disable"),
	}
	err = c.authority.View(r.Context(), func(tx *rbac.Tx) error {
		list, err := latestMessages(r.Context(), tx, m.Name, mostShown)
		if err != nil {
			return err
		}
		data.Messages = nil // this function may run more than once
		for _, message := range list {
			data.Messages, data.Last = append(data.Messages, view(message)), message.ID
		}
		if data.Moderates || data.Disables {
			data.People, err = peopleIn(tx, m, c.now())
		}
		return err
	})
	if err != nil {
		c.guard.Deny(w, r, err)
		return
	}
	p.Title, p.Data = m.Title, data
	c.show(w, r, "room.html", p)
}

// say writes a message. The rule of the route was met when the request arrived.
// Check judges again in the transaction that writes, so no message is written
// after a mute.
func (c *chat) say(w http.ResponseWriter, r *http.Request) {
	m, err := roomOf(r)
	text := typed(r.PostForm.Get("text"))
	if problem := textProblem(text); err == nil && problem != "" {
		c.refuse(w, r, http.StatusUnprocessableEntity, problem, text)
		return
	}
	if err == nil {
		err = c.write(r, m, text)
	}
	switch {
	case err != nil:
		c.guard.Deny(w, r, err)
	case !web.WantsPage(r):
		w.WriteHeader(http.StatusNoContent) // the stream brings the message
	default:
		http.Redirect(w, r, m.Path(), http.StatusSeeOther)
	}
}

func (c *chat) write(r *http.Request, m room, text string) error {
	ctx := r.Context()
	said := message{Room: m.Name, Author: rbac.FromContext(ctx).ID(), Text: text, At: time.Now()}
	err := c.authority.Update(ctx, func(tx *rbac.Tx) error {
		if err := tx.Check(c.guard.Token(r), m.maySpeak()); err != nil {
			return err
		}
		return addMessage(ctx, tx, said)
	})
	if err == nil {
		c.hub.said()
	}
	return err
}

// refuse answers a form with a mistake: a browser with the page, and the script
// with a sentence.
func (c *chat) refuse(w http.ResponseWriter, r *http.Request, status int, alert, draft string) {
	if !web.WantsPage(r) {
		w.Header().Set("Cache-Control", "no-store")
		http.Error(w, alert, status)
		return
	}
	c.showRoom(w, r, page{Status: status, Alert: alert}, draft)
}
