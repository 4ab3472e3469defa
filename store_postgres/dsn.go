package postgresstore

import (
	"context"
	"errors"
	"fmt"
	"net"
	"strings"

	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/rbac-go/rbac"
	"github.com/rbac-go/rbac/store"
)

// parse reads a DSN. Its errors repeat nothing of the DSN: in a malformed DSN,
// the bounds of the password are unknown. The driver's own errors are not
// wrapped, since they hold the DSN.
func parse(dsn string) (*pgxpool.Config, error) {
	if rest, ok := strings.CutPrefix(dsn, "postgres"); ok {
		_, rest, ok = strings.Cut(rest, "://")
		path, _, _ := strings.Cut(rest, "?")
		if _, path, _ = strings.Cut(path, "/"); ok && strings.Contains(path, "@") {
			return nil, badDSN("an @ comes after a /: write / in a password as %2F, and @ in a database as %40")
		}
	}
	config, err := pgxpool.ParseConfig(dsn)
	if err == nil {
		return config, nil
	}
	text := err.Error()
	text = text[strings.LastIndex(text, "`: ")+1:] // the text after any DSN
	for _, m := range mistakes {
		if strings.Contains(text, m.driver) {
			return nil, badDSN(m.reason)
		}
	}
	return nil, badDSN("cannot be read")
}

// mistakes maps words of the driver's errors to mistakes.
var mistakes = []struct{ driver, reason string }{
	{"failed to parse as URL", "is not a URL: escape what is special in a user name or password (%2F for /)"},
	{"failed to parse as keyword/value", "is not a list of keyword=value: quote values that have spaces, as in password='a b'"},
	{"failed to read service", "names a service that cannot be read"},
	{"port numbers to", "has not as many ports as hosts"},
	{"invalid port", "has a port that is no number, or is not escaped (%2F for / in a password)"},
	{"failed to configure TLS", "has a wrong sslmode, or sslrootcert, sslcert or sslkey cannot be read"},
	{"sslcertmode", "has a wrong sslcertmode"},
	{"connect_timeout", "has a wrong connect_timeout"},
	{"target_session_attrs", "has wrong target_session_attrs"},
	{"protocol_version", "has a wrong min_protocol_version or max_protocol_version"},
	{"channel_binding", "has a wrong channel_binding"},
	{"require_auth", "has a wrong require_auth"},
	{"default_query_exec_mode", "has a wrong default_query_exec_mode"},
	{"cache_capacity", "has a wrong statement_cache_capacity or description_cache_capacity"},
	{"pool_", "has a wrong pool parameter: pool_max_conns is a number from 1, pool_max_conn_lifetime a duration like 1h"},
}

func badDSN(reason string) error {
	return &rbac.Error{Kind: store.ErrInvalid, Record: "postgres", Field: "dsn", Reason: reason}
}

// connectError hides a parameter that is unknown to the server, because the
// parameter can be the second word of a password.
func connectError(err error) error {
	var pg *pgconn.PgError
	if errors.As(err, new(*pgconn.ConnectError)) && errors.As(err, &pg) && (pg.Code == "42704" || pg.Code == "22023") {
		return fmt.Errorf("failed to connect: the server refuses a parameter of the DSN (SQLSTATE %s): quote values that have spaces", pg.Code)
	}
	return err
}

// warnOfPlaintext logs that passwords and tickets of a connection can be read
// on the network.
func (e *engine) warnOfPlaintext(ctx context.Context, conn *pgconn.PgConn) {
	if addr := plaintext(conn.Conn()); addr != nil {
		e.log.WarnContext(ctx, "the connection to PostgreSQL is not encrypted, and anyone on the way can read and change what it carries: set sslmode=verify-full",
			"store", e.name, "address", addr.String())
	}
}

// plaintext returns the address of another machine that a connection without
// TLS leads to, and nil for other connections. A connection type of the host
// may have an encryption of its own.
func plaintext(conn net.Conn) net.Addr {
	if w, ok := conn.(*wire); ok {
		conn = w.Conn
	}
	tcp, ok := conn.(*net.TCPConn)
	if !ok {
		return nil
	}
	if addr, ok := tcp.RemoteAddr().(*net.TCPAddr); ok && addr.IP.IsLoopback() {
		return nil
	}
	return tcp.RemoteAddr()
}
