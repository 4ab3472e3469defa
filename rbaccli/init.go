package rbaccli

import (
	"errors"

	"github.com/rbac-go/rbac"
)

// initVerb is the verb init.
type initVerb struct {
	Admin string `placeholder:"USER" help:"The first administrator. The user is added if missing."`
	Group string `default:"administrators" placeholder:"GROUP" help:"The group of administrators. It is added if missing."`
	URL   string `placeholder:"URL" help:"The address of the service's page for passwords. The first administrator gets an invitation there in place of a password."`
	change
}

func (initVerb) Help() string {
	return `Make the tables of the store, or bring them up to date, and make the first administrator. Init may run again: what is there stays. The other verbs never make a store.

With --url, print an invitation for the administrator. Otherwise ask for a password on the terminal, or read it from standard input.

    rbac init --store blog.db --admin amy
    rbac init --store postgres://blog@db.example.com/blog --admin amy --url https://blog.example.com`
}

func (*initVerb) storeless() {}

func (v *initVerb) Run(c *call) error {
	if v.DryRun {
		return usagef("Init has no --dry-run: without --admin, it makes the tables and nothing else.")
	}
	page, err := passwordPage(c, v.URL)
	if err != nil {
		return err
	}
	if c.program.Authority != nil {
		c.auth = c.program.Authority
	} else if err := c.openStore(true, true); err != nil {
		return err
	}
	if v.Admin == "" {
		return c.report("The store is ready. \"rbac init --admin NAME\" makes the first administrator.")
	}
	user, ready, err := v.administrator(c)
	if err != nil || ready {
		return errors.Join(err, c.report("The store is ready. "+v.Admin+" is an administrator and has a password."))
	}
	if page != "" {
		return v.secret(c, "link", func(tx *rbac.Tx) (string, error) {
			token, err := tx.IssueLink(rbac.Link{User: user.Name, Purpose: rbac.LinkInvite})
			return linkAddress(page, token), err
		})
	}
	hash, err := c.newHash(user)
	if err != nil {
		return err
	}
	if err := v.apply(c, func(tx *rbac.Tx) error { return tx.SetPasswordHash(user.Name, hash) }); err != nil {
		return err
	}
	return c.report("The store is ready. " + user.Name + " is an administrator.")
}

// administrator makes the user an administrator. The answer ready means that the
// user has a password already.
func (v *initVerb) administrator(c *call) (user rbac.User, ready bool, err error) {
	permission := c.auth.Config().Administer
	err = v.apply(c, func(tx *rbac.Tx) error {
		if user, err = tx.User(v.Admin); errors.Is(err, rbac.ErrNotFound) {
			user, err = tx.AddUser(rbac.User{Name: v.Admin})
		}
		if err != nil {
			return err
		}
		if _, err := tx.AddGroup(rbac.Group{Name: v.Group, DisplayName: "Administrators"}); err != nil && !errors.Is(err, rbac.ErrExists) {
			return err
		}
		if err := tx.GrantPermission(rbac.Grant{Group: v.Group, Permission: permission}); err != nil {
			return err
		}
		if err := tx.AssignUser(rbac.Membership{User: user.Name, Group: v.Group}); err != nil && !errors.Is(err, rbac.ErrExists) {
			return err
		}
		ready, err = tx.HasPassword(user.Name)
		return err
	})
	return user, ready, err
}

// report prints a sentence, unless the verb is quiet or programs read the
// output.
func (c *call) report(text string) error {
	if c.Quiet || c.Output != "table" {
		return nil
	}
	return c.println(text)
}
