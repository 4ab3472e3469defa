package console

import (
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"iter"
	"slices"
	"strconv"

	"github.com/rbac-go/rbac"
	"github.com/rbac-go/rbac/internal/replica"
	"github.com/rbac-go/rbac/store"
)

// The edits of a form are checked in a View, previewed if there are several,
// and applied in an UpdateAs. Other Updates wait only for the UpdateAs, so the
// View does as much of the work as possible.

var (
	errOtherEffect = fmt.Errorf("%w: the edits would have another effect than shown", rbac.ErrConflict)
	errMoved       = errors.New("a right may have changed between the preview and the Update")
)

// previewTries bounds the previews of edits that are applied. A preview is
// repeated if another Update may have changed a right meanwhile.
const previewTries = 5

// apply makes edits in the name of the person, and redirects back to the page,
// which states what happened. With the digest of an effect, the edits are made
// only if they have that effect. With a revision, a record that somebody else
// has changed since is a conflict.
func (v *visit) apply(edits []edit, since rbac.Revision, digest string) error {
	checked, err := v.check(edits, since)
	if err != nil {
		return err
	}
	for range previewTries {
		var before rbac.Revision
		var known store.Head // before the preview
		if digest != "" {
			if known, err = read(v, func(tx *rbac.Tx, h *store.Head) (err error) {
				*h, err = headOf(tx)
				return err
			}); err != nil {
				return err
			}
			effect, err := v.preview(edits, new(rbac.Revision))
			if err != nil {
				return err
			}
			if digestOf(effect) != digest {
				return errOtherEffect
			}
		}
		err := v.c.auth.UpdateAs(v.reason(), v.id, func(tx *rbac.Tx) error {
			before = tx.Revision()
			if digest != "" {
				if same, err := sameRights(tx, known); err != nil || !same {
					return cmp.Or(err, errMoved)
				}
			}
			if err := unchanged(tx, edits, checked); err != nil {
				return err
			}
			return applyAll(tx, edits)
		})
		if errors.Is(err, errMoved) {
			continue
		}
		if err != nil {
			return err
		}
		v.redirect(withParam(landing(edits, v.back()), "done", strconv.FormatInt(int64(before), 10)))
		return nil
	}
	return rbac.ErrBusy
}

// check first refuses edits that a delegate may not send, and edits of users
// and groups that a delegate does not see. The refusal does not reveal whether
// the users and groups exist. With a revision, check refuses edits of records
// that somebody else has changed since. check returns the revision up to which
// the records are unchanged.
func (v *visit) check(edits []edit, since rbac.Revision) (rbac.Revision, error) {
	return read(v, func(tx *rbac.Tx, at *rbac.Revision) error {
		*at = tx.Revision()
		if err := v.checkDelegate(tx, edits); err != nil || since == 0 {
			return err
		}
		return unchanged(tx, edits, since)
	})
}

// checkDelegate looks up each user once, and the groups of each scope once.
func (v *visit) checkDelegate(tx *rbac.Tx, edits []edit) error {
	if v.access.admin {
		return nil
	}
	users, groups := map[string]bool{}, v.assignableGroups(tx)
	for _, e := range edits {
		if !kinds[e.do].delegable {
			return errAdmins
		}
		if user := e.get("user"); !users[user] {
			if err := v.access.seesUser(tx, user); err != nil {
				return err
			}
			users[user] = true
		}
		if err := groups.require(e.get("group"), e.get("scope")); err != nil {
			return err
		}
	}
	return nil
}

// unchanged returns a conflict if somebody has changed a record of the edits
// after a revision.
func unchanged(tx *rbac.Tx, edits []edit, since rbac.Revision) error {
	if tx.Revision() == since {
		return nil
	}
	asked := map[record]bool{}
	for _, e := range edits {
		if kinds[e.do].records == nil {
			continue
		}
		for _, r := range kinds[e.do].records(e) {
			if asked[r] {
				continue
			}
			asked[r] = true
			if err := tx.RequireUnchanged(since, r.kind, r.name); err != nil && !errors.Is(err, rbac.ErrNotFound) {
				return err
			}
		}
	}
	return nil
}

// sameRights reports whether the Updates since a head have changed no right. It
// is for the beginning of an Update, in which the newest change is that of the
// Update before.
func sameRights(tx *rbac.Tx, since store.Head) (bool, error) {
	now, err := headOf(tx)
	if err != nil {
		return false, err
	}
	return replica.SameRights(func(f store.ChangeFilter) iter.Seq2[store.Change, error] {
		return func(yield func(store.Change, error) bool) {
			for c, err := range tx.Changes(rbac.ChangeQuery{After: f.After, Limit: f.Limit}) {
				if !yield(store.Change(c), err) {
					return
				}
			}
		}
	}, since, now)
}

// headOf returns the head of the store: of an Update, the head before the first
// edit. A preview writes the change log once the log was read, which takes long
// if there are many changes: call headOf before the preview.
func headOf(tx *rbac.Tx) (store.Head, error) {
	for c, err := range tx.Changes(rbac.ChangeQuery{Newest: true, Limit: 1}) {
		return store.Head{Revision: c.Revision, Nonce: c.Nonce}, err
	}
	return store.Head{}, nil
}

// applyAll applies edits in an Update. Among several edits, those of
// memberships that are already as requested are skipped.
func applyAll(tx *rbac.Tx, edits []edit) error {
	for _, e := range edits {
		err := kinds[e.do].apply(tx, e)
		if err != nil && (len(edits) == 1 || !isDone(err, kinds[e.do].done)) {
			return err
		}
	}
	return nil
}

// isDone reports whether an error means that a membership is already as the
// edit would make it. A user or group that does not exist is a fault.
func isDone(err, done error) bool {
	fault, ok := errors.AsType[*rbac.Error](err)
	return ok && done != nil && errors.Is(err, done) && fault.Record == "membership"
}

// preview returns the effect of checked edits, as far as the person may see the
// effect, and the revision to which the effect applies.
func (v *visit) preview(edits []edit, at *rbac.Revision) (rbac.Effect, error) {
	if !v.access.admin {
		return v.seenEffect(edits, at)
	}
	return v.c.auth.PreviewAs(v.reason(), v.id, func(tx *rbac.Tx) error {
		*at, v.now = tx.Revision(), tx.Now()
		return applyAll(tx, edits)
	})
}

// digestOf returns a digest of the contents of the page of an effect. The
// digest leaves out the sessions and links that end with the edits: users sign
// in and out while somebody confirms.
func digestOf(e rbac.Effect) string {
	h := sha256.New()
	for _, c := range e.Changes {
		if !slices.Contains(consequences, c.Action) {
			fmt.Fprintf(h, "%q %q %q %q\n", c.Action, c.Subject, c.Object, c.Scope)
		}
	}
	fmt.Fprintf(h, "%d %q %q %t", e.Users, e.Gained, e.Lost, e.More)
	return hex.EncodeToString(h.Sum(nil))
}
