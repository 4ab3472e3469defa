package rbac_test

import (
	"cmp"
	"fmt"
	"slices"
	"time"

	"github.com/google/uuid"
	"github.com/rbac-go/rbac"
)

// API keys, remembered logins and passwords are not of the standard. Their model
// is written from docs/apikeys.md and docs/accounts.md.

const (
	absoluteLimit = 15 * time.Minute
	rememberLimit = 25 * time.Minute
)

// limits are the limits of tickets in histories. No ticket is ever idle: uses
// are written in the background, at no fixed time.
func limits(cfg rbac.Config) rbac.Config {
	cfg.AbsoluteLimit, cfg.IdleLimit = absoluteLimit, 20*time.Minute
	cfg.RememberLimit, cfg.RememberIdle = rememberLimit, rememberLimit
	return cfg
}

func limitOf(remember bool) time.Duration {
	if remember {
		return rememberLimit
	}
	return absoluteLimit
}

// logIn adds a session of now. A session ends at the limit, or early.
func (m *standard) logIn(t session) {
	t.created = m.now
	t.early = !t.expires.IsZero()
	if !t.early {
		t.expires = m.now.Add(limitOf(t.remembered))
	}
	m.tickets = append(m.tickets, t)
}

// usable reports whether a ticket identifies its user. Of the tickets of a
// disabled user, only keys with KeepWhenDisabled live on, and are refused.
func (m *standard) usable(t session) bool { return m.lives(t) && !m.users[t.user] }

// IssueKey is an Issue with a mandatory end, and with an entry in the change
// log.
func (m *standard) IssueKey(user string, groups []string, expires time.Time, keep bool) (f faults) {
	f.when(m.noUser(user), rbac.ErrNotFound)
	f.when(m.users[user], rbac.ErrDenied)
	f.when(!m.now.Before(expires), rbac.ErrInvalid)
	if groups != nil && !m.noUser(user) {
		f = append(f, m.choose(user, setOf(groups))...)
	}
	if len(f) == 0 {
		m.logIn(session{user: user, narrowed: groups != nil, groups: setOf(groups), expires: expires, key: true, kept: keep})
		m.signedIn(user, "key")
	}
	return f
}

// RotateKey makes a key like another, which ends after the overlap. The holder
// of a key gains no time.
func (m *standard) RotateKey(n int, overlap time.Duration) faults {
	t, f := m.ticket(n)
	if len(f) > 0 {
		return f
	}
	f.when(!t.key, rbac.ErrInvalid)
	return m.rotate(n, overlap, time.Time{}, f)
}

// RotateKeyOf is RotateKey by an administrator, who may set another end.
func (m *standard) RotateKeyOf(n int, overlap time.Duration, expires time.Time) (f faults) {
	if n >= len(m.tickets) || !m.tickets[n].key || !m.lives(m.tickets[n]) {
		return faults{rbac.ErrNotFound}
	}
	f.when(m.users[m.tickets[n].user], rbac.ErrDenied)
	f.when(!expires.IsZero() && !m.now.Before(expires), rbac.ErrInvalid)
	return m.rotate(n, overlap, expires, f)
}

func (m *standard) rotate(n int, overlap time.Duration, expires time.Time, f faults) faults {
	if len(f) > 0 {
		return f
	}
	next := m.tickets[n]
	next.created = m.now
	if !expires.IsZero() {
		next.expires = expires
	}
	if end := m.now.Add(overlap); end.Before(m.tickets[n].expires) {
		m.tickets[n].expires = end
	}
	m.tickets = append(m.tickets, next)
	return nil
}

// SetPassword gives a user the one password of histories, and ends all tickets.
func (m *standard) SetPassword(user string) (f faults) {
	f.when(m.noUser(user), rbac.ErrNotFound)
	if len(f) == 0 {
		m.passwords[user] = true
		m.endTickets(user)
	}
	return f
}

// Login is Issue for a user who has the password.
func (m *standard) Login(user string, right, remember bool) faults {
	if m.noUser(user) || m.users[user] || !m.passwords[user] || !right {
		m.failed(user, "password")
		return faults{rbac.ErrBadCredentials}
	}
	m.logIn(session{user: user, remembered: remember})
	m.signedIn(user, "password")
	return nil
}

