package postgresstore

import (
	"context"
	"errors"
	"fmt"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
)

var errStandby = errors.New("the server is a standby, where changes arrive late: connect to the primary (target_session_attrs=read-write)")

// fit returns an error if nothing may be read or written on a connection. A
// server reports these parameters without being asked, and again after each
// change. Servers before PostgreSQL 14 do not report whether they are a
// standby.
func fit(conn *pgx.Conn) error {
	if conn.PgConn().ParameterStatus("in_hot_standby") == "on" {
		return errStandby
	}
	return readable(conn)
}

// readable is fit without the check for a standby. A standby is only read for
// records that can be compared with the primary's head.
func readable(conn *pgx.Conn) error {
	switch encoding := conn.PgConn().ParameterStatus("client_encoding"); encoding {
	case "UTF8", "UNICODE", "":
		return nil
	default: // the server would misread the bytes of texts
		return fmt.Errorf("the connection's client_encoding is %s; it must be UTF8", encoding)
	}
}

// begin begins a transaction if the connection is fit. Otherwise, begin closes
// the connection, so that the pool makes a new connection.
func begin(ctx context.Context, conn *pgxpool.Conn, opts pgx.TxOptions) (pgx.Tx, error) {
	if err := fit(conn.Conn()); err != nil {
		hangUp(conn.Conn())
		return nil, err
	}
	return conn.BeginTx(ctx, opts)
}
