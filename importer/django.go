package importer

import (
	"context"
	"database/sql"
	"strings"
	"time"

	"github.com/rbac-go/rbac"
)

// Django locates the tables of django.contrib.auth, and configures their
// import. Only DB is required.
type Django struct {
	DB *sql.DB // of a driver for SQLite or PostgreSQL; not closed

	// UserModel is AUTH_USER_MODEL of the settings, such as "accounts.Member":
	// the tables are then accounts_member, accounts_member_groups and
	// accounts_member_user_permissions. Empty: "auth.User".
	UserModel string
	// UserTable is the db_table of a user model that has one. Empty: the name
	// that Django makes of UserModel.
	UserTable string
	// Name is the column that users log in with, USERNAME_FIELD of the model.
	// Empty: "username".
	Name string
	// Email is the column of e-mail addresses. Empty: "email". A table without
	// the column has no addresses.
	Email string
	// DisplayName are the columns whose texts make the display name. Nil:
	// "first_name" and "last_name".
	DisplayName []string
	// Staff is the permission that replaces is_staff, such as "admin.enter".
	// Users with is_staff get the permission through the group "django staff".
	// Empty: is_staff is reported, and not taken.
	Staff string
	// Location is the time zone of times without a zone: TIME_ZONE where USE_TZ
	// is false. Nil: UTC.
	Location *time.Location
}

// staffGroup has the users with is_staff.
const staffGroup = "django staff"

func (c Django) withDefaults() Django {
	def := func(field *string, value string) {
		if *field == "" {
			*field = value
		}
	}
	def(&c.UserModel, "auth.User")
	def(&c.UserTable, strings.ToLower(strings.ReplaceAll(c.UserModel, ".", "_")))
	def(&c.Name, "username")
	def(&c.Email, "email")
	if c.DisplayName == nil {
		c.DisplayName = []string{"first_name", "last_name"}
	}
	return c
}

// ReadDjango reads the tables of django.contrib.auth and of its content types.
// Permissions get the names that has_perm takes, such as "blog.change_post". A
// user who is not active becomes a disabled user.
//
// Errors: ErrInvalid for a table without a required column; errors of the
// database.
func ReadDjango(ctx context.Context, c Django) (*Plan, error) {
	c = c.withDefaults()
	d := django{Django: c, plan: &Plan{kind: "django", schemes: []string{"django", "aspnet", "crypt", "phpass"}}}
	err := readTables(ctx, c.DB, c.Location, d.read)
	if err != nil {
		return nil, err
	}
	return d.plan.checked()
}

// django has the tables of django.contrib.auth by primary keys.
type django struct {
	Django
	plan *Plan

	permissions map[string]string          // names
	groups      map[string]string          // names
	granted     map[string]map[string]bool // names of permissions by group
	memberOf    map[string][]string        // groups by user
	direct      map[string][]string        // permissions by user
}

func (d *django) read(t *tables) error {
	return t.inOrder(d.readPermissions, d.readGroups, d.readUsers)
}

func (d *django) readPermissions(t *tables) error {
	types, err := t.read("django_content_type", "id", "app_label", "model")
	if err != nil {
		return err
	}
	permissions, err := t.read("auth_permission", "id", "content_type_id", "codename")
	if err != nil {
		return err
	}
	apps, used := map[string]string{}, map[string]bool{}
	for _, r := range types {
		apps[r.text("id")] = r.text("app_label")
	}
	d.permissions = map[string]string{}
	for _, r := range permissions {
		app, known := apps[r.text("content_type_id")]
		at := row("auth_permission", r.text("id"), app+"."+r.text("codename"))
		if !known {
			d.plan.rest = append(d.plan.rest, at.as(NotTaken, "its content type does not exist"))
			continue
		}
		used[r.text("content_type_id")] = true
		name := app + "." + r.text("codename")
		d.permissions[r.text("id")] = name
		d.plan.addPermission(rbac.Permission{Name: name, Title: r.text("name")}, at)
	}
	for _, r := range types {
		at := row("django_content_type", r.text("id"), r.text("app_label")+"."+r.text("model"))
		if used[r.text("id")] {
			at.Outcome = Taken
		} else {
			at.Reason = "no permission is about this content type"
		}
		d.plan.rest = append(d.plan.rest, at)
	}
	return nil
}

