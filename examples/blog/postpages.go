package main

import (
	"net/http"
	"strconv"
	"time"

	"github.com/rbac-go/rbac"
	"github.com/rbac-go/rbac/examples/internal/users"
)

// postView is a post on a page.
type postView struct {
	Post
	By      string
	MayEdit bool
}

// Desks are the choices of the form.
func (postView) Desks() []desk { return desks }

// DeskTitle returns the title of the post's desk; empty: none.
func (p postView) DeskTitle() string {
	d, _ := findDesk(p.Desk)
	return d.Title
}

func (b *blog) home(w http.ResponseWriter, r *http.Request) {
	var views []postView
	err := b.authority.View(r.Context(), func(tx *rbac.Tx) error {
		list, err := b.posts.latest(r.Context(), tx)
		if err != nil {
			return err
		}
		views = nil // this function may run more than once
		for _, p := range list {
			by, err := users.ShownName(tx, p.Author)
			if err != nil {
				return err
			}
			views = append(views, postView{Post: p, By: by})
		}
		return nil
	})
	if err != nil {
		b.guard.Deny(w, r, err)
		return
	}
	b.show(w, r, "home.html", page{Title: "The example blog", Data: views})
}

func (b *blog) readPost(w http.ResponseWriter, r *http.Request) {
	view, err := b.post(r)
	if err != nil {
		b.guard.Deny(w, r, err)
		return
	}
	view.MayEdit = rbac.Met(rbac.FromContext(r.Context()), mayEdit(view.Post))
	b.show(w, r, "post.html", page{Title: view.Title, Data: view})
}

// post returns the post that the path names.
func (b *blog) post(r *http.Request) (postView, error) {
	id, err := strconv.ParseInt(r.PathValue("id"), 10, 64)
	if err != nil {
		return postView{}, rbac.ErrNotFound
	}
	var view postView
	err = b.authority.View(r.Context(), func(tx *rbac.Tx) error {
		if view.Post, err = b.posts.get(r.Context(), tx, id); err != nil {
			return err
		}
		view.By, err = users.ShownName(tx, view.Author)
		return err
	})
	return view, err
}

// mayEdit returns the predicate for the post that the path names. An unknown
// post is a 404.
func (b *blog) mayEdit(r *http.Request) (rbac.Predicate, error) {
	view, err := b.post(r)
	if err != nil {
		return nil, err
	}
	return mayEdit(view.Post), nil
}

func (b *blog) newPost(w http.ResponseWriter, r *http.Request) {
	b.show(w, r, "edit.html", page{Title: "Write a post", Data: postView{}})
}

func (b *blog) addPost(w http.ResponseWriter, r *http.Request) {
	b.savePost(w, r, "Write a post", Post{
		Author:  rbac.FromContext(r.Context()).ID(),
		Desk:    r.PostForm.Get("desk"),
		Created: time.Now(),
	})
}

func (b *blog) editPost(w http.ResponseWriter, r *http.Request) {
	view, err := b.post(r)
	if err != nil {
		b.guard.Deny(w, r, err)
		return
	}
	b.show(w, r, "edit.html", page{Title: "Edit a post", Data: view})
}

func (b *blog) changePost(w http.ResponseWriter, r *http.Request) {
	view, err := b.post(r)
	if err != nil {
		b.guard.Deny(w, r, err)
		return
	}
	b.savePost(w, r, "Edit a post", view.Post)
}

// savePost takes the texts of a post from the form, and never the author or the
// desk: who may edit a post must not decide who else may.
func (b *blog) savePost(w http.ResponseWriter, r *http.Request, title string, p Post) {
	p.Title, p.Body = r.PostForm.Get("title"), r.PostForm.Get("body")
	if alert := p.problem(); alert != "" {
		b.show(w, r, "edit.html", page{Title: title, Status: http.StatusUnprocessableEntity, Alert: alert, Data: postView{Post: p}})
		return
	}
	var id int64
	err := b.authority.Update(r.Context(), func(tx *rbac.Tx) (err error) {
		id, err = b.posts.save(r.Context(), tx, p)
		return err
	})
	if err != nil {
		b.guard.Deny(w, r, err)
		return
	}
	http.Redirect(w, r, "/posts/"+strconv.FormatInt(id, 10), http.StatusSeeOther)
}
