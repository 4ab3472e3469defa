package adapters

import (
	"bytes"
	"html/template"
	"net/http"

	"github.com/rbac-go/rbac"
	"github.com/rbac-go/rbac/httpguard"
)

var page = template.Must(template.New("page").Funcs(httpguard.TemplateFuncs()).Parse(
	`{{with user .Me}}Hello {{.}}{{else}}Sign in{{end}}` +
		`{{if can .Me "post.edit"}} <a href="/edit">Edit</a>{{end}}` +
		`{{if can (in .Me "org:42") "post.edit"}} <a href="/orgs/42/edit">Edit in 42</a>{{end}}`))

func servePage(w http.ResponseWriter, r *http.Request) {
	var b bytes.Buffer // so that a misspelt permission is a 500, and not half a page
	if err := page.Execute(&b, map[string]any{"Me": rbac.FromContext(r.Context())}); err != nil {
		http.Error(w, "Something went wrong on our side.", http.StatusInternalServerError)
		return
	}
	w.Write(b.Bytes())
}