// ChangePassword ends all tickets, and makes one like the caller's.
func (m *standard) ChangePassword(n int, right bool) faults {
	t, f := m.ticket(n)
	switch {
	case len(f) > 0:
		return f
	case !right || !m.passwords[t.user]:
		m.failed(t.user, "change")
		return faults{rbac.ErrBadCredentials}
	}
	next := *t
	m.endTickets(next.user)
	if next.created = m.now; !next.early {
		next.expires = m.now.Add(limitOf(next.remembered))
	}
	m.tickets = append(m.tickets, next)
	return nil
}

// CheckLogin is met by a session that began less than a time ago.
func (m *standard) CheckLogin(n int, within time.Duration) faults {
	t, f := m.ticket(n)
	if len(f) > 0 {
		return f
	}
	f.when(t.key || m.now.Sub(t.created) >= within, rbac.ErrDenied)
	return f
}

// hold keeps the token of a new ticket.
func (w *site) hold(t rbac.Token, err error) error {
	if err == nil {
		w.tokens = append(w.tokens, t)
	}
	return err
}

// holdKey is hold for an API key, whose id is kept, too: an administrator needs
// the id also while the user is disabled.
func (w *site) holdKey(t rbac.Token, err error) error {
	if err != nil {
		return err
	}
	ticket, err := w.authority().Ticket(ctx, t)
	w.keys[len(w.tokens)] = ticket.ID
	return w.hold(t, err)
}

var keySteps = []kind{
	{"IssueKey", 5, func(d *drawing) step {
		k := rbac.APIKey{User: d.user(), Label: "robot", KeepWhenDisabled: d.of("", "kept") != ""}
		k.Groups = d.groupsOrNil(k.User)
		k.Expires = cmp.Or(d.expires(), d.m.now.Add(time.Hour))
		return act(func(m *standard) faults { return m.IssueKey(k.User, k.Groups, k.Expires, k.KeepWhenDisabled) },
			func(w *site) error { return w.holdKey(w.authority().IssueKey(ctx, k)) })
	}},
	{"RotateKey", 4, func(d *drawing) step {
		n, overlap := d.key(), d.overlap()
		return act(func(m *standard) faults { return m.RotateKey(n, overlap) },
			func(w *site) error { return w.holdKey(w.authority().RotateKey(ctx, w.token(n), overlap)) })
	}},
	{"RotateKey by its id", 2, func(d *drawing) step {
		n, overlap, expires := d.key(), d.overlap(), d.expires()
		return act(func(m *standard) faults { return m.RotateKeyOf(n, overlap, expires) }, func(w *site) error {
			id, there := w.keys[n]
			if !there {
				id = uuid.Max
			}
			var t rbac.Token
			err := w.authority().Update(ctx, func(tx *rbac.Tx) (err error) { t, err = tx.RotateKey(id, overlap, expires); return err })
			return w.holdKey(t, err)
		})
	}},
	{"DisableUser with a key", 2, func(d *drawing) step {
		user := d.keeper()
		return admin(func(m *standard) faults { return m.DisableUser(user) }, modifyUser(user, func(u *rbac.User) { u.Disabled = true }))
	}},
	{"EnableUser with a key", 2, func(d *drawing) step {
		user := d.keeper()
		return admin(func(m *standard) faults { return m.EnableUser(user) }, modifyUser(user, func(u *rbac.User) { u.Disabled = false }))
	}},
	{"SetPassword", 2, func(d *drawing) step {
		user := d.user()
		return act(func(m *standard) faults { return m.SetPassword(user) },
			func(w *site) error { return w.authority().SetPassword(ctx, user, goodPassword) })
	}},
	{"Login", 6, func(d *drawing) step {
		user, password, remember := d.user(), d.of(goodPassword, goodPassword, "wrong"), d.of("", "remember") != ""
		return act(func(m *standard) faults { return m.Login(user, password == goodPassword, remember) }, func(w *site) error {
			return w.hold(w.authority().Login(ctx, rbac.Login{User: user, Password: password, Remember: remember}))
		})
	}},
	{"ChangePassword", 3, func(d *drawing) step {
		n, old := d.key(), d.of(goodPassword, "wrong")
		return act(func(m *standard) faults { return m.ChangePassword(n, old == goodPassword) },
			func(w *site) error {
				return w.holdKey(w.authority().ChangePassword(ctx, w.token(n), old, goodPassword))
			})
	}},
	{"Judge AuthenticatedWithin", 2, func(d *drawing) step {
		n, within := d.key(), time.Duration(d.number(1, 5))*time.Minute
		return judge(n, "", rbac.AuthenticatedWithin(within), func(m *standard) faults { return m.CheckLogin(n, within) })
	}},
}

