package rbaccli

import (
	"time"

	"github.com/rbac-go/rbac"
)

// keyVerbs are the verbs for API keys.
type keyVerbs struct {
	List   keyList   `cmd:"" help:"List API keys, newest first."`
	Issue  keyIssue  `cmd:"" help:"Make an API key for a user."`
	Rotate keyRotate `cmd:"" help:"Make an API key in place of another."`
	End    keyEnd    `cmd:"" help:"End API keys."`
}

type keyList struct {
	User string `arg:"" optional:"" help:"Only keys of this user."`
}

func (v *keyList) Run(c *call) error {
	return c.listTickets(rbac.TicketQuery{User: v.User, Kind: rbac.KeyTicket})
}

type keyIssue struct {
	User             string   `arg:"" help:"The name of the user in whose name the program acts."`
	Label            string   `required:"" placeholder:"TEXT" help:"What the key is for."`
	Until            until    `default:"90d" placeholder:"TIME" help:"The end of the key: a date, or a duration. Default: 90d."`
	Groups           []string `name:"group" short:"g" sep:"none" placeholder:"GROUP" help:"A group of the key; may be repeated. Without any: all groups of the user."`
	KeepWhenDisabled bool     `help:"Keep the key when the user is disabled. The key is refused until the user is enabled."`
	change
}

func (keyIssue) Help() string {
	return `The secret of the key is printed only once. Anyone who has the secret can act as the user.

    rbac key issue robot --label "nightly import" --until 180d -g importers`
}

func (v *keyIssue) Run(c *call) error {
	k := rbac.APIKey{User: v.User, Label: v.Label, Groups: v.Groups, Expires: v.Until.Time, KeepWhenDisabled: v.KeepWhenDisabled}
	return v.secret(c, "key", func(tx *rbac.Tx) (string, error) {
		token, err := tx.IssueKey(k)
		return token.Secret(), err
	})
}

type keyRotate struct {
	ID      string `arg:"" help:"The id of the key, or the beginning of the id."`
	Overlap span   `default:"24h" placeholder:"DURATION" help:"How long the old key stays good. Default: 24h."`
	Until   *until `placeholder:"TIME" help:"The end of the new key. Default: the end of the old key."`
	change
}

func (keyRotate) Help() string {
	return `The new key has another secret, which is printed only once. Otherwise, the new key is like the old key.`
}

func (v *keyRotate) Run(c *call) error {
	var expires time.Time
	if v.Until != nil {
		expires = v.Until.Time
	}
	return v.secret(c, "key", func(tx *rbac.Tx) (string, error) {
		keys, err := collect(c, tx.Tickets(rbac.TicketQuery{Kind: rbac.KeyTicket}))
		if err != nil {
			return "", err
		}
		key, err := chooseTicket("key", keys, v.ID)
		if err != nil {
			return "", err
		}
		token, err := tx.RotateKey(key.ID, v.Overlap.Duration, expires)
		return token.Secret(), err
	})
}

type keyEnd struct {
	IDs []string `arg:"" name:"id" help:"The ids of the keys, or the beginnings of ids."`
	change
}

func (v *keyEnd) Run(c *call) error {
	return v.apply(c, func(tx *rbac.Tx) error {
		keys, err := collect(c, tx.Tickets(rbac.TicketQuery{Kind: rbac.KeyTicket}))
		if err != nil {
			return err
		}
		for _, id := range v.IDs {
			key, err := chooseTicket("key", keys, id)
			if err != nil {
				return err
			}
			only := func(t rbac.Ticket) bool { return t.ID == key.ID }
			if err := endTickets(c, tx, rbac.TicketQuery{User: key.User}, only); err != nil {
				return err
			}
		}
		return nil
	})
}
