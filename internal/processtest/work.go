package processtest

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/rbac-go/rbac"
)

// Password is the password of the users that "login" logs in.
const Password = "correct horse battery"

// Work is the body of a worker, and does nothing in any other process. Work
// opens an Authority on the store that Start named, and answers requests until
// the input ends.
func Work(t *testing.T, open func(store string) (a *rbac.Authority, closeAll func(), err error)) {
	store := os.Getenv(storeOf)
	if store == "" {
		return
	}
	a, closeAll, err := open(store)
	must(t, err)
	var requests sync.WaitGroup
	var out sync.Mutex
	for lines := bufio.NewScanner(os.Stdin); lines.Scan(); {
		words := strings.Fields(lines.Text())
		requests.Go(func() {
			answer := Serve(a, words[1:]...)
			out.Lock()
			defer out.Unlock()
			fmt.Println(words[0], answer)
		})
	}
	requests.Wait()
	closeAll()
}

// Serve answers a request as a worker does. The answer is the value seen, or
// the state that the requested change has produced. The answer is empty for
// ErrUnavailable, and the text of the error for any other error without such a
// meaning.
func Serve(a *rbac.Authority, words ...string) string {
	ctx := rbac.WithActor(context.Background(), "worker")
	do, ok := requests[words[0]]
	if !ok || len(words) == 1 && words[0] != "revision" {
		return fmt.Sprintf("no such request: %q", words)
	}
	return do(ctx, a, words[1:])
}

// Said returns the meaning of an error: yes for no error, means for the error
// no (or nil), and the text of any other error. Said returns an empty string
// for ErrUnavailable and ErrBusy, which are no answers. A join that separation
// of duty refuses leaves the user "out".
func Said(err error, yes string, no error, means string) string {
	switch {
	case err == nil:
		return yes
	case errors.Is(err, rbac.ErrUnavailable):
		return ""
	case no != nil && errors.Is(err, no):
		return means
	case errors.Is(err, rbac.ErrBusy):
		return ""
	case errors.Is(err, rbac.ErrSeparation):
		return "out"
	}
	return strings.ReplaceAll(err.Error(), "\n", "; ")
}

type request = func(ctx context.Context, a *rbac.Authority, of []string) string

