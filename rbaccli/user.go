package rbaccli

import (
	"github.com/rbac-go/rbac"
)

// userVerbs are the verbs for users.
type userVerbs struct {
	List   userList   `cmd:"" help:"List users and their groups."`
	Show   userShow   `cmd:"" help:"Show a user: groups, permissions, sessions and links."`
	Add    userAdd    `cmd:"" help:"Add a user."`
	Change userChange `cmd:"" help:"Change a user."`
	Remove userRemove `cmd:"" help:"Remove a user, with memberships, sessions and links."`
}

// userRow is a user in the output.
type userRow struct {
	Name          string   `json:"name"`
	DisplayName   string   `json:"display_name"`
	Email         string   `json:"email"`
	Groups        []string `json:"groups"`
	Disabled      bool     `json:"disabled"`
	LastLogin     moment   `json:"last_login"`
	Note          string   `json:"note" table:"-"`
	Subject       string   `json:"subject" table:"-"`
	EmailVerified moment   `json:"email_verified" table:"-"`
	Created       moment   `json:"created" table:"-"`
	ID            string   `json:"id" table:"-"`
}

func newUserRow(u rbac.User) userRow {
	return userRow{
		Name: u.Name, DisplayName: u.DisplayName, Email: u.Email, Groups: []string{}, Disabled: u.Disabled,
		LastLogin: moment(u.LastLogin), Note: u.Note, Subject: u.Subject, EmailVerified: moment(u.EmailVerified),
		Created: moment(u.Created), ID: u.ID.String(),
	}
}

// inScope returns a group with its scope: editors@org:42.
func inScope(m rbac.Membership) string {
	if m.Scope == "" {
		return m.Group
	}
	return m.Group + "@" + m.Scope
}

type userList struct {
	Search     string `placeholder:"TEXT" help:"Only users with this text in the name, display name or e-mail address."`
	Group      string `placeholder:"GROUP" help:"Only users of this group, or of a group that inherits it."`
	Permission string `placeholder:"PERMISSION" help:"Only users who have this permission."`
	Scope      scope  `placeholder:"SCOPE" help:"Only users with a membership in this scope."`
	State      string `enum:"any,enabled,disabled" default:"any" placeholder:"STATE" help:"Only users who are enabled, or disabled."`
	IdleSince  *since `placeholder:"TIME" help:"Only users who have not logged in since: a date, or a duration such as 90d."`
	Limit      int    `placeholder:"N" help:"List at most N users."`
}

func (v *userList) Run(c *call) error {
	q := rbac.UserQuery{
		Search: v.Search, Group: v.Group, Permission: v.Permission, Scope: string(v.Scope), Limit: v.Limit,
		State: map[string]rbac.UserState{"any": rbac.AnyUser, "enabled": rbac.EnabledUser, "disabled": rbac.DisabledUser}[v.State],
	}
	if v.IdleSince != nil {
		q.LastLoginBefore = v.IdleSince.Time
	}
	return list(c, func(tx *rbac.Tx) ([]userRow, error) {
		users, err := collect(c, tx.Users(q))
		rows := mapped(users, newUserRow)
		for first := 0; err == nil && first < len(users); first += usersPage {
			last := min(first+usersPage, len(users))
			err = addGroups(c, tx, users[first:last], rows[first:last])
		}
		return rows, err
	})
}

// addGroups adds the present groups of some users to their rows.
func addGroups(c *call, tx *rbac.Tx, users []rbac.User, rows []userRow) error {
	memberships, err := collect(c, tx.Memberships(rbac.MembershipQuery{Users: users}))
	groups := map[string][]string{}
	for _, m := range memberships {
		if !over(m, tx.Now()) {
			groups[m.User] = append(groups[m.User], inScope(m))
		}
	}
	for i := range rows {
		rows[i].Groups = filled(sortedSet(groups[rows[i].Name]))
	}
	return err
}

type userShow struct {
	Name string `arg:"" help:"The name of the user."`
}

// userRecord is a user with all that belongs to the user.
type userRecord struct {
	Name          string          `json:"name"`
	DisplayName   string          `json:"display_name"`
	Email         string          `json:"email"`
	EmailVerified moment          `json:"email_verified"`
	Subject       string          `json:"subject"`
	Note          string          `json:"note"`
	Disabled      bool            `json:"disabled"`
	HasPassword   bool            `json:"has_password"`
	Created       moment          `json:"created"`
	LastLogin     moment          `json:"last_login"`
	ID            string          `json:"id"`
	Permissions   []string        `json:"permissions"`
	Groups        []membershipRow `json:"groups"`
	Sessions      []ticketRow     `json:"sessions"`
	Links         []linkRow       `json:"links"`
}

