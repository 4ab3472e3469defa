package main

import (
	"context"
	"errors"
	"fmt"
	"net/http/httptest"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/rbac-go/rbac"
)

const (
	speaks = `standing {"maySpeak":true,"why":""}`
	muted  = `standing {"maySpeak":false,"why":"you are muted in this room"}`
)

func TestMessagesComeToTheRoom(t *testing.T) {
	s := newSite(t)
	ann, manager := s.as("ann"), s.as("manager")
	ear := ann.listens("0")
	ear.hears("at first", speaks)
	manager.Done("elsewhere", manager.Post("/rooms/attic/messages", "text", "in the attic"))
	s.as("bob").says("to all")
	if now := ear.next(); now.id != "2" || now.name != "message" || !strings.Contains(now.data, `"by":"Bob"`) || !strings.Contains(now.data, `"text":"to all"`) {
		t.Errorf("%q came, want the message of bob, and nothing of the attic", now)
	}
}

func TestMuteIsObeyedAtOnce(t *testing.T) {
	s := newSite(t)
	ann, manager := s.as("ann"), s.as("manager")
	ear := ann.listens("0")
	ear.hears("at first", speaks)
	manager.Done("mute", manager.Post("/rooms/general/mute", "user", "ann"))
	ear.hears("muted", muted)
	ann.Want("who is muted says nothing", ann.Post("/rooms/general/messages", "text", "psst"), 403, "you are muted in this room")
	ann.Want("the page says so", ann.Get("/rooms/general"), 200, "you are muted in this room")
	manager.says("quiet now")
	ear.hears("who is muted goes on reading", "message quiet now")
	manager.Done("unmute", manager.Post("/rooms/general/unmute", "user", "ann"))
	ear.hears("unmuted", speaks)
	ann.says("thank you")
	ear.hears("unmuted", "message thank you")
}

func TestStreamEnds(t *testing.T) {
	for rule, c := range map[string]struct {
		end   func(s *site, ann, manager *browser)
		after int // the status of the page then
	}{
		"removed from the room": {func(s *site, _, manager *browser) {
			manager.Done("remove", manager.Post("/rooms/general/remove", "user", "ann"))
		}, 403},
		"disabled": {func(s *site, _, manager *browser) {
			manager.Done("disable", manager.Post("/rooms/general/disable", "user", "ann"))
		}, 303},
		"logged out in another tab": {func(s *site, ann, _ *browser) { ann.Done("logout", ann.Post("/logout")) }, 303},
		"idle":                      {func(s *site, _, _ *browser) { s.clock.advance(time.Hour + 2*time.Minute) }, 303},
		"logged in for too long": {func(s *site, ann, _ *browser) {
			for range 24 {
				s.clock.advance(30 * time.Minute)
				ann.Get("/")
			}
		}, 303},
		"the permission is revoked": {func(s *site, _, _ *browser) {
			s.update(func(tx *rbac.Tx) error {
				return tx.RevokePermission(rbac.Grant{Group: "listeners", Permission: "room.read"})
			})
		}, 403},
	} {
		t.Run(rule, func(t *testing.T) {
			s := newSite(t)
			ann, manager := s.as("ann"), s.as("manager")
			ear := ann.listens("0")
			ear.hears("at first", speaks)
			c.end(s, ann, manager)
			ear.ends(rule)
			ann.Want("the page", ann.Get("/rooms/general"), c.after)
		})
	}
}

func (s *site) update(f func(tx *rbac.Tx) error) {
	s.t.Helper()
	if err := s.authority.Update(context.Background(), f); err != nil {
		s.t.Fatal(err)
	}
}

func TestGuestsLeaveByThemselves(t *testing.T) {
	s := newSite(t)
	ann, manager := s.as("ann"), s.as("manager")
	manager.Done("admit", manager.Post("/rooms/attic/admit", "user", "ann", "guest", "yes"))
	ear := ann.opens("/rooms/attic/events", "")
	ear.hears("a guest", speaks)
	manager.Done("mute", manager.Post("/rooms/attic/mute", "user", "ann"))
	ear.hears("a guest muted", muted)
	manager.Want("still a guest", manager.Get("/rooms/attic"), 200, "until "+s.clock.now().Add(guestTime).Local().Format("15:04"))
	s.clock.advance(guestTime - time.Second)
	ann.Want("before the end", ann.Get("/rooms/attic"), 200)
	s.clock.advance(time.Second)
	ear.ends("the hour is over, muted or not")
	manager.Done("admit", manager.Post("/rooms/attic/admit", "user", "ann"))
	ann.Want("let in again", ann.Get("/rooms/attic"), 200)
}

