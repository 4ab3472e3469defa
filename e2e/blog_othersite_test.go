package e2e

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
)

// Pages of other sites send forms to the blog from the browser of a logged-in
// user, and are refused. Another port of the same host is the harder case:
// browsers send the blog's cookies along.
func TestOtherSitesCannotAct(t *testing.T) {
	blog := startBlog(t)
	trap := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		fmt.Fprintf(w, `<!doctype html><title>Prizes</title>
<form method="post" action="%[1]s/admin/change"><input type="hidden" name="do" value="assign"><input type="hidden" name="user" value="editor">
<input type="hidden" name="group" value="managers"><button>Win a prize</button></form>
<form method="post" action="%[1]s/logout"><button>Win another</button></form>`, blog.url)
	}))
	t.Cleanup(trap.Close)
	manager := blog.as("manager", "managepass")
	for _, site := range []string{trap.URL, strings.Replace(trap.URL, "127.0.0.1", "localhost", 1)} {
		for _, button := range []string{"Win a prize", "Win another"} {
			manager.visit(site)
			manager.click(button)
			manager.got(403)
		}
	}
	manager.open("/admin/user?name=editor") // the manager is still logged in
	manager.got(200)
	manager.sees("This user is in no group")
}
