package txcache

import (
	"context"
	"slices"
	"strings"
	"sync/atomic"

	"github.com/google/uuid"

	"github.com/rbac-go/rbac/internal/policy"
	"github.com/rbac-go/rbac/store"
)

// Tx are the Records of a transaction, which begins at the head of a policy. The
// policy answers for the groups, permissions, sections and inheritances, so that
// hardly any transaction reads these tables. The Records below answer for a
// table that the transaction has changed, but for the table of groups only after
// many changes. They also answer every other question, and the question for a
// record that the policy does not have.
//
// Only Updates change these tables, and the policy is the result of all Updates
// up to its head.
type Tx struct {
	store.Records
	*life
	policy *policy.Policy // nil: unknown

	changed map[uuid.UUID]*store.Group // nil: deleted

	// tables that the transaction has changed
	groups, permissions, sections, inheritances bool
}

// maxChanged is the number of changed groups from which on the store answers.
const maxChanged = 100

// NewView returns the Records of a View under ctx. The parameter p is the policy
// at the head that r sees, nil if the policy is not known. A policy that lacks
// odd rows of a store edited by hand does not answer.
func NewView(ctx context.Context, r store.Records, p *policy.Policy) *Tx {
	return newTx(r, &life{ctx: ctx}, p)
}

// NewUpdate returns the Records of an Update under ctx, which also cache records.
// The parameter p is as of [NewView]: the policy at the head that the Update has
// locked. Groups is about how many groups the store has.
func NewUpdate(ctx context.Context, r store.Records, p *policy.Policy, groups int) *Tx {
	l := &life{ctx: ctx}
	return newTx(&records{Records: r, life: l, ofGroups: groups}, l, p)
}

func newTx(r store.Records, l *life, p *policy.Policy) *Tx {
	if p != nil && !p.Whole() {
		p = nil
	}
	return &Tx{Records: r, life: l, policy: p}
}

// Unwrap returns the store's own transaction, or nil if the store does not
// expose it. The caller may write by itself, or roll back to a savepoint, so the
// store answers every later call.
func (t *Tx) Unwrap() any {
	t.Stop()
	r := t.Records
	if cache, ok := r.(*records); ok {
		r = cache.Records
	}
	if u, ok := r.(interface{ Unwrap() any }); ok {
		return u.Unwrap()
	}
	return nil
}

// answers reports whether the policy may answer for a table.
func (t *Tx) answers(changed bool) bool {
	return t.policy != nil && !changed && t.active()
}

// Groups answers from the policy and from the changes.
func (t *Tx) Groups() ([]store.Group, error) {
	if !t.answers(t.groups) {
		return t.Records.Groups()
	}
	rows := t.policy.Groups()
	if len(t.changed) == 0 {
		return rows, nil
	}
	rows = slices.DeleteFunc(rows, func(g store.Group) bool { return t.isChanged(g.ID) })
	for _, g := range t.changed {
		if g != nil {
			rows = append(rows, *g)
		}
	}
	slices.SortFunc(rows, func(a, b store.Group) int { return strings.Compare(a.Name, b.Name) })
	return rows, nil
}

// Group answers from the policy and from the changes if the group exists.
func (t *Tx) Group(k store.GroupKey) (store.Group, error) {
	if t.answers(t.groups) {
		if g := t.known(k); g != nil {
			return *g, nil
		}
	}
	return t.Records.Group(k)
}

// known returns a group that the policy or the changes have.
func (t *Tx) known(k store.GroupKey) *store.Group {
	g := t.policy.GroupByID(k.ID)
	if k.Name != "" {
		g = t.policy.Group(k.Name)
	}
	if g != nil && !t.isChanged(g.ID) {
		return g
	}
	for id, g := range t.changed {
		if g != nil && (k.Name != "" && g.Name == k.Name || k.Name == "" && id == k.ID) {
			return g
		}
	}
	return nil
}

func (t *Tx) isChanged(id uuid.UUID) bool {
	_, ok := t.changed[id]
	return ok
}

// Permissions answers from the policy.
func (t *Tx) Permissions() ([]store.Permission, error) {
	if !t.answers(t.permissions) {
		return t.Records.Permissions()
	}
	return t.policy.Permissions(), nil
}

// Permission answers from the policy if the permission exists.
func (t *Tx) Permission(name string) (store.Permission, error) {
	if t.answers(t.permissions) {
		if p := t.policy.Permission(name); p != nil {
			return *p, nil
		}
	}
	return t.Records.Permission(name)
}

// Sections answers from the policy.
func (t *Tx) Sections() ([]store.Section, error) {
	if !t.answers(t.sections) {
		return t.Records.Sections()
	}
	return t.policy.Sections(), nil
}

// Inheritances answers from the policy.
func (t *Tx) Inheritances(f store.InheritanceFilter) ([]store.Inheritance, error) {
	if !t.answers(t.inheritances) {
		return t.Records.Inheritances(f)
	}
	return t.policy.Inheritances(f), nil
}

// PutGroup adds or replaces a group, and notes the change.
func (t *Tx) PutGroup(g store.Group) error {
	return t.changeGroup(g.ID, &g, t.Records.PutGroup(g))
}

// DeleteGroup deletes a group, and notes the change.
func (t *Tx) DeleteGroup(id uuid.UUID) error {
	return t.changeGroup(id, nil, t.Records.DeleteGroup(id))
}

// changeGroup notes a change of a group, which may have failed.
func (t *Tx) changeGroup(id uuid.UUID, g *store.Group, err error) error {
	if t.changed == nil {
		t.changed = map[uuid.UUID]*store.Group{}
	}
	t.changed[id] = g
	t.groups = t.groups || err != nil || len(t.changed) > maxChanged
	return err
}

// PutPermission ends the answers of the policy for permissions.
func (t *Tx) PutPermission(p store.Permission) error {
	t.permissions = true
	return t.Records.PutPermission(p)
}

// DeletePermission ends the answers of the policy for permissions.
func (t *Tx) DeletePermission(id uuid.UUID) error {
	t.permissions = true
	return t.Records.DeletePermission(id)
}

// PutSection ends the answers of the policy for sections.
func (t *Tx) PutSection(s store.Section) error {
	t.sections = true
	return t.Records.PutSection(s)
}

// DeleteSection ends the answers of the policy for sections.
func (t *Tx) DeleteSection(name string) error {
	t.sections = true
	return t.Records.DeleteSection(name)
}

// AddInheritance ends the answers of the policy for inheritances.
func (t *Tx) AddInheritance(i store.Inheritance) error {
	t.inheritances = true
	return t.Records.AddInheritance(i)
}

// DeleteInheritance ends the answers of the policy for inheritances.
func (t *Tx) DeleteInheritance(i store.Inheritance) error {
	t.inheritances = true
	return t.Records.DeleteInheritance(i)
}

// life is the life of a transaction. After its end the store has to refuse
// calls, so no cache answers.
type life struct {
	ctx     context.Context
	stopped atomic.Bool // atomic: a goroutine that the caller left behind may still call
}

// Stop makes the store answer every later call: at the end of a transaction the
// store has to refuse them.
func (l *life) Stop() { l.stopped.Store(true) }

// active reports whether a cache may answer. Once the context has ended the
// store has to refuse.
func (l *life) active() bool { return !l.stopped.Load() && l.ctx.Err() == nil }
