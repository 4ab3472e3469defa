package sqlstore

// Tx is the transaction for the store package of an engine, which turns Tx into
// a type that users of the engine know.
type Tx struct{ r *records }

// Unwrap returns the transaction to the store package of the engine.
func (r *records) Unwrap() any {
	if !r.over.Load() {
		r.host = true
	}
	return &Tx{r}
}

// TxOn returns the transaction and the session of a store package from the
// result of Unwrap of an rbac.Tx. ok is false for the transaction of any other
// store.
func TxOn[S Session](unwrapped any) (t *Tx, s S, ok bool) {
	if t, ok = unwrapped.(*Tx); ok {
		s, ok = t.r.session.(S)
	}
	return t, s, ok
}

// Usable returns an error if a statement of the host must not run: after the
// end of the transaction or of its context, and after a failure.
func (t *Tx) Usable() error { return t.r.usable(hostCall) }

// Fail dooms the transaction unless err is nil, even if the host ignores err.
func (t *Tx) Fail(err error) {
	if err != nil && t.r.write && !t.r.over.Load() && t.r.failed == nil {
		_ = t.r.fail(hostCall, err)
	}
}

const hostCall = "host's statement"
