package rbac

import (
	"strconv"
	"sync/atomic"

	"github.com/google/uuid"
)

type isUser struct{ name string } // canonical

func (p *isUser) judge(id view) verdict {
	return verdictOf(id.user == p.name) // nobody has the name ""
}

func (p *isUser) call() (string, []string) { return "is_user", []string{strconv.Quote(p.name)} }

func (p *isUser) describe(id *Identity, v verdict) (need, fact string) {
	return "needs to be the user " + p.name, id.who()
}

type isUserID struct{ id uuid.UUID }

func (p *isUserID) judge(id view) verdict {
	if id.kind == userIdentity && id.id == uuid.Nil {
		return broken // it may be them: neither this nor its opposite can be said
	}
	return verdictOf(id.id == p.id) // nobody has the zero id
}

func (p *isUserID) call() (string, []string) {
	return "is_user_id", []string{strconv.Quote(p.id.String())}
}

func (p *isUserID) describe(id *Identity, v verdict) (need, fact string) {
	if v == broken {
		return "the id of the user " + id.user + " is unknown", ""
	}
	return "needs to be a certain user", id.who() // whom, is no business of those who are denied
}

type anonymity struct{ want bool }

func (p *anonymity) judge(id view) verdict {
	return verdictOf((id.kind == anonymousIdentity) == p.want)
}

func (p *anonymity) call() (string, []string) {
	if p.want {
		return "is_anonymous", nil
	}
	return "not_anonymous", nil
}

func (p *anonymity) describe(id *Identity, v verdict) (need, fact string) {
	if p.want {
		return "needs that nobody is logged in", id.who()
	}
	return "needs a login", id.who()
}

type inGroup struct {
	name  string
	found atomic.Pointer[foundGroup]
}

func (p *inGroup) judge(id view) verdict {
	if id.policy == nil {
		return id.group(p.name)
	}
	return id.inNumber(id.policy.findGroup(p.name, &p.found))
}

func (p *inGroup) call() (string, []string) { return "in_group", []string{strconv.Quote(p.name)} }

func (p *inGroup) describe(id *Identity, v verdict) (need, fact string) {
	switch v {
	case met:
		return "", id.waysInto(p.name)
	case unmet:
		need = "needs the group " + p.name
		if id.hushed {
			need = "needs a certain group"
		}
		return need, id.lacking(func(n int32) bool { return id.policy.group(n).Name == p.name })
	}
	if id.hushed {
		return "a group is unknown", ""
	}
	return "group " + strconv.Quote(p.name) + " is unknown", ""
}

type hasPermission struct {
	name  string
	found atomic.Pointer[foundPermission]
}

func (p *hasPermission) judge(id view) verdict {
	if id.policy == nil {
		return id.permission(p.name)
	}
	found := id.policy.findPermission(p.name, &p.found)
	if !found.ok {
		return broken
	}
	return verdictOf(found.given.meets(id.active.closed))
}

func (p *hasPermission) call() (string, []string) {
	return "has_permission", []string{strconv.Quote(p.name)}
}

func (p *hasPermission) describe(id *Identity, v verdict) (need, fact string) {
	switch v {
	case met:
		return "", id.waysTo(p.name)
	case unmet:
		return "needs " + p.name + id.givers(p.name), id.lacking(func(n int32) bool { return id.policy.group(n).grantsItself(p.name) })
	}
	return "permission " + strconv.Quote(p.name) + " is unknown", ""
}

type function struct {
	name string
	f    func(*Identity) bool
}

// judge leaves the verdict broken when f panics, whatever it panics with.
func (p *function) judge(id view) (v verdict) {
	defer func() { _ = recover() }()
	return verdictOf(p.f(id.identity()))
}

func (p *function) call() (string, []string) { return "func", []string{strconv.Quote(p.name)} }

// describe keeps the value of a panic to itself: messages are shown to those who are denied.
func (p *function) describe(id *Identity, v verdict) (need, fact string) {
	check := "the check " + strconv.Quote(p.name)
	switch v {
	case met:
		return "", check + " passes"
	case unmet:
		return "needs " + check + " to pass", ""
	}
	return check + " panicked", ""
}

func verdictOf(ok bool) verdict {
	if ok {
		return met
	}
	return unmet
}
