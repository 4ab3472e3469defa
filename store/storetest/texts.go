package storetest

import (
	"fmt"
	"reflect"
	"unsafe"

	"github.com/rbac-go/rbac/store"
)

var textRules = []rule{
	{"copies in of texts", "Texts are copies on the way in: a record keeps every text that it was added or set with, whatever the caller writes over the bytes afterwards.", func(w *world) {
		w.update(seed)
		for _, c := range textEdits {
			var sent *borrowed
			var want, inside []string
			w.update(func(r store.Records) (err error) {
				sent = &borrowed{by: c.name} // a new value, since a store may run f again
				if err = c.f(r, sent); err != nil {
					return fmt.Errorf("%s: %w", c.name, err)
				}
				if want, err = legible(r); err != nil {
					return err
				}
				sent.overwrite()
				inside, err = legible(r)
				return err
			})
			w.equal(c.name+" in the same Update", inside, want)
			w.equal(c.name+" later", get(w, legible), want)
		}
	}},
}

// legible returns the contents of a store, record by record, as texts that
// share nothing with the store. A record with a text as key must be found by
// that key.
func legible(r store.Records) (list []string, err error) {
	t, err := dump(r)
	if err != nil {
		return nil, err
	}
	for i := range reflect.TypeFor[tables]().NumField() {
		table := reflect.ValueOf(t).Field(i)
		if table.Kind() != reflect.Slice {
			list = append(list, fmt.Sprintf("%+v", table))
			continue
		}
		for _, record := range table.Seq2() {
			list = append(list, fmt.Sprintf("%+v", record))
		}
	}
	found := func(err error) { list = append(list, fmt.Sprint("found by its key: ", err)) }
	for _, u := range t.Users {
		keep(new(store.UserRecord), found)(r.User(store.UserKey{Name: u.Name}))
		if u.EmailKey != "" {
			keep(new(store.UserRecord), found)(r.User(store.UserKey{EmailKey: u.EmailKey}))
		}
		if u.Subject != "" {
			keep(new(store.UserRecord), found)(r.User(store.UserKey{Subject: u.Subject}))
		}
	}
	for _, s := range t.Sections {
		keep(new(store.Section), found)(r.Section(s.Name))
	}
	for _, p := range t.Permissions {
		keep(new(store.Permission), found)(r.Permission(p.Name))
	}
	for _, g := range t.Groups {
		keep(new(store.Group), found)(r.Group(store.GroupKey{Name: g.Name}))
	}
	for _, g := range t.Grants {
		keep(new(store.Grant), found)(r.Grant(g.Group, g.Permission))
	}
	for _, s := range t.Dynamic {
		keep(new(store.Separation), found)(r.Separation(true, s.Name))
	}
	for _, list := range t.Links {
		for _, l := range list {
			keep(new(store.Link), found)(r.Link(l.Hash))
		}
	}
	for _, list := range t.Memberships {
		for _, m := range list {
			keep(new(store.Membership), found)(r.Membership(m.User, m.Group, m.Scope))
		}
	}
	return list, nil
}

// textEdit is a call of a method that keeps texts. Each call succeeds on the
// seed, after all earlier calls.
type textEdit struct {
	name string
	f    func(store.Records, *borrowed) error
}

