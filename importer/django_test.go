package importer_test

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/rbac-go/rbac"
	"github.com/rbac-go/rbac/importer"
)

const djangoTables = `
CREATE TABLE django_content_type (id integer, app_label text, model text);
CREATE TABLE auth_permission (id integer, content_type_id integer, codename text, name text);
CREATE TABLE auth_group (id integer, name text);
CREATE TABLE auth_group_permissions (id integer, group_id integer, permission_id integer);
CREATE TABLE auth_user (id integer, password text, last_login datetime, is_superuser bool, username text, last_name text, email text, is_staff bool, is_active bool, date_joined datetime, first_name text);
CREATE TABLE auth_user_groups (id integer, user_id integer, group_id integer);
CREATE TABLE auth_user_user_permissions (id integer, user_id integer, permission_id integer);
INSERT INTO django_content_type VALUES (1, 'blog', 'post'), (2, 'blog', 'draft'), (3, 'old', 'thing');
INSERT INTO auth_permission VALUES (1, 1, 'add_post', 'Can add post'), (2, 1, 'change_post', 'Can change post'), (3, 2, 'add_draft', 'Can add draft'), (4, 9, 'lost', 'No type'), (5, 2, '*', 'Odd');
INSERT INTO auth_group VALUES (1, 'editors'), (2, 'authors');
INSERT INTO auth_group_permissions VALUES (1, 1, 1), (2, 1, 2), (3, 2, 3), (4, 2, 5), (5, 9, 1);
INSERT INTO auth_user VALUES
 (1, '', '2026-01-02 03:04:05.123456', 1, 'Root', '', 'root@example.org', 1, 1, '2020-05-06 07:08:09', ''),
 (2, 'md5$seasalt$d095db9c9036ec46c15dbe6549434dcd', NULL, 0, 'amy', 'Smith', 'amy@example.org', 0, 1, '2021-01-01 00:00:00', 'Amy'),
 (3, '!none', NULL, 0, 'bob', '', '', 1, 0, '2021-01-01 00:00:00', ''),
 (4, '!none', NULL, 0, 'AMY', '', '', 0, 1, '2021-01-01 00:00:00', ''),
 (5, '!none', NULL, 0, 'odd', '', '', 0, 1, 'never', '');
INSERT INTO auth_user_groups VALUES (1, 2, 1), (2, 3, 1), (3, 4, 2), (4, 99, 1);
INSERT INTO auth_user_user_permissions VALUES (1, 2, 3), (2, 4, 2), (3, 5, 5), (4, 5, 1);
`

func TestDjango(t *testing.T) {
	p, err := importer.ReadDjango(ctx, importer.Django{DB: database(t, djangoTables)})
	must(t, err)
	a := authority(t)
	r := applied(t, a, p, importer.Options{})
	reported(t, r,
		`auth_permission 4 (.lost): not taken: its content type does not exist`,
		`django_content_type 3 (old.thing): not taken: no permission is about this content type`,
		`auth_group_permissions 5 (, blog.add_post): not taken: its group or permission does not exist`,
		`auth_user_groups 4 (99, editors): not taken: its user does not exist`,
		`auth_permission 5 (blog.*): not taken: permission "blog.*": Name: invalid: has the form of a pattern`,
		`auth_group_permissions 4 (authors, blog.*): not taken: permission "blog.*": Name: invalid: has the form of a pattern`,
		`auth_user 1 (Root): taken: as the user root`,
		`auth_user 1 (Root) is_superuser: not taken: superusers were not asked for`,
		`auth_user 1 (Root) is_staff: not taken: no permission was named that staff have`,
		`auth_user 1 (Root) password: not taken: has no password`,
		`auth_user_user_permissions 1 (2, blog.add_draft): taken: through the group user:amy`,
		`auth_user 2 (amy) password: not taken: its hash is too quick to guess to keep as it is, and wrapping was not asked for`,
		`auth_user 3 (bob) is_staff: not taken: no permission was named that staff have`,
		`auth_user 3 (bob) password: not taken: has no password`,
		`auth_user 4 (AMY): not taken: user "AMY": Name: already exists: the user amy, auth_user 2 (amy) of the source, has the name`,
		`auth_user_groups 3 (4, authors): not taken: user "AMY": Name: already exists: the user amy, auth_user 2 (amy) of the source, has the name`,
		`auth_user_user_permissions 2 (4, blog.change_post): not taken: user "AMY": Name: already exists: the user amy, auth_user 2 (amy) of the source, has the name`,
		`auth_user 5 (odd): not taken: permission "blog.*": Name: invalid: has the form of a pattern`,
		`auth_user_user_permissions 3 (5, blog.*): not taken: permission "blog.*": Name: invalid: has the form of a pattern`,
		`auth_user_user_permissions 4 (5, blog.add_post): not taken: permission "blog.*": Name: invalid: has the form of a pattern`,
	)
	counted(t, r,
		"auth_group: 2 taken, 0 present, 0 not", "auth_group_permissions: 3 taken, 0 present, 2 not", "auth_permission: 3 taken, 0 present, 2 not",
		"auth_user: 3 taken, 0 present, 2 not", "auth_user_groups: 2 taken, 0 present, 2 not", "auth_user_user_permissions: 1 taken, 0 present, 3 not",
		"django_content_type: 2 taken, 0 present, 1 not")
	proved(t, a, p, r,
		"Root: *: only in the source: superusers were not asked for",
		`AMY: blog.*: only in the source: user "AMY": Name: already exists: the user amy, auth_user 2 (amy) of the source, has the name`,
		`AMY: blog.add_draft: only in the source: user "AMY": Name: already exists: the user amy, auth_user 2 (amy) of the source, has the name`,
		`AMY: blog.change_post: only in the source: user "AMY": Name: already exists: the user amy, auth_user 2 (amy) of the source, has the name`,
		`odd: blog.*: only in the source: permission "blog.*": Name: invalid: has the form of a pattern`,
		`odd: blog.add_post: only in the source: permission "blog.*": Name: invalid: has the form of a pattern`)
	root := userOf(t, a, "root")
	if !root.Created.Equal(time.Date(2020, 5, 6, 7, 8, 9, 0, time.UTC)) || !root.LastLogin.Equal(time.Date(2026, 1, 2, 3, 4, 5, 123456000, time.UTC)) ||
		root.Email != "root@example.org" || root.Subject != "django:1" {
		t.Errorf("root is %+v", root)
	}
	if u := userOf(t, a, "amy"); u.DisplayName != "Amy Smith" || u.Disabled || !userOf(t, a, "bob").Disabled {
		t.Errorf("amy is %+v", u)
	}
	for _, c := range []struct {
		user, permission string
		want             bool
	}{{"amy", "blog.add_draft", true}, {"amy", "blog.change_post", true}, {"bob", "blog.change_post", false}, {"root", "blog.add_post", false}} {
		if may(t, a, c.user, c.permission, "") != c.want {
			t.Errorf("%s may %s: %v", c.user, c.permission, !c.want)
		}
	}
	must(t, a.View(ctx, func(tx *rbac.Tx) error {
		if _, err := tx.Group("user:odd"); !errors.Is(err, rbac.ErrNotFound) {
			t.Errorf("a refused user leaves a group behind: %v", err)
		}
		return nil
	}))
}

