package httpguard

import (
	"errors"
	"html/template"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"github.com/rbac-go/rbac"
)

// ChoicePage is what Config.ChoiceTemplate is executed with. The template's form is sent by POST
// to Action with the fields choose (any value), came_from, and group once for each chosen group.
type ChoicePage struct {
	Action     string        // where the form goes
	CameFrom   string        // value of the field came_from; empty: home
	SignedInAs string        // who the user is
	Groups     []GroupChoice // by name
	Error      string        // why the choice did not work; empty at first
}

// GroupChoice is a group that a user is assigned to, or that is active in their ticket.
type GroupChoice struct {
	Name   string
	Active bool // in the ticket, by itself; with Error in a choice that may not be: in that
}

const (
	chooseField = "choose"
	groupField  = "group"
)

// ChoiceURL returns where a page can send who wants to choose which of their groups are
// active, as the login page does when a dynamic separation set has left some out: it
// leads back to the page that r asked for.
func (g *Guard) ChoiceURL(r *http.Request) string {
	st := g.state(r)
	if st == nil {
		st = &state{url: r.URL}
	}
	return g.choiceURL(g.cameFrom(r, st))
}

func (g *Guard) choiceURL(cameFrom string) string {
	u := g.cfg.published(g.cfg.LoginPath) + "?" + chooseField + "=groups"
	if cameFrom != "" {
		u += "&" + cameFromField + "=" + url.QueryEscape(cameFrom)
	}
	return u
}

// omitted reports whether something was left out of a ticket. If that cannot be told, nobody is asked to choose.
func (g *Guard) omitted(r *http.Request, t rbac.Token) []string {
	ticket, err := g.a.Ticket(r.Context(), t)
	if err != nil {
		return nil
	}
	return ticket.Omitted
}

func (g *Guard) showChoice(w http.ResponseWriter, r *http.Request, st *state) {
	p := ChoicePage{}
	p.CameFrom, _ = g.returnTarget(r.URL.Query().Get(cameFromField))
	g.choicePage(w, r, st, http.StatusOK, p, nil)
}

// choicePage lists the groups of the ticket that the request came with. Ticked are those that are active,
// or what the user has ticked and is to correct, if that is not nil.
func (g *Guard) choicePage(w http.ResponseWriter, r *http.Request, st *state, status int, p ChoicePage, ticked []string) {
	p.Action = g.cfg.published(g.cfg.LoginPath)
	p.SignedInAs = rbac.FromContext(r.Context()).User()
	active, err := g.a.TicketGroups(r.Context(), st.token)
	if err != nil {
		g.Deny(w, r, err)
		return
	}
	names, err := g.assigned(r, p.SignedInAs)
	if err != nil {
		g.Deny(w, r, err)
		return
	}
	names = append(names, active...) // one that is only inherited can be active, and must not get lost
	slices.Sort(names)
	if ticked == nil {
		ticked = active
	}
	slices.Sort(ticked)
	for _, name := range slices.Compact(names) {
		_, is := slices.BinarySearch(ticked, name)
		p.Groups = append(p.Groups, GroupChoice{Name: name, Active: is})
	}
	g.page(w, status, g.cfg.ChoiceTemplate, p)
}

// assigned lists the groups that a user is assigned to at this time, in any scope.
func (g *Guard) assigned(r *http.Request, user string) (names []string, err error) {
	err = g.a.View(r.Context(), func(tx *rbac.Tx) error {
		names = nil
		memberships, err1 := tx.AssignedGroups(user)
		authorized, err2 := tx.AuthorizedGroups(user) // those that have ended are not here
		for _, m := range memberships {
			_, counts := slices.BinarySearchFunc(authorized, m.Group, func(a rbac.Group, name string) int { return strings.Compare(a.Name, name) })
			if counts {
				names = append(names, m.Group)
			}
		}
		return errors.Join(err1, err2)
	})
	return names, err
}

// choose makes what was ticked the active groups of the ticket, and leads on.
func (g *Guard) choose(w http.ResponseWriter, r *http.Request, st *state) {
	p := ChoicePage{}
	p.CameFrom, _ = g.returnTarget(r.PostForm.Get(cameFromField))
	groups := append([]string{}, r.PostForm[groupField]...)
	switch err := g.a.SetActiveGroups(r.Context(), st.token, groups); {
	case err == nil:
		redirect(w, r, g.home(p.CameFrom))
	case errors.Is(err, rbac.ErrSeparation):
		p.Error = "These groups may not be active together: " + why(err) + "."
		g.choicePage(w, r, st, http.StatusConflict, p, groups)
	case errors.Is(err, rbac.ErrDenied), errors.Is(err, rbac.ErrInvalid):
		p.Error = "You are not in all of these groups."
		g.choicePage(w, r, st, http.StatusForbidden, p, nil)
	default:
		g.Deny(w, r, err)
	}
}

// why is the reason of a refusal, for the user whom it is about.
func why(err error) string {
	var e *rbac.Error
	if errors.As(err, &e) {
		return e.Reason
	}
	return err.Error()
}

// home is where a login leads that came from nowhere.
func (g *Guard) home(cameFrom string) string {
	if cameFrom == "" {
		return g.cfg.published(g.cfg.Home)
	}
	return cameFrom
}

var choiceTemplate = template.Must(template.New("choice").Parse(pageHead + `<title>Choose your groups</title>
</head>
<body>
<main>
<h1>Choose your groups</h1>
<p>You are signed in as {{.SignedInAs}}. Some of your groups may not be active together.</p>
{{with .Error}}<p role="alert" id="error">{{.}}</p>
{{end}}<form method="post" action="{{.Action}}">
<input type="hidden" name="came_from" value="{{.CameFrom}}">
<input type="hidden" name="choose" value="groups">
<fieldset{{if .Error}} aria-describedby="error"{{end}}>
<legend>Active until you sign out</legend>
{{range .Groups}}<p><label><input type="checkbox" name="group" value="{{.Name}}"{{if .Active}} checked{{end}}> {{.Name}}</label></p>
{{end}}</fieldset>
<p><button type="submit">Go on</button></p>
</form>
</main>
</body>
</html>
`))
