package e2e

import (
	"testing"

	"github.com/chromedp/chromedp/kb"
)

func TestKeyboardOnly(t *testing.T) {
	manager := startBlog(t).user("manager")
	manager.open("/admin")
	manager.isOn("textbox User name")
	manager.press("manager" + kb.Tab + "managepass")
	manager.enter()
	manager.isAt("/admin")

	manager.tabsTo("link Skip to the content")
	manager.press(kb.Enter)
	manager.isAt("/admin#main")
	manager.press(kb.Tab)
	manager.isOn("link Users") // the first control of the content
	manager.tabsTo("combobox Group for editor")
	manager.press("editors" + kb.Tab)
	manager.isOn("button Assign editor to the group")
	manager.enter()
	manager.finds("Remove editor from editors")
	manager.tabsTo("button Remove editor from editors")
	manager.enter()
	manager.findsNo("Remove editor from editors")
	manager.tabsTo("button Sign out")
	manager.enter()
	manager.finds("Sign in")
}

func TestWithoutScripts(t *testing.T) {
	blog := startBlog(t)
	manager, editor := blog.user("manager").noScripts(), blog.user("editor").noScripts()
	manager.visit(`data:text/html,<noscript>None.</noscript><script>document.write("There are!")</script>`)
	manager.sees("None.")

	manager.open("/admin")
	manager.logIn("manager", "managepass")
	manager.fill("User name", "ada")
	manager.fill("Display name (may be empty)", "Ada Lovelace")
	manager.fill("Password", "notes on the engine")
	manager.click("Create the user")
	manager.fill("Find a user", "lovelace")
	manager.click("Find")
	manager.isAt("/admin?search=lovelace")
	assign(manager, "ada", "editors")

	editor.open("/posts/new?draft=1")
	editor.logIn("ada", "notes on the engine")
	editor.isAt("/posts/new?draft=1")
	editor.fill("Title", "Engines")
	editor.fill("Text", "They weave patterns.")
	editor.click("Save")
	editor.click("Edit")
	editor.fill("Title", "Engines, again")
	editor.click("Save")
	editor.sees("Engines, again", "Ada Lovelace")

	manager.click("Groups")
	manager.click("Revoke post.write from editors")
	editor.click("Write a post")
	editor.got(403)
	editor.sees("Needs post.write, which no group gives")
	manager.choose("Permission for editors", "post.write")
	manager.click("Grant the permission to editors")
	editor.reload()
	editor.got(200)

	manager.click("Change log")
	manager.push("Before and after of AddUser ada")
	manager.sees("Ada Lovelace")

	editor.click("ada")
	editor.fill("Old password", "notes on the engine")
	editor.fill("New password", "notes on another engine")
	editor.click("Change it")
	editor.sees("Your password is changed")
	editor.click("Sign out")
	editor.finds("Sign in")
}

// TestLooks takes a picture of each page for people to look at. Measurable
// properties are checked; see picture.
func TestLooks(t *testing.T) {
	blog := startBlog(t)
	stranger, editor, manager := blog.user("stranger"), blog.as("editor", "editpass"), blog.as("manager", "managepass")
	stranger.open("/")
	stranger.picture("home")
	stranger.open("/me")
	stranger.picture("login")
	stranger.logIn("editor", "wrong")
	stranger.picture("login-failed")
	stranger.open("/nowhere")
	stranger.picture("notfound")
	editor.open("/posts/new")
	editor.picture("denied")
	assign(manager, "editor", "editors")
	manager.click("Disable manager") // refused: the last manager
	manager.got(409)
	manager.picture("alert")
	editor.reload()
	editor.picture("write")
	editor.fill("Title", "A post with a title that is longer than the screen of a phone is wide")
	editor.fill("Text", "One paragraph.\n\nAnother, with averylongwordthatnobodywouldeverwritebutthatmaynotmakethepagewiderthanthescreenofaphone.")
	editor.click("Save")
	editor.picture("post")
	editor.click("editor")
	editor.picture("account")
	manager.open("/admin")
	manager.picture("users")
	manager.open("/admin/groups")
	manager.picture("groups")
	manager.open("/admin/log")
	manager.picture("log")
	stranger.open("/")
	stranger.press(kb.Tab)
	stranger.picture("skip")
}