// A user who lost the room a moment ago gets no later message, even if Watch
// has not reported the loss: here nothing watches.
func TestEachMessageIsJudged(t *testing.T) {
	path, clock := filepath.Join(t.TempDir(), "chat.db"), &clock{}
	here := serveFile(t, path, clock, config)
	slow := config
	slow.MaxStaleness = time.Hour // it would not notice by itself before the test is over
	there := serveFile(t, path, clock, slow)
	for name, s := range map[string]*site{"in the same process": here, "in another process": there} {
		t.Run(name, func(t *testing.T) {
			token, err := s.authority.Issue(t.Context(), rbac.Login{User: "ann"})
			if err != nil {
				t.Fatal(err)
			}
			sent := httptest.NewRecorder()
			out := &events{sent, s.control(sent)}
			stream := &stream{chat: s.chat, room: rooms[0], token: token, out: out}
			if err := stream.send(t.Context(), news{message{ID: 1, Text: "one"}, here.authority.Revision()}); err != nil {
				t.Fatal(err)
			}
			here.update(func(tx *rbac.Tx) error { return move(tx, rooms[0], "ann", "") })
			err = stream.send(t.Context(), news{message{ID: 2, Text: "two"}, here.authority.Revision()})
			if got := sent.Body.String(); !errors.Is(err, errTold) || strings.Contains(got, "two") || !strings.Contains(got, "one") || !strings.Contains(got, "event: reload") {
				t.Errorf("after the removal: %v, sent\n%s", err, got)
			}
			here.update(func(tx *rbac.Tx) error {
				return tx.AssignUser(rbac.Membership{User: "ann", Group: "speakers", Scope: rooms[0].scope()})
			})
		})
	}
}

// A message written between subscribing and reading the history is in both.
func TestNothingComesTwice(t *testing.T) {
	s := newSite(t)
	token, err := s.authority.Issue(t.Context(), rbac.Login{User: "ann"})
	if err != nil {
		t.Fatal(err)
	}
	sent := httptest.NewRecorder()
	stream := &stream{chat: s.chat, room: rooms[0], token: token, out: &events{sent, s.control(sent)}}
	for _, id := range []int64{1, 2, 2, 1, 3} {
		if err := stream.send(t.Context(), news{message: message{ID: id}}); err != nil {
			t.Fatal(err)
		}
	}
	if got := strings.Count(sent.Body.String(), "event: message"); got != 3 {
		t.Errorf("sent %d messages, want 3", got)
	}
}

// A user who left the desk is logged out, however much the others talk.
func TestListeningIsNoUse(t *testing.T) {
	s := newSite(t)
	ann, bob := s.as("ann"), s.as("bob")
	ear := ann.listens("0")
	ear.hears("at first", speaks)
	for i := range 6 {
		s.clock.advance(10 * time.Minute)
		bob.says(fmt.Sprint("message ", i))
		ear.hears("a busy room", fmt.Sprint("message message ", i))
		ann.listens("99").next() // as a browser does that lost its connection
	}
	s.clock.advance(time.Minute)
	ear.ends("ann has done nothing for an hour")
	bob.says("still here")
}

func TestComingBack(t *testing.T) {
	s := newSite(t)
	ann, manager := s.as("ann"), s.as("manager")
	for _, text := range []string{"one", "two"} {
		manager.says(text)
	}
	manager.Done("elsewhere", manager.Post("/rooms/attic/messages", "text", "three, in the attic"))
	manager.says("four")
	ann.listens("0").hears("from the beginning", "message one", "message two", "message four", speaks)
	ann.listens("2").hears("from where the page ends", "message four", speaks)
	ann.listens("4").hears("nothing missed", speaks)
	ann.opens("/rooms/general/events?after=0", "2").hears("the browser knows better than its page", "message four", speaks)
	ann.opens("/rooms/general/events", "3").hears("an id of another room", "message four", speaks)
	ann.listens("5").ends("an id that is not there yet")
	for _, id := range []string{"-1", "x", "1.5", "99999999999999999999"} {
		ann.Want("id "+id, ann.Get("/rooms/general/events?after="+id), 400)
	}
	ann.Want("another room", ann.Get("/rooms/attic/events?after=2"), 403, "you are not in this room")
	s.update(func(tx *rbac.Tx) error {
		for range mostMissed {
			if err := addMessage(t.Context(), tx, message{Room: "general", Author: uuid.New(), Text: "x"}); err != nil {
				return err
			}
		}
		return nil
	})
	ann.listens("0").ends("more than a page should catch up with")
	ear := ann.listens("4")
	for range mostMissed {
		ear.hears("as much as it may be", "message somebody who left")
	}
	ear.hears("nothing comes twice", speaks)
}

func TestOtherProcessesAreHeard(t *testing.T) {
	path, clock := filepath.Join(t.TempDir(), "chat.db"), &clock{}
	here, there := serveFile(t, path, clock, config), serveFile(t, path, clock, config)
	ann, manager := there.as("ann"), here.as("manager")
	ear := ann.listens("0")
	ear.hears("at first", speaks)
	manager.says("from the other one")
	ear.hears("from the other one", "message from the other one")
	manager.Done("mute", manager.Post("/rooms/general/mute", "user", "ann"))
	ear.hears("muted in the other one", muted)
	manager.Done("remove", manager.Post("/rooms/general/remove", "user", "ann"))
	ear.ends("removed in the other one")
}

func TestStoreDown(t *testing.T) {
	s := newSite(t)
	ear := s.as("ann").listens("0")
	ear.hears("at first", speaks)
	s.store.down.Store(true)
	s.clock.advance(time.Second)
	ear.hears("nobody may do what cannot be decided", `standing {"maySpeak":false,"why":"it cannot be decided`)
	s.chat.hub.handOn(news{message: message{ID: 1, Room: "general", Text: "waits"}})
	s.store.down.Store(false)
	ear.hears("what was said meanwhile comes when it may be read", speaks, "message waits")
}

func TestStreamsBeat(t *testing.T) {
	s := newSite(t)
	s.chat.beat = time.Millisecond
	s.as("ann").listens("0").hears("a silent room", speaks, "beat", "beat")
}
