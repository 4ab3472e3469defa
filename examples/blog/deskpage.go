package main

import (
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"time"

	"github.com/rbac-go/rbac"
)

// This page administers rights without the console: the head of a desk chooses
// its sub-editors. The form is previewed, confirmed, and made in the name of the
// person who is signed in. Copy deskChange.apply for pages of your own.

// subeditors is the group that the page gives and takes, in the scope of a desk.
const subeditors = "subeditors"

// deskData is the page of a desk.
type deskData struct {
	desk
	Members  []rbac.Membership
	MayGive  bool          // else the page has no forms
	Seen     rbac.Revision // of the members; forms send the revision back
	User     string        // as typed into the form
	Until    string
	UserName map[string]string // display names, by user name
}

// deskChange is a change of the sub-editors of a desk.
type deskChange struct {
	Do         string // "assign" or "deassign"
	Membership rbac.Membership
	Seen       rbac.Revision
}

// deskPreview is the page that asks whether to make a change.
type deskPreview struct {
	desk
	deskChange
	Until  string
	Effect rbac.Effect
}

// mayStaff returns the predicate for the desk that the path names. An unknown
// desk is a 404.
func (b *blog) mayStaff(r *http.Request) (rbac.Predicate, error) {
	d, err := findDesk(r.PathValue("desk"))
	if err != nil {
		return nil, err
	}
	return mayStaff(d), nil
}

func (b *blog) showDesk(w http.ResponseWriter, r *http.Request) { b.deskPage(w, r, page{}) }

func (b *blog) deskPage(w http.ResponseWriter, r *http.Request, p page) {
	d, err := findDesk(r.PathValue("desk"))
	if err != nil {
		b.guard.Deny(w, r, err)
		return
	}
	data := deskData{desk: d, User: r.PostForm.Get("user"), Until: r.PostForm.Get("until")}
	err = b.authority.View(r.Context(), func(tx *rbac.Tx) error { return data.read(tx, rbac.FromContext(r.Context())) })
	if err != nil {
		b.guard.Deny(w, r, err)
		return
	}
	p.Title, p.Data = d.Title+" desk", data
	b.show(w, r, "desk.html", p)
}

// read reads the members, and whether the person may choose them.
func (d *deskData) read(tx *rbac.Tx, id *rbac.Identity) error {
	d.Members, d.UserName, d.Seen = nil, map[string]string{}, tx.Revision() // this function may run more than once
	for m, err := range tx.Memberships(rbac.MembershipQuery{Group: subeditors, Scopes: []string{d.scope()}}) {
		if err != nil {
			return err
		}
		u, err := tx.User(m.User)
		if err != nil {
			return err
		}
		d.Members, d.UserName[m.User] = append(d.Members, m), u.DisplayName
	}
	groups, err := tx.Assignable(id, d.scope())
	d.MayGive = slices.ContainsFunc(groups, func(g rbac.Group) bool { return g.Name == subeditors })
	return err
}

// changeDesk shows the effect of a change, and makes the change when the form
// comes back with the field confirm.
func (b *blog) changeDesk(w http.ResponseWriter, r *http.Request) {
	d, err := findDesk(r.PathValue("desk"))
	if err != nil {
		b.guard.Deny(w, r, err)
		return
	}
	again := func(p page) { b.deskPage(w, r, p) }
	c, err := newDeskChange(d, r.PostForm)
	if err != nil {
		b.done(w, r, "", err, again)
		return
	}
	ctx, id := r.Context(), rbac.FromContext(r.Context())
	if r.PostForm.Has("confirm") {
		err = b.authority.UpdateAs(rbac.WithReason(ctx, r.PostForm.Get("reason")), id, c.apply)
		b.done(w, r, "/desks/"+d.Name, withoutNames(id, err), again)
		return
	}
	effect, err := b.authority.PreviewAs(ctx, id, c.apply)
	if err != nil {
		b.done(w, r, "", withoutNames(id, err), again)
		return
	}
	b.show(w, r, "deskchange.html", page{Title: d.Title + " desk", Data: deskPreview{d, c, r.PostForm.Get("until"), effect}})
}

// withoutNames returns an error that tells a head of a desk nothing about people
// and groups beyond the desk: who has changed a record meanwhile, and with which
// groups a separation set keeps a user apart. Managers read the names.
func withoutNames(id *rbac.Identity, err error) error {
	for _, kind := range []error{rbac.ErrConflict, rbac.ErrSeparation} {
		if errors.Is(err, kind) && !id.HasPermission(config.Administer) {
			return kind
		}
	}
	return err
}

// newDeskChange returns the change of a form. Group and scope are the page's own
// and not the form's, although UpdateAs would refuse any other.
func newDeskChange(d desk, form url.Values) (deskChange, error) {
	c := deskChange{Do: form.Get("do"), Membership: rbac.Membership{User: form.Get("user"), Group: subeditors, Scope: d.scope()}}
	seen, err := strconv.ParseInt(form.Get("seen"), 10, 64)
	if err != nil {
		return deskChange{}, fmt.Errorf("%w: the revision of the form", rbac.ErrInvalid)
	}
	c.Seen = rbac.Revision(seen)
	if day := form.Get("until"); day != "" {
		last, err := time.Parse(time.DateOnly, day)
		if err != nil {
			return deskChange{}, fmt.Errorf("%w: the last day", rbac.ErrInvalid)
		}
		c.Membership.Until = last.AddDate(0, 0, 1) // the end of that day
	}
	return c, nil
}

// apply makes the change, unless somebody else has changed the user or the group
// since the page was made.
func (c deskChange) apply(tx *rbac.Tx) error {
	if err := tx.RequireUnchanged(c.Seen, "user", c.Membership.User); err != nil {
		return err
	}
	if err := tx.RequireUnchanged(c.Seen, "group", subeditors); err != nil {
		return err
	}
	switch c.Do {
	case "assign":
		return tx.AssignUser(c.Membership)
	case "deassign":
		return tx.DeassignUser(c.Membership)
	}
	return fmt.Errorf("%w: there is no such change", rbac.ErrInvalid)
}
