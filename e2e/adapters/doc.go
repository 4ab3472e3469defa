// Package adapters is the glue of docs/adapters.md between rbac and other people's routers and logins, compiled and run by tests.
// It is a module of its own, so that no importer of rbac inherits them. Copy what you need; it is not made to be imported.
package adapters
