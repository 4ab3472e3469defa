package txcache

import (
	"context"
	"slices"
	"strings"

	"github.com/google/uuid"

	"github.com/rbac-go/rbac/internal/policy"
	"github.com/rbac-go/rbac/store"
)

// PolicyTables are the Records of a transaction that begins at the head of a
// policy. The policy answers for the groups, permissions, sections and
// inheritances, so that hardly any transaction reads these tables. The store
// answers for a table that the transaction has changed, but for the table of
// groups only after many changes. The store also answers every other question,
// and the question for a record that the policy does not have.
//
// Only Updates change these tables, and the policy is the result of all Updates
// up to its head.
type PolicyTables struct {
	store.Records
	*life
	policy *policy.Policy // nil: unknown

	changed map[uuid.UUID]*store.Group // nil: deleted

	// tables that the transaction has changed
	groups, permissions, sections, inheritances bool
}

// maxChanged is the number of changed groups from which on the store answers.
const maxChanged = 100

// NewPolicyTables returns the Records of a transaction under ctx. The parameter p
// is the policy at the head that r sees, nil if the policy is not known. A
// policy that lacks odd rows of a store edited by hand does not answer.
func NewPolicyTables(ctx context.Context, r store.Records, p *policy.Policy) *PolicyTables {
	if p != nil && !p.Whole() {
		p = nil
	}
	return &PolicyTables{Records: r, life: &life{ctx: ctx}, policy: p}
}

// Unwrap is [Tx.Unwrap]. The caller may write by itself.
func (t *PolicyTables) Unwrap() any {
	t.Stop()
	return unwrap(t.Records)
}

// answers reports whether the policy may answer for a table.
func (t *PolicyTables) answers(changed bool) bool {
	return t.policy != nil && !changed && t.active()
}

// Groups answers from the policy and from the changes.
func (t *PolicyTables) Groups() ([]store.Group, error) {
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
func (t *PolicyTables) Group(k store.GroupKey) (store.Group, error) {
	if t.answers(t.groups) {
		if g := t.known(k); g != nil {
			return *g, nil
		}
	}
	return t.Records.Group(k)
}

func (t *PolicyTables) known(k store.GroupKey) *store.Group {
	for id, g := range t.changed {
		if g != nil && (k.Name != "" && g.Name == k.Name || k.Name == "" && id == k.ID) {
			return g
		}
	}
	g := t.policy.GroupByID(k.ID)
	if k.Name != "" {
		g = t.policy.Group(k.Name)
	}
	if g == nil || t.isChanged(g.ID) {
		return nil
	}
	return g
}

func (t *PolicyTables) isChanged(id uuid.UUID) bool {
	_, ok := t.changed[id]
	return ok
}

// Permissions answers from the policy.
func (t *PolicyTables) Permissions() ([]store.Permission, error) {
	if !t.answers(t.permissions) {
		return t.Records.Permissions()
	}
	return t.policy.Permissions(), nil
}

// Permission answers from the policy if the permission exists.
func (t *PolicyTables) Permission(name string) (store.Permission, error) {
	if t.answers(t.permissions) {
		if p := t.policy.Permission(name); p != nil {
			return *p, nil
		}
	}
	return t.Records.Permission(name)
}

// Sections answers from the policy.
func (t *PolicyTables) Sections() ([]store.Section, error) {
	if !t.answers(t.sections) {
		return t.Records.Sections()
	}
	return t.policy.Sections(), nil
}

// Inheritances answers from the policy.
func (t *PolicyTables) Inheritances(f store.InheritanceFilter) ([]store.Inheritance, error) {
	if !t.answers(t.inheritances) {
		return t.Records.Inheritances(f)
	}
	return t.policy.Inheritances(f), nil
}

// The following calls change a table.

func (t *PolicyTables) PutGroup(g store.Group) error {
	return t.changeGroup(g.ID, &g, t.Records.PutGroup(g))
}

func (t *PolicyTables) DeleteGroup(id uuid.UUID) error {
	return t.changeGroup(id, nil, t.Records.DeleteGroup(id))
}

// changeGroup notes a change of a group, which may have failed.
func (t *PolicyTables) changeGroup(id uuid.UUID, g *store.Group, err error) error {
	if t.changed == nil {
		t.changed = map[uuid.UUID]*store.Group{}
	}
	t.changed[id] = g
	t.groups = t.groups || err != nil || len(t.changed) > maxChanged
	return err
}

func (t *PolicyTables) PutPermission(p store.Permission) error {
	t.permissions = true
	return t.Records.PutPermission(p)
}

func (t *PolicyTables) DeletePermission(id uuid.UUID) error {
	t.permissions = true
	return t.Records.DeletePermission(id)
}

func (t *PolicyTables) PutSection(s store.Section) error {
	t.sections = true
	return t.Records.PutSection(s)
}

func (t *PolicyTables) DeleteSection(name string) error {
	t.sections = true
	return t.Records.DeleteSection(name)
}

func (t *PolicyTables) AddInheritance(i store.Inheritance) error {
	t.inheritances = true
	return t.Records.AddInheritance(i)
}

func (t *PolicyTables) DeleteInheritance(i store.Inheritance) error {
	t.inheritances = true
	return t.Records.DeleteInheritance(i)
}
