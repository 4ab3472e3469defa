package rbacotel_test

import (
	"context"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promhttp"
	dto "github.com/prometheus/client_model/go"
	"github.com/prometheus/common/expfmt"
	"github.com/prometheus/common/model"
	exporter "go.opentelemetry.io/otel/exporters/prometheus"
	"go.opentelemetry.io/otel/sdk/metric"

	"github.com/rbac-go/rbac"
	"github.com/rbac-go/rbac/rbacotel"
	memorystore "github.com/rbac-go/rbac/store_memory"
)

const password = "seven dry umbrellas"

// openWithAmy opens an Authority with the user amy, who has the permission
// post.write in the group editors.
func openWithAmy(t *testing.T, onEvent func(context.Context, rbac.Event)) *rbac.Authority {
	t.Helper()
	a, err := rbac.Open(t.Context(), memorystore.New(), rbac.Config{
		Logger:   slog.New(slog.DiscardHandler),
		Argon2id: rbac.Argon2id{MemoryKiB: 8, Time: 1, Threads: 1},
		OnEvent:  onEvent,
	})
	must(t, err)
	t.Cleanup(func() { a.Close() })
	must(t, a.Declare(t.Context(), rbac.Catalogue{
		Permissions: []rbac.Permission{{Name: "post.write"}},
		Groups:      []rbac.Group{{Name: "editors"}},
		Grants:      []rbac.Grant{{Group: "editors", Permission: "post.write"}},
	}))
	_, err = a.CreateUser(t.Context(), rbac.User{Name: "amy"}, password, "editors")
	must(t, err)
	return a
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// scraped is what Prometheus reads from the metrics of an Authority.
type scraped map[string]*dto.MetricFamily

// serve serves the metrics of an Authority as a service does.
func serve(t *testing.T, a *rbac.Authority) (url string) {
	t.Helper()
	registry := prometheus.NewRegistry()
	reader, err := exporter.New(exporter.WithRegisterer(registry))
	must(t, err)
	registration, err := rbacotel.Observe(metric.NewMeterProvider(metric.WithReader(reader)), a)
	must(t, err)
	server := httptest.NewServer(promhttp.HandlerFor(registry, promhttp.HandlerOpts{}))
	t.Cleanup(func() { server.Close(); registration.Unregister() })
	return server.URL
}

// scrape reads metrics over HTTP.
func scrape(t *testing.T, url string) scraped {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, url, nil)
	must(t, err)
	req.Header.Set("Accept", "text/plain; version=0.0.4")
	resp, err := http.DefaultClient.Do(req)
	must(t, err)
	defer resp.Body.Close()
	parser := expfmt.NewTextParser(model.LegacyValidation)
	families, err := parser.TextToMetricFamilies(resp.Body)
	must(t, err)
	return families
}

// value returns the value of a metric, with the label if one is given.
func (s scraped) value(name, label string) float64 {
	for _, m := range s[name].GetMetric() {
		for _, l := range m.GetLabel() {
			if label == "" || l.GetName()+"="+l.GetValue() == label {
				return m.GetCounter().GetValue() + m.GetGauge().GetValue()
			}
		}
	}
	return -1
}

// metrics are all metrics under the names that Prometheus gives them.
var metrics = []string{
	"rbac_cache_evictions_total cache=tickets", "rbac_cache_evictions_total cache=users",
	"rbac_cache_records cache=tickets", "rbac_cache_records cache=users",
	"rbac_events_dropped_total", "rbac_follower_errors_total",
	"rbac_hashes_busy_total", "rbac_hashes_time_seconds_total", "rbac_hashes_total", "rbac_hashes_waiting",
	"rbac_hashes_waits_time_seconds_total", "rbac_hashes_waits_total",
	"rbac_lease_age_seconds",
	"rbac_logins_total outcome=failed", "rbac_logins_total outcome=refused", "rbac_logins_total outcome=success", "rbac_logins_total outcome=throttled",
	"rbac_revision",
	"rbac_tickets_lookup_time_seconds_total", "rbac_tickets_total source=cache", "rbac_tickets_total source=store",
	"rbac_transactions_failures_total",
	"rbac_transactions_time_seconds_total kind=update", "rbac_transactions_time_seconds_total kind=view",
	"rbac_transactions_total kind=update", "rbac_transactions_total kind=view",
}

