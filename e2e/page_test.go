package e2e

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/chromedp/cdproto/accessibility"
	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/chromedp"
)

// sees waits until all these texts are visible on the page.
func (u *user) sees(texts ...string) {
	u.t.Helper()
	u.until(func(ctx context.Context) error {
		page, err := visible(ctx)
		for _, text := range texts {
			if !strings.Contains(page, text) {
				err = errors.Join(err, fmt.Errorf("does not see %q", text))
			}
		}
		return explain(err, page)
	})
}

// seesNo fails if one of the texts is on the page. Since seesNo does not wait,
// wait for other text of the page first.
func (u *user) seesNo(texts ...string) {
	u.t.Helper()
	page := do(u, "read the page", text)
	for _, text := range texts {
		if strings.Contains(page, text) {
			u.t.Errorf("%s sees %q in\n%s", u.name, text, page)
		}
	}
}

// finds waits for links or buttons with these names.
func (u *user) finds(names ...string) {
	u.t.Helper()
	for _, name := range names {
		do(u, "look for "+name, chromedp.Func(func(ctx context.Context, _ *chromedp.Target) error {
			_, err := u.control(ctx, name, clickable)
			return err
		}))
	}
}

// findsNo fails if there is a link or button with one of these names. Like
// seesNo, findsNo does not wait.
func (u *user) findsNo(names ...string) {
	u.t.Helper()
	for _, name := range names {
		if nodes, err := controls(u.ctx, name, clickable); err != nil || len(nodes) != 0 {
			u.t.Errorf("%s finds %d of %q, want none (error %v)", u.name, len(nodes), name, err)
		}
	}
}

// isAt waits until the address bar shows the path, including its query.
func (u *user) isAt(path string) {
	u.t.Helper()
	u.until(func(ctx context.Context) error {
		url, err := chromedp.Run(ctx, chromedp.Location())
		if err == nil && url != u.app.url+path {
			err = fmt.Errorf("is at %s, want %s", url, path)
		}
		return err
	})
}

// got checks the status with which the last page was answered.
func (u *user) got(status int) {
	u.t.Helper()
	if u.status != status {
		u.t.Errorf("%s got status %d, want %d", u.name, u.status, status)
	}
}

// has checks the content of the field with that label.
func (u *user) has(label, want string) {
	u.t.Helper()
	if got := u.reads(label); got != want {
		u.t.Errorf("%s has %q in %s, want %q", u.name, got, label, want)
	}
}

// reads returns the content of the field with that label.
func (u *user) reads(label string) string {
	u.t.Helper()
	do(u, "look at "+label, u.focusing(label, "textbox", "searchbox"))
	return do(u, "read "+label, chromedp.Evaluate[string](`document.activeElement.value`))
}

// until repeats ask until ask returns nil.
func (u *user) until(ask func(context.Context) error) {
	u.t.Helper()
	ctx, cancel := context.WithTimeout(u.ctx, patience)
	defer cancel()
	if err := until(ctx, ask); err != nil {
		u.t.Fatalf("%s %v", u.name, err)
	}
}

// until returns the last error of ask when ctx ends.
func until(ctx context.Context, ask func(context.Context) error) (err error) {
	again := time.NewTicker(20 * time.Millisecond)
	defer again.Stop()
	for {
		now := ask(ctx)
		if now == nil {
			return nil
		}
		if err == nil || ctx.Err() == nil { // once ctx has ended, ask only reports the end of ctx
			err = now
		}
		select {
		case <-ctx.Done():
			return err
		case <-again.C:
		}
	}
}

// clickable lists the roles of controls that lead elsewhere.
var clickable = []string{"link", "button"}

// control waits for the only control with this name and one of the roles.
func (u *user) control(ctx context.Context, name string, roles []string) (id cdp.BackendNodeID, err error) {
	err = until(ctx, func(ctx context.Context) error {
		nodes, err := controls(ctx, name, roles)
		if err != nil {
			return err
		}
		if len(nodes) != 1 {
			page, _ := visible(ctx)
			return explain(fmt.Errorf("finds %d %s called %q, not one", len(nodes), strings.Join(roles, " or "), name), page)
		}
		id = nodes[0].BackendDOMNodeID
		return nil
	})
	return id, err
}

// controls returns the controls with this name and one of the roles, as the
// browser describes them to a screen reader.
func controls(ctx context.Context, name string, roles []string) ([]*accessibility.Node, error) {
	document, err := chromedp.Run(ctx, chromedp.Evaluate[*runtime.RemoteObject](`document`))
	if err != nil {
		return nil, err
	}
	found, err := chromedp.Call(ctx, accessibility.QueryAXTree,
		accessibility.QueryAXTreeParams{ObjectID: document.ObjectID, AccessibleName: name})
	if err != nil {
		return nil, err
	}
	return slices.DeleteFunc(found.Nodes, func(n *accessibility.Node) bool {
		return n.Ignored || !slices.Contains(roles, word(n.Role))
	}), nil
}

// text reads the visible text of the page.
var text = chromedp.Evaluate[string](`document.body.innerText`)

func visible(ctx context.Context) (string, error) { return chromedp.Run(ctx, text) }

func explain(err error, page string) error {
	if err == nil {
		return nil
	}
	return fmt.Errorf("%w in\n%s", err, page)
}

func word(v *accessibility.Value) (s string) {
	if v != nil {
		_ = json.Unmarshal(v.Value, &s)
	}
	return s
}
