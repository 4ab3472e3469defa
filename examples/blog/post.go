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
	Author      uuid.UUID // not the name, which can pass to somebody else
	Created     time.Time
}

// problem says what is wrong with what was typed, nothing if all is well.
func (p Post) problem() string {
	switch {
	case strings.TrimSpace(p.Title) == "":
		return "The post needs a title."
	case utf8.RuneCountInString(p.Title) > 200:
		return "The title is too long."
	case strings.TrimSpace(p.Body) == "":
		return "The post has no text."
	}
	return ""
}

// mayEdit is the rule on a single post.
func mayEdit(p Post) rbac.Predicate {
	author := rbac.WithMessage(rbac.IsUserID(p.Author), "to have written the post") // better than an id
	return rbac.Any(rbac.HasPermission("post.edit"), author)
}

// posts keeps the posts, within transactions of the Authority: so a post and what is
// read or changed about its author belong together.
type posts interface {
	prepare(ctx context.Context, tx *rbac.Tx) error
	latest(ctx context.Context, tx *rbac.Tx) ([]Post, error)
	get(ctx context.Context, tx *rbac.Tx, id int64) (Post, error)        // rbac.ErrNotFound where there is none
	save(ctx context.Context, tx *rbac.Tx, p Post) (id int64, err error) // adds it where its ID is zero
}

const mostPosts = 50 // that latest lists
