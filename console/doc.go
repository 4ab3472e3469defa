// Package console is an administration console: pages on which administrators,
// and delegates, see and change users, groups and permissions.
//
//	h, err := console.New(guard, authority, console.Config{})
//	if err != nil {
//		return err
//	}
//	mux.Handle("/admin/", rbac.NotAnonymous(), h)
//
// The console itself decides who gets in: holders of the permission
// [rbac.Config].Administer, and users who may assign a group by a delegation. A
// rule of the host around the console can only restrict access further. Every
// change is made by [rbac.Authority.UpdateAs], in the name of the person who is
// signed in, with the reason that the person has given.
//
// A change of one user takes effect at once, and the next page offers to undo
// the change. A change that can reach many users is shown with its effect
// first: who gains and who loses which permission. The change is then applied
// only if nobody else has changed the same records meanwhile.
//
// The pages need no JavaScript and no other server, and work below any path.
// Serve the pages over HTTPS only, like every page behind an [httpguard.Guard].
package console
