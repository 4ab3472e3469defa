package rbac

import (
	"context"
	"errors"
	"slices"
	"time"

	"github.com/rbac-go/rbac/internal/links"
	"github.com/rbac-go/rbac/store"
)

// The purposes of links that the library knows. A host may have purposes of its
// own.
const (
	LinkInvite = links.Invite // "invite": the first password; good for 7 days
	LinkReset  = links.Reset  // "reset": a new password; good for 1 hour
	LinkVerify = links.Verify // "verify": the e-mail address; good for 24 hours

	// LinkForgot, "forgot", is a LinkReset that was requested by anybody who
	// claims to be the user. The link of an administrator, LinkReset, stays
	// valid. Good for 1 hour.
	LinkForgot = links.Forgot
)

// Link has the user, the purpose and the end of a link.
type Link struct {
	User    string
	Purpose string    // LinkInvite, LinkReset, LinkVerify, LinkForgot, or a name of the host's
	Expires time.Time // at most 30 days from now; zero: the time of the purpose
}

// IssuedLink is a link without its secret.
type IssuedLink struct {
	Purpose string    `json:"purpose"`
	Created time.Time `json:"created"`
	Expires time.Time `json:"expires"`
}

// IssueLink makes a link: a secret of 256 bits that is good once, for one
// purpose. Anybody who has the secret can redeem the link in place of a
// password, so send the link only to the user, and keep the link out of logs.
// The store keeps only a hash.
//
// A user has one link for each purpose: a new link replaces the one before. A
// link ends when it is redeemed and when it expires; when the user's password,
// e-mail address or subject changes; when the user is disabled or deleted; and
// with [Authority.LogoutUser]. The change log records who issued a link, and
// how the link ended.
//
// Errors: ErrNotFound; ErrDenied for a disabled user; ErrInvalid for the
// Purpose, for an end that is past or too late, and for LinkVerify of a user
// without an e-mail address.
func (a *Authority) IssueLink(ctx context.Context, l Link) (Token, error) {
	return a.updateToken(ctx, func(tx *Tx) (Token, error) { return tx.IssueLink(l) })
}

// IssueLink is [Authority.IssueLink] as a part of a transaction. The link is
// good once the transaction has committed.
//
// In an UpdateAs, a delegate can issue links only for users whom the delegate
// may administer, only for the purposes that the library knows and at most for
// their times, and no link for a password if the user has only a Subject.
func (tx *Tx) IssueLink(l Link) (Token, error) {
	u, err := tx.lockUser(l.User)
	if err != nil {
		return Token{}, err
	}
	if err := tx.mayManage(u.ID); err != nil {
		return Token{}, err
	}
	rec, err := tx.newLink(l, u)
	if err != nil {
		return Token{}, err
	}
	if err := tx.mayIssue(rec, u); err != nil {
		return Token{}, err
	}
	t := newToken()
	rec.Hash = t.hash()
	err = tx.write(
		func() error { return tx.endLinks(User(u.User), l.Purpose) }, // the link before
		func() error { return tx.r.PutLink(rec) },
		func() error { return tx.logLink("IssueLink", User(u.User), rec, nil, publicLink(rec)) })
	if err != nil {
		return Token{}, err
	}
	return t, nil
}

// mayIssue checks a link of a delegate, after mayManage.
func (tx *Tx) mayIssue(l store.Link, u store.UserRecord) error {
	limits, err := tx.limits()
	if limits == nil {
		return err
	}
	if reason := links.ForDelegate(l, u, "only holders of "+tx.a.cfg.Administer+" may"); reason != "" {
		return tx.refused(reason)
	}
	return nil
}