// textEdits call every method of Records that keeps a text.
var textEdits = []textEdit{
	{"AddUser", func(r store.Records, b *borrowed) error {
		return r.AddUser(lend(b, store.UserRecord{User: store.User{ID: id("new")}}))
	}},
	{"SetUser", func(r store.Records, b *borrowed) error {
		return r.SetUser(lend(b, store.UserRecord{User: store.User{ID: id("alice")}}))
	}},
	{"SetPasswordHash", func(r store.Records, b *borrowed) error { return r.SetPasswordHash(id("bob"), lend(b, "")) }},
	{"PutSection new", func(r store.Records, b *borrowed) error { return r.PutSection(lend(b, store.Section{})) }},
	{"PutSection", func(r store.Records, b *borrowed) error { return r.PutSection(lend(b, store.Section{Name: "posts"})) }},
	{"PutPermission new", func(r store.Records, b *borrowed) error {
		return r.PutPermission(lend(b, store.Permission{ID: id("new")}))
	}},
	{"PutPermission", func(r store.Records, b *borrowed) error {
		return r.PutPermission(lend(b, store.Permission{ID: id("edit")}))
	}},
	{"PutGroup new", func(r store.Records, b *borrowed) error { return r.PutGroup(lend(b, store.Group{ID: id("new")})) }},
	{"PutGroup", func(r store.Records, b *borrowed) error { return r.PutGroup(lend(b, store.Group{ID: id("empty")})) }},
	{"PutGrant new", func(r store.Records, b *borrowed) error {
		return r.PutGrant(lend(b, store.Grant{Group: id("staff")}))
	}},
	{"PutGrant", func(r store.Records, b *borrowed) error {
		return r.PutGrant(lend(b, store.Grant{Group: id("staff"), Permission: "post.edit"}))
	}},
	{"PutDeclaration", func(r store.Records, b *borrowed) error { return r.PutDeclaration(lend(b, store.Declaration{})) }},
	{"PutSeparation new", func(r store.Records, b *borrowed) error {
		return r.PutSeparation(lend(b, separation(true, "", 2, "staff", "guests")))
	}},
	{"PutSeparation", func(r store.Records, b *borrowed) error {
		return r.PutSeparation(lend(b, separation(true, "desks", 2, "staff", "guests")))
	}},
	{"PutDelegation", func(r store.Records, b *borrowed) error {
		return r.PutDelegation(lend(b, delegation("staff", "guests")))
	}},
	{"PutMembership new", func(r store.Records, b *borrowed) error { return r.PutMembership(lend(b, member("bob", "staff"))) }},
	{"PutMembership", func(r store.Records, b *borrowed) error {
		m := member("alice", "staff")
		m.Scope = "org:1"
		return r.PutMembership(lend(b, m))
	}},
	{"AddTicket", func(r store.Records, b *borrowed) error { return r.AddTicket(lend(b, ticket("new", "bob"))) }},
	{"PutLink", func(r store.Records, b *borrowed) error {
		return r.PutLink(lend(b, store.Link{User: id("alice"), Hash: hash("lent"), Created: noon, Expires: noon}))
	}},
	{"CountLogin new", func(r store.Records, b *borrowed) error {
		return r.CountLogin(lend(b, store.Login{ID: id("lent"), User: id("alice")}), 9)
	}},
	{"CountLogin", func(r store.Records, b *borrowed) error {
		return r.CountLogin(lend(b, store.Login{ID: id("l1"), User: id("alice")}), 9)
	}},
	{"PutTicketValue", func(r store.Records, b *borrowed) error { return r.PutTicketValue(lend(b, ticketValue("t1", "", ""))) }},
	{"PutThrottle", func(r store.Records, b *borrowed) error {
		return r.PutThrottle(lend(b, store.Throttle{Key: hash("k1"), User: id("alice"), Until: noon}))
	}},
	{"AddChange", func(r store.Records, b *borrowed) error { return r.AddChange(lend(b, store.Change{Revision: 2})) }},
}

// borrowed are texts whose owner overwrites the bytes later, as a server does
// that reuses the buffer of a request.
type borrowed struct {
	by      string // the borrowing call, which makes its new texts unique
	buffers [][]byte
}

func (b *borrowed) overwrite() {
	for _, buffer := range b.buffers {
		for i := range buffer {
			buffer[i] = 'x'
		}
	}
}

// lend returns a record, or a text, with borrowed texts: a borrowed copy of
// each text, and a new text in place of each empty text.
func lend[R any](b *borrowed, record R) R {
	b.fill(reflect.ValueOf(&record).Elem())
	return record
}

func (b *borrowed) fill(v reflect.Value) {
	switch {
	case v.Kind() == reflect.String:
		text := v.String()
		if text == "" {
			text = fmt.Sprintf("%s %d", b.by, len(b.buffers))
		}
		buffer := []byte(text)
		b.buffers = append(b.buffers, buffer)
		v.SetString(unsafe.String(&buffer[0], len(buffer)))
	case v.Kind() == reflect.Struct && v.Type() != timeType:
		for i := range v.NumField() {
			b.fill(v.Field(i))
		}
	}
}
