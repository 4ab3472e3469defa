// Package adapters is the glue of docs/adapters.md between rbac and third-party
// routers and logins, compiled and run by tests. The package is in a module of
// its own, so that importers of rbac do not inherit the dependencies. Copy the
// parts that you need: the package is not made to be imported.
package adapters
