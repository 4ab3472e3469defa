// Package rbac is authorization for Go services: users, groups and permissions
// in a store, login tickets, and predicates that guard what a service does.
//
// Start with [Open], which opens an [Authority] on a [Store] such as
// sqlitestore or memorystore. [Authority.Declare] adds the permissions that the
// program knows. In [Authority.Update], a [Tx] adds users and groups, grants
// permissions and assigns users. [Authority.Login] checks a password and
// returns a [Token]. [Authority.Identify] turns the token of a request into an
// [Identity], and [Check] judges the Identity by a [Predicate]:
//
//	canEdit := rbac.Any(rbac.HasPermission("post.edit"), rbac.IsUserID(post.AuthorID))
//	if err := rbac.Check(id, canEdit); err != nil {
//		return err // errors.Is(err, rbac.ErrDenied); err names the missing rights
//	}
//
// Package httpguard does this for net/http. A host, the program that uses this
// package, can keep users or a login of its own: see [User].Subject,
// [Authority.Issue], [Authority.IdentityBySubject] and [NewIdentity].
//
// # What to call
//
// To start: [Open], [Authority.Declare], [Authority.Validate], [Authority.Close].
//
// To sign somebody in: [Authority.Login] with a password, [Authority.Issue]
// after a login elsewhere, [Authority.IssueKey] for a program. To sign somebody
// out: [Authority.Logout], [Authority.LogoutUser], [Authority.RevokeTicket].
//
// To decide: [Authority.Identify], then [Check] or [Met]; [Authority.Judge] is
// both. [Explain] and [Authority.ExplainUser] give the reasons,
// [Authority.Menu] lists what somebody may do, and [Authority.Watch] follows
// changes for long connections.
//
// To administer: [Authority.View] and [Authority.Update] with a [Tx], whose
// functions are named after what they do to users (AddUser, ModifyUser, …),
// groups, permissions, grants, memberships (AssignUser), inheritances, sets and
// delegations. [Authority.UpdateAs] makes the changes of a person,
// [Authority.Preview] shows the effect of an Update, and [Tx.RequireUnchanged]
// finds what a colleague has changed meanwhile.
//
// For the life of an account: [Authority.CreateUser], [Authority.IssueLink],
// [Authority.ResetPassword], [Authority.ChangePassword], [Authority.Unlock],
// [Authority.Sync].
//
// To operate: [Config.OnEvent], [Authority.Stats], [Tx.Changes], [Tx.Logins].
//
// # Terms
//
// A group is the role of the RBAC standard, ANSI INCITS 359: a named set of
// permissions that users are assigned to. Users have permissions through groups
// only. A group can inherit another group: the senior group has the permissions
// of the junior group. Functions are named after the standard's, with Group for
// Role, and Ticket for Session: docs/incits359.md lists all of them. A ticket
// is living until a call ends the ticket or a limit of time is reached.
//
// # Separation of duty
//
// A [SeparationSet] keeps duties apart. A static set ([Tx.CreateSSDSet]) limits
// how many of its groups one user may be authorized for: a call that would
// exceed the limit fails with ErrSeparation. A dynamic set ([Tx.CreateDSDSet])
// limits how many of its groups are active in one ticket: a login leaves groups
// out ([Ticket].Omitted) or names its own ([Login].Groups), and
// [Authority.AddActiveGroup], [Authority.DropActiveGroup] and
// [Authority.SetActiveGroups] change the active groups. [Explain] names what a
// set has left out, and [Authority.ExplainUser] shows an administrator every
// path by which a user has a right.
//
// # What denies
//
// A decision is an error, nil only when allowed. Everything but a clear yes
// denies: the zero value and nil of every type, an invalid or unknown name
// (under [Not] too), a panic, a store that cannot be reached. ErrUnavailable is
// not ErrDenied, but allows nothing either.
//
// # When a change takes effect
//
// A change takes effect for every Identify, Judge or Identity that starts after
// the call that made the change has returned: at once in the Authority that
// made it, and within [Config.MaxStaleness], by default a second, in every
// other Authority of any process. An Authority that cannot ask its store for
// that long answers ErrUnavailable. Most changes take a tenth of that time; a
// caller that cannot wait uses [AtLeast]. A View or an Update always sees the
// store as it is. If a database server can fail over to another, asking the
// store is not enough: see [Authority.Guarantee].
//
// An Identity never changes its answers. Get a new Identity for every request,
// and for every message of a long connection.
//
// # Cautions
//
// Only what you guard is protected. A menu without an entry is a convenience.
//
// Give [Login] the client's own address. With the address of a proxy instead,
// one attacker's failures slow down everybody behind the same proxy.
//
// Group and permission names are exact. User names are not, and can pass to
// somebody else after a deletion. Record owners by [User].ID.
package rbac
