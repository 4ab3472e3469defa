// Package httpguard protects net/http services with the predicates of an
// [rbac.Authority].
//
// Start with [New], then [Guard.NewMux], where every pattern has a predicate or is
// Public because you said so, and put [Guard.Handler] around it:
//
//	g := httpguard.New(authority, httpguard.Config{})
//	mux := g.NewMux()
//	mux.Public("/{$}", home)
//	mux.Public("/login", g.LoginHandler())
//	mux.Public("/logout", g.LogoutHandler())
//	mux.Handle("/admin/", rbac.InGroup("managers"), admin)
//	server := &http.Server{Addr: addr, Handler: g.Handler(mux), ReadHeaderTimeout: 5 * time.Second}
//	server.ListenAndServeTLS(cert, key)
//
// With another router use [Guard.Require] as its middleware, or [Guard.Authorize]
// inside handlers; for gRPC and Connect use [Guard.Call], for pages [TemplateFuncs]. Handlers find who is asking with [rbac.FromContext].
//
// # Handler goes outermost
//
// Routers match the escaped path, while handlers read the decoded one, so that
// /admin%2fsecret or /x/%2e%2e/admin/ could reach a catch-all handler behind the back
// of a guard on /admin/. Handler therefore refuses, with 400: dot segments, empty segments,
// control characters, backslashes and malformed UTF-8, raw or escaped; semicolons, encoded
// slashes and doubly encoded characters (%2561, %253b), unless Config.AllowSemicolon,
// Config.AllowEncodedSlash or Config.AllowDoubleEncoding; methods that are not in Config.Methods; malformed hosts. It writes hosts in lower case
// without final dot, and gives the path one spelling in URL.Path and URL.RawPath.
//
// It is unsafe to put anything between a router and its handlers that changes
// the path, or to decide anything by Request.RequestURI,
// which stays as it was sent. Rules that a method was overridden by a header are the host's own business and unsafe,
// too: the Mux goes by the method of the request.
//
// Handler cannot know what else a server behind it takes for one path: names in
// another case (/ADMIN/), in another Unicode form, with a final slash, dot or
// space, or with a suffix (/admin.json). Guard everything that is forwarded to
// such a server by one rule, instead of a Public catch-all beside guarded paths.
//
// # Who is asking
//
// A request with Authorization: Bearer is judged by that token alone, never by its cookie.
// Otherwise the ticket in the cookie counts, and where there is no living one, Config.Identify.
// A cookie that is no living ticket is ignored and left alone: it may be another
// service's. Two living tickets count as none. A ticket's Identity is a snapshot:
// whoever keeps a connection open (WebSocket, event stream) should ask
// [rbac.Authority.Judge] again for each message.
//
// Guards of different Authorities can be nested. Each of them looks for its own ticket,
// under a cookie name of its own, and honours no Identity that another Authority made. Handlers behind
// [Guard.Require], and so those of a Mux that are not Public, find this Guard's
// Identity in the context; elsewhere it is that of the innermost Handler ([rbac.Identity.BelongsTo]).
//
// Requests that change something, and upgrades to WebSocket, are refused when
// a browser sends them for another site ([http.CrossOriginProtection]), unless they carry a Bearer
// token, which no browser adds by itself. Handlers must not change anything on GET.
//
// Handlers do not see the ticket, so that none forwards it; see Config.KeepTicket.
//
// # Behind a proxy
//
// Set Config.Site if the proxy ends TLS or changes the Host, Config.BasePath if it
// strips a prefix of the path, and Config.ClientAddr to [ForwardedFor] with the
// proxy's address: otherwise everybody has the proxy's address, and the failed
// logins of one throttle all.
package httpguard
