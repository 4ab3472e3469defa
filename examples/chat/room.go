package main

import (
	"net/http"

	"github.com/rbac-go/rbac"
)

// room is a place to talk in, and a scope: a membership counts in one room, or
// without a scope in all rooms.
type room struct{ Name, Title string }

var rooms = []room{{"general", "General"}, {"workshop", "Workshop"}, {"attic", "Attic"}}

func (m room) scope() string { return "room:" + m.Name }

// Path returns the path of the room's page.
func (m room) Path() string { return "/rooms/" + m.Name }

func (m room) mayRead() rbac.Predicate {
	return rbac.WithMessage(rbac.In(m.scope(), rbac.HasPermission("room.read")), "you are not in this room")
}

func (m room) maySpeak() rbac.Predicate {
	speak := rbac.In(m.scope(), rbac.HasPermission("room.speak"))
	return rbac.All(m.mayRead(), rbac.WithMessage(speak, "you are muted in this room"))
}

func (m room) mayModerate() rbac.Predicate {
	return rbac.In(m.scope(), rbac.HasPermission("room.moderate"))
}

// roomOf returns the room that the path names; ErrNotFound if there is none.
func roomOf(r *http.Request) (room, error) {
	for _, m := range rooms {
		if m.Name == r.PathValue("room") {
			return m, nil
		}
	}
	return room{}, rbac.ErrNotFound
}

// in returns the rule of a route, which is a rule of the room that the path
// names.
func in(rule func(room) rbac.Predicate) func(*http.Request) (rbac.Predicate, error) {
	return func(r *http.Request) (rbac.Predicate, error) {
		m, err := roomOf(r)
		if err != nil {
			return nil, err
		}
		return rule(m), nil
	}
}

// readable returns the rooms that the Identity may read in.
func readable(id *rbac.Identity) []room {
	var list []room
	for _, m := range rooms {
		if rbac.Met(id, m.mayRead()) {
			list = append(list, m)
		}
	}
	return list
}
