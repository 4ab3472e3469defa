// Package httpguard protects net/http services with the predicates of an
// [rbac.Authority].
//
// Start with [New]. Register routes on [Guard.NewMux], where every pattern has
// a predicate or is explicitly Public, and wrap the Mux in [Guard.Handler]:
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
// A readiness probe has no user, and addresses the service by the address of
// the machine. [Health] is therefore registered outside the guarded service, in
// a router in front of Handler:
//
//	root := http.NewServeMux()
//	root.Handle("GET /readyz", httpguard.Health(authority))
//	root.Handle("/", g.Handler(mux))
//
// With another router, use [Guard.Require] as middleware or [Guard.Authorize]
// inside handlers. For gRPC and Connect use [Guard.Call], and for HTML
// templates [TemplateFuncs]. A handler gets the Identity of the request from
// [rbac.FromContext].
//
// # Handler goes outermost
//
// Put nothing between a router and its handlers that changes the path, and
// decide nothing by Request.RequestURI, which Handler leaves as sent. Headers
// that override the method are unsafe, too: the Mux matches Request.Method.
//
// Routers match the escaped path, and handlers read the decoded path. A request
// for /admin%2fsecret or /x/%2e%2e/admin/ could therefore pass a guard on
// /admin/ and reach a catch-all handler. Handler answers 400 to dot segments,
// empty segments, control characters, backslashes and malformed UTF-8, raw or
// escaped. Handler also answers 400 to malformed hosts and to methods outside
// Config.Methods. Semicolons, encoded slashes and double encodings (%2561,
// %253b) need Config.AllowSemicolon, AllowEncodedSlash or AllowDoubleEncoding.
// Handlers see hosts in lower case without a final dot, and URL.Path and
// URL.RawPath in canonical form.
//
// Handler cannot know which paths a server behind the service treats as equal:
// /ADMIN/, another Unicode form, a final slash, dot or space, a suffix
// (/admin.json). Guard everything forwarded to such a server with one rule,
// instead of a Public catch-all beside guarded paths.
//
// # Identities are snapshots
//
// A request with Authorization: Bearer is judged by its token alone, never by
// its cookie. Otherwise the live ticket in the cookie counts, and without a
// live ticket Config.Identify. Two live tickets count as none. A cookie without
// a live ticket is left alone, since another service may own the cookie.
//
// Long-lived connections (WebSocket, event streams) should call
// [rbac.Authority.Judge] again for each message.
//
// Guards of different Authorities can be nested. Give each Guard a CookieName
// of its own. No Guard honours an Identity of another Authority. Handlers
// behind [Guard.Require], and guarded handlers of a Mux, find the Identity of
// their Guard in the context. Elsewhere the context holds the Identity of the
// innermost Handler ([rbac.Identity.BelongsTo]).
//
// # Handlers must not change anything on GET
//
// Cross-origin requests with other methods, and WebSocket upgrades, are refused
// ([http.CrossOriginProtection]). Requests with a Bearer token pass, since no
// browser adds a Bearer token by itself.
//
// # Handlers do not see the ticket
//
// Handler removes the ticket from the request, so no handler can forward the
// ticket to another server. See Config.KeepTicket and [Guard.Token].
//
// # Behind a proxy
//
// Set Config.Site if the proxy ends TLS or changes the Host, Config.BasePath if
// the proxy strips a path prefix, and Config.ClientAddr to [ForwardedFor] with
// the proxy's address. Without ClientAddr every client has the address of the
// proxy, and the failed logins of a single client throttle all clients.
package httpguard
