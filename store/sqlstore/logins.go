package sqlstore

import (
	"iter"
	"math"
	"time"

	"github.com/google/uuid"

	"github.com/rbac-go/rbac/store"
)

const loginColumns = "id, user_id, failed, first, last, attempts, addr, user_agent, method, outcome"

// listLogins begins the queries of listings. The name is read login by login:
// for a join, an engine could read all users. The login of a user who is missing
// is listed, too, without a name.
const listLogins = "SELECT " + loginColumns + ", coalesce((SELECT u.name FROM rbac_users u WHERE u.id = rbac_logins.user_id), '') AS user_name FROM rbac_logins"

func (r *records) Logins(f store.LoginFilter) iter.Seq2[store.UserLogin, error] {
	return pages(r, "Logins", 0, func(last *store.UserLogin, size int) ([]store.UserLogin, error) {
		return r.logins(f, last, size)
	})
}

// logins reads a page. The logins of both kinds are the first of two pages, so
// that one index serves every kind.
func (r *records) logins(f store.LoginFilter, last *store.UserLogin, size int) ([]store.UserLogin, error) {
	const order = " ORDER BY first DESC, id DESC LIMIT ?"
	var w where
	if last != nil {
		f.After = store.LoginPlace{First: last.First, ID: last.ID}
	}
	if f.User != uuid.Nil {
		w.and("user_id = ?", f.User)
	}
	if f.After != (store.LoginPlace{}) {
		w.and("(first, id) < (?, ?)", micros(f.After.First), f.After.ID)
	}
	if f.Kind != store.AnyLogin {
		w.and("failed = ?", f.Kind == store.FailedLogin)
		return all(r, "Logins", scanLogin, listLogins+w.String()+order, append(w.args, size)...)
	}
	successes, failures := w.with("failed = ?", false), w.with("failed = ?", true)
	const from = "SELECT " + loginColumns + ", user_name FROM ("
	query := from + listLogins + successes.String() + order + ") successes UNION ALL " + from + listLogins + failures.String() + order + ") failures" + order
	args := append(append(successes.args, size), append(failures.args, size)...)
	return all(r, "Logins", scanLogin, query, append(args, size)...)
}

// CountLogin adds nothing for a user who does not exist.
func (r *records) CountLogin(l store.Login, keep int) error {
	const call = "CountLogin"
	err := r.add(call, `INSERT INTO rbac_logins (`+loginColumns+`)
		SELECT ?, id, ?, ?, ?, ?, ?, ?, ?, ? FROM rbac_users WHERE id = ?
		ON CONFLICT (id) DO UPDATE SET attempts = rbac_logins.attempts + excluded.attempts, user_agent = excluded.user_agent,
			last = CASE WHEN excluded.last > rbac_logins.last THEN excluded.last ELSE rbac_logins.last END`,
		l.ID, l.Failed, micros(l.First), micros(l.Last), l.Count, l.Addr, l.UserAgent, l.Method, l.Outcome, l.User)
	if err != nil {
		return err
	}
	_, err = r.exec(call, `DELETE FROM rbac_logins WHERE id IN
		(SELECT id FROM rbac_logins WHERE user_id = ? AND failed = ? ORDER BY first DESC, id DESC LIMIT ? OFFSET ?)`,
		l.User, l.Failed, most(math.MaxInt), most(keep))
	return err
}

func (r *records) DeleteLogins(before time.Time, limit int) (int, error) {
	const call = "DeleteLogins"
	deleted := 0
	for _, failed := range []bool{false, true} {
		n, err := r.exec(call, `DELETE FROM rbac_logins WHERE id IN
			(SELECT id FROM rbac_logins WHERE failed = ? AND first < ? ORDER BY first LIMIT ?`+r.locks().Skip+")", failed, micros(before), most(limit-deleted))
		if err != nil {
			return 0, err
		}
		deleted += n
	}
	return deleted, nil
}

func scanLogin(row Row) (store.UserLogin, error) {
	var l store.UserLogin
	return l, row.Scan(&l.ID, &l.User, &l.Failed, moment{&l.First}, moment{&l.Last}, &l.Count, &l.Addr, &l.UserAgent, &l.Method, &l.Outcome, &l.UserName)
}