// requests maps names to requests. The comment of a request lists its
// arguments.
var requests = map[string]request{
	"revision": func(_ context.Context, a *rbac.Authority, _ []string) string { return a.Revision().String() },
	// a token, a predicate
	"judge": func(ctx context.Context, a *rbac.Authority, of []string) string {
		err := a.Judge(ctx, token(of[0]), predicate(of[1]))
		if errors.Is(err, rbac.ErrNoTicket) {
			return "denied"
		}
		return Said(err, "allowed", rbac.ErrDenied, "denied")
	},
	// a user, a predicate
	"may": func(ctx context.Context, a *rbac.Authority, of []string) string {
		id, err := a.Identity(ctx, of[0])
		if errors.Is(err, rbac.ErrNotFound) {
			return "denied"
		}
		if err == nil {
			err = rbac.Check(id, predicate(of[1]))
		}
		return Said(err, "allowed", rbac.ErrDenied, "denied")
	},
	// a token, at a revision or later
	"lives": func(ctx context.Context, a *rbac.Authority, of []string) string {
		return Said(a.Judge(at(ctx, of[1]), token(of[0]), rbac.NotAnonymous()), "lives", rbac.ErrNoTicket, "ended")
	},
	// a user, at a revision or later
	"see": func(ctx context.Context, a *rbac.Authority, of []string) string {
		id, err := a.Identity(at(ctx, of[1]), of[0])
		return Said(err, fmt.Sprint(slices.Collect(id.Groups()), slices.Collect(id.Permissions())), rbac.ErrNotFound, "nobody")
	},
	// a user
	"login": func(ctx context.Context, a *rbac.Authority, of []string) string {
		tok, err := a.Login(ctx, rbac.Login{User: of[0], Password: Password})
		return Said(err, tok.Secret(), rbac.ErrBusy, "")
	},
	// a user; an interrupted attempt does not count as a failure
	"issue": func(ctx context.Context, a *rbac.Authority, of []string) string {
		tok, err := a.Issue(ctx, rbac.Login{User: of[0]})
		return Said(err, tok.Secret(), nil, "")
	},
	// a token
	"logout": func(ctx context.Context, a *rbac.Authority, of []string) string {
		return Said(a.Logout(ctx, token(of[0])), "ended", rbac.ErrNoTicket, "ended")
	},
	// a user
	"link": func(ctx context.Context, a *rbac.Authority, of []string) string {
		link, err := a.IssueLink(ctx, rbac.Link{User: of[0], Purpose: "join"})
		return Said(err, link.Secret(), nil, "")
	},
	// a link, a group that its user joins
	"redeem": func(ctx context.Context, a *rbac.Authority, of []string) string {
		err := a.RedeemLink(ctx, token(of[0]), "join", func(tx *rbac.Tx, u rbac.User) error {
			return tx.AssignUser(rbac.Membership{User: u.Name, Group: of[1]})
		})
		return Said(err, "redeemed", rbac.ErrNoTicket, "ended")
	},
	// a link
	"good": func(ctx context.Context, a *rbac.Authority, of []string) string {
		_, err := a.LinkUser(ctx, token(of[0]), "join")
		return Said(err, "good", rbac.ErrNoTicket, "ended")
	},
	// a group, a permission
	"grant": change("allowed", rbac.ErrExists, func(tx *rbac.Tx, of []string) error {
		return tx.GrantPermission(rbac.Grant{Group: of[0], Permission: of[1]})
	}),
	"revoke": change("denied", rbac.ErrNotFound, func(tx *rbac.Tx, of []string) error {
		return tx.RevokePermission(rbac.Grant{Group: of[0], Permission: of[1]})
	}),
	// a user, groups: all or none
	"join":  change("in", rbac.ErrExists, join),
	"leave": change("out", rbac.ErrNotFound, leave),
	// a user, groups
	"adduser": change("there", rbac.ErrExists, func(tx *rbac.Tx, of []string) error {
		_, err := tx.AddUser(rbac.User{Name: of[0]})
		return errors.Join(err, join(tx, of))
	}),
	"deleteuser": change("gone", rbac.ErrNotFound, func(tx *rbac.Tx, of []string) error { return tx.DeleteUser(of[0]) }),
	// a group, a permission, a member
	"addgroup": change("there", rbac.ErrExists, func(tx *rbac.Tx, of []string) error {
		_, err := tx.AddGroup(rbac.Group{Name: of[0]})
		return errors.Join(err, tx.GrantPermission(rbac.Grant{Group: of[0], Permission: of[1]}), join(tx, []string{of[2], of[0]}))
	}),
	"deletegroup": change("gone", rbac.ErrNotFound, func(tx *rbac.Tx, of []string) error { return tx.DeleteGroup(of[0]) }),
	// a dynamic set, groups
	"separate": change("apart", rbac.ErrExists, func(tx *rbac.Tx, of []string) error {
		return tx.CreateDSDSet(rbac.SeparationSet{Name: of[0], Cardinality: 2, Groups: of[1:]})
	}),
	// a group, the groups that its members may assign
	"delegate": change("allowed", rbac.ErrExists, func(tx *rbac.Tx, of []string) error {
		return tx.AddDelegation(rbac.Delegation{Group: of[0], Assign: of[1:]})
	}),
	"undelegate": change("denied", rbac.ErrNotFound, func(tx *rbac.Tx, of []string) error { return tx.DeleteDelegation(of[0]) }),
	// a delegate, a group
	"assigns": func(ctx context.Context, a *rbac.Authority, of []string) string {
		id, err := a.Identity(ctx, of[0])
		if err != nil {
			return Said(err, "", nil, "")
		}
		answer := ""
		err = a.View(ctx, func(tx *rbac.Tx) error {
			groups, err := tx.Assignable(id, "")
			answer = "denied"
			if slices.ContainsFunc(groups, func(g rbac.Group) bool { return g.Name == of[1] }) {
				answer = "allowed"
			}
			return err
		})
		return Said(err, answer, nil, "")
	},
	// a delegate, a user, groups: all or none
	"joinas": func(ctx context.Context, a *rbac.Authority, of []string) string {
		id, err := a.Identity(ctx, of[0])
		if err == nil {
			err = a.UpdateAs(ctx, id, func(tx *rbac.Tx) error { return join(tx, of[1:]) })
		}
		return Said(err, "in", rbac.ErrDenied, "denied")
	},
	"unite": change("together", rbac.ErrNotFound, func(tx *rbac.Tx, of []string) error { return tx.DeleteDSDSet(of[0]) }),
}

// change turns an Update into a request. The error there means that the change
// exists already, made by an earlier attempt that got no answer.
func change(makes string, there error, f func(tx *rbac.Tx, of []string) error) request {
	return func(ctx context.Context, a *rbac.Authority, of []string) string {
		return Said(a.Update(ctx, func(tx *rbac.Tx) error { return f(tx, of) }), makes, there, makes)
	}
}

func join(tx *rbac.Tx, of []string) (err error) {
	for _, group := range of[1:] {
		err = errors.Join(err, tx.AssignUser(rbac.Membership{User: of[0], Group: group}))
	}
	return err
}

func leave(tx *rbac.Tx, of []string) (err error) {
	for _, group := range of[1:] {
		err = errors.Join(err, tx.DeassignUser(rbac.Membership{User: of[0], Group: group}))
	}
	return err
}

func at(ctx context.Context, revision string) context.Context {
	rev, err := rbac.ParseRevision(revision)
	if err != nil {
		panic(err)
	}
	return rbac.AtLeast(ctx, rev)
}

func token(secret string) rbac.Token {
	tok, err := rbac.ParseToken(secret)
	if err != nil {
		panic(err)
	}
	return tok
}

func predicate(text string) rbac.Predicate {
	p, err := rbac.Parse(text)
	if err != nil {
		panic(err)
	}
	return p
}
