package e2e

import (
	"path/filepath"
	"testing"
)

// startBlog starts a blog with a new database. The database has the users
// manager and editor, a newsroom, and the manager's first post.
func startBlog(t *testing.T) *app {
	t.Helper()
	return startApp(t, "blog", "-db", filepath.Join(t.TempDir(), "blog.db"))
}

// assign lets the manager put a user into a group, in the console. The manager
// is then on the page of the user.
func assign(manager *user, name, group string) {
	manager.t.Helper()
	manager.open("/admin/user?name=" + name)
	manager.choose("Give a group", group)
	manager.click("Give group")
	manager.sees("gave " + group + " to " + name)
}

func TestLogIn(t *testing.T) {
	u := startBlog(t).user("editor")
	u.open("/")
	u.sees("Everybody can read this")
	u.findsNo("Sign out")
	u.click("Sign in")
	u.logIn("editor", "editpass")
	u.isAt("/")
	u.got(200)
	u.finds("editor", "Sign out")
	u.findsNo("Sign in", "Write a post", "Users and groups")
}

func TestWrongPassword(t *testing.T) {
	u := startBlog(t).user("editor")
	u.open("/admin/users?q=ed")
	u.logIn("editor", "wrong password")
	u.got(401)
	u.sees("The user name or password is wrong.")
	u.has("User name", "editor")
	u.has("Password", "")
	u.logIn("manager", "managepass")
	u.isAt("/admin/users?q=ed") // a failed login keeps the target
}

// A user who has forgotten the password asks for a link, chooses a new password
// and signs in. The other browser is signed out, and the link is used up.
func TestForgottenPassword(t *testing.T) {
	blog := startBlog(t)
	there, u := blog.as("editor", "editpass"), blog.user("editor")
	u.open("/login")
	u.click("Forgotten your password?")
	u.isAt("/forgot")
	u.fill("User name or e-mail address", "nobody")
	u.click("Send the link")
	u.sees("If there is such an account")
	u.open("/forgot")
	u.fill("User name or e-mail address", "editor")
	u.click("Send the link")
	u.sees("If there is such an account")
	link := blog.prints(`^mail to editor: choose a new password at http://[^/]+(/password\?link=\S+)$`)
	u.open(link)
	u.open(link) // looking redeems nothing
	u.sees("For the account of editor.")
	const fresh = "a new password"
	u.fill("New password", fresh)
	u.fill("Repeat the new password", fresh+"!")
	u.click("Set password")
	u.got(422)
	u.sees("The two passwords differ.")
	u.fill("New password", fresh)
	u.fill("Repeat the new password", fresh)
	u.click("Set password")
	u.isAt("/login?password_set=1")
	u.sees("Your password was set. Please sign in.")
	u.logIn("editor", fresh)
	u.isAt("/")
	u.finds("Sign out")
	there.open("/me")
	there.isAt("/login?came_from=%2Fme")
	u.open(link)
	u.got(404)
	u.sees("Please ask for a new link.")
}

func TestDeniedWithTheReason(t *testing.T) {
	editor := startBlog(t).as("editor", "editpass")
	editor.open("/posts/new")
	editor.got(403)
	editor.sees("Needs post.write, which the group editors gives; you are in no group", "You are signed in as editor")
	editor.open("/admin/group?name=heads")
	editor.got(403)
	editor.click("Sign in as someone else")
	editor.sees("You are signed in as editor until you sign in as someone else.")
	editor.logIn("manager", "managepass")
	editor.isAt("/admin/group?name=heads")
	editor.got(200)
	editor.sees("manager", "Heads of desk")
}

func TestGrantedByTheOtherBrowser(t *testing.T) {
	blog := startBlog(t)
	editor, manager := blog.as("editor", "editpass"), blog.as("manager", "managepass")
	editor.open("/posts/new")
	editor.got(403)
	assign(manager, "editor", "editors")
	editor.reload()
	editor.got(200)
	editor.sees("Write a post")
	editor.click("The example blog")
	editor.click("Write a post") // after the change, the navigation has the link
	editor.isAt("/posts/new")
	editor.got(200)
}

