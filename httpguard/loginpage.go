package httpguard

import "html/template"

// LoginPage is what Config.LoginTemplate is executed with. The template's form is sent by POST
// to Action with the fields user, password and came_from.
type LoginPage struct {
	Action     string // where the form goes
	CameFrom   string // value of the field came_from; empty: home
	User       string // the name that was typed last time
	Error      string // why that did not work; empty at first
	Notice     string // what brought the user here; may be empty
	SignedInAs string // who the user is until now; empty: nobody
	GoOn       string // where a user who is signed in goes on as before; empty: nobody is
}

var loginTemplate = template.Must(template.New("login").Parse(pageHead + `<title>Sign in</title>
</head>
<body>
<main>
<h1>Sign in</h1>
{{with .Notice}}<p>{{.}}</p>
{{end}}{{with .SignedInAs}}<p>You are signed in as {{.}}. <a href="{{$.GoOn}}">Go on as {{.}}</a>, or sign in again or as someone else, which ends that.</p>
{{end}}{{with .Error}}<p role="alert" id="error">{{.}}</p>
{{end}}<form method="post" action="{{.Action}}">
<input type="hidden" name="came_from" value="{{.CameFrom}}">
<p><label for="user">User name</label>
<input id="user" name="user" value="{{.User}}" autocomplete="username" autocapitalize="none" autocorrect="off" spellcheck="false" required{{if .Error}} aria-describedby="error"{{end}}{{if not .User}} autofocus{{end}}></p>
<p><label for="password">Password</label>
<input id="password" name="password" type="password" autocomplete="current-password" required{{if .Error}} aria-describedby="error"{{end}}{{if .User}} autofocus{{end}}></p>
<p><button type="submit">Sign in</button></p>
</form>
</main>
</body>
</html>
`))
