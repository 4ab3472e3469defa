package rbac

// MenuSection is a section with the permissions of it that an identity holds.
type MenuSection struct {
	Section
	Permissions []Permission
}