func TestRevokedWhileThePageIsOpen(t *testing.T) {
	blog := startBlog(t)
	editor, manager := blog.as("editor", "editpass"), blog.as("manager", "managepass")
	assign(manager, "editor", "editors")
	editor.open("/posts/new")
	editor.fill("Title", "Too late")
	editor.fill("Text", "It was open before.")
	manager.click("Take editors away")
	editor.click("Save")
	editor.got(403)
	editor.sees("Needs post.write")
	editor.click("The example blog")
	editor.finds("Welcome")
	editor.findsNo("Too late", "Write a post")
}

func TestDisabledWhileThePageIsOpen(t *testing.T) {
	blog := startBlog(t)
	editor, manager := blog.as("editor", "editpass"), blog.as("manager", "managepass")
	manager.open("/admin/user?name=editor")
	manager.click("Disable")
	manager.sees("manager disabled editor")
	editor.click("editor")
	editor.isAt("/login?came_from=%2Fme")
	editor.logIn("editor", "editpass")
	editor.got(401)
	manager.click("Enable")
	manager.sees("manager enabled editor")
	editor.logIn("editor", "editpass")
	editor.isAt("/me")
	editor.sees("Your recent sign-ins", "Account was disabled")
}

func TestOwnPostsOnly(t *testing.T) {
	blog := startBlog(t)
	editor, manager := blog.as("editor", "editpass"), blog.as("manager", "managepass")
	assign(manager, "editor", "editors")
	editor.open("/posts/new")
	editor.fill("Title", "Mine")
	editor.fill("Text", "By the editor.")
	editor.click("Save")
	editor.isAt("/posts/2")
	editor.click("Edit")
	editor.has("Title", "Mine")
	editor.fill("Title", "Mine, changed")
	editor.click("Save")
	editor.isAt("/posts/2")
	editor.sees("Mine, changed", "By the editor.")

	editor.open("/posts/1") // the manager's post
	editor.sees("Example manager")
	editor.findsNo("Edit")
	editor.open("/posts/1/edit")
	editor.got(403)
	editor.sees("Needs post.edit", "to have written the post")
	manager.open("/posts/2/edit") // managers administer, and may not write
	manager.got(403)
}

func TestLogOutInOneTab(t *testing.T) {
	here := startBlog(t).as("editor", "editpass")
	there := here.tab()
	there.open("/")
	there.finds("Sign out") // the tabs share a login
	here.open("/me")
	here.click("Sign out")
	here.isAt("/")
	here.findsNo("Sign out")
	there.click("editor") // this page still looks logged in
	there.isAt("/login?came_from=%2Fme")
	here.back()
	here.isAt("/login?came_from=%2Fme") // the history shows nothing of the account
	there.logIn("editor", "editpass")
	there.isAt("/me")
	here.open("/me")
	here.got(200)
}

func TestFormSentAfterLogout(t *testing.T) {
	blog := startBlog(t)
	editor := blog.as("editor", "editpass")
	assign(blog.as("manager", "managepass"), "editor", "editors")
	editor.open("/posts/new?draft=7")
	editor.fill("Title", "Not saved")
	editor.fill("Text", "Nobody is logged in any more.")
	other := editor.tab()
	other.open("/")
	other.click("Sign out")
	editor.click("Save")
	editor.isAt("/login?came_from=%2Fposts%2Fnew%3Fdraft%3D7")
	editor.logIn("editor", "editpass")
	editor.isAt("/posts/new?draft=7")
	editor.open("/")
	editor.seesNo("Not saved")
}

func TestLoginLeadsBack(t *testing.T) {
	manager := startBlog(t).user("manager")
	const page = "/admin/users?q=a%26b%3Dc+%2F%C3%A9&empty=&q=2"
	manager.open(page)
	manager.sees("Please sign in to continue.")
	manager.logIn("manager", "managepass")
	manager.isAt(page)
	manager.has("Search", "a&b=c /é")
}

func TestLoginLeadsToNoOtherSite(t *testing.T) {
	blog := startBlog(t)
	for _, from := range []string{"https%3A%2F%2Fevil.example%2F", "%2F%2Fevil.example", "%2F%5Cevil.example", "%2F%09%2Fevil.example", "javascript%3Aalert(1)"} {
		u := blog.user("editor, from " + from)
		u.open("/login?came_from=" + from)
		u.seesNo("Please sign in to continue")
		u.logIn("editor", "editpass")
		u.isAt("/")
		u.finds("Sign out")
	}
}
