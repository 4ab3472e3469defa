package rbac_test

// The code of docs/coming-from.md.

import (
	"context"
	"errors"
	"fmt"
	"log"
	"log/slog"
	"net/http"
	"net/http/httptest"

	"github.com/google/uuid"

	"github.com/rbac-go/rbac"
	"github.com/rbac-go/rbac/httpguard"
	memorystore "github.com/rbac-go/rbac/store_memory"
)

// office returns an Authority with a catalogue and two users: amy manages, bob
// may edit in one tenant.
func office() *rbac.Authority {
	ctx := rbac.WithActor(context.Background(), "setup")
	auth, err := rbac.Open(ctx, memorystore.New(), rbac.Config{Logger: slog.New(slog.DiscardHandler)})
	if err != nil {
		log.Fatal(err)
	}
	err = errors.Join(auth.Declare(ctx, rbac.Catalogue{
		Permissions: []rbac.Permission{{Name: "manage"}, {Name: "blog.change_post"}},
		Groups:      []rbac.Group{{Name: "managers"}, {Name: "editors"}},
		Grants: []rbac.Grant{
			{Group: "managers", Permission: "manage"},
			{Group: "editors", Permission: "blog.change_post"},
		},
	}), auth.Update(ctx, func(tx *rbac.Tx) error {
		_, amy := tx.AddUser(rbac.User{Name: "amy"})
		_, bob := tx.AddUser(rbac.User{Name: "bob"})
		return errors.Join(amy, bob,
			tx.AssignUser(rbac.Membership{User: "amy", Group: "managers"}),
			tx.AssignUser(rbac.Membership{User: "bob", Group: "editors", Scope: "tenant1"}))
	}))
	if err != nil {
		log.Fatal(err)
	}
	return auth
}

// statuses asks a service for a path as each user.
func statuses(auth *rbac.Authority, service http.Handler, path string, users ...string) {
	for _, user := range users {
		token, err := auth.Issue(context.Background(), rbac.Login{User: user})
		if err != nil {
			log.Fatal(err)
		}
		r := httptest.NewRequest("GET", path, nil)
		r.Header.Set("Authorization", "Bearer "+token.Secret())
		w := httptest.NewRecorder()
		service.ServeHTTP(w, r)
		fmt.Println(path, user, w.Code)
	}
}

// A controller of TurboGears with allow_only.
func Example_turboGears() {
	auth := office()
	defer auth.Close()
	guard := httpguard.New(auth, httpguard.Config{Logger: slog.New(slog.DiscardHandler)})
	mux := guard.NewMux()
	admin := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { fmt.Fprint(w, "welcome") })

	mayManage := rbac.Any(rbac.IsUser("root"), rbac.HasPermission("manage"))
	mux.Handle("/admin/", rbac.WithMessage(mayManage, "Only administrators"), admin)

	statuses(auth, guard.Handler(mux), "/admin/", "amy", "bob")
	// Output:
	// /admin/ amy 200
	// /admin/ bob 403
}

// A domain of casbin is a scope, and a revocation needs no further step.
func Example_casbin() {
	ctx, auth := context.Background(), office()
	defer auth.Close()
	token, err := auth.Issue(ctx, rbac.Login{User: "bob"})
	if err != nil {
		log.Fatal(err)
	}

	mayChange := rbac.In("tenant1", rbac.HasPermission("blog.change_post"))
	fmt.Println(auth.Judge(ctx, token, mayChange))

	err = auth.Update(rbac.WithActor(ctx, "amy"), func(tx *rbac.Tx) error {
		return tx.DeassignUser(rbac.Membership{User: "bob", Group: "editors", Scope: "tenant1"})
	})
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(auth.Judge(ctx, token, mayChange))
	// Output:
	// <nil>
	// rbac: denied: in tenant1: needs blog.change_post, which the group editors gives; you are in no group
}

// A view of Django with permission_required, and a rule on the object.
func Example_django() {
	auth := office()
	defer auth.Close()
	guard := httpguard.New(auth, httpguard.Config{Logger: slog.New(slog.DiscardHandler)})
	mux := guard.NewMux()
	type Post struct{ AuthorID uuid.UUID }
	bob, err := auth.Identity(context.Background(), "bob")
	if err != nil {
		log.Fatal(err)
	}
	load := func(id string) (Post, error) {
		if id != "1" {
			return Post{}, rbac.ErrNotFound
		}
		return Post{AuthorID: bob.ID()}, nil
	}
	edit := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { fmt.Fprint(w, "form") })

	mux.HandleRule("/posts/{id}/edit", func(r *http.Request) (rbac.Predicate, error) {
		post, err := load(r.PathValue("id"))
		return rbac.Any(rbac.HasPermission("blog.change_post"), rbac.IsUserID(post.AuthorID)), err
	}, edit)

	statuses(auth, guard.Handler(mux), "/posts/1/edit", "amy", "bob")
	statuses(auth, guard.Handler(mux), "/posts/2/edit", "bob")
	// Output:
	// /posts/1/edit amy 403
	// /posts/1/edit bob 200
	// /posts/2/edit bob 404
}

// ownersOf returns User.ID for the old keys of users, for the rows of the host.
// Users who were not imported are left out.
func ownersOf(ctx context.Context, auth *rbac.Authority, keys []string) (owners map[string]uuid.UUID, err error) {
	err = auth.Update(ctx, func(tx *rbac.Tx) error {
		owners = map[string]uuid.UUID{} // the function may run twice
		for _, key := range keys {
			user, err := tx.UserBySubject("turbogears:" + key)
			if errors.Is(err, rbac.ErrNotFound) {
				continue
			}
			if err != nil {
				return err
			}
			owners[key] = user.ID
		}
		return nil
	})
	return owners, err
}

// The owners of a host's rows after an import.
func Example_owners() {
	ctx, auth := context.Background(), office()
	defer auth.Close()
	err := auth.Update(ctx, func(tx *rbac.Tx) error {
		user, err := tx.User("amy")
		user.Subject = "turbogears:17"
		return errors.Join(err, tx.ModifyUser(user))
	})
	if err != nil {
		log.Fatal(err)
	}
	owners, err := ownersOf(ctx, auth, []string{"17", "18"})
	fmt.Println(len(owners), owners["17"] != uuid.Nil, err)
	// Output: 1 true <nil>
}

// A super admin of Laravel, who needs no hook here, and a team.
func Example_laravel() {
	ctx, auth := context.Background(), office()
	defer auth.Close()

	err := auth.Update(rbac.WithActor(ctx, "setup"), func(tx *rbac.Tx) error {
		if _, err := tx.AddGroup(rbac.Group{Name: "super admin"}); err != nil {
			return err
		}
		if err := tx.GrantPermission(rbac.Grant{Group: "super admin", Permission: "*"}); err != nil {
			return err
		}
		return tx.AssignUser(rbac.Membership{User: "amy", Group: "super admin", Scope: "team:7"})
	})
	if err != nil {
		log.Fatal(err)
	}

	amy, err := auth.Identity(ctx, "amy")
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(amy.HasPermission("blog.change_post"), amy.In("team:7").HasPermission("blog.change_post"))
	// Output:
	// false true
}
