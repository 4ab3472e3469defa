package httpguard_test

import (
	"html/template"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/rbac-go/rbac"
	"github.com/rbac-go/rbac/httpguard"
	"github.com/rbac-go/rbac/rbactest"
)

// TestTemplateFuncs lists a template, the Identity, and the output; "error" if
// the template must fail.
func TestTemplateFuncs(t *testing.T) {
	a := rbactest.World(t, `
		group editor: post.edit
		permission post.delete
		user amy: editor
		user zoe: editor@org:42
		user <b>:
	`)
	var nobody *rbac.Identity // the store could not be reached
	host := rbac.NewIdentity("host", nil, []string{"post.edit"})
	as := func(user string) *rbac.Identity {
		r := rbactest.As(t, a, user, httptest.NewRequest("GET", "/", nil))
		token, err := rbac.ParseToken(strings.TrimPrefix(r.Header.Get("Authorization"), "Bearer "))
		if err != nil {
			t.Fatal(err)
		}
		id, err := a.Identify(t.Context(), token)
		if err != nil {
			t.Fatal(err)
		}
		return id
	}
	for _, c := range []struct {
		text string
		me   any
		want string
	}{
		{`{{can .Me "post.edit"}}`, as("amy"), "true"},
		{`{{can .Me "post.delete"}}`, as("amy"), "false"},
		{`{{can .Me "post.edit"}}`, as("zoe"), "false"},
		{`{{can .Me "post.edit"}}`, as(""), "false"},
		{`{{can .Me "post.edit"}}`, host, "true"},
		{`{{can .Me "post.delete"}}`, host, "false"},
		{`{{can .Me "post.edit"}}`, nobody, "false"},
		{`{{can .Me "post.edit"}}`, nil, "error"}, // the host forgot it
		{`{{can .You "post.edit"}}`, as("amy"), "false"},
		{`{{can .Me "post.edit"}}`, &rbac.Identity{}, "false"},
		{`{{can .Me "post.edti"}}`, as("amy"), "error"},
		{`{{can .Me "post.edti"}}`, as(""), "error"},
		{`{{can .Me ""}}`, host, "error"},
		{`{{can .Me .Nothing}}`, as("amy"), "error"},
		{`{{can .Me 7}}`, as("amy"), "error"},
		{`{{can .Me 7}}`, nobody, "error"},
		{`{{can "amy" "post.edit"}}`, nil, "error"},
		{`{{can .Me .Rule}}`, as("amy"), "true"},
		{`{{can .Me .Rule}}`, as("zoe"), "false"},
		{`{{can .Me .Broken}}`, as("amy"), "false"},
		{`{{can (in .Me "org:42") "post.edit"}}`, as("zoe"), "true"},
		{`{{can (in .Me "org:7") "post.edit"}}`, as("zoe"), "false"},
		{`{{can (in .Me "org:42") "post.edit"}}`, nobody, "false"},
		{`{{can (in .Me "") "post.edit"}}`, as("amy"), "error"},
		{`{{can (in .Me "") "post.edit"}}`, nobody, "false"},
		{`{{user .Me}}`, as("amy"), "amy"},
		{`{{user .Me}}`, as(""), ""},
		{`{{user .Me}}`, nobody, ""},
		{`{{user .Me}}`, as("<b>"), "&lt;b&gt;"},
		{`<a title="{{user .Me}}" onclick="f({{user .Me}})">`, as("<b>"), `<a title="&lt;b&gt;" onclick="f(&#34;\u003cb\u003e&#34;)">`},
	} {
		page := template.Must(template.New("page").Funcs(httpguard.TemplateFuncs()).Parse(c.text))
		var out strings.Builder
		data := map[string]any{"Me": c.me, "Rule": rbac.HasPermission("post.edit"), "Broken": rbac.HasPermission("post.edti"), "Nothing": nil}
		err := page.Execute(&out, data)
		if got := out.String(); (err != nil) != (c.want == "error") || err == nil && got != c.want {
			t.Errorf("%s for %v gives %q and %v, want %s", c.text, c.me, got, err, c.want)
		}
	}
}
