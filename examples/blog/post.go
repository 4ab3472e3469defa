package main

import (
	"context"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/google/uuid"
	"github.com/rbac-go/rbac"
)

// Post is an entry of the blog.
type Post struct {
	ID          int64
	Title, Body string
	Desk        string    // the name of a desk; empty: none
	Author      uuid.UUID // not the name, which another user may get later
	Created     time.Time
}

// problem returns the mistake in a typed post, as a sentence; empty: none.
func (p Post) problem() string {
	switch {
	case strings.TrimSpace(p.Title) == "":
		return "The post needs a title."
	case utf8.RuneCountInString(p.Title) > 200:
		return "The title is too long."
	case strings.TrimSpace(p.Body) == "":
		return "The post has no text."
	}
	if _, err := findDesk(p.Desk); err != nil && p.Desk != "" {
		return "There is no such desk."
	}
	return ""
}

// mayEdit returns the rule for editing a post. In the scope of a desk, the
// groups count that somebody has in the desk or everywhere.
func mayEdit(p Post) rbac.Predicate {
	edit := rbac.HasPermission("post.edit")
	if p.Desk != "" {
		edit = rbac.In(desk{Name: p.Desk}.scope(), edit)
	}
	author := rbac.WithMessage(rbac.IsUserID(p.Author), "to have written the post") // instead of an id
	return rbac.Any(edit, author)
}

// posts stores the posts, in transactions of the Authority, so that a post and
// its author are read together.
type posts interface {
	prepare(ctx context.Context, tx *rbac.Tx) error
	latest(ctx context.Context, tx *rbac.Tx) ([]Post, error)
	get(ctx context.Context, tx *rbac.Tx, id int64) (Post, error)        // rbac.ErrNotFound if there is no such post
	save(ctx context.Context, tx *rbac.Tx, p Post) (id int64, err error) // adds the post if its ID is zero
}

const mostPosts = 50 // posts that latest returns
