// Package rbactest helps a program test its authorization rules.
//
// [World] makes an Authority from a few lines of text, and [Fill] fills an
// Authority of the test's own. [Allow] and [Deny] assert a predicate for a user,
// and print an explanation on failure. [As] sends a request as a user. [Matrix]
// compares a whole service with a table of routes and users.
//
//	func TestWhoMayEdit(t *testing.T) {
//		a := rbactest.World(t, `
//			group editor: post.write post.edit
//			user amy: editor
//			user bob:
//		`)
//		rbactest.Allow(t, a, "amy", rbac.HasPermission("post.edit"))
//		rbactest.Deny(t, a, "bob", rbac.HasPermission("post.edit"))
//		rbactest.Deny(t, a, "", rbac.HasPermission("post.edit")) // nobody is logged in
//	}
//
// Import rbactest in tests only: the package imports testing, and its passwords
// are public.
package rbactest