// newLink returns the record of a link without its hash.
func (tx *Tx) newLink(l Link, u store.UserRecord) (store.Link, error) {
	err := errors.Join(
		validName("link", "Purpose", l.Purpose),
		validTime("link", l.Purpose, "Expires", l.Expires))
	if err != nil {
		return store.Link{}, err
	}
	rec, field, reason := links.New(u, l.Purpose, instant(l.Expires), tx.now)
	switch {
	case reason != "":
		return store.Link{}, invalid("link", l.Purpose, field, reason)
	case u.Disabled:
		return store.Link{}, disabled(u.Name)
	}
	return rec, nil
}

// Links lists the links of a user that are still good, by purpose.
func (tx *Tx) Links(user string) ([]IssuedLink, error) {
	u, err := tx.user(user)
	if err != nil {
		return nil, err
	}
	all, err := tx.r.UserLinks(u.ID)
	if err != nil {
		return nil, err
	}
	good := slices.DeleteFunc(all, func(l store.Link) bool { return !links.Good(l, u, tx.now) })
	return publicEach(good, publicLink), nil
}

func publicLink(l store.Link) IssuedLink { return IssuedLink{l.Purpose, l.Created, l.Expires} }

// logLink writes a Change whose subject is the user and whose object is the
// purpose.
func (tx *Tx) logLink(action string, u User, l store.Link, before, after any) error {
	return tx.log(Change{Action: action, Subject: u.Name, SubjectID: u.ID, Object: l.Purpose}, before, after)
}

// LinkUser returns the user of a link for a purpose, and does not redeem the
// link: mail programs open links, too. ErrNoTicket for a link that was used,
// has ended, is for another purpose, or never existed.
func (a *Authority) LinkUser(ctx context.Context, t Token, purpose string) (User, error) {
	return a.linkUser(ctx, t, purpose)
}

func (a *Authority) linkUser(ctx context.Context, t Token, purposes ...string) (u User, err error) {
	err = a.View(ctx, func(tx *Tx) error {
		_, rec, err := tx.link(t, purposes)
		u = User(rec.User)
		return err
	})
	if err != nil {
		return User{}, err
	}
	return u, nil
}

// link returns the link of a token for one of some purposes, and the enabled
// user of the link.
func (tx *Tx) link(t Token, purposes []string) (store.Link, store.UserRecord, error) {
	if t.IsZero() {
		return store.Link{}, store.UserRecord{}, ErrNoTicket
	}
	l, err := tx.r.Link(t.hash())
	if err != nil {
		return store.Link{}, store.UserRecord{}, noTicket(err)
	}
	u, err := tx.r.User(store.UserKey{ID: l.User})
	if err == nil && (u.Disabled || !slices.Contains(purposes, l.Purpose) || !links.Good(l, u, tx.now)) {
		err = ErrNoTicket
	}
	if err != nil {
		return store.Link{}, store.UserRecord{}, noTicket(err)
	}
	return l, u, nil
}

// RedeemLink redeems a link for a purpose and runs f, in one Update: an error
// of f leaves the link as it was. Of two concurrent calls, one redeems the
// link. A nil f does nothing. Redeeming a LinkVerify sets User.EmailVerified.
//
// The actor in the change log is the user, unless ctx names another. The Tx may
// do everything, as in [Authority.Update].
//
// Errors: ErrNoTicket as for LinkUser; those of f and of Update.
func (a *Authority) RedeemLink(ctx context.Context, t Token, purpose string, f func(*Tx, User) error) error {
	return a.Update(ctx, func(tx *Tx) error {
		u, err := tx.redeem(t, purpose)
		if err != nil || f == nil {
			return err
		}
		return f(tx, u)
	})
}

// redeem ends a link for one of some purposes, and locks its user.
func (tx *Tx) redeem(t Token, purposes ...string) (User, error) {
	l, u, err := tx.link(t, purposes)
	if err != nil {
		return User{}, err
	}
	if u, err = tx.r.LockUser(u.ID); err != nil {
		return User{}, noTicket(err)
	}
	tx.actAs(User(u.User), false)
	err = tx.write(func() error { return tx.endLink("RedeemLink", User(u.User), l) })
	if err == nil && l.Purpose == LinkVerify {
		err = tx.verifyEmail(&u)
	}
	return User(u.User), err
}

