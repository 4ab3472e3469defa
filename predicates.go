package rbac

// Predicate is a pure, immutable condition on an Identity.
type Predicate interface {
	String() string
	judge(id *Identity) verdict
}

type verdict uint8

const (
	broken verdict = iota
	unmet
	met
)

type DeniedError struct {
	Identity  *Identity
	Predicate Predicate
	Message   string
}

func (e *DeniedError) Error() string { return "rbac: denied: " + e.Message }
func (e *DeniedError) Unwrap() error { return ErrDenied }

func Check(id *Identity, p Predicate) error { return ErrDenied }
func Met(id *Identity, p Predicate) bool    { return false }
