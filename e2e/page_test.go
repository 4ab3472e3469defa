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

// sees waits until a reader of the page sees all these texts.
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

// seesNo fails where one of the texts is on the page. It waits for nothing: ask for what is there first.
func (u *user) seesNo(texts ...string) {
	u.t.Helper()
	page := do(u, "read the page", text)
	for _, text := range texts {
		if strings.Contains(page, text) {
			u.t.Errorf("%s sees %q in\n%s", u.name, text, page)
		}
	}
}

// finds waits for the links and buttons of these names.
func (u *user) finds(names ...string) {
	u.t.Helper()
	for _, name := range names {
		do(u, "look for "+name, chromedp.Func(func(ctx context.Context, _ *chromedp.Target) error {
			_, err := u.control(ctx, name, clickable)
			return err
		}))
	}
}

// findsNo fails where there is such a link or button. Like seesNo, it waits for nothing.
func (u *user) findsNo(names ...string) {
	u.t.Helper()
	for _, name := range names {
		if nodes, err := controls(u.ctx, name, clickable); err != nil || len(nodes) != 0 {
			u.t.Errorf("%s finds %d of %q, want none (error %v)", u.name, len(nodes), name, err)
		}
	}
}

// isAt waits until the address bar shows this path with its query.
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

// got checks with which status the last page was answered.
func (u *user) got(status int) {
	u.t.Helper()
	if u.status != status {
		u.t.Errorf("%s got status %d, want %d", u.name, u.status, status)
	}
}

// has checks what is in the field with that label.
func (u *user) has(label, want string) {
	u.t.Helper()
	do(u, "look at "+label, u.focusing(label, "textbox", "searchbox"))
	if got := do(u, "read "+label, chromedp.Evaluate[string](`document.activeElement.value`)); got != want {
		u.t.Errorf("%s has %q in %s, want %q", u.name, got, label, want)
	}
}

// until repeats what asks until it has no complaint.
func (u *user) until(ask func(context.Context) error) {
	u.t.Helper()
	ctx, cancel := context.WithTimeout(u.ctx, patience)
	defer cancel()
	if err := until(ctx, ask); err != nil {
		u.t.Fatalf("%s %v", u.name, err)
	}
}

// until returns the last complaint when ctx ends.
func until(ctx context.Context, ask func(context.Context) error) (err error) {
	again := time.NewTicker(20 * time.Millisecond)
	defer again.Stop()
	for {
		now := ask(ctx)
		if now == nil {
			return nil
		}
		if err == nil || ctx.Err() == nil { // when time is up, that is all that ask can say
			err = now
		}
		select {
		case <-ctx.Done():
			return err
		case <-again.C:
		}
	}
}

// clickable are the roles of what leads elsewhere.
var clickable = []string{"link", "button"}

// control waits for the one control of this name and of one of the roles.
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

// controls are those of this name and of one of the roles, as the browser tells them to a screen reader.
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

// text is what a reader sees of the page.
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
