package e2e

import (
	"context"
	"testing"

	"github.com/chromedp/cdproto/dom"
	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"
)

// user is a person at a browser: one tab, with cookies that no other user has.
// Each method fails the test if the step cannot be done.
type user struct {
	t      *testing.T
	app    *app
	name   string          // for failure messages
	ctx    context.Context // the tab
	status int             // of the last loaded page

	complaints *complaints
}

// user opens a new browser, in which nobody is logged in.
func (a *app) user(name string) *user {
	a.t.Helper()
	ctx, cancel := chromedp.NewContext(chromium(a.t), chromedp.WithNewBrowserContext())
	a.t.Cleanup(cancel)
	return newTab(ctx, a, name)
}

// as opens a new browser and logs in.
func (a *app) as(name, password string) *user {
	a.t.Helper()
	u := a.user(name)
	u.open("/login")
	u.logIn(name, password)
	u.isAt("/")
	return u
}

// tab opens a second tab in the same browser, with the same cookies.
func (u *user) tab() *user {
	u.t.Helper()
	ctx, cancel := chromedp.NewContext(u.ctx)
	u.t.Cleanup(cancel)
	return newTab(ctx, u.app, u.name+"'s other tab")
}

func newTab(ctx context.Context, a *app, name string) *user {
	a.t.Helper()
	u := &user{t: a.t, app: a, name: name, ctx: ctx, complaints: &complaints{}}
	if err := chromedp.Do(ctx); err != nil { // without a timeout, which would end with the tab
		a.t.Fatalf("%s: no tab: %v", name, err)
	}
	if err := u.complaints.listen(ctx); err != nil {
		a.t.Fatalf("%s: %v", name, err)
	}
	a.t.Cleanup(func() {
		for _, complaint := range u.complaints.take() {
			a.t.Errorf("%s: Chromium complains: %s", name, complaint)
		}
	})
	return u
}

// noScripts disables scripts in the tab from now on.
func (u *user) noScripts() *user {
	u.t.Helper()
	_, err := chromedp.Call(u.ctx, emulation.SetScriptExecutionDisabled, emulation.SetScriptExecutionDisabledParams{Value: true})
	if err != nil {
		u.t.Fatal(err)
	}
	return u
}

// open visits a path of the app.
func (u *user) open(path string) {
	u.t.Helper()
	u.visit(u.app.url + path)
}

// visit visits any URL.
func (u *user) visit(url string) {
	u.t.Helper()
	u.load("visit "+url, chromedp.Navigate(url))
}

// reload reloads the page.
func (u *user) reload() {
	u.t.Helper()
	u.load("reload", chromedp.Reload())
}

// back presses the browser's back button.
func (u *user) back() {
	u.t.Helper()
	u.load("go back", chromedp.NavigateBack())
}

// logIn fills in and sends the login page. The user must be on the login page.
func (u *user) logIn(name, password string) {
	u.t.Helper()
	u.fill("User name", name)
	u.fill("Password", password)
	u.click("Sign in")
}

// click clicks a link or a button, and waits for the next page.
func (u *user) click(name string) {
	u.t.Helper()
	u.load("click "+name, u.clicking(name, clickable...))
}

// push clicks a button, a checkbox, or the summary of a details element, which
// leads to no other page.
func (u *user) push(name string) {
	u.t.Helper()
	do(u, "push "+name, u.clicking(name, "button", "checkbox", "DisclosureTriangle"))
}

// fill replaces the content of the field with that label.
func (u *user) fill(label, text string) {
	u.t.Helper()
	do(u, "fill "+label, u.focusing(label, "textbox", "searchbox", "combobox"))
	do(u, "select what is there", chromedp.Evaluate[chromedp.Void](`document.activeElement.select()`))
	u.press(kb.Backspace)
	u.press(text)
}

// choose selects an option of the list with that label.
func (u *user) choose(label, option string) {
	u.t.Helper()
	do(u, "choose from "+label, u.focusing(label, "combobox"))
	u.press(option)
	got := do(u, "read "+label, chromedp.Evaluate[string](`document.activeElement.selectedOptions[0].text`))
	if got != option {
		u.t.Fatalf("%s: %s has %q, want %q", u.name, label, got, option)
	}
}

// load runs a step that leads to another page, and waits until the page has
// loaded.
func (u *user) load(what string, step chromedp.Action[chromedp.Void]) {
	u.t.Helper()
	ctx, cancel := context.WithTimeout(u.ctx, patience)
	defer cancel()
	answer, err := chromedp.RunResponse(ctx, step)
	if err != nil {
		u.t.Fatalf("%s: %s: %v", u.name, what, err)
	}
	u.status = 0
	if answer != nil {
		u.status = int(answer.Status)
	}
}

// do runs a step in the user's tab.
func do[T any](u *user, what string, step chromedp.Action[T]) T {
	u.t.Helper()
	ctx, cancel := context.WithTimeout(u.ctx, patience)
	defer cancel()
	v, err := chromedp.Run(ctx, step)
	if err != nil {
		u.t.Fatalf("%s: %s: %v", u.name, what, err)
	}
	return v
}

// clicking moves the mouse over the control, and presses the mouse button
// there.
func (u *user) clicking(name string, roles ...string) chromedp.Action[chromedp.Void] {
	return chromedp.Func(func(ctx context.Context, tab *chromedp.Target) error {
		id, err := u.control(ctx, name, roles)
		if err != nil {
			return err
		}
		if _, err := chromedp.Call(ctx, dom.ScrollIntoViewIfNeeded, dom.ScrollIntoViewIfNeededParams{BackendNodeID: id}); err != nil {
			return err
		}
		box, err := chromedp.Call(ctx, dom.GetContentQuads, dom.GetContentQuadsParams{BackendNodeID: id})
		if err != nil {
			return err
		}
		q := box.Quads[0] // x and y of each of the four corners
		_, err = chromedp.MouseClickXY((q[0]+q[4])/2, (q[1]+q[5])/2)(ctx, tab)
		return err
	})
}

func (u *user) focusing(name string, roles ...string) chromedp.Action[chromedp.Void] {
	return chromedp.Func(func(ctx context.Context, _ *chromedp.Target) error {
		id, err := u.control(ctx, name, roles)
		if err != nil {
			return err
		}
		_, err = chromedp.Call(ctx, dom.Focus, dom.FocusParams{BackendNodeID: id})
		return err
	})
}