// A scrape has exactly the documented metrics. No label names a user, a group or
// a permission.
func TestScrape(t *testing.T) {
	a := openWithAmy(t, nil)
	tok, err := a.Login(t.Context(), rbac.Login{User: "amy", Password: password})
	must(t, err)
	must(t, a.Judge(t.Context(), tok, rbac.HasPermission("post.write")))
	var got []string
	for name, family := range scrape(t, serve(t, a)) {
		if !strings.HasPrefix(name, "rbac_") {
			continue
		}
		for _, m := range family.GetMetric() {
			text := name
			for _, l := range m.GetLabel() {
				if !strings.HasPrefix(l.GetName(), "otel_scope_") {
					text += fmt.Sprint(" ", l.GetName(), "=", l.GetValue())
				}
			}
			got = append(got, text)
		}
	}
	slices.Sort(got)
	if want := slices.Sorted(slices.Values(metrics)); !slices.Equal(got, want) {
		t.Errorf("got\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
}

// docs/operations.md has a row for each instrument, and for no other.
func TestOperationsListsEveryInstrument(t *testing.T) {
	page, err := os.ReadFile("../docs/operations.md")
	must(t, err)
	var rows []string
	for _, m := range regexp.MustCompile("(?m)^\\| `(rbac\\.[a-z.]+)` \\| (?:counter|gauge) \\| (\\w+) \\| (.*?) ?\\|").FindAllStringSubmatch(string(page), -1) {
		name := strings.ReplaceAll(m[1], ".", "_")
		if m[2] == "s" {
			name += "_seconds"
		}
		if !strings.Contains(m[0], "gauge") {
			name += "_total"
		}
		key, values, _ := strings.Cut(m[3], ": ")
		for value := range strings.SplitSeq(values, ", ") {
			rows = append(rows, strings.TrimRight(name+" "+strings.ReplaceAll(key+"="+value, "`", ""), " ="))
		}
	}
	slices.Sort(rows)
	if want := slices.Sorted(slices.Values(metrics)); !slices.Equal(rows, want) {
		t.Errorf("the page has\n%s\nand the metrics are\n%s", strings.Join(rows, "\n"), strings.Join(want, "\n"))
	}
}

// The values are those of Stats, at each scrape anew.
func TestScrapedValues(t *testing.T) {
	a := openWithAmy(t, nil)
	url := serve(t, a)
	before := scrape(t, url)
	for _, p := range []string{password, "wrong", "wrong", password} {
		a.Login(t.Context(), rbac.Login{User: "amy", Password: p})
	}
	after := scrape(t, url)
	for _, c := range []struct {
		name, label string
		want        float64
	}{
		{"rbac_logins_total", "outcome=success", 2},
		{"rbac_logins_total", "outcome=refused", 2},
		{"rbac_logins_total", "outcome=throttled", 0},
		{"rbac_hashes_total", "", 4},
		{"rbac_events_dropped_total", "", 0},
	} {
		if got := after.value(c.name, c.label) - before.value(c.name, c.label); got != c.want {
			t.Errorf("%s{%s} grew by %v, want %v", c.name, c.label, got, c.want)
		}
	}
	if got, want := after.value("rbac_revision", ""), float64(a.Revision()); got != want {
		t.Errorf("rbac_revision is %v, want %v", got, want)
	}
	if s := after.value("rbac_hashes_time_seconds_total", ""); s <= 0 || s > 60 {
		t.Errorf("hashing took %v s", s)
	}
}
