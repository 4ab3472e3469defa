package rbac

import (
	"strconv"
	"time"

	"github.com/google/uuid"

	"github.com/rbac-go/rbac/internal/explain"
	"github.com/rbac-go/rbac/internal/names"
)

// IsUser is met by the user of that name. Names are compared in canonical
// form: IsUser("Bob") means bob. A name can pass to somebody else; to recognise
// the owner of a record use [IsUserID].
func IsUser(name string) Predicate {
	canonical, err := canonicalUser(name)
	if err != nil {
		return newFlawedName("is_user", "user", name)
	}
	return newLeaf(&isUser{canonical})
}

// IsUserID is met by the user with that id. It is broken for a user without a
// known id, as in an Identity of [NewIdentity]: the user may or may not have
// the id.
func IsUserID(id uuid.UUID) Predicate {
	if id == uuid.Nil {
		return newLeaf(&flawed{"is_user_id", []string{strconv.Quote(id.String())}, "the zero id is nobody's"})
	}
	return newLeaf(&isUserID{id})
}

// IsAnonymous is met if nobody is logged in.
func IsAnonymous() Predicate { return newLeaf(&anonymity{true}) }

// NotAnonymous is met if any user is logged in.
func NotAnonymous() Predicate { return newLeaf(&anonymity{false}) }

// AuthenticatedWithin is met by a user who proved their identity less than d
// ago. It is for actions that should not be left to an abandoned browser.
// [Identity.AuthenticatedAt] is compared with the clock of the Authority at the
// time of the check; an Identity of [NewIdentity] has the clock time.Now.
//
// AuthenticatedWithin is unmet for an anonymous Identity, which therefore meets
// its Not. It is broken if the time of the login is not known (an API key,
// [NewIdentity], [Authority.Identity], unless [Identity.WithAuthenticatedAt]
// sets the time). It is also broken if the login lies in the future, for
// example after a clock was set back. Up to a minute in the future, and up to
// d, counts as now, because clocks differ. With a d of zero or less
// AuthenticatedWithin is broken for everybody.
//
// If a new login would help, httpguard sends the user to the login page; see
// [DeniedError.FreshLogin].
func AuthenticatedWithin(d time.Duration) Predicate {
	if d <= 0 {
		text := d.String()
		return newLeaf(&flawed{"authenticated_within", []string{strconv.Quote(text)},
			"a login within " + text + " is impossible"})
	}
	return newLeaf(&authenticatedWithin{d})
}

// isUser compares names in canonical form.
type isUser struct{ name string }

func (p *isUser) judge(id view) verdict {
	return verdictOf(id.user == p.name) // nobody has the name ""
}

func (p *isUser) call() (string, []string) { return "is_user", []string{strconv.Quote(p.name)} }

func (p *isUser) describe(id *Identity, v verdict) (problem, detail string) {
	if id.hideGroups {
		return "needs to be a certain user", id.subject().Login()
	}
	return "needs to be the user " + p.name, id.subject().Login()
}

// isUserID compares ids, which never pass to somebody else.
type isUserID struct{ id uuid.UUID }

func (p *isUserID) judge(id view) verdict {
	if id.kind == userIdentity && id.id == uuid.Nil {
		return broken // the user may be that one: neither the predicate nor its opposite is known
	}
	return verdictOf(id.id == p.id) // nobody has the zero id
}

func (p *isUserID) call() (string, []string) {
	return "is_user_id", []string{strconv.Quote(p.id.String())}
}

// describe does not name the user: denied users need not know the name.
func (p *isUserID) describe(id *Identity, v verdict) (problem, detail string) {
	if v == broken {
		return "the id of the user " + id.user + " is unknown", ""
	}
	return "needs to be a certain user", id.subject().Login()
}

// anonymity is the rule of IsAnonymous, if want is true, and of NotAnonymous.
type anonymity struct{ want bool }

func (p *anonymity) judge(id view) verdict {
	return verdictOf((id.kind == anonymousIdentity) == p.want)
}

func (p *anonymity) call() (string, []string) {
	if p.want {
		return "is_anonymous", nil
	}
	return "not_anonymous", nil
}

func (p *anonymity) describe(id *Identity, v verdict) (problem, detail string) {
	if p.want {
		return "needs that nobody is logged in", id.subject().Login()
	}
	return "needs a login", id.subject().Login()
}

// authenticatedWithin compares times by the wall clock: the monotonic clock
// stands still while a machine sleeps.
type authenticatedWithin struct{ d time.Duration }

// clockSkew is the tolerated difference between the clocks of processes on a
// store.
const clockSkew = time.Minute

func (p *authenticatedWithin) judge(id view) verdict {
	if id.kind == anonymousIdentity {
		return unmet
	}
	if id.since.IsZero() {
		return broken
	}
	age := id.loginAge()
	if age < -min(clockSkew, p.d) {
		return broken
	}
	return verdictOf(age < p.d)
}

// loginAge is negative for a login in the future.
func (id *Identity) loginAge() time.Duration { return id.clock().Sub(id.since) }

// clock returns the time by the clock of id's Authority.
func (id *Identity) clock() time.Time {
	if id.origin == nil {
		return time.Now()
	}
	return id.origin.owner.clock.Now().Time
}

func (p *authenticatedWithin) call() (string, []string) {
	return "authenticated_within", []string{strconv.Quote(p.d.String())}
}

func (p *authenticatedWithin) describe(id *Identity, v verdict) (problem, detail string) {
	problem = "needs a login within the last " + explain.Duration(p.d)
	switch {
	case id.kind == anonymousIdentity:
		return problem, id.subject().Login()
	case id.since.IsZero():
		return "the time of the login is unknown", ""
	case v == broken:
		return "your login lies in the future", ""
	case v == met:
		return "", "you logged in " + explain.Ago(id.loginAge())
	}
	return problem, "your login was " + explain.Ago(id.loginAge())
}

// loginWithin reads a duration as printed by AuthenticatedWithin.
func loginWithin(text string) (time.Duration, error) {
	d, err := time.ParseDuration(text)
	if err != nil || d <= 0 {
		return 0, invalid("predicate", "authenticated_within", "",
			strconv.Quote(names.Printable(text, 64))+` is no duration such as "15m" or "1h30m"`)
	}
	return d, nil
}
