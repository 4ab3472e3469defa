package sqlstore

// Tx is the transaction in the hands of the store package of an engine, which
// makes of it what the engine's users know.
type Tx struct{ r *records }

// Unwrap gives the transaction to the store package of the engine.
func (r *records) Unwrap() any {
	if !r.over.Load() {
		r.host = true
	}
	return &Tx{r}
}

// TxOn finds in what Unwrap of an rbac.Tx gave the transaction, and the session of a store package's own
// kind. It is false for the transaction of any other store.
func TxOn[S Session](unwrapped any) (t *Tx, s S, ok bool) {
	if t, ok = unwrapped.(*Tx); ok {
		s, ok = t.r.session.(S)
	}
	return t, s, ok
}

// Usable tells why a statement of the host's must not be run, if so.
func (t *Tx) Usable() error { return t.r.usable(hostCall) }

// Fail dooms the transaction if err is an error, whatever the host makes of it.
func (t *Tx) Fail(err error) {
	if err != nil && t.r.write && !t.r.over.Load() && t.r.failed == nil {
		_ = t.r.fail(hostCall, err)
	}
}

const hostCall = "host's statement"
