package e2e

import (
	"testing"

	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"
)

// A morning of an administrator, without scripts: from the login to a change
// that is previewed, made, undone, explained and found in the log.
func TestConsoleMorning(t *testing.T) {
	manager := startBlog(t).user("manager").noScripts()
	manager.open("/admin/")
	manager.logIn("manager", "managepass")
	manager.isAt("/admin/")
	manager.sees("Overview", "Last changes")

	manager.click("Users")
	manager.fill("Search", "edit")
	manager.click("Filter")
	manager.sees("1 user")
	manager.click("editor")
	manager.sees("This user is in no group")
	manager.choose("Give a group", "editors")
	manager.fill("Note on the membership", "for the spring")
	manager.click("Give group")
	manager.sees("manager gave editors to editor", "for the spring", "post.write")
	manager.click("Undo")
	manager.sees("manager took editors from editor", "This user is in no group")
	manager.click("Undo")
	manager.sees("manager gave editors to editor", "for the spring")

	manager.click("Groups")
	manager.click("editors")
	manager.fill("Permission, or a pattern such as post.*", "post.edit")
	manager.click("Grant…")
	manager.sees("post.edit will be granted to editors", "12 users gain post.edit")
	manager.fill("Reason", "they edit each other's posts")
	manager.click("Apply")
	manager.sees("manager granted post.edit to editors")

	manager.click("Why")
	manager.fill("User", "editor")
	manager.fill("Permission, or an expression", "post.edit")
	manager.click("Explain")
	manager.sees("editor → editors")
	manager.click("Changes")
	manager.sees("manager granted post.edit to editors", "they edit each other's posts")

	manager.click("Settings")
	manager.choose("Language", "中文")
	manager.click("Save")
	manager.click("用户")
	manager.sees("15 个用户")
}

// An administrator needs no mouse.
func TestConsoleByTheKeyboard(t *testing.T) {
	manager := startBlog(t).as("manager", "managepass")
	manager.open("/admin/user?name=editor")
	manager.tabsTo("link Skip to the content")
	manager.press(kb.Enter)
	manager.isAt("/admin/user?name=editor#main")
	manager.tabsTo("combobox Give a group")
	manager.press("editors" + kb.Tab)
	manager.tabsTo("button Give group")
	manager.enter()
	manager.sees("manager gave editors to editor")
	manager.tabsTo("button Undo")
	manager.enter()
	manager.sees("manager took editors from editor")
}

// Each page of the console on each screen, for people to look at.
func TestConsoleLooks(t *testing.T) {
	blog := startBlog(t)
	manager := blog.as("manager", "managepass")
	assign(manager, "editor", "editors")
	for name, path := range map[string]string{
		"overview": "", "users": "users", "user": "user?name=editor", "new-user": "new-user", "groups": "groups", "group": "group?name=editors",
		"permissions": "permissions", "permission": "permission?name=post.write", "matrix": "matrix", "separation": "separation", "scopes": "scopes",
		"sections": "sections", "delegations": "delegations", "sessions": "sessions", "logins": "logins", "changes": "changes", "why": "why?user=editor&ask=post.write", "view-as": "view-as?user=editor",
		"declared": "declared", "settings": "settings",
	} {
		manager.open("/admin/" + path)
		manager.got(200)
		manager.picture("console-" + name)
	}
	manager.open("/admin/group?name=editors")
	manager.click("Revoke post.write")
	manager.picture("console-preview")
}

// On a narrow screen, the buttons at the end of a row lie over no other cell of
// the row, and no row is higher than ten lines.
func TestConsoleTablesOnAPhone(t *testing.T) {
	manager := startBlog(t).as("manager", "managepass")
	do(manager, "be a phone", chromedp.EmulateViewport(390, 800))
	for _, page := range []string{"user?name=amara", "group?name=editors", "delegations", "sessions", "separation", "scopes", "changes", "logins", "view-as?user=editor"} {
		manager.open("/admin/" + page)
		faults := do(manager, "measure", chromedp.Evaluate[[]string](`[...document.querySelectorAll(".table tbody tr")].flatMap(row => {
			const end = row.querySelector("td.end")?.getBoundingClientRect();
			const faults = row.getBoundingClientRect().height > 240 ? ["too high: " + row.textContent] : [];
			for (const cell of row.children) {
				if (end && cell !== row.querySelector("td.end") && cell.getBoundingClientRect().right > end.left + 1) faults.push("covered: " + cell.textContent);
			}
			return faults;
		})`))
		for _, fault := range faults {
			t.Errorf("%s: %.200s", page, fault)
		}
	}
}

// The pictures of README.md and docs/console.md, after some changes in the
// newsroom of the blog:
//
//	go test -count=1 -run TestPicturesOfTheDocuments . -renew
func TestPicturesOfTheDocuments(t *testing.T) {
	blog := startBlog(t)
	head, manager := blog.as("amara", "headpass"), blog.as("manager", "managepass")
	manager.open("/admin/user?name=noor")
	manager.click("Disable")
	manager.sees("manager disabled noor")
	manager.open("/admin/group?name=ombuds")
	manager.fill("Permission, or a pattern such as post.*", "desk.staff")
	manager.click("Grant…")
	manager.fill("Reason", "readers' editors see who edits what")
	manager.click("Apply")
	head.open("/desks/culture")
	head.fill("User name", "ines")
	head.click("Show the effect")
	head.fill("Reason (may be empty)", "the summer festival")
	head.click("Confirm")
	head.finds("Remove ines…")

	manager.open("/admin/")
	manager.sees("amara gave subeditors to ines in desk:culture")
	manager.documentPicture("console-overview.png")
	manager.open("/admin/user?name=amara")
	manager.sees("post.edit", "desk:culture")
	manager.documentPicture("console-user.png")
	manager.open("/admin/matrix")
	manager.push("editors has post.edit")
	manager.push("ombuds has post.edit")
	manager.push("subeditors has desk.staff")
	manager.click("Preview the changes…")
	manager.fill("Reason", "whoever writes may correct")
	manager.sees("gain post.edit", "ruth loses post.edit", "gain desk.staff")
	manager.documentPicture("console-effect.png")
}
