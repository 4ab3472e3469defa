package rbac

// Explanation is why a predicate is met or not.
type Explanation struct {
	Predicate, Reason string
	Met               bool
	Parts             []Explanation
}
