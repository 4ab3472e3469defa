package rbaccli

import (
	"cmp"
	"fmt"
	"net/url"
	"strings"

	"github.com/rbac-go/rbac"
)

// linkVerbs are the verbs for links with which a user chooses a password.
type linkVerbs struct {
	Invite linkInvite `cmd:"" help:"Make a link for the first password of a user."`
	Reset  linkReset  `cmd:"" help:"Make a link for a new password of a user."`
}

// linkRow is a link in the output, without its secret.
type linkRow struct {
	Purpose string `json:"purpose"`
	Created moment `json:"created"`
	Expires moment `json:"expires"`
}

// linkFlags select the user of a link.
type linkFlags struct {
	User    string `arg:"" help:"The name of the user."`
	URL     string `placeholder:"URL" help:"The address of the service's page for passwords, such as https://app.example.com/password. The variable RBAC_URL names the page, too. The binary of a service may know the address. Without an address, the secret of the link is printed alone."`
	Expires *until `placeholder:"TIME" help:"When the link ends: a date, or a duration such as 12h. At most 30 days."`
	change
}

// urlRule is the rule of --url, in the help of verbs.
const urlRule = `An address without a path, such as https://app.example.com, gets the path /password. Any other address is used unchanged: for a service below /blog, write https://app.example.com/blog/password.`

type linkInvite struct{ linkFlags }

func (linkInvite) Help() string {
	return `The link can be used once, within 7 days, and replaces an earlier invitation. The link is printed only once: send it to the user, and to nobody else.

` + urlRule + `

    rbac link invite bob --url https://app.example.com
    rbac link invite bob --url https://app.example.com/blog/password`
}

func (v *linkInvite) Run(c *call) error { return v.issue(c, rbac.LinkInvite) }

type linkReset struct{ linkFlags }

func (linkReset) Help() string {
	return `The link can be used once, within an hour, and replaces an earlier link. The link is printed only once: send it to the user, and to nobody else. The present password works until the user has chosen a new password.

` + urlRule
}

func (v *linkReset) Run(c *call) error { return v.issue(c, rbac.LinkReset) }

func (v *linkFlags) issue(c *call, purpose string) error {
	page, err := passwordPage(c, v.URL)
	if err != nil {
		return err
	}
	l := rbac.Link{User: v.User, Purpose: purpose}
	if v.Expires != nil {
		l.Expires = v.Expires.Time
	}
	return v.secret(c, "link", func(tx *rbac.Tx) (string, error) {
		token, err := tx.IssueLink(l)
		if page == nil {
			return token.Secret(), err
		}
		return page(token), err
	})
}

// passwordPage returns the function that makes the address of a link, for the
// page of the flag, of RBAC_URL or of the host. Nil: there is no page. If the
// address has no path, the page is /password, as in package httpguard.
func passwordPage(c *call, flag string) (func(rbac.Token) string, error) {
	text := cmp.Or(flag, c.program.getenv("RBAC_URL"))
	if text == "" {
		return c.program.PasswordURL, nil
	}
	u, err := url.Parse(text)
	if err != nil || u.Scheme != "https" && u.Scheme != "http" || u.Host == "" || u.RawQuery != "" || u.Fragment != "" {
		return nil, usagef("%q is no address of a page. Write an address such as https://app.example.com/password.", text)
	}
	if strings.Trim(u.Path, "/") == "" {
		u.Path = "/password"
	}
	return func(t rbac.Token) string { return u.String() + "?link=" + t.Secret() }, nil
}

// secretRow is a link or a key in json and yaml.
type secretRow struct {
	Kind   string `json:"kind"`
	Secret string `json:"secret"`
}

// secret makes something with a secret and prints the secret.
func (ch *change) secret(c *call, kind string, make func(*rbac.Tx) (string, error)) error {
	var text string
	f := func(tx *rbac.Tx) (err error) {
		text, err = make(tx)
		return err
	}
	if ch.DryRun {
		return ch.apply(c, f)
	}
	if err := c.auth.Update(ch.context(c), f); err != nil {
		return err
	}
	if err := c.printSecret(kind, text); err != nil {
		return fmt.Errorf("the %s was made, but cannot be printed: %w", kind, err)
	}
	c.note("Keep the %s secret. It is not shown again.", kind)
	return nil
}

// printSecret prints a secret, which is never shown again. The secret is
// printed even with --quiet.
func (c *call) printSecret(kind, text string) error {
	if c.Output != "table" {
		return c.printRecord(secretRow{kind, text})
	}
	return c.println(text)
}
