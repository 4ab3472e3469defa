package httpguard

import (
	"errors"
	"html/template"
	"net/http"
	"slices"
	"strings"

	"github.com/rbac-go/rbac"
)

// ChoicePage is the data of Config.ChoiceTemplate. The template's form is sent
// by POST to Action. The fields are choose (any value), came_from, and group
// once for each chosen group.
type ChoicePage struct {
	Action     string        // the target of the form
	CameFrom   string        // value of the field came_from; empty: home
	SignedInAs string        // the user's name
	Groups     []GroupChoice // by name
	Error      string        // the reason why a choice failed; empty at first
}

// GroupChoice is a group that a user is assigned to, or that is active in the
// user's ticket.
type GroupChoice struct {
	Name string
	// Active reports whether the group itself is active in the ticket. On a
	// page with an Error after a separation of duty refused the choice, Active
	// reports whether the user chose the group.
	Active bool
}

const (
	chooseField = "choose"
	groupField  = "group"
)

// ChoiceURL returns the address of the page on which a user chooses active
// groups. The login leads to the page by itself when a dynamic separation set
// has left groups out of the ticket. The choice leads back to the page that r
// requested.
func (g *Guard) ChoiceURL(r *http.Request) string {
	return g.choiceURL(g.cameFrom(r))
}

func (g *Guard) choiceURL(cameFrom string) string {
	return g.loginPageURL(chooseField+"=groups", cameFrom)
}

// omittedGroups returns the groups that were left out of a ticket. On an error
// the list is empty, and the user is not asked to choose.
func (g *Guard) omittedGroups(r *http.Request, t rbac.Token) []string {
	ticket, err := g.a.Ticket(r.Context(), t)
	if err != nil {
		return nil
	}
	return ticket.Omitted
}

func (g *Guard) showChoice(w http.ResponseWriter, r *http.Request, st *requestState) {
	p := ChoicePage{}
	p.CameFrom, _ = g.returnTarget(r.URL.Query().Get(cameFromField))
	g.sendChoicePage(w, r, st, http.StatusOK, p, nil)
}

// sendChoicePage lists the groups of the request's ticket. The page ticks the
// groups in ticked, or the active groups if ticked is nil.
func (g *Guard) sendChoicePage(w http.ResponseWriter, r *http.Request, st *requestState, status int, p ChoicePage, ticked []string) {
	p.Action = g.Path(g.cfg.LoginPath)
	p.SignedInAs = rbac.FromContext(r.Context()).User()
	active, err := g.a.TicketGroups(r.Context(), st.token)
	if err != nil {
		g.Deny(w, r, err)
		return
	}
	names, err := g.assignedGroups(r, p.SignedInAs)
	if err != nil {
		g.Deny(w, r, err)
		return
	}
	// A group that is only inherited can be active, and must stay on the page.
	names = append(names, active...)
	slices.Sort(names)
	if ticked == nil {
		ticked = active
	}
	slices.Sort(ticked)
	for _, name := range slices.Compact(names) {
		_, found := slices.BinarySearch(ticked, name)
		p.Groups = append(p.Groups, GroupChoice{Name: name, Active: found})
	}
	g.sendPage(w, status, g.cfg.ChoiceTemplate, p)
}

// assignedGroups returns the names of the groups to which a user is assigned at
// this time, in any scope.
func (g *Guard) assignedGroups(r *http.Request, user string) (names []string, err error) {
	err = g.a.View(r.Context(), func(tx *rbac.Tx) error {
		names = nil
		memberships, err1 := tx.AssignedGroups(user)
		authorized, err2 := tx.AuthorizedGroups(user) // without memberships that have ended
		byName := func(a rbac.Group, name string) int { return strings.Compare(a.Name, name) }
		for _, m := range memberships {
			if _, found := slices.BinarySearchFunc(authorized, m.Group, byName); found {
				names = append(names, m.Group)
			}
		}
		return errors.Join(err1, err2)
	})
	return names, err
}

// choose makes the chosen groups the active groups of the ticket.
func (g *Guard) choose(w http.ResponseWriter, r *http.Request, st *requestState) {
	p := ChoicePage{}
	p.CameFrom, _ = g.returnTarget(r.PostForm.Get(cameFromField))
	groups := append([]string{}, r.PostForm[groupField]...)
	switch err := g.a.SetActiveGroups(r.Context(), st.token, groups); {
	case err == nil:
		redirect(w, r, g.targetOrHome(p.CameFrom))
	case errors.Is(err, rbac.ErrSeparation):
		p.Error = "These groups may not be active together: " + reasonOf(err) + "."
		g.sendChoicePage(w, r, st, http.StatusConflict, p, groups)
	case errors.Is(err, rbac.ErrDenied), errors.Is(err, rbac.ErrInvalid):
		p.Error = "You are not a member of all of these groups. Choose among the groups below."
		g.sendChoicePage(w, r, st, http.StatusForbidden, p, nil)
	default:
		g.Deny(w, r, err)
	}
}

// reasonOf returns the reason of a refusal, for the refused user.
func reasonOf(err error) string {
	var e *rbac.Error
	if errors.As(err, &e) {
		return e.Reason
	}
	return err.Error()
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
<legend>Groups that are active until you sign out</legend>
{{range .Groups}}<p><label><input type="checkbox" name="group" value="{{.Name}}"{{if .Active}} checked{{end}}> {{.Name}}</label></p>
{{end}}</fieldset>
<p><button type="submit">Continue</button></p>
</form>
</main>
</body>
</html>
`))
