package e2e

import (
	"context"
	"fmt"
	"strings"

	"github.com/chromedp/cdproto/accessibility"
	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"
)

// press types keys into the focused element.
func (u *user) press(keys string) {
	u.t.Helper()
	do(u, "press a key", chromedp.KeyEvent(keys))
}

// enter presses Enter and waits for the next page.
func (u *user) enter() {
	u.t.Helper()
	u.load("press Enter", chromedp.KeyEvent(kb.Enter))
}

// tabsTo presses Tab until the target has the focus. A target is a role and a
// name, such as "button Sign in". Each stop on the way must show that the stop
// has the focus.
func (u *user) tabsTo(target string) {
	u.t.Helper()
	var way []string
	for range 100 {
		u.press(kb.Tab)
		way = append(way, u.focus())
		if shown := do(u, "look for the focus", focusShown); shown != "" {
			u.t.Errorf("%s: %s", way[len(way)-1], shown)
		}
		if way[len(way)-1] == target {
			return
		}
	}
	u.t.Fatalf("%s does not get to %q with Tab, but to %s", u.name, target, strings.Join(way, ", "))
}

// isOn waits until the target has the focus. A page moves the focus to a field
// a moment after loading.
func (u *user) isOn(target string) {
	u.t.Helper()
	u.until(func(context.Context) error {
		if got := u.focus(); got != target {
			return fmt.Errorf("is on %q, want %q", got, target)
		}
		return nil
	})
}

// focus returns the role and the name of the focused element, such as "button
// Sign in".
func (u *user) focus() string {
	u.t.Helper()
	element := do(u, "find the focus", chromedp.Evaluate[*runtime.RemoteObject](`document.activeElement`))
	no := false
	tree, err := chromedp.Call(u.ctx, accessibility.GetPartialAXTree,
		accessibility.GetPartialAXTreeParams{ObjectID: element.ObjectID, FetchRelatives: &no})
	if err != nil {
		u.t.Fatal(err)
	}
	n := tree.Nodes[0]
	return word(n.Role) + " " + word(n.Name)
}
