package rbacotel_test

import (
	"bufio"
	"context"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promhttp"
	"go.opentelemetry.io/otel"
	exporter "go.opentelemetry.io/otel/exporters/prometheus"
	"go.opentelemetry.io/otel/sdk/metric"

	"github.com/rbac-go/rbac"
	"github.com/rbac-go/rbac/rbacotel"
	memorystore "github.com/rbac-go/rbac/store_memory"
)

// A service offers the metrics of its Authority to Prometheus, and writes events
// as logs of the provider that the program has set.
func Example() {
	ctx := context.Background()
	auth, err := rbac.Open(ctx, memorystore.New(), rbac.Config{
		Logger:  slog.New(slog.DiscardHandler),
		OnEvent: rbacotel.OnEvent(otel.GetLoggerProvider(), rbacotel.LogConfig{}),
	})
	if err != nil {
		panic(err)
	}
	defer auth.Close()

	registry := prometheus.NewRegistry()
	reader, err := exporter.New(exporter.WithRegisterer(registry), exporter.WithoutScopeInfo())
	if err != nil {
		panic(err)
	}
	if _, err := rbacotel.Observe(metric.NewMeterProvider(metric.WithReader(reader)), auth); err != nil {
		panic(err)
	}
	server := httptest.NewServer(promhttp.HandlerFor(registry, promhttp.HandlerOpts{}))
	defer server.Close()

	if _, err := auth.CreateUser(ctx, rbac.User{Name: "nina"}, "seven dry umbrellas"); err != nil {
		panic(err)
	}
	auth.Login(ctx, rbac.Login{User: "nina", Password: "a wrong guess"})

	resp, err := http.Get(server.URL)
	if err != nil {
		panic(err)
	}
	defer resp.Body.Close()
	for lines := bufio.NewScanner(resp.Body); lines.Scan(); {
		if strings.HasPrefix(lines.Text(), "rbac_logins_total") {
			fmt.Println(lines.Text())
		}
	}
	// Output:
	// rbac_logins_total{outcome="failed"} 0
	// rbac_logins_total{outcome="refused"} 1
	// rbac_logins_total{outcome="success"} 0
	// rbac_logins_total{outcome="throttled"} 0
}