// key returns a living API key in most cases, also of a disabled user.
func (d *drawing) key() int {
	keys := map[int]bool{}
	for n, t := range d.m.tickets {
		keys[n] = t.key && d.m.lives(t)
	}
	return there(d, keys, func(n int) bool { return keys[n] }, d.ticket)
}

// overlap returns an overlap, now and then one beyond the end of every key.
func (d *drawing) overlap() time.Duration {
	return draw(d, "%v", anyOf([]time.Duration{0, 0, time.Minute, 3 * time.Minute, 2 * time.Hour}))
}

// keeper returns a user with a key that survives a disable, in most cases.
func (d *drawing) keeper() string {
	users := map[string]bool{}
	for _, t := range d.m.tickets {
		if t.kept && d.m.lives(t) {
			users[t.user] = true
		}
	}
	return there(d, users, anyKey, d.user)
}

// The list of logins, from docs/accounts.md.

// signIn is a login that succeeded, or the failures of an hour.
type signIn struct {
	user, method, outcome string
	at, last              time.Time
	count                 int
}

func (s signIn) String() string {
	return fmt.Sprint(s.user, " ", s.method, " ", s.outcome, " ", s.at.Format(time.TimeOnly), " ", s.last.Format(time.TimeOnly), " ", s.count)
}

func (m *standard) signedIn(user, method string) {
	m.logins = append(m.logins, signIn{user, method, "success", m.now, m.now, 1})
	m.lastLogins[user] = m.now
}

func (m *standard) failed(user, method string) {
	if m.noUser(user) {
		return
	}
	outcome := "wrong password"
	if m.users[user] {
		outcome = "disabled"
	}
	for i, s := range m.logins {
		if s.user == user && s.method == method && s.outcome == outcome && s.at.Truncate(time.Hour).Equal(m.now.Truncate(time.Hour)) {
			m.logins[i].last, m.logins[i].count = m.now, s.count+1
			return
		}
	}
	m.logins = append(m.logins, signIn{user, method, outcome, m.now, m.now, 1})
}

// Logins lists logins without their order, and with the last success of the
// user.
func (m *standard) Logins(q rbac.LoginQuery) (string, faults) {
	lines := []string{}
	for _, s := range m.logins {
		ok := s.outcome == "success"
		if (q.User == "" || s.user == q.User) && (q.Kind == rbac.AnyLogin || ok == (q.Kind == rbac.SuccessfulLogin)) && !s.last.Before(q.Since) {
			lines = append(lines, s.String())
		}
	}
	slices.Sort(lines)
	var f faults
	f.when(q.User != "" && m.noUser(q.User), rbac.ErrNotFound)
	return fmt.Sprint(quoted(lines), m.lastLogins[q.User].UnixMicro()), f
}

var loginSteps = []kind{
	{"Logins", 4, func(d *drawing) step {
		q := rbac.LoginQuery{User: d.of("", d.user()), Kind: rbac.LoginKind(d.number(0, 2)), Limit: d.number(0, 3)}
		if d.number(0, 2) == 0 {
			q.Since = d.m.now.Add(-time.Duration(d.number(0, 70)) * time.Minute)
		}
		return logInsOf(q)
	}},
}

func logInsOf(q rbac.LoginQuery) step {
	return review(func(m *standard) (string, faults) { return m.Logins(q) }, func(tx *rbac.Tx) (string, error) {
		lines, err := loginPages(tx, q)
		if err != nil || q.User == "" {
			return fmt.Sprint(quoted(lines), time.Time{}.UnixMicro()), err
		}
		u, err := tx.User(q.User)
		return fmt.Sprint(quoted(lines), u.LastLogin.UnixMicro()), err
	})
}

// loginPages lists what a query selects, in pages of its limit, which have to
// be in the order of time.
func loginPages(tx *rbac.Tx, q rbac.LoginQuery) (lines []string, err error) {
	for {
		n := 0
		for l, err := range tx.Logins(q) {
			if err != nil {
				return nil, err
			}
			if !q.After.At.IsZero() && l.At.After(q.After.At) {
				return nil, fmt.Errorf("%v comes after %v", l.At, q.After.At)
			}
			lines = append(lines, signIn{l.User, l.Method, l.Outcome, l.At, l.Last, l.Count}.String())
			q.After, n = l, n+1
		}
		if q.Limit == 0 || n == 0 {
			slices.Sort(lines)
			return lines, nil
		}
	}
}
