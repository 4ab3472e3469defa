package rbaccli

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/rbac-go/rbac"
)

// initVerb is the verb init.
type initVerb struct {
	Admin string `placeholder:"USER" help:"The first administrator. The user is added if missing."`
	Group string `default:"administrators" placeholder:"GROUP" help:"The group of administrators. It is added if missing."`
	URL   string `placeholder:"URL" help:"The address of the service's page for passwords. The first administrator gets an invitation to the page in place of a password. The variable RBAC_URL names the page, too."`
	author
}

func (initVerb) Help() string {
	return `Make the tables of the store, or bring them up to date, and make the first administrator. Init may run again: existing records stay. The other verbs never make a store.

With --url or RBAC_URL, print an invitation for the administrator. ` + urlRule + ` The binary of a service may know the address. Without an address, ask for a password on the terminal, or read it from standard input.

Init refuses a group that exists without the permission of administrators and has other members: they would become administrators, too.

    rbac init --store blog.db --admin amy
    rbac init --store postgres://blog@db.example.com/blog --admin amy --url https://blog.example.com`
}

func (*initVerb) storeless() {}

func (v *initVerb) Run(c *call) error {
	page, err := passwordPage(c, v.URL)
	if err != nil {
		return err
	}
	if c.program.Authority != nil {
		err = c.open(true)
	} else {
		err = c.openStore(true, true)
	}
	if err != nil {
		return err
	}
	if v.Admin == "" {
		return reportReady(c)
	}
	ch := &change{author: v.author}
	user, ready, err := v.administrator(c, ch)
	if err != nil {
		return err
	}
	if err := requireAdministrator(c, user.Name, v.Group); err != nil {
		return err
	}
	done := "The store is ready. " + printable(user.Name) + " is an administrator"
	if ready {
		return c.report(done + " and has a password.")
	}
	if page != nil {
		return ch.secret(c, "link", func(tx *rbac.Tx) (string, error) {
			token, err := tx.IssueLink(rbac.Link{User: user.Name, Purpose: rbac.LinkInvite})
			return page(token), err
		})
	}
	hash, err := c.newHash(user)
	if err != nil {
		return err
	}
	if err := ch.apply(c, func(tx *rbac.Tx) error { return tx.SetPasswordHash(user.Name, hash) }); err != nil {
		return err
	}
	return c.report(done + ".")
}

// reportReady reports that the store is ready, and how to make an administrator
// if there is none.
func reportReady(c *call) error {
	missing, err := administratorFindings(c)
	switch {
	case err != nil:
		return err
	case len(missing) > 0:
		return c.report(fmt.Sprintf("The store is ready. %q makes the first administrator.", c.name+" init --admin NAME"))
	}
	return c.report("The store is ready, and has an administrator.")
}

// administrator assigns the user to the group of administrators. The result
// ready reports whether the user already has a password.
func (v *initVerb) administrator(c *call, ch *change) (user rbac.User, ready bool, err error) {
	permission := c.auth.Config().Administer
	err = ch.apply(c, func(tx *rbac.Tx) error {
		if user, err = tx.User(v.Admin); errors.Is(err, rbac.ErrNotFound) {
			user, err = tx.AddUser(rbac.User{Name: v.Admin})
		}
		if err != nil {
			return err
		}
		if _, err := tx.AddGroup(rbac.Group{Name: v.Group, DisplayName: "Administrators"}); errors.Is(err, rbac.ErrExists) {
			if err := v.refuseOthers(c, tx, user.Name, permission); err != nil {
				return err
			}
		} else if err != nil {
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

// listedOthers bounds the members that a refusal lists.
const listedOthers = 10

// refuseOthers refuses a group that exists without the permission of
// administrators and has other members: init would make them administrators.
func (v *initVerb) refuseOthers(c *call, tx *rbac.Tx, admin, permission string) error {
	giving, err := tx.PermissionGroups(permission)
	if err != nil || slices.ContainsFunc(giving, func(g rbac.Group) bool { return g.Name == v.Group }) {
		return err
	}
	users, err := collect(c, tx.Users(rbac.UserQuery{Group: v.Group, Limit: listedOthers + 1}))
	if err != nil {
		return err
	}
	others := mapped(users, func(u rbac.User) string { return printable(u.Name) })
	others = slices.DeleteFunc(others, func(name string) bool { return name == admin })
	switch {
	case len(others) == 0:
		return nil
	case len(others) > listedOthers:
		others = append(others[:listedOthers], "…")
	}
	return refusedf("The group %q has other members, who would become administrators, too: %s. "+
		"Choose another group with --group, or give the group the permission first: \"%s grant add\".", v.Group, strings.Join(others, ", "), c.name)
}

// requireAdministrator returns an error unless the user now has the permission
// of administrators. The account may be disabled, or an earlier membership may
// have ended.
func requireAdministrator(c *call, user, group string) error {
	e, err := c.auth.ExplainUser(c.ctx, user, rbac.HasPermission(c.auth.Config().Administer))
	if err != nil || e.Met {
		return err
	}
	return refusedf("%s is in the group %q, and is no administrator yet: %s. \"%[4]s user change --enable\" enables an account, and \"%[4]s assign change --until none\" prolongs a membership. Then run init again.",
		printable(user), group, printable(e.Reason), c.name)
}

// report prints a sentence, unless the verb is quiet or programs read the
// output.
func (c *call) report(text string) error {
	if c.Quiet || c.Output != "table" {
		return nil
	}
	return c.println(text)
}
