// Package rbacotel exports the counters and events of an [rbac.Authority] over
// OpenTelemetry: [Observe] exports the counters of [rbac.Stats] as metrics, and
// [OnEvent] exports the events as logs.
//
//	a, err := rbac.Open(ctx, store, rbac.Config{OnEvent: rbacotel.OnEvent(logs, rbacotel.LogConfig{})})
//	…
//	registration, err := rbacotel.Observe(metrics, a)
//
// Metrics have no label of a user, a group or a permission: such labels grow
// without bound, and name people in a system that keeps data for a long time.
// Logs name people only with LogConfig.Personal.
//
// The package is a module of its own, so that importers of rbac do not inherit
// OpenTelemetry.
package rbacotel

import (
	"context"
	"errors"
	"time"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/metric"

	"github.com/rbac-go/rbac"
)

// scope is the name of the meter and of the logger.
const scope = "github.com/rbac-go/rbac/rbacotel"

// Observe makes instruments with a meter of the provider, whose values are
// those of [rbac.Authority.Stats] at each collection. The table in
// docs/operations.md lists the instruments. Call Observe once for each
// Authority. To distinguish several Authorities of a process, give each a
// provider with a resource of its own. Unregister the result before closing the
// Authority, or never unregister: a closed Authority keeps its last values.
func Observe(provider metric.MeterProvider, a *rbac.Authority) (metric.Registration, error) {
	m := &maker{meter: provider.Meter(scope)}
	observes := m.instruments()
	if err := errors.Join(m.errs...); err != nil {
		return nil, err
	}
	return m.meter.RegisterCallback(func(_ context.Context, o metric.Observer) error {
		s := a.Stats()
		for _, observe := range observes {
			observe(o, &s)
		}
		return nil
	}, m.made...)
}

// maker makes instruments, and collects errors.
type maker struct {
	meter metric.Meter
	made  []metric.Observable
	errs  []error
}

// observe reports values of an instrument.
type observe func(metric.Observer, *rbac.Stats)

// instruments makes all instruments. Names and attributes never change.
func (m *maker) instruments() []observe {
	tickets := m.counter("rbac.tickets", "{ticket}", "Tickets that were identified, by the place of their record. The cache's number is an estimate.")
	lookups := m.seconds("rbac.tickets.lookup.time", "Time for tickets that were looked up in the store.")
	logins := m.counter("rbac.logins", "{login}", "Logins by their outcome.")
	hashes := m.counter("rbac.hashes", "{hash}", "Passwords that were hashed or verified.")
	hashTime := m.seconds("rbac.hashes.time", "Time for hashing and verifying passwords.")
	waits := m.counter("rbac.hashes.waits", "{wait}", "Waits for a turn to hash.")
	waitTime := m.seconds("rbac.hashes.waits.time", "Time of waits for a turn to hash.")
	busy := m.counter("rbac.hashes.busy", "{wait}", "Waits for a turn to hash that ended without a turn.")
	waiting := m.gauge("rbac.hashes.waiting", "{wait}", "Callers that wait for a turn to hash.")
	transactions := m.counter("rbac.transactions", "{transaction}", "Transactions of the store.")
	transactionTime := m.seconds("rbac.transactions.time", "Time of transactions, with their waits for others.")
	failures := m.counter("rbac.transactions.failures", "{transaction}", "Transactions that the store failed.")
	revision := m.gauge("rbac.revision", "{revision}", "The last revision that was seen.")
	lease := m.age("rbac.lease.age", "Time since the store was asked for changes.")
	follower := m.counter("rbac.follower.errors", "{error}", "Failed questions for changes.")
	cached := m.gauge("rbac.cache.records", "{record}", "Records in the caches.")
	evicted := m.counter("rbac.cache.evictions", "{record}", "Records that made room for others.")
	dropped := m.counter("rbac.events.dropped", "{event}", "Events that OnEvent did not get.")
	return []observe{
		func(o metric.Observer, s *rbac.Stats) {
			count(o, tickets, s.FromCache, label("source", "cache"))
			count(o, tickets, s.FromStore.Count, label("source", "store"))
			count(o, logins, s.Logins, label("outcome", "success"))
			count(o, logins, s.LoginsRefused, label("outcome", "refused"))
			count(o, logins, s.LoginsThrottled, label("outcome", "throttled"))
			count(o, logins, s.LoginsFailed, label("outcome", "failed"))
			count(o, transactions, s.Views.Count, label("kind", "view"))
			count(o, transactions, s.Updates.Count, label("kind", "update"))
			count(o, cached, uint64(s.CachedTickets), label("cache", "tickets"))
			count(o, cached, uint64(s.CachedUsers), label("cache", "users"))
			count(o, evicted, s.EvictedTickets, label("cache", "tickets"))
			count(o, evicted, s.EvictedUsers, label("cache", "users"))
		},
		func(o metric.Observer, s *rbac.Stats) {
			count(o, hashes, s.Hashes.Count)
			count(o, waits, s.HashWaits.Count)
			count(o, busy, s.HashesBusy)
			count(o, waiting, uint64(s.HashesWaiting))
			count(o, failures, s.StoreFailures)
			count(o, revision, uint64(s.Revision))
			count(o, follower, s.FollowerErrors)
			count(o, dropped, s.EventsDropped)
		},
		func(o metric.Observer, s *rbac.Stats) {
			lasted(o, lookups, s.FromStore.Total)
			lasted(o, hashTime, s.Hashes.Total)
			lasted(o, waitTime, s.HashWaits.Total)
			lasted(o, transactionTime, s.Views.Total, label("kind", "view"))
			lasted(o, transactionTime, s.Updates.Total, label("kind", "update"))
			lasted(o, lease, s.LeaseAge)
		},
	}
}

func count(o metric.Observer, i metric.Int64Observable, n uint64, labels ...metric.ObserveOption) {
	o.ObserveInt64(i, int64(n), labels...)
}

func lasted(o metric.Observer, i metric.Float64Observable, d time.Duration, labels ...metric.ObserveOption) {
	o.ObserveFloat64(i, d.Seconds(), labels...)
}

func label(key, value string) metric.ObserveOption {
	return metric.WithAttributes(attribute.String(key, value))
}

func (m *maker) counter(name, unit, description string) metric.Int64Observable {
	i, err := m.meter.Int64ObservableCounter(name, metric.WithUnit(unit), metric.WithDescription(description))
	return added(m, i, err)
}

func (m *maker) gauge(name, unit, description string) metric.Int64Observable {
	i, err := m.meter.Int64ObservableGauge(name, metric.WithUnit(unit), metric.WithDescription(description))
	return added(m, i, err)
}

func (m *maker) seconds(name, description string) metric.Float64Observable {
	i, err := m.meter.Float64ObservableCounter(name, metric.WithUnit("s"), metric.WithDescription(description))
	return added(m, i, err)
}

func (m *maker) age(name, description string) metric.Float64Observable {
	i, err := m.meter.Float64ObservableGauge(name, metric.WithUnit("s"), metric.WithDescription(description))
	return added(m, i, err)
}

func added[I metric.Observable](m *maker, i I, err error) I {
	m.made = append(m.made, i)
	m.errs = append(m.errs, err)
	return i
}
