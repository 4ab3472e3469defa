package rbac

import "github.com/google/uuid"

// policy is a compiled, immutable snapshot of what groups may do, at one head of the
// store. Groups have small numbers, so that a check compares integers.
type policy struct {
	head     Head
	groups   []policyGroup // by number, in byte order of name
	groupNum map[string]int32
	groupIDs map[uuid.UUID]int32
	perms    map[string]*policyPermission
	names    []string // of permissions, in byte order
	menu     []MenuSection
}

type policyGroup struct {
	Group
	closure []int32             // its own number and those of all groups it inherits, sorted
	juniors []int32             // immediate, sorted
	grants  map[string]struct{} // its own: permissions and patterns
}

type policyPermission struct {
	Permission
	groups []int32 // sorted numbers of the groups that give it, by a grant of their own or of a group they inherit
}
