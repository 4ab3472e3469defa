package httpguard

import "html/template"

// LoginPage is the data of Config.LoginTemplate. The template's form is sent by
// POST to Action, with the fields user, password, came_from and, if Remember is
// set, remember (any value: the ticket is to be remembered).
type LoginPage struct {
	Action     string // the target of the form
	CameFrom   string // value of the field came_from; empty: home
	User       string // the user name of the last attempt
	Error      string // the reason why the last attempt failed; empty at first
	Notice     string // the reason why the page appears; may be empty
	SignedInAs string // the current user; empty: anonymous
	Forgot     string // the page for a forgotten password; empty: there is none
	GoOn       string // where a signed-in user continues without a new login; empty: anonymous
	Remember   bool   // the form offers the checkbox remember
	Remembered bool   // the checkbox was checked at the last attempt
}

var loginTemplate = template.Must(template.New("login").Parse(pageHead + `<title>Sign in</title>
</head>
<body>
<main>
<h1>Sign in</h1>
{{with .Notice}}<p>{{.}}</p>
{{end}}{{with .SignedInAs}}<p>You are signed in as {{.}}. <a href="{{$.GoOn}}">Continue as {{.}}</a>, or sign in again below. A new login ends the current one.</p>
{{end}}{{with .Error}}<p role="alert" id="error">{{.}}</p>
{{end}}<form method="post" action="{{.Action}}">
<input type="hidden" name="came_from" value="{{.CameFrom}}">
<p><label for="user">User name</label>
<input id="user" name="user" value="{{.User}}" autocomplete="username" autocapitalize="none" autocorrect="off" spellcheck="false" required{{if .Error}} aria-describedby="error"{{end}}{{if not .User}} autofocus{{end}}></p>
<p><label for="password">Password</label>
<input id="password" name="password" type="password" autocomplete="current-password" required{{if .Error}} aria-describedby="error"{{end}}{{if .User}} autofocus{{end}}></p>
{{if .Remember}}<p><label><input type="checkbox" name="remember" value="yes"{{if .Remembered}} checked{{end}}> Stay signed in on this device</label></p>
{{end}}<p><button type="submit">Sign in</button></p>
</form>
{{with .Forgot}}<p><a href="{{.}}">Forgotten your password?</a></p>
{{end}}</main>
</body>
</html>
`))