func (d *django) readGroups(t *tables) error {
	groups, err := t.read("auth_group", "id", "name")
	if err != nil {
		return err
	}
	grants, err := t.read("auth_group_permissions", "id", "group_id", "permission_id")
	if err != nil {
		return err
	}
	d.groups, d.granted = map[string]string{}, map[string]map[string]bool{}
	for _, r := range groups {
		d.groups[r.text("id")] = r.text("name")
		d.plan.groups = append(d.plan.groups, group{Group: rbac.Group{Name: r.text("name")}, row: row("auth_group", r.text("id"), r.text("name"))})
	}
	for _, r := range grants {
		name, permission := d.groups[r.text("group_id")], d.permissions[r.text("permission_id")]
		d.plan.addGrant(name, permission, row("auth_group_permissions", r.text("id"), name, permission))
		if d.granted[r.text("group_id")] == nil {
			d.granted[r.text("group_id")] = map[string]bool{}
		}
		d.granted[r.text("group_id")][permission] = true
	}
	return nil
}

func (d *django) readUsers(t *tables) error {
	users, err := t.read(d.UserTable, "id", d.Name, "password", "is_active", "is_superuser")
	if err != nil {
		return err
	}
	_, model, _ := strings.Cut(strings.ToLower(d.UserModel), ".")
	key := model + "_id"
	groups, err := t.read(d.UserTable+"_groups", "id", key, "group_id")
	if err != nil {
		return err
	}
	direct, err := t.read(d.UserTable+"_user_permissions", "id", key, "permission_id")
	if err != nil {
		return err
	}
	if d.Staff != "" {
		if err := d.plan.addGroupFor(d.Staff, staffGroup); err != nil {
			return err
		}
	}
	index := map[string]int{}
	for _, r := range users {
		index[r.text("id")] = len(d.plan.users)
		d.plan.users = append(d.plan.users, d.user(r))
	}
	d.memberOf, d.direct = map[string][]string{}, map[string][]string{}
	for _, r := range groups {
		id, group := r.text(key), d.groups[r.text("group_id")]
		at := row(d.UserTable+"_groups", r.text("id"), id, group)
		if u := d.plan.userAt(index, id, at); u != nil {
			u.join(group, "", at)
			d.memberOf[id] = append(d.memberOf[id], r.text("group_id"))
		}
	}
	for _, r := range direct {
		id, permission := r.text(key), d.permissions[r.text("permission_id")]
		at := row(d.UserTable+"_user_permissions", r.text("id"), id, permission)
		if u := d.plan.userAt(index, id, at); u != nil {
			u.has(permission, "", at)
			d.direct[id] = append(d.direct[id], permission)
		}
	}
	return nil
}

func (d *django) user(r record) user {
	id, password := r.text("id"), r.text("password")
	var names []string
	for _, column := range d.DisplayName {
		names = append(names, r.text(column))
	}
	u := user{
		User: rbac.User{
			Name: r.text(d.Name), Email: strings.TrimSpace(r.text(d.Email)), Subject: subject("django", id),
			DisplayName: strings.TrimSpace(strings.Join(names, " ")), Disabled: !r.flag("is_active"),
		},
		row: row(d.UserTable, id, r.text(d.Name)), password: &password,
		old: func() oldRights { return d.rights(r) },
	}
	u.times(r, "date_joined", "last_login")
	if r.flag("is_superuser") {
		u.superuser = "is_superuser"
	}
	switch {
	case !r.flag("is_staff"):
	case d.Staff == "":
		u.column("is_staff", "no permission was named that staff have")
	default:
		at := u.row.as(Taken, "through the group "+staffGroup)
		at.Column = "is_staff"
		u.join(staffGroup, "", at)
	}
	return u
}

// rights are those of ModelBackend: a user who is not active has none, a
// superuser has every permission, and any other user has the permissions of the
// user and of the user's groups.
func (d *django) rights(r record) (rights oldRights) {
	if !r.flag("is_active") {
		return rights
	}
	if rights.all = r.flag("is_superuser"); rights.all {
		return rights
	}
	for _, permission := range d.direct[r.text("id")] {
		rights.add(permission, "")
	}
	for _, group := range d.memberOf[r.text("id")] {
		for permission := range d.granted[group] {
			rights.add(permission, "")
		}
	}
	if r.flag("is_staff") && d.Staff != "" {
		rights.add(d.Staff, "")
	}
	return rights
}
