package rbac

import (
	"encoding/json"
	"errors"
	"time"
)

// Users, memberships and grants are what a log is made of, so their JSON is written by hand: byte for byte
// what json.Marshal makes of them, in a fraction of the time.

// recordJSON writes a record for the change log; nil where there is none.
func recordJSON(record any) (json.RawMessage, error) {
	switch r := record.(type) {
	case nil:
		return nil, nil
	case User:
		return r.json()
	case Membership:
		return r.json()
	case Grant:
		return r.json()
	}
	return json.Marshal(record)
}

func (u User) json() (json.RawMessage, error) {
	o := newJSONObject()
	o.text("id", u.ID.String())
	o.text("name", u.Name)
	o.optional("email", u.Email)
	o.optional("subject", u.Subject)
	o.optional("display_name", u.DisplayName)
	o.optional("note", u.Note)
	if u.Disabled {
		o.key("disabled")
		o.b = append(o.b, "true"...)
	}
	o.time("created", u.Created)
	o.time("last_login", u.LastLogin)
	return o.end()
}

func (m Membership) json() (json.RawMessage, error) {
	o := newJSONObject()
	o.text("user", m.User)
	o.text("group", m.Group)
	o.optional("scope", m.Scope)
	o.optional("note", m.Note)
	o.time("until", m.Until)
	o.optional("assigned_by", m.AssignedBy)
	o.time("assigned_at", m.AssignedAt)
	return o.end()
}

func (g Grant) json() (json.RawMessage, error) {
	o := newJSONObject()
	o.text("group", g.Group)
	o.text("permission", g.Permission)
	o.optional("note", g.Note)
	o.optional("granted_by", g.GrantedBy)
	o.time("granted_at", g.GrantedAt)
	return o.end()
}

// jsonObject is one that is being written.
type jsonObject struct {
	b   []byte
	err error
}

func newJSONObject() jsonObject { return jsonObject{b: append(make([]byte, 0, 128), '{')} }

func (o *jsonObject) end() (json.RawMessage, error) { return append(o.b, '}'), o.err }

func (o *jsonObject) key(key string) {
	if len(o.b) > 1 {
		o.b = append(o.b, ',')
	}
	o.b = append(append(append(o.b, '"'), key...), '"', ':')
}

func (o *jsonObject) text(key, value string) {
	o.key(key)
	if plainJSON(value) {
		o.b = append(append(append(o.b, '"'), value...), '"')
		return
	}
	quoted, err := json.Marshal(value)
	o.b, o.err = append(o.b, quoted...), errors.Join(o.err, err)
}

// plainJSON reports whether a text stands in JSON as it is.
func plainJSON(s string) bool {
	for i := range len(s) {
		if c := s[i]; c < ' ' || c > '~' || c == '"' || c == '\\' || c == '<' || c == '>' || c == '&' {
			return false
		}
	}
	return true
}

// optional and time leave out what is empty or zero.
func (o *jsonObject) optional(key, value string) {
	if value != "" {
		o.text(key, value)
	}
}

func (o *jsonObject) time(key string, t time.Time) {
	if t.IsZero() {
		return
	}
	o.key(key)
	b, err := t.AppendText(append(o.b, '"'))
	if err != nil {
		o.err = errors.Join(o.err, err)
		return
	}
	o.b = append(b, '"')
}
