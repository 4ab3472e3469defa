package e2e

import (
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"

	"github.com/rbac-go/rbac/console"
)

// consolePages are the pages of a company's console, by the names of their
// pictures.
var consolePages = map[string]string{
	"overview": "", "users": "users", "users-none": "users?q=nobody+at+all", "user": "user?name=amy.adams", "new-user": "new-user", "groups": "groups",
	"group": "group?name=editors", "permissions": "permissions", "permission": "permission?name=post.write", "matrix": "matrix",
	"separation": "separation", "scopes": "scopes", "sessions": "sessions", "changes": "changes",
	"why": "why?user=amy.adams&ask=" + url.QueryEscape(`all(has_permission("post.write"),has_permission("order.approve"))`), "why-empty": "why",
	"view-as": "view-as?user=amy.adams", "declared": "declared", "settings": "settings", "not-found": "user?name=nobody",
}

// consoleLooks are the screens of the console. A screen of 1280 pixels has 640
// at a zoom of 200 %.
var consoleLooks = []struct {
	name     string
	width    int64
	scheme   string
	pictures bool
}{
	{"wide", 1280, "light", true}, {"wide-dark", 1280, "dark", true}, {"zoomed", 640, "light", false}, {"phone", 390, "light", true},
	{"phone-dark", 390, "dark", true}, {"small", 320, "light", false},
}

// Every page of the console meets what a test can check of WCAG 2.2 AA: the
// structure, the names of fields, contrast, the size of targets, and no
// scrolling to the side at 200 % or on a phone, light and dark.
func TestConsoleAccessibility(t *testing.T) {
	s := startConsole(t, console.Config{Name: "Paper & Ink", Catalogue: &company}, nil)
	s.fillCompany(t.Context())
	u := s.manager()
	check := func(name string) {
		t.Helper()
		for _, fault := range do(u, "look at the structure", structure) {
			t.Errorf("%s: %s", name, fault)
		}
		for _, look := range consoleLooks {
			do(u, "be "+look.name, chromedp.EmulateViewport(look.width, 800))
			u.scheme(look.scheme)
			if wide := do(u, "measure", chromedp.Evaluate[int64](`document.documentElement.scrollWidth`)); wide > look.width {
				t.Errorf("%s, %s: the page is %d pixels wide: %s", name, look.name, wide, do(u, "look for the widest", widest))
			}
			for _, text := range do(u, "measure the contrast", lowContrast) {
				t.Errorf("%s, %s: too little contrast: %s", name, look.name, text)
			}
			for _, target := range do(u, "measure the targets", smallTargets) {
				t.Errorf("%s, %s: a target is too small or too near: %s", name, look.name, target)
			}
			if look.pictures {
				png := do(u, "take a picture", chromedp.FullScreenshot(100))
				must(t, os.WriteFile(filepath.Join(pictures(u), "console-"+name+"-"+look.name+".png"), png, 0o644))
			}
		}
		u.scheme("light")
		do(u, "be as before", chromedp.ResetViewport())
	}
	for name, page := range consolePages {
		u.open("/admin/" + page)
		if u.status != 200 && name != "not-found" {
			t.Errorf("%s: %d", name, u.status)
		}
		check(name)
	}
	u.open("/admin/group?name=editors")
	u.click("Revoke post.*")
	check("preview")
	u.open("/admin/user?name=ben.adams")
	u.choose("Give a group", "buyers")
	u.click("Give group")
	u.isOn("status ") // without a name: the text is read
	check("message")
	u.open("/admin/settings")
	u.choose("Language", "中文")
	u.click("Save")
	for _, name := range []string{"overview", "user", "changes", "why"} {
		u.open("/admin/" + consolePages[name])
		check(name + "-chinese")
	}
}

// On a phone, the button shows the navigation over the page, without scripts.
func TestConsoleMenu(t *testing.T) {
	u := startConsole(t, console.Config{}, nil).manager().noScripts()
	do(u, "be a phone", chromedp.EmulateViewport(390, 740))
	u.open("/admin/users")
	u.sees("1 user")
	u.seesNo("Separation")
	do(u, "open the menu", u.clicking("Menu", "link"))
	u.sees("Separation", "Close the menu")
	must(t, os.WriteFile(filepath.Join(pictures(u), "console-menu-phone.png"), do(u, "take a picture", chromedp.FullScreenshot(100)), 0o644))
	do(u, "close the menu", u.clicking("Close the menu", "link"))
	u.isAt("/admin/users#main")
	u.seesNo("Separation")
	do(u, "open the menu", u.clicking("Menu", "link"))
	u.click("Groups")
	u.isAt("/admin/groups")
	u.seesNo("Separation")
}

// The focus is visible at each stop of the keyboard, and nothing hides it.
func TestConsoleFocus(t *testing.T) {
	s := startConsole(t, console.Config{}, nil)
	s.fillCompany(t.Context())
	u := s.manager()
	for page, least := range map[string]int{"users": 40, "user?name=amy.adams": 40, "separation": 25} {
		u.open("/admin/" + page)
		stops := map[string]bool{}
		for range 60 {
			u.press(kb.Tab)
			stop := u.focus()
			if strings.HasPrefix(stop, "RootWebArea") || do(u, "look for the end", chromedp.Evaluate[bool](`document.activeElement === document.body`)) {
				break // around
			}
			stops[stop] = true
			if shown := do(u, "look for the focus", focusShown); shown != "" {
				t.Errorf("%s: %s: %s", page, stop, shown)
			}
			if do(u, "look what is above", focusHidden) {
				t.Errorf("%s: %s is hidden behind something", page, stop)
			}
		}
		if len(stops) < least {
			t.Errorf("%s has %d stops, want %d: %v", page, len(stops), least, stops)
		}
	}
}