// A superuser has every permission everywhere. As many rights in scopes are not
// the same.
func TestSuperuserOfScopes(t *testing.T) {
	p, err := importer.ReadDjango(ctx, importer.Django{DB: database(t, djangoTables+"DELETE FROM auth_user WHERE id > 1;")})
	must(t, err)
	a := authority(t)
	r := applied(t, a, p, importer.Options{})
	update(t, a, func(tx *rbac.Tx) error { // of 4 permissions, editors have 2
		return errors.Join(tx.AssignUser(rbac.Membership{User: "root", Group: "editors", Scope: "a"}),
			tx.AssignUser(rbac.Membership{User: "root", Group: "editors", Scope: "b"}))
	})
	proved(t, a, p, r, "Root: *: only in the source: superusers were not asked for")
}

// Flags take what is otherwise reported.
func TestDjangoWithFlags(t *testing.T) {
	db := database(t, djangoTables+"DELETE FROM auth_user WHERE id > 3; DELETE FROM auth_user_groups WHERE user_id > 3; DELETE FROM auth_user_user_permissions WHERE user_id > 3; DELETE FROM auth_permission WHERE id > 3; DELETE FROM auth_group_permissions WHERE permission_id > 3;")
	p, err := importer.ReadDjango(ctx, importer.Django{DB: db, Staff: "admin.enter"})
	must(t, err)
	a := authority(t)
	r := applied(t, a, p, importer.Options{Superusers: true, Wrap: true})
	proved(t, a, p, r)
	if !may(t, a, "root", "blog.add_post", "") || !may(t, a, "root", "rbac.administer", "") || may(t, a, "bob", "admin.enter", "") {
		t.Error("a superuser has every permission, and staff who are not active have none")
	}
	if _, err := a.Login(ctx, rbac.Login{User: "amy", Password: "correct horse battery"}); err != nil {
		t.Errorf("amy signs in with the old password: %v", err)
	}
	for _, row := range r.Reported() {
		if row.Outcome == importer.NotTaken && row.Column != "password" && row.Table != "django_content_type" && row.Table != "auth_group_permissions" && row.Table != "auth_user_groups" {
			t.Errorf("not taken: %v", row)
		}
	}
}

// A user model of the site's own has other tables and columns.
func TestDjangoUserModel(t *testing.T) {
	tables := strings.NewReplacer("auth_user", "accounts_member", "user_id integer", "member_id integer", "username text", "login text").Replace(djangoTables)
	db := database(t, tables)
	p, err := importer.ReadDjango(ctx, importer.Django{DB: db, UserModel: "accounts.Member", Name: "login"})
	must(t, err)
	a := authority(t)
	applied(t, a, p, importer.Options{})
	if !may(t, a, "amy", "blog.add_draft", "") || !may(t, a, "amy", "blog.add_post", "") {
		t.Error("amy lacks permissions")
	}
	if _, err := importer.ReadDjango(ctx, importer.Django{DB: db, UserModel: "accounts.Member"}); !errors.Is(err, rbac.ErrInvalid) || !strings.Contains(err.Error(), "accounts_member") || !strings.Contains(err.Error(), "username") {
		t.Errorf("without the column: %v", err)
	}
	if _, err := importer.ReadDjango(ctx, importer.Django{DB: db}); err == nil || !strings.Contains(err.Error(), "auth_user") {
		t.Errorf("without the table: %v", err)
	}
}
