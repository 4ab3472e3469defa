package postgresstore

import (
	"context"
	"errors"
	"fmt"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
)

var errStandby = errors.New("the server is a standby, where changes arrive late: connect to the primary (target_session_attrs=read-write)")

// fit tells why nothing may be read or written on a connection, if so. A server tells all of this by
// itself, and again when it changes; those before PostgreSQL 14 do not say that they are a standby.
func fit(conn *pgx.Conn) error {
	if conn.PgConn().ParameterStatus("in_hot_standby") == "on" {
		return errStandby
	}
	return readable(conn)
}

// readable is what fit leaves of a standby, which is asked only for what can be compared with the primary's head.
func readable(conn *pgx.Conn) error {
	switch encoding := conn.PgConn().ParameterStatus("client_encoding"); encoding {
	case "UTF8", "UNICODE", "":
		return nil
	default: // the server would take the bytes of a text for other letters
		return fmt.Errorf("the connection's client_encoding is %s; it must be UTF8", encoding)
	}
}

// begin begins on a connection that is fit. One that is not is closed, so that the pool makes another.
func begin(ctx context.Context, conn *pgxpool.Conn, opts pgx.TxOptions) (pgx.Tx, error) {
	if err := fit(conn.Conn()); err != nil {
		hangUp(conn.Conn())
		return nil, err
	}
	return conn.BeginTx(ctx, opts)
}