// focusHidden reports whether something else lies over the middle of the focused
// element (WCAG 2.2, 2.4.11).
var focusHidden = chromedp.Evaluate[bool](`(() => {
	const element = document.activeElement, box = element.getBoundingClientRect();
	const above = document.elementFromPoint(box.left + box.width / 2, box.top + box.height / 2);
	return above !== null && !element.contains(above) && !above.contains(element) && above.closest("label")?.control !== element;
})()`)

// structure lists what is wrong with the landmarks, headings, tables and fields
// of a page (WCAG 2.2, 1.3.1, 2.4.1, 2.4.2, 2.4.6, 3.1.1, 3.3.2, 4.1.2).
var structure = chromedp.Evaluate[[]string](`(() => {
	const found = [], all = selector => [...document.querySelectorAll(selector)];
	const want = (ok, fault) => { if (!ok) found.push(fault); };
	want(document.documentElement.lang, "the page has no language");
	want(document.title.trim(), "the page has no title");
	want(all("h1").length === 1, all("h1").length + " main headings");
	want(all("main").length === 1 && all("header").length === 1 && all("footer").length === 1, "landmarks are missing");
	const navs = all("nav").map(n => n.getAttribute("aria-label"));
	want(navs.every(Boolean) && new Set(navs).size === navs.length, "navigations without a name of their own: " + navs);
	want(document.querySelector("body a").getAttribute("href") === "#main", "the first link does not skip to the page");
	let level = 1;
	for (const h of all("main h1, main h2, main h3, main h4")) {
		const next = Number(h.tagName[1]);
		want(next <= level + 1, "the heading " + h.textContent + " skips a level");
		level = next;
		want(h.textContent.trim(), "an empty heading");
	}
	for (const table of all("table")) {
		want(table.querySelector("thead th[scope=col]"), "a table without heads of columns");
		want([...table.querySelectorAll("th")].every(th => th.scope), "a head without scope");
		want([...table.querySelectorAll("tbody tr")].every(tr => tr.querySelector("th[scope]")), "a row without a head");
	}
	for (const field of all("input:not([type=hidden]), select, textarea")) {
		const name = [...field.labels].map(l => l.textContent).join("") || field.getAttribute("aria-label");
		want(name && name.trim(), "a field without a label: " + field.outerHTML);
	}
	for (const button of all("button, a[href]")) want((button.getAttribute("aria-label") || button.textContent).trim(), "a control without a name: " + button.outerHTML);
	for (const picture of all("svg, img")) want(picture.getAttribute("aria-hidden") === "true" || picture.getAttribute("alt"), "a picture without a text");
	for (const name of ["aria-describedby", "aria-labelledby", "for", "list"])
		for (const e of all("[" + name + "]"))
			for (const id of e.getAttribute(name).split(" ")) want(document.getElementById(id), name + " names " + id + ", which is not there");
	return found;
})()`)

// smallTargets lists targets below 24 by 24 pixels whose circle of 24 pixels
// meets another target or its circle, but for links within a sentence (WCAG 2.2,
// 2.5.8).
var smallTargets = chromedp.Evaluate[[]string](`(() => {
	const shown = t => { // and not scrolled away within a table
		const table = t.e.closest(".table")?.getBoundingClientRect();
		return !table || t.box.bottom <= table.bottom && t.box.right <= table.right;
	};
	const targets = [...document.querySelectorAll("a[href], button, input:not([type=hidden]), select, textarea, summary")]
		.filter(e => e.checkVisibility() && !e.matches(".skip"))
		.map(e => ({e, box: e.getClientRects()[0]})).filter(t => t.box && t.box.width > 1 && shown(t));
	const inline = e => e.matches("a") && [...e.parentElement.childNodes].some(n => n.nodeType === Node.TEXT_NODE && n.data.trim().length > 1);
	const small = t => Math.min(t.box.width, t.box.height) < 23.9;
	const middle = t => [t.box.left + t.box.width / 2, t.box.top + t.box.height / 2];
	const near = (a, b) => {
		const [x, y] = middle(a);
		if (small(b)) return Math.hypot(x - middle(b)[0], y - middle(b)[1]) < 24;
		return Math.hypot(x - Math.max(b.box.left, Math.min(x, b.box.right)), y - Math.max(b.box.top, Math.min(y, b.box.bottom))) < 12;
	};
	return targets.filter(t => small(t) && !inline(t.e) && targets.some(o => o !== t && !o.e.contains(t.e) && !t.e.contains(o.e) && near(t, o)))
		.map(t => t.e.tagName + " " + (t.e.textContent.trim() || t.e.name) + " " + Math.round(t.box.width) + "×" + Math.round(t.box.height)).slice(0, 8);
})()`)