func (tx *Tx) verifyEmail(u *store.UserRecord) error {
	old := User(u.User)
	u.EmailVerified = tx.now
	return tx.write(
		func() error { return tx.r.SetUser(*u) },
		func() error {
			return tx.log(Change{Action: "ModifyUser", Subject: u.Name, SubjectID: u.ID}, old, User(u.User))
		})
}

// ResetPassword redeems a LinkInvite, a LinkReset or a LinkForgot: it sets the
// user's password, and ends all the user's tickets, links and devices, API keys
// included. Failed logins are forgotten, as by [Authority.Unlock].
//
// Errors: ErrNoTicket for a link that LinkUser would not find, before anything
// is hashed; ErrInvalid for the password; ErrBusy; ErrUnavailable. After
// ErrInvalid and ErrBusy the link is still good.
func (a *Authority) ResetPassword(ctx context.Context, t Token, password string) error {
	u, err := a.resetPassword(ctx, t, password)
	if err != nil {
		a.emit(ctx, Event{Kind: EventPasswordRefused, Action: "ResetPassword", User: u.Name, UserID: u.ID, Err: err})
	}
	return err
}

func (a *Authority) resetPassword(ctx context.Context, t Token, password string) (User, error) {
	u, err := a.linkUser(ctx, t, links.Password()...)
	if err != nil {
		return u, err
	}
	hash, err := a.HashPasswordFor(ctx, u, password)
	if err != nil {
		return u, err
	}
	return u, a.Update(ctx, func(tx *Tx) error {
		u, err := tx.redeem(t, links.Password()...)
		if err != nil {
			return err
		}
		return tx.setPasswordHash(u, hash)
	})
}

// endLink deletes a link and writes a Change.
func (tx *Tx) endLink(action string, u User, l store.Link) error {
	if err := tx.r.DeleteLink(l.User, l.Purpose); err != nil {
		return err
	}
	return tx.logLink(action, u, l, publicLink(l), nil)
}

// endLinks ends the links of a user for some purposes, or without purposes all
// links.
func (tx *Tx) endLinks(u User, purposes ...string) error {
	all, err := tx.r.UserLinks(u.ID)
	if err != nil {
		return err
	}
	for _, l := range all {
		if purposes != nil && !slices.Contains(purposes, l.Purpose) {
			continue
		}
		if err := tx.endLink("ExpireLink", u, l); err != nil {
			return err
		}
	}
	return nil
}

// endOldLinks ends links that have expired. Nothing depends on when they end:
// each use compares times.
func (a *Authority) endOldLinks(ctx context.Context) error {
	for {
		found := false
		err := a.view(ctx, func(r store.Records) error {
			old, err := r.ExpiredLinks(a.now(), 1)
			found = len(old) > 0
			return err
		})
		if err != nil || !found {
			return err
		}
		err = a.Update(WithReason(ctx, "expired"), func(tx *Tx) error {
			_, err := tx.endLinksUntil(tx.now)
			return err
		})
		if err != nil {
			return err
		}
	}
}

// endLinksOfAll ends the links of every user.
func (tx *Tx) endLinksOfAll() error {
	for {
		ended, err := tx.endLinksUntil(tx.now.Add(2 * links.Longest))
		if err != nil || ended == 0 {
			return err
		}
	}
}

// endLinksUntil ends up to 100 links that expire until a time, and returns how
// many. Other Updates wait meanwhile.
func (tx *Tx) endLinksUntil(end time.Time) (ended int, err error) {
	old, err := tx.r.ExpiredLinks(end, 100)
	if err != nil {
		return 0, err
	}
	for _, l := range old {
		u, err := tx.r.LockUser(l.User)
		if err != nil {
			return 0, err
		}
		if err := tx.write(func() error { return tx.endLink("ExpireLink", User(u.User), l) }); err != nil {
			return 0, err
		}
	}
	return len(old), nil
}
