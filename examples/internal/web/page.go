package web

import (
	"bytes"
	"fmt"
	"html/template"
	"io"
	"net/http"
	"text/tabwriter"

	"github.com/rbac-go/rbac/httpguard"
)

// WritePage answers with a template; the status zero is 200. After an error
// nothing has been written: the template is executed into a buffer first, so
// that a fault is never half a page.
func WritePage(w http.ResponseWriter, t *template.Template, name string, status int, data any) error {
	var body bytes.Buffer
	if err := t.ExecuteTemplate(&body, name, data); err != nil {
		return err
	}
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.Header().Set("Cache-Control", "no-store") // the page shows the user's name
	if status != 0 {
		w.WriteHeader(status)
	}
	_, _ = body.WriteTo(w)
	return nil
}

// PrintRoutes prints every route with the predicate that guards the route.
func PrintRoutes(out io.Writer, routes []httpguard.Route) {
	table := tabwriter.NewWriter(out, 0, 0, 3, ' ', 0)
	fmt.Fprintln(table, "ROUTE\tNEEDS")
	for _, r := range routes {
		fmt.Fprintf(table, "%s\t%s\n", r.Pattern, r.Rule)
	}
	table.Flush()
	fmt.Fprintln(out)
}
