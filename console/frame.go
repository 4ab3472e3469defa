package console

import (
	"cmp"
	"html/template"
	"strings"
	"time"

	"github.com/rbac-go/rbac"
)

// frame holds the parts of a page around its contents.
type frame struct {
	*visit
	Title   string
	Parents []crumb // the pages above this page
	Count   string  // beside the title, as "1,204 users"
	CSV     string  // the address of the page's table as CSV; empty: none
	Nav     []navGroup
	Message *message
	Data    any
}

// crumb is a link to a page above.
type crumb struct{ Text, Address string }

type navGroup struct {
	Title string
	Links []navLink
}

type navLink struct {
	Text, Address, Icon string
	Current             bool
}

// navigation returns the pages that the person may see, in four groups.
func (v *visit) navigation() (groups []navGroup) {
	for _, g := range []struct {
		title string
		pages []string
	}{
		{"people", []string{"", "users", "groups", "scopes"}},
		{"rights", []string{"permissions", "matrix", "delegations", "separation", "why", "view-as"}},
		{"activity", []string{"sessions", "logins", "changes"}},
		{"system", []string{"declared", "settings"}},
	} {
		n := navGroup{Title: v.T("nav." + g.title)}
		for _, name := range g.pages {
			if p, ok := v.c.pages[name]; ok && (!p.admin || v.access.admin) {
				n.Links = append(n.Links, navLink{
					Text: v.T(p.title), Address: link(name), Icon: cmp.Or(name, "overview"),
					Current: name == v.page || name != "" && name == parentOf[v.page],
				})
			}
		}
		if len(n.Links) > 0 {
			groups = append(groups, n)
		}
	}
	return groups
}

// parentOf is the page of the navigation to which another page belongs.
var parentOf = map[string]string{
	"user": "users", "new-user": "users", "group": "groups", "permission": "permissions", "sections": "permissions",
}

// Name returns the name of the console.
func (f frame) Name() string { return cmp.Or(f.c.cfg.Name, f.T("administration")) }

// Home returns the address of the host's own pages.
func (f frame) Home() string { return f.c.cfg.Home }

// Logout returns the address of the host's logout. Empty: none.
func (f frame) Logout() string { return f.c.cfg.Logout }

// Lang returns the language of the page.
func (f frame) Lang() string { return f.lang.tag.String() }

// Me returns the name of the person.
func (f frame) Me() string { return f.id.User() }

// Admin reports whether the person is an administrator.
func (f frame) Admin() bool { return f.access.admin }

// Scope returns the scope of the page for a delegate, and is empty for
// administrators.
func (f frame) Scope() string { return f.scope }

// Up is the relative address of the console's folder, seen from the address of
// the page. Up is empty for the pages of the console.
func (f frame) Up() string {
	return strings.Repeat("../", strings.Count(f.r.URL.EscapedPath(), "/")-strings.Count(f.c.cfg.Path, "/"))
}

// File returns the address of the stylesheet, the script or the icon.
func (f frame) File(name string) string { return f.Up() + name + "?v=" + f.c.files[name].version }

// Here returns the address of the page itself, without a message.
func (f frame) Here() string {
	q := f.r.URL.Query()
	q.Del("done")
	if len(q) == 0 {
		return f.page
	}
	return f.page + "?" + q.Encode()
}

// Zone returns the name of the zone in which times are shown.
func (f frame) Zone() string { return f.zone.String() }

// Address returns the address of a page with parameters, given as pairs.
func (f frame) Address(page string, pairs ...string) string { return address(page, pairs...) }

// Group shows the name of a group, with a link unless the page is closed to the
// person.
func (f frame) Group(name string) template.HTML {
	text := template.HTMLEscapeString(name)
	if !f.seesGroup(name) {
		return template.HTML(text)
	}
	return template.HTML(`<a href="` + template.HTMLEscapeString(address("group", "name", name, "scope", f.scope)) + `">` + text + `</a>`)
}

// Time shows a time: the day, and the exact time for pointers and screen
// readers. The zero time is never.
func (f frame) Time(t time.Time) template.HTML {
	if t.IsZero() {
		return template.HTML(template.HTMLEscapeString(f.T("never")))
	}
	t = t.In(f.zone)
	short := t.Format(f.T("date"))
	if sameDay(t, f.now.In(f.zone)) {
		short = t.Format("15:04")
	}
	exact := t.Format("2006-01-02 15:04:05 MST")
	return template.HTML(`<time datetime="` + t.UTC().Format(time.RFC3339) + `" title="` + template.HTMLEscapeString(exact) + `">` +
		template.HTMLEscapeString(short) + `</time>`)
}

