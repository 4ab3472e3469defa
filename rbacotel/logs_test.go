package rbacotel_test

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"

	"go.opentelemetry.io/otel/attribute"
	sdk "go.opentelemetry.io/otel/sdk/log"
	"go.opentelemetry.io/otel/trace"

	"github.com/rbac-go/rbac"
	"github.com/rbac-go/rbac/rbacotel"
)

// recorder keeps the records that it is given.
type recorder struct {
	mu      sync.Mutex
	records []sdk.Record
}

func (r *recorder) OnEmit(_ context.Context, rec *sdk.Record) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.records = append(r.records, rec.Clone())
	return nil
}
func (r *recorder) Enabled(context.Context, sdk.EnabledParameters) bool { return true }
func (r *recorder) Shutdown(context.Context) error                      { return nil }
func (r *recorder) ForceFlush(context.Context) error                    { return nil }

// text is a record in a line.
func text(rec sdk.Record) string {
	parts := []string{rec.EventName(), rec.Severity().String()}
	rec.WalkAttributes(func(kv attribute.KeyValue) bool {
		parts = append(parts, string(kv.Key)+"="+kv.Value.String())
		return true
	})
	return strings.Join(parts, " ")
}

// day is logins, a denial and a change, under the span of a request.
func day(t *testing.T, cfg rbacotel.LogConfig) []sdk.Record {
	t.Helper()
	var r recorder
	a := openWithAmy(t, rbacotel.OnEvent(sdk.NewLoggerProvider(sdk.WithProcessor(&r)), cfg))
	ctx := trace.ContextWithSpanContext(t.Context(), trace.NewSpanContext(trace.SpanContextConfig{TraceID: trace.TraceID{7}, SpanID: trace.SpanID{7}}))
	tok, err := a.Login(ctx, rbac.Login{User: "amy", Password: password})
	must(t, err)
	a.Login(ctx, rbac.Login{User: "amy", Password: "wrong"})
	a.Judge(ctx, tok, rbac.HasPermission("rbac.administer"))
	must(t, a.Update(rbac.WithActor(ctx, "eve"), func(tx *rbac.Tx) error {
		return tx.DeassignUser(rbac.Membership{User: "amy", Group: "editors"})
	}))
	must(t, a.Close())
	return r.records[len(r.records)-4:]
}

// Records name nobody, unless the host says so, and belong to the span of their
// cause.
func TestRecordsNameNobody(t *testing.T) {
	var got []string
	for _, rec := range day(t, rbacotel.LogConfig{}) {
		got = append(got, text(rec))
		if rec.TraceID() != (trace.TraceID{7}) {
			t.Errorf("%s: the record is in no trace", rec.EventName())
		}
		if rec.Timestamp().IsZero() {
			t.Errorf("%s: no time", rec.EventName())
		}
	}
	want := []string{
		"authn_login_success INFO rbac.action=Login",
		"authn_login_fail WARN rbac.action=Login error.type=bad credentials",
		"authz_fail WARN error.type=denied",
		"authz_change INFO rbac.action=DeassignUser rbac.revision=4",
	}
	if !slices.Equal(got, want) {
		t.Errorf("got\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
}

// With Personal, records have the attributes of the log.
func TestPersonalRecords(t *testing.T) {
	all := ""
	for _, rec := range day(t, rbacotel.LogConfig{Personal: true}) {
		all += fmt.Sprintln(text(rec))
	}
	for _, want := range []string{"rbac.user=amy", "rbac.actor=eve", "rbac.object=editors", "rbac.ticket=", "rbac.error=rbac: denied: needs rbac.administer"} {
		if !strings.Contains(all, want) {
			t.Errorf("no record has %s:\n%s", want, all)
		}
	}
	if strings.Contains(all, password) {
		t.Error("a record has the password")
	}
}