func (v *userShow) Run(c *call) error {
	return show(c, func(tx *rbac.Tx) (r userRecord, err error) {
		u, err := tx.User(v.Name)
		if err != nil {
			return r, err
		}
		r = userRecord{
			Name: u.Name, DisplayName: u.DisplayName, Email: u.Email, EmailVerified: moment(u.EmailVerified),
			Subject: u.Subject, Note: u.Note, Disabled: u.Disabled, Created: moment(u.Created),
			LastLogin: moment(u.LastLogin), ID: u.ID.String(),
		}
		return r, r.fill(c, tx)
	})
}

// fill reads what belongs to the user.
func (r *userRecord) fill(c *call, tx *rbac.Tx) (err error) {
	if r.HasPassword, err = tx.HasPassword(r.Name); err != nil {
		return err
	}
	permissions, err := tx.UserPermissions(r.Name)
	if err != nil {
		return err
	}
	memberships, err := tx.AssignedGroups(r.Name)
	if err != nil {
		return err
	}
	tickets, err := collect(c, tx.Tickets(rbac.TicketQuery{User: r.Name}))
	if err != nil {
		return err
	}
	links, err := tx.Links(r.Name)
	r.Permissions = mapped(permissions, func(p rbac.Permission) string { return p.Name })
	r.Groups = mapped(memberships, newMembershipRow)
	r.Sessions = mapped(tickets, newTicketRow)
	r.Links = mapped(links, func(l rbac.IssuedLink) linkRow { return linkRow{l.Purpose, moment(l.Created), moment(l.Expires)} })
	return err
}

// userFields are the fields of a user that a verb may set. A field that is not
// named stays unchanged.
type userFields struct {
	DisplayName *string `placeholder:"TEXT" help:"The name for people."`
	Email       *string `placeholder:"ADDRESS" help:"The e-mail address."`
	Subject     *string `placeholder:"ID" help:"The id of the user at an identity provider."`
	Note        *string `placeholder:"TEXT" help:"A note for administrators."`
}

func (f userFields) set(u *rbac.User) {
	setTo(&u.DisplayName, f.DisplayName)
	setTo(&u.Email, f.Email)
	setTo(&u.Subject, f.Subject)
	setTo(&u.Note, f.Note)
}

// setTo sets a field to a value that the user has named.
func setTo[T any](field *T, value *T) {
	if value != nil {
		*field = *value
	}
}

type userAdd struct {
	Name string `arg:"" help:"The name with which the user logs in."`
	userFields
	Groups []string `name:"group" short:"g" sep:"none" placeholder:"GROUP" help:"A group for the user; may be repeated."`
	change
}

func (userAdd) Help() string {
	return `The user has no password yet: "rbac link invite" makes an invitation, and "rbac passwd" sets a password.

    rbac user add bob --email bob@example.com -g editors -g reviewers`
}

func (v *userAdd) Run(c *call) error {
	return v.apply(c, func(tx *rbac.Tx) error {
		u := rbac.User{Name: v.Name}
		v.set(&u)
		u, err := tx.AddUser(u)
		if err != nil {
			return err
		}
		for _, g := range v.Groups {
			if err := tx.AssignUser(rbac.Membership{User: u.Name, Group: g}); err != nil {
				return err
			}
		}
		return nil
	})
}

type userChange struct {
	Name    string  `arg:"" help:"The name of the user."`
	Rename  *string `placeholder:"NAME" help:"A new name, with which the user logs in."`
	Disable bool    `xor:"state" help:"Disable the account, which ends its sessions and links."`
	Enable  bool    `xor:"state" help:"Enable the account."`
	userFields
	change
}

func (v *userChange) Run(c *call) error {
	return v.apply(c, func(tx *rbac.Tx) error {
		u, err := tx.User(v.Name)
		if err != nil {
			return err
		}
		v.set(&u)
		setTo(&u.Name, v.Rename)
		u.Disabled = v.Disable || u.Disabled && !v.Enable
		return tx.ModifyUser(u)
	})
}

type userRemove struct {
	Name string `arg:"" help:"The name of the user."`
	change
}

func (v *userRemove) Run(c *call) error {
	return v.apply(c, func(tx *rbac.Tx) error { return tx.DeleteUser(v.Name) })
}
