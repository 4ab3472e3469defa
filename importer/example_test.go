package importer_test

import (
	"context"
	"database/sql"
	"fmt"
	"log"

	"github.com/rbac-go/rbac"
	"github.com/rbac-go/rbac/importer"
	memorystore "github.com/rbac-go/rbac/store_memory"
)

// moveIn imports the users of a Django site, and reports whether they have the
// same rights here.
func moveIn(ctx context.Context, auth *rbac.Authority, site *sql.DB) (same bool, err error) {
	plan, err := importer.ReadDjango(ctx, importer.Django{DB: site})
	if err != nil {
		return false, err
	}
	report, err := plan.Apply(rbac.WithActor(ctx, "import"), auth, importer.Options{Wrap: true})
	for _, row := range report.Reported() {
		fmt.Println(row)
	}
	if err != nil {
		return false, err
	}
	proof, err := plan.Prove(ctx, auth, report)
	if err != nil {
		return false, err
	}
	for _, d := range proof.Differences {
		fmt.Println(d)
	}
	return proof.Equal(), nil
}

const smallSite = `
CREATE TABLE django_content_type (id integer, app_label text, model text);
CREATE TABLE auth_permission (id integer, content_type_id integer, codename text, name text);
CREATE TABLE auth_group (id integer, name text);
CREATE TABLE auth_group_permissions (id integer, group_id integer, permission_id integer);
CREATE TABLE auth_user (id integer, username text, password text, is_superuser bool, is_staff bool, is_active bool);
CREATE TABLE auth_user_groups (id integer, user_id integer, group_id integer);
CREATE TABLE auth_user_user_permissions (id integer, user_id integer, permission_id integer);
INSERT INTO django_content_type VALUES (1, 'blog', 'post');
INSERT INTO auth_permission VALUES (1, 1, 'add_post', 'Can add post'), (2, 1, 'change_post', 'Can change post');
INSERT INTO auth_group VALUES (1, 'editors');
INSERT INTO auth_group_permissions VALUES (1, 1, 2);
INSERT INTO auth_user VALUES (1, 'root', '!', 1, 0, 1), (2, 'amy', 'md5$seasalt$d095db9c9036ec46c15dbe6549434dcd', 0, 0, 1);
INSERT INTO auth_user_groups VALUES (1, 2, 1);
INSERT INTO auth_user_user_permissions VALUES (1, 2, 1);`

func Example() {
	ctx := context.Background()
	site, err := sql.Open("sqlite3", ":memory:")
	if err != nil {
		log.Fatal(err)
	}
	defer site.Close()
	site.SetMaxOpenConns(1)
	if _, err := site.Exec(smallSite); err != nil {
		log.Fatal(err)
	}
	auth, err := rbac.Open(ctx, memorystore.New(), rbac.Config{})
	if err != nil {
		log.Fatal(err)
	}
	defer auth.Close()
	fmt.Println(moveIn(ctx, auth, site))
	// Output:
	// auth_user 1 (root) is_superuser: not taken: superusers were not asked for
	// auth_user 1 (root) password: not taken: has no password
	// auth_user_user_permissions 1 (2, blog.add_post): taken: through the group user:amy
	// root: *: only in the source: superusers were not asked for
	// false <nil>
}
