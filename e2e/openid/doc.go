// Package openid is a service whose users sign in at an OpenID Connect
// provider: the program of docs/openid.md, compiled, and run by tests against a
// real provider. The package is in a module of its own, so that importers of
// rbac do not inherit the dependencies. Copy the parts that you need: the
// package is not made to be imported.
package openid
