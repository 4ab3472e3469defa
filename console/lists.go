package console

import (
	"strconv"

	"github.com/rbac-go/rbac"
)

// Every list on a page is bounded, so that no page is large. Tables have
// further pages, a list of names within a line ends with a link to all names,
// and long texts are cut.
const (
	pageSize    = 50  // rows on a page of a table
	inlineNames = 10  // names within a line
	maxListed   = 200 // options of a choice
	shortText   = 300 // characters of a text that is shown beside others

	maxTexts = 64 << 10 // bytes of the texts in the forms of a table
)

// pager leads from a page of a list to others. An empty address leads nowhere.
type pager struct{ First, Next string }

// pager returns the pager of a list, given the address of the next page. The
// parameters are those that the address of the first page lacks.
func (v *visit) pager(next string, params ...string) pager {
	p := pager{Next: next}
	q := v.r.URL.Query()
	later := false
	for _, name := range params {
		later = later || q.Get(name) != ""
		q.Del(name)
	}
	if q.Del("done"); later {
		p.First = link(v.page + "?" + q.Encode())
	}
	return p
}

// part is one page of a list. The list was read as a whole.
type part[T any] struct {
	Rows  []T
	Count int // of the whole list
	Pages pager
}

// partOf returns the page of a list that begins with the row whose number is in
// the parameter. Name is the name of the parameter, and also the id of the
// section with the list: the addresses of other pages lead to the section.
func partOf[T any](v *visit, list []T, name string) part[T] {
	return firstPart(v, list, name, func(rows []T) int { return min(len(rows), pageSize) })
}

// partBySize is partOf for rows with long texts. A page has at most maxTexts
// bytes of rows, but always the first row.
func partBySize[T any](v *visit, list []T, name string, size func(T) int) part[T] {
	return firstPart(v, list, name, func(rows []T) int {
		bytes := 0
		for i, row := range rows[:min(len(rows), pageSize)] {
			if bytes += size(row); bytes > maxTexts && i > 0 {
				return i
			}
		}
		return min(len(rows), pageSize)
	})
}

// firstPart is partOf with a function that returns how many of the rows fit on
// the page.
func firstPart[T any](v *visit, list []T, name string, room func([]T) int) part[T] {
	from, _ := strconv.Atoi(v.query(name)) // a text that is no number selects the first page
	from = min(max(from, 0), len(list))
	end := from + room(list[from:])
	p := part[T]{Rows: list[from:end], Count: len(list)}
	next := ""
	if end < len(list) {
		next = v.next(name, strconv.Itoa(end)) + "#" + name
	}
	if p.Pages = v.pager(next, name); p.Pages.First != "" {
		p.Pages.First += "#" + name
	}
	return p
}

// pages is a pager with the texts of a page.
type pages struct {
	F frame
	pager
}

// Pages returns the links to other pages of a list.
func (f frame) Pages(p pager) pages { return pages{f, p} }

// inline has the first names of a list within a line, and the address of the
// page with all names.
type inline struct {
	Links []crumb // an empty address is no link
	More  string  // how many others there are, in words; empty: none
	All   string
}

// Groups returns the first of some groups.
func (f frame) Groups(list []string, all string) inline {
	n := inline{All: all}
	for _, g := range list[:min(len(list), inlineNames)] {
		c := crumb{Text: g}
		if f.seesGroup(g) {
			c.Address = address("group", "name", g, "scope", f.scope)
		}
		n.Links = append(n.Links, c)
	}
	if more := len(list) - len(n.Links); more > 0 {
		n.More = f.N("n more", more)
	}
	return n
}

// namesOf returns the names of groups.
func namesOf(list []rbac.Group) []string {
	all := make([]string, len(list))
	for i, g := range list {
		all[i] = g.Name
	}
	return all
}

// Short returns the beginning of a long text.
func (f frame) Short(text string) string { return short(text) }

func short(text string) string {
	n := 0
	for i := range text {
		if n++; n > shortText {
			return text[:i] + "…"
		}
	}
	return text
}
