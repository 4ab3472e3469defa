package e2e

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/chromedp/cdproto/audits"
	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/log"
	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/chromedp"
)

// complaints collects the browser's complaints about the pages of a tab: errors
// and warnings in the console, and violations of the Content-Security-Policy.
type complaints struct {
	mu        sync.Mutex
	documents map[network.RequestID]bool
	heard     []string
}

// listen starts to collect the complaints of a tab.
func (c *complaints) listen(ctx context.Context) error {
	c.documents = map[network.RequestID]bool{}
	if err := chromedp.Listen(ctx, c.hear); err != nil {
		return err
	}
	if _, err := chromedp.Call(ctx, log.Enable, cdp.Empty{}); err != nil {
		return err
	}
	_, err := chromedp.Call(ctx, audits.Enable, cdp.Empty{})
	return err
}

func (c *complaints) hear(event any) {
	c.mu.Lock()
	defer c.mu.Unlock()
	switch e := event.(type) {
	case *network.EventRequestWillBeSent:
		if e.Type == network.ResourceTypeDocument {
			c.documents[e.RequestID] = true
		}
	case *log.EventEntryAdded:
		c.entry(e.Entry)
	case *runtime.EventExceptionThrown:
		c.add("exception", e.ExceptionDetails.Text)
	case *runtime.EventConsoleAPICalled:
		if e.Type == runtime.ConsoleAPICalledTypeError || e.Type == runtime.ConsoleAPICalledTypeWarning {
			c.add("console", fmt.Sprint(e.Args))
		}
	case *audits.EventIssueAdded:
		if csp := e.Issue.Details.ContentSecurityPolicyIssueDetails; csp != nil {
			c.add("policy", csp.ViolatedDirective+" "+csp.BlockedURL)
		}
	}
}

// entry adds a log entry, unless the entry reports that a page was answered
// with 401, 403 or another status of 4xx. The tests provoke such answers and
// check the status.
func (c *complaints) entry(e *log.Entry) {
	refused := e.Source == log.EntrySourceNetwork && c.documents[e.NetworkRequestID] && strings.Contains(e.Text, "status of 4")
	if !refused && (e.Level == log.EntryLevelError || e.Level == log.EntryLevelWarning) {
		c.add(string(e.Source), e.Text+" "+e.URL)
	}
}

func (c *complaints) add(kind, text string) { c.heard = append(c.heard, kind+": "+text) }

// take returns the complaints since the last call of take.
func (c *complaints) take() []string {
	c.mu.Lock()
	defer c.mu.Unlock()
	heard := c.heard
	c.heard = nil
	return heard
}

// Complaints are heard. Without this test, the silence of all other tests would
// prove nothing.
func TestComplaintsAreHeard(t *testing.T) {
	const onlyOwnStyles = "default-src 'none'; style-src 'self'"
	tests := []struct{ name, policy, page, want string }{
		{"an error of a script", "", `<script>nothing.here()</script>`, "exception: "},
		{"the console", "", `<script>console.error("no")</script>`, "console: "},
		{"a picture that is not there", "", `<img src="/gone.png" alt="x">`, "network: "},
		{"a script that the policy forbids", onlyOwnStyles, `<script>1</script>`, "policy: script-src"},
		{"a style that the policy forbids", onlyOwnStyles, `<p style="color: red">x</p>`, "policy: style-src"},
		{"an image that the policy forbids", onlyOwnStyles, `<img src="/x.png" alt="x">`, "policy: img-src"},
	}
	mux := http.NewServeMux()
	for i, tt := range tests {
		mux.HandleFunc(fmt.Sprintf("GET /%d", i), func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Security-Policy", tt.policy)
			fmt.Fprint(w, "<!doctype html><title>x</title>"+tt.page)
		})
	}
	server := httptest.NewServer(mux)
	t.Cleanup(server.Close)
	u := (&app{t: t, name: "complaints", url: server.URL}).user("somebody")
	for i, tt := range tests {
		u.open(fmt.Sprint("/", i))
		var heard []string
		u.until(func(context.Context) error {
			heard = append(heard, u.complaints.take()...)
			if !slices.ContainsFunc(heard, func(c string) bool { return strings.HasPrefix(c, tt.want) }) {
				return fmt.Errorf("did not hear of %s: %q", tt.name, heard)
			}
			return nil
		})
	}
	u.open("/nowhere")
	u.got(404)
	u.complaints.take()
}
