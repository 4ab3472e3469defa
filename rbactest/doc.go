// Package rbactest helps a program test what it lets whom do.
//
// [World] makes an Authority from a few lines of text; [Allow] and [Deny] assert
// a predicate for a user, and print why where it is otherwise; [As] lets a
// user send a request; and [Matrix] holds a whole service against a table of routes and users.
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
// Import it in tests only: it imports testing, and its passwords are known to everybody.
package rbactest
