package rbacotel

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strings"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/log"

	"github.com/rbac-go/rbac"
)

// LogConfig configures the contents of logs. The zero LogConfig names nobody.
type LogConfig struct {
	// Personal adds all attributes of [rbac.Event]: users, actors, addresses,
	// tickets, groups, permissions, paths of requests, and the texts of errors,
	// which may name any of these. Without Personal a record has the kind, the
	// function, the revision of a change, whether the client was known, and the
	// type of the error.
	Personal bool
}

// OnEvent returns a function for [rbac.Config].OnEvent that writes each event
// as a record of a logger of the provider. The event name of the record is the
// kind of the event. The record belongs to the span of the call that caused the
// event.
func OnEvent(provider log.LoggerProvider, cfg LogConfig) func(context.Context, rbac.Event) {
	logger := provider.Logger(scope)
	return func(ctx context.Context, e rbac.Event) {
		var r log.Record
		r.SetTimestamp(e.Time)
		r.SetEventName(string(e.Kind))
		r.SetSeverity(severity(e))
		r.SetBody(attribute.StringValue(string(e.Kind)))
		for _, a := range e.LogValue().Group() {
			if cfg.Personal || anonymous(a.Key, e.Kind) {
				r.AddAttributes(attribute.KeyValue{Key: attribute.Key("rbac." + a.Key), Value: value(a.Value)})
			}
		}
		if e.Err != nil {
			r.AddAttributes(attribute.String("error.type", errorType(e.Err)))
		}
		logger.Emit(ctx, r)
	}
}

// anonymous reports whether an attribute names nobody.
func anonymous(key string, kind rbac.EventKind) bool {
	switch key {
	case "known", "revision":
		return true
	case "action":
		return kind != rbac.EventDenied // the action of a denial may be the path of a request
	}
	return false
}

func severity(e rbac.Event) log.Severity {
	switch {
	case e.Kind == rbac.EventStoreLost, errors.Is(e.Err, rbac.ErrUnavailable):
		return log.SeverityError
	case e.Err != nil:
		return log.SeverityWarn
	}
	return log.SeverityInfo
}

func value(v slog.Value) attribute.Value {
	switch v.Kind() {
	case slog.KindBool:
		return attribute.BoolValue(v.Bool())
	case slog.KindUint64:
		return attribute.Int64Value(int64(v.Uint64()))
	}
	return attribute.StringValue(fmt.Sprint(v.Any()))
}

// errorType returns the kind of an error, without names.
func errorType(err error) string {
	for _, kind := range []error{
		rbac.ErrUnavailable, rbac.ErrBusy, rbac.ErrThrottled, rbac.ErrBadCredentials, rbac.ErrNoTicket,
		rbac.ErrNotFound, rbac.ErrDenied, rbac.ErrSeparation, rbac.ErrInvalid,
	} {
		if errors.Is(err, kind) {
			return strings.TrimPrefix(kind.Error(), "rbac: ")
		}
	}
	return "_OTHER" // the word of OpenTelemetry's conventions
}
