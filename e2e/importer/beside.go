package importer

import (
	"crypto/md5"
	"crypto/subtle"
	"database/sql"
	"encoding/hex"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/rbac-go/rbac"
)

// A TurboGears application that goes on running: its database, and what its
// configuration says about the login.
type TurboGears struct {
	DB     *sql.DB
	Secret string        // sa_auth.cookie_secret
	MaxAge time.Duration // of a login, as the application limits logins
}

// Identify is for httpguard.Config.Identify: whoever is logged in to the
// application is logged in here, with the groups and permissions that the tables
// of the application have at the time of the request.
func (g TurboGears) Identify(r *http.Request) (*rbac.Identity, error) {
	cookie, err := r.Cookie("authtkt")
	if err != nil {
		return nil, nil // nobody is logged in
	}
	user, since, err := g.open(cookie.Value)
	if err != nil || time.Since(since) > g.MaxAge {
		return nil, rbac.ErrNoTicket
	}
	groups, err := g.names(r, `SELECT g.group_name FROM tg_user u
		JOIN tg_user_group ug ON ug.user_id = u.user_id
		JOIN tg_group g ON g.group_id = ug.group_id WHERE u.user_name = $1`, user)
	if err != nil {
		return nil, err
	}
	permissions, err := g.names(r, `SELECT p.permission_name FROM tg_user u
		JOIN tg_user_group ug ON ug.user_id = u.user_id
		JOIN tg_group_permission gp ON gp.group_id = ug.group_id
		JOIN tg_permission p ON p.permission_id = gp.permission_id WHERE u.user_name = $1`, user)
	if err != nil {
		return nil, err
	}
	known, err := g.names(r, `SELECT user_name FROM tg_user WHERE user_name = $1`, user)
	if err != nil || len(known) == 0 {
		return nil, errors.Join(err, rbac.ErrNotFound)
	}
	return rbac.NewIdentity(user, groups, permissions).WithAuthenticatedAt(since), nil
}

func (g TurboGears) names(r *http.Request, query, user string) (names []string, err error) {
	rows, err := g.DB.QueryContext(r.Context(), query, user)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", rbac.ErrUnavailable, err)
	}
	defer rows.Close()
	for rows.Next() {
		var name string
		if err := rows.Scan(&name); err != nil {
			return nil, err
		}
		names = append(names, name)
	}
	return names, rows.Err()
}

// open checks the cookie of repoze.who: an MD5 with the secret in 32 digits, the
// time of the login in 8 hexadecimal digits, the name of the user, an exclamation
// mark, and data that the quickstart leaves empty.
func (g TurboGears) open(cookie string) (user string, since time.Time, err error) {
	bad := errors.New("not a cookie of the application")
	name, data, ok := strings.Cut(cookie, "!")
	if !ok || len(name) <= 40 || data != "" || g.Secret == "" {
		return "", time.Time{}, bad
	}
	seconds, err := strconv.ParseUint(name[32:40], 16, 32)
	if err != nil {
		return "", time.Time{}, bad
	}
	if user, err = url.PathUnescape(name[40:]); err != nil {
		return "", time.Time{}, bad
	}
	address := "\x00\x00\x00\x00" // the quickstart does not bind logins to addresses
	stamp := string([]byte{byte(seconds >> 24), byte(seconds >> 16), byte(seconds >> 8), byte(seconds)})
	inner := md5.Sum([]byte(address + stamp + g.Secret + user + "\x00\x00"))
	outer := md5.Sum([]byte(hex.EncodeToString(inner[:]) + g.Secret))
	if subtle.ConstantTimeCompare([]byte(hex.EncodeToString(outer[:])), []byte(name[:32])) != 1 {
		return "", time.Time{}, bad
	}
	return user, time.Unix(int64(seconds), 0), nil
}
