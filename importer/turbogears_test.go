package importer_test

import (
	"errors"
	"testing"
	"time"

	"github.com/rbac-go/rbac"
	"github.com/rbac-go/rbac/importer"
)

const turboGearsTables = `
CREATE TABLE tg_permission (permission_id integer, permission_name text, description text);
CREATE TABLE tg_group (group_id integer, group_name text, display_name text, created datetime);
CREATE TABLE tg_user (user_id integer, user_name text, email_address text, display_name text, password text, created datetime);
CREATE TABLE tg_group_permission (group_id integer, permission_id integer);
CREATE TABLE tg_user_group (user_id integer, group_id integer);
INSERT INTO tg_permission VALUES (1, 'manage', 'Manage the site'), (2, 'edit', NULL);
INSERT INTO tg_group VALUES (1, 'managers', 'Managers', NULL), (2, 'editors', 'Editors', NULL), (3, ' spaced', NULL, NULL);
INSERT INTO tg_group_permission VALUES (1, 1), (2, 2), (3, 2);
INSERT INTO tg_user VALUES
 (1, 'manager', 'manager@example.org', 'Example manager', '81509d3c9487d2ca1ce2bcb4431f6ed2e50e8b6984217fe82a40b9582101ea763eee3f7ecbacabd65387afa92d5d25d71744eb04dc61622773893a29bbe6a79e', '2020-07-01 12:00:00.000000'),
 (2, 'older', 'older@example.org', NULL, 'c433c5833fe71fd843395cc5834774cdae3668ba114c94f634b1c3f258ae8ab55660fbb5314b9c93', NULL),
 (3, 'oldest', NULL, NULL, '98decc62ece399a22ed30d490ef333be7fde7385', NULL),
 (4, 'salted', NULL, NULL, '2878186de66cb549ee9ce30d06a21f5037bafb6356d7b9c73b52aa0cdc14d29a', NULL),
 (5, 'plain', NULL, NULL, 'correct horse battery', NULL),
 (6, 'argon', NULL, NULL, '$argon2i$v=19$m=1024,t=2,p=2$ZVFXSFJIM2Y2QlhWSjZuZms4aVAzTg$Qm8G3e0FQ7GWai9HFtvOAA', NULL),
 (7, 'none', NULL, NULL, NULL, NULL),
 (8, 'spaced', NULL, NULL, NULL, NULL);
INSERT INTO tg_user_group VALUES (1, 1), (1, 2), (2, 2), (8, 3), (8, 1);
`

func TestTurboGears(t *testing.T) {
	berlin, err := time.LoadLocation("Europe/Berlin")
	must(t, err)
	p, err := importer.ReadTurboGears(ctx, importer.TurboGears{DB: database(t, turboGearsTables), SiteSalt: "the salt of my site", Location: berlin})
	must(t, err)
	a := authority(t)
	r := applied(t, a, p, importer.Options{Wrap: true, Plaintext: true})
	reported(t, r,
		`tg_group 3 ( spaced): not taken: group " spaced": Name: invalid: leading or trailing space`,
		`tg_group_permission 3 2 ( spaced, edit): not taken: its group was not taken`,
		`tg_user 6 (argon) password: not taken: looks like a hash of a kind that rbac does not read`,
		`tg_user 7 (none) password: not taken: has no password`,
		`tg_user 8 (spaced): not taken: its group was not taken: group " spaced": Name: invalid: leading or trailing space`,
		`tg_user_group 8 3 ( spaced): not taken: its group was not taken: group " spaced": Name: invalid: leading or trailing space`,
		`tg_user_group 8 1 (managers): not taken: its group was not taken: group " spaced": Name: invalid: leading or trailing space`,
	)
	counted(t, r, "tg_group: 2 taken, 0 present, 1 not", "tg_group_permission: 2 taken, 0 present, 1 not", "tg_permission: 2 taken, 0 present, 0 not",
		"tg_user: 7 taken, 0 present, 1 not", "tg_user_group: 3 taken, 0 present, 2 not")
	proved(t, a, p, r,
		`spaced: edit: only in the source: its group was not taken: group " spaced": Name: invalid: leading or trailing space`,
		`spaced: manage: only in the source: its group was not taken: group " spaced": Name: invalid: leading or trailing space`)
	for user, works := range map[string]bool{"manager": true, "older": true, "oldest": true, "salted": true, "plain": true, "argon": false, "none": false} {
		_, err := a.Login(ctx, rbac.Login{User: user, Password: "correct horse battery"})
		if works != (err == nil) || err != nil && !errors.Is(err, rbac.ErrBadCredentials) {
			t.Errorf("%s signs in with the old password: %v", user, err)
		}
	}
	if u := userOf(t, a, "manager"); !u.Created.Equal(time.Date(2020, 7, 1, 10, 0, 0, 0, time.UTC)) || u.DisplayName != "Example manager" || u.Subject != "turbogears:1" {
		t.Errorf("the manager is %+v", u)
	}
}

// Without flags no quick hash and no plain text is taken.
func TestPasswordsWithoutFlags(t *testing.T) {
	p, err := importer.ReadTurboGears(ctx, importer.TurboGears{DB: database(t, turboGearsTables)})
	must(t, err)
	a := authority(t)
	applied(t, a, p, importer.Options{})
	for _, user := range []string{"manager", "older", "oldest", "salted", "plain"} {
		if _, err := a.Login(ctx, rbac.Login{User: user, Password: "correct horse battery"}); !errors.Is(err, rbac.ErrBadCredentials) {
			t.Errorf("%s signs in: %v", user, err)
		}
		if _, err := a.Identity(ctx, user); err != nil {
			t.Errorf("%s is not here: %v", user, err)
		}
	}
}