// Exact returns a time to the minute with its zone.
func (f frame) Exact(t time.Time) string { return t.In(f.zone).Format("2006-01-02 15:04 MST") }

func sameDay(a, b time.Time) bool {
	ay, am, ad := a.Date()
	by, bm, bd := b.Date()
	return ay == by && am == bm && ad == bd
}

// Past reports whether a time is over. The zero time is not.
func (f frame) Past(t time.Time) bool { return !t.IsZero() && !t.After(f.now) }

// Say returns a change in words.
func (f frame) Say(c rbac.Change) string { return f.say(c) }

// Planned returns a change that has not been made in words.
func (f frame) Planned(c rbac.Change) string { return f.planned(c) }

// Columns returns the number of columns of the matrix.
func (f frame) Columns(groups []string) int { return len(groups) + 1 }

// Join returns names, separated by commas.
func (f frame) Join(names []string) string { return strings.Join(names, ", ") }

// Field returns the name of a field of a record, in the words of the page.
func (f frame) Field(name string) string { return f.fieldName(name) }

// Because returns a reason of package rbac in the language of the page.
func (f frame) Because(english string) string { return f.lang.reason(english) }

// Days are the options of the filter by last login.
func (f frame) Days() []string { return []string{"30", "90", "365"} }

// Few returns a count of members. Members beyond fewMembers were not counted.
func (f frame) Few(n int) string { return bounded(n, fewMembers) }

// Many returns a count of the overview. Records beyond maxCount were not
// counted.
func (f frame) Many(n int) string { return bounded(n, maxCount) }

func bounded(n, most int) string {
	if n > most {
		return grouped(most) + "+"
	}
	return grouped(n)
}

// Sum returns lines such as "214 users gain post.delete", one for each right. A
// single user is named.
func (f frame) Sum(rights []rbac.Right, key string) (lines []string) {
	type what struct{ permission, scope string }
	var order []what
	users := map[what][]string{}
	for _, r := range rights {
		w := what{r.Permission, r.Scope}
		if users[w] == nil {
			order = append(order, w)
		}
		users[w] = append(users[w], r.User)
	}
	for _, w := range order {
		text := f.T(key, f.N("n users", len(users[w])), w.permission)
		if len(users[w]) == 1 {
			text = f.T(key+".one", users[w][0], w.permission)
		}
		lines = append(lines, f.inScope(text, w.scope))
	}
	if more := len(lines) - maxSums; more > 0 {
		lines = append(lines[:maxSums], f.N("n more", more))
	}
	return lines
}

// maxSums bounds the lines of Sum.
const maxSums = 100

// A picker offers groups to choose one from.
type picker struct {
	ID, Name string
	Chosen   string
	None     string // the text for no group; empty: a group has to be chosen
	Groups   []rbac.Group
	TooMany  bool // there are too many for a list: the name is typed
}

// Pick returns a picker.
func (f frame) Pick(id, name, chosen, none string, groups []rbac.Group) picker {
	return picker{ID: id, Name: name, Chosen: chosen, None: none, Groups: groups[:min(len(groups), maxListed)], TooMany: len(groups) > maxListed}
}

// A scopePicker offers scopes to choose one from.
type scopePicker struct {
	Chosen, Everywhere string
	Scopes             []string
	TooMany            bool // there are too many for a list: the name is typed
}

// PickScope returns a picker for the field scope.
func (f frame) PickScope(chosen string, scopes []string) scopePicker {
	return scopePicker{chosen, f.T("everywhere"), scopes[:min(len(scopes), maxListed)], len(scopes) > maxListed}
}

// A sectionPicker offers sections to choose one from.
type sectionPicker struct {
	Chosen, None string
	Sections     []rbac.Section
	TooMany      bool // there are too many for a list: the name is typed
}

// PickSection returns a picker for the field section.
func (f frame) PickSection(chosen string, sections []rbac.Section) sectionPicker {
	return sectionPicker{chosen, f.T("no section"), sections[:min(len(sections), maxListed)], len(sections) > maxListed}
}

func (f frame) inScope(text, scope string) string {
	if scope == "" {
		return text
	}
	return text + " " + f.T("in scope", scope)
}
