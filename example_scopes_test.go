package rbac_test

import (
	"context"
	"fmt"
	"log"
	"net/http"
	"net/http/httptest"

	"github.com/rbac-go/rbac"
	"github.com/rbac-go/rbac/httpguard"
)

// A service with tenants reads the scope from the path.
func ExampleIn() {
	ctx := context.Background()
	auth := newsroom()
	err := auth.Update(ctx, func(tx *rbac.Tx) error {
		if _, err := tx.AddUser(rbac.User{Name: "cy"}); err != nil {
			return err
		}
		return tx.AssignUser(rbac.Membership{User: "cy", Group: "editors", Scope: "org:42"})
	})
	if err != nil {
		log.Fatal(err)
	}

	guard := httpguard.New(auth, httpguard.Config{Insecure: true})
	mux := guard.NewMux()
	mux.HandleRule("/orgs/{org}/posts", func(r *http.Request) (rbac.Predicate, error) {
		return rbac.In("org:"+r.PathValue("org"), rbac.HasPermission("post.write")), nil
	}, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		fmt.Fprintln(w, "posts of", r.PathValue("org"))
	}))

	token, err := auth.Issue(ctx, rbac.Login{User: "cy"})
	if err != nil {
		log.Fatal(err)
	}
	for _, path := range []string{"/orgs/42/posts", "/orgs/7/posts"} {
		w := httptest.NewRecorder()
		r := httptest.NewRequest("GET", path, nil)
		r.Header.Set("Authorization", "Bearer "+token.Secret())
		guard.Handler(mux).ServeHTTP(w, r)
		fmt.Println(path, w.Code)
	}
	// Output:
	// /orgs/42/posts 200
	// /orgs/7/posts 403
}

// Scopes filters a list: show all records, or only records of the scopes.
func ExampleIdentity_Scopes() {
	ctx := context.Background()
	auth := newsroom()
	err := auth.Update(ctx, func(tx *rbac.Tx) error {
		for _, scope := range []string{"org:42", "org:7"} {
			if err := tx.AssignUser(rbac.Membership{User: "bob", Group: "editors", Scope: scope}); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		log.Fatal(err)
	}
	for _, user := range []string{"amy", "bob"} {
		id, err := auth.Identity(ctx, user)
		if err != nil {
			log.Fatal(err)
		}
		if everywhere, scopes := id.Scopes("post.write"); everywhere {
			fmt.Println(user, "may write in every organisation")
		} else {
			fmt.Println(user, "may write in", scopes)
		}
	}
	// Output:
	// amy may write in every organisation
	// bob may write in [org:42 org:7]
}
