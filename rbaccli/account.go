package rbaccli

import (
	"github.com/rbac-go/rbac"
)

// passwdVerb is the verb passwd.
type passwdVerb struct {
	User   string `arg:"" help:"The name of the user."`
	Remove bool   `help:"Remove the password: the user can no longer log in with one."`
	change
}

func (passwdVerb) Help() string {
	return `Ask for the new password on the terminal, without echo. If standard input is no terminal, its first line is the password. A new password ends the user's sessions, keys and links. Prefer "rbac link reset": the user chooses the password, and nobody else knows it.`
}

func (v *passwdVerb) Run(c *call) error {
	u, err := read(c, func(tx *rbac.Tx) (rbac.User, error) { return tx.User(v.User) })
	if err != nil {
		return err
	}
	hash := ""
	if !v.Remove {
		if hash, err = c.newHash(u); err != nil {
			return err
		}
	}
	return v.apply(c, func(tx *rbac.Tx) error { return tx.SetPasswordHash(u.Name, hash) })
}

// newHash asks for a password and returns its hash.
func (c *call) newHash(u rbac.User) (string, error) {
	c.progress.end()
	password, err := c.readPassword(u.Name)
	if err != nil {
		return "", err
	}
	return c.auth.HashPasswordFor(c.ctx, u, password)
}

// unlockVerb is the verb unlock.
type unlockVerb struct {
	User string `arg:"" help:"The name of the user."`
	change
}

func (unlockVerb) Help() string {
	return `After 100 failed logins in a row, only known devices and addresses of the user may log in. After unlock, other clients may try again, too.`
}

func (v *unlockVerb) Run(c *call) error {
	return v.apply(c, func(tx *rbac.Tx) error { return tx.Unlock(v.User) })
}
