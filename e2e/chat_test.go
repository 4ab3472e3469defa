package e2e

import (
	"path/filepath"
	"testing"

	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"
)

// startChat starts a chat with a new database. The user manager moderates; ann
// and bob speak in General.
func startChat(t *testing.T) *app {
	t.Helper()
	return startApp(t, "chat", "-db", filepath.Join(t.TempDir(), "chat.db"))
}

// general opens the room General, which must be answered with 200.
func (u *user) general() {
	u.t.Helper()
	u.open("/rooms/general")
	u.got(200)
}

// says sends a message without leaving the page.
func (u *user) says(text string) {
	u.t.Helper()
	u.fill("Message", text)
	u.push("Send")
	u.sees(text)
	u.has("Message", "")
}

// maySend waits until the page lets its user send, or until the page does not
// if may is false.
func (u *user) maySend(may bool) {
	u.t.Helper()
	do(u, "wait for the form", chromedp.Poll[bool](`document.querySelector("fieldset").disabled === `+map[bool]string{true: "false", false: "true"}[may]))
}

func TestChat(t *testing.T) {
	chat := startChat(t)
	ann, bob := chat.as("ann", "annspass"), chat.as("bob", "bobspass")
	ann.click("General")
	bob.click("General")
	ann.says("Hello <b>everybody</b>")
	bob.sees("Ann", "Hello <b>everybody</b>")
	bob.says("Hello Ann")
	ann.sees("Bob", "Hello Ann")
	ann.fill("Message", "by the keyboard")
	ann.press(kb.Enter)
	bob.sees("by the keyboard")
	ann.findsNo("Mute bob", "Workshop")
}

func TestMutedByTheOtherBrowser(t *testing.T) {
	chat := startChat(t)
	ann, manager := chat.as("ann", "annspass"), chat.as("manager", "managepass")
	ann.general()
	elsewhere := ann.tab().noScripts() // a page without scripts reads no stream
	elsewhere.general()
	ann.fill("Message", "not yet sent")
	ann.maySend(true)
	manager.general()
	manager.click("Mute ann")
	ann.maySend(false)
	ann.sees("You are muted in this room")
	elsewhere.fill("Message", "from the old page")
	elsewhere.click("Send")
	elsewhere.got(403)
	elsewhere.sees("You are muted in this room")
	manager.says("Ann still reads this")
	ann.sees("Ann still reads this")
	ann.seesNo("from the old page")
	manager.click("Unmute ann")
	ann.maySend(true)
	ann.has("Message", "not yet sent")
	ann.push("Send")
	manager.sees("not yet sent")
}

func TestRemovedByTheOtherBrowser(t *testing.T) {
	chat := startChat(t)
	ann, manager := chat.as("ann", "annspass"), chat.as("manager", "managepass")
	ann.general()
	manager.general()
	manager.click("Remove ann from General")
	ann.sees("You may not do this", "You are not in this room")
	ann.click("See your rooms")
	ann.sees("You are in no room")
	manager.fill("User to let in", "ann")
	manager.click("Let in")
	ann.general()
	ann.maySend(true)
}

func TestDisabledByTheOtherBrowser(t *testing.T) {
	chat := startChat(t)
	ann, manager := chat.as("ann", "annspass"), chat.as("manager", "managepass")
	ann.general()
	manager.general()
	manager.click("Disable ann")
	ann.isAt("/login?came_from=%2Frooms%2Fgeneral")
	ann.sees("Please sign in to continue")
	manager.click("Enable ann")
	ann.logIn("ann", "annspass")
	ann.isAt("/rooms/general")
}

func TestChatAfterLogoutInTheOtherTab(t *testing.T) {
	here := startChat(t).as("ann", "annspass")
	there := here.tab()
	here.general()
	there.general()
	there.click("Sign out")
	here.isAt("/login?came_from=%2Frooms%2Fgeneral")
}

func TestChatByTheKeyboard(t *testing.T) {
	manager := startChat(t).user("manager")
	manager.open("/rooms/general")
	manager.isOn("textbox User name")
	manager.press("manager" + kb.Tab + "managepass")
	manager.enter()
	manager.isAt("/rooms/general")
	manager.tabsTo("link Workshop")
	manager.tabsTo("log Messages") // the list scrolls, so Tab stops at the list
	manager.tabsTo("textbox Message")
	manager.press("Good morning" + kb.Tab)
	manager.isOn("button Send")
	manager.press(kb.Enter)
	manager.sees("Good morning")
	manager.tabsTo("button Mute ann")
	manager.enter()
	manager.sees("muted")
	manager.tabsTo("button Unmute ann")
	manager.enter()
	manager.finds("Mute ann")
}

func TestChatLooks(t *testing.T) {
	chat := startChat(t)
	ann, manager := chat.as("ann", "annspass"), chat.as("manager", "managepass")
	stranger := chat.user("stranger")
	stranger.open("/login")
	stranger.picture("login")
	ann.picture("home")
	ann.general()
	ann.picture("empty")
	manager.general()
	ann.says("Good morning! Who has seen the plan for the workshop?")
	manager.says("It is on the table. Also here: averylongwordthatnobodywouldeverwritebutthatmaynotmakethepagewiderthanthescreenofaphone")
	ann.says("Thank you")
	for _, text := range []string{"When do we begin?", "At nine", "Who brings the saw?", "I do"} {
		manager.says(text)
	}
	ann.picture("room")
	manager.fill("User to let in", "ann")
	manager.click("Let in") // ann is in the room already
	manager.got(409)
	manager.picture("alert")
	manager.general()
	manager.click("Mute ann")
	manager.click("Disable bob")
	manager.picture("moderated")
	ann.maySend(false)
	ann.picture("muted")
	manager.click("Remove ann from General")
	ann.sees("You are not in this room")
	ann.picture("removed")
}
