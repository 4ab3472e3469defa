package policyfile

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"github.com/rbac-go/rbac"
)

// Plan is the difference between a file and a store, at one revision of the
// store.
type Plan struct {
	Name     string // of the file
	Prune    bool
	Revision rbac.Revision // of the store
	Nonce    uint64        // of the revision
	Steps    []Step        // what Apply would do; empty: the store is in line
	// Extras are records of the store that the file does not name, and that
	// Apply leaves alone: they do not count as a difference. Relations are
	// listed for groups that the file names, and memberships for users whom the
	// file names.
	Extras []Step
	Effect rbac.Effect // on users; see [rbac.Authority.Preview]

	file *File
}

// NewPlan returns what [Apply] would do, and changes nothing. The errors are
// those of Apply. Like [rbac.Authority.Preview], NewPlan needs a writable store.
func NewPlan(ctx context.Context, a *rbac.Authority, f *File, prune bool) (*Plan, error) {
	var p *Plan
	effect, err := a.Preview(ctx, func(tx *rbac.Tx) error {
		nonce, err := nonceOf(tx)
		if err != nil {
			return err
		}
		c, err := compare(tx, f, prune, a.Config().Administer)
		if err != nil {
			return err
		}
		p = &Plan{Name: f.Name, Prune: prune, Revision: tx.Revision(), Nonce: nonce,
			Steps: c.steps(), Extras: c.extras, file: f}
		return c.apply(tx)
	})
	if err != nil {
		return nil, err
	}
	p.Effect = effect
	return p, nil
}

// String returns the steps and extras, a line for each.
func (p *Plan) String() string {
	var b strings.Builder
	for _, s := range slices.Concat(p.Steps, p.Extras) {
		b.WriteString(s.String() + "\n")
	}
	return b.String()
}

// Apply does exactly what the plan says, in one Update. If the store is no
// longer as the plan found it, Apply changes nothing and returns an ErrConflict:
// a [*rbac.ConflictError] with the first change since then, if the change log
// has it. Logins, ended tickets, links and passwords are no such change.
func (p *Plan) Apply(ctx context.Context, a *rbac.Authority) error {
	return a.Update(ctx, func(tx *rbac.Tx) error {
		if err := p.requireUnchanged(tx); err != nil {
			return err
		}
		c, err := compare(tx, p.file, p.Prune, a.Config().Administer)
		if err != nil {
			return err
		}
		if !slices.EqualFunc(c.steps(), p.Steps, sameStep) {
			return fmt.Errorf("%w: the plan for %q has other steps than the file in the plan needs: make another plan",
				rbac.ErrConflict, p.Name)
		}
		return c.apply(tx)
	})
}

func sameStep(a, b Step) bool {
	a.Line, b.Line = 0, 0
	return a == b
}

// harmless are the actions that change neither the policy nor the groups of
// users.
var harmless = []string{
	"SetPasswordHash", "Unlock", "IssueLink", "RedeemLink", "ExpireLink", "IssueKey",
	"Logout", "LogoutUser", "RevokeTicket", "AddActiveGroup", "DropActiveGroup", "SetActiveGroups",
}

// requireUnchanged returns an ErrConflict unless the store is as the plan found
// it. The nonces distinguish the store from another store, and from a backup.
func (p *Plan) requireUnchanged(tx *rbac.Tx) error {
	conflict := func(reason string) error {
		return fmt.Errorf("%w: the plan for %q is for revision %v: %s", rbac.ErrConflict, p.Name, p.Revision, reason)
	}
	if tx.Revision() < p.Revision {
		return conflict(fmt.Sprintf("this store is at revision %v: another store, or an older copy", tx.Revision()))
	}
	if p.Revision == 0 {
		if tx.Revision() > 0 {
			return conflict("the store was empty, and is no longer")
		}
		return nil
	}
	known := false
	for c, err := range tx.Changes(rbac.ChangeQuery{After: p.Revision - 1}) {
		switch {
		case err != nil:
			return err
		case c.Revision == p.Revision && c.Nonce != p.Nonce:
			return conflict("this is another store, or a store that was restored from a backup")
		case c.Revision == p.Revision:
			known = true
		case !known:
			return conflict("the change log does not reach back so far: make another plan")
		case !slices.Contains(harmless, c.Action):
			return fmt.Errorf("the plan for %q is for revision %v: make another plan: %w", p.Name, p.Revision,
				&rbac.ConflictError{Record: recordOf(c.Action), Name: c.Subject, Change: c})
		}
	}
	if !known {
		return conflict("the change log does not reach back so far: make another plan")
	}
	return nil
}

// recordOf returns the kind of the Subject of an action.
func recordOf(action string) string {
	for _, k := range []struct{ part, record string }{
		{"SSDSet", "SSD set"}, {"DSDSet", "DSD set"}, {"Section", "section"}, {"Grant", "group"}, {"RevokePermission", "group"},
		{"Permission", "permission"}, {"Inheritance", "group"}, {"Delegation", "delegation"}, {"Group", "group"},
	} {
		if strings.Contains(action, k.part) {
			return k.record
		}
	}
	return "user"
}

// nonceOf returns the nonce of the head: the log always has the last revision.
func nonceOf(tx *rbac.Tx) (uint64, error) {
	for c, err := range tx.Changes(rbac.ChangeQuery{Newest: true, Limit: 1}) {
		return c.Nonce, err
	}
	return 0, nil
}

// planVersion is the version of the form of saved plans.
const planVersion = 1

// savedPlan is a Plan in a file. The effect is for people who review the plan.
type savedPlan struct {
	Plan     int             `json:"plan"` // planVersion
	Revision rbac.Revision   `json:"revision,string"`
	Nonce    uint64          `json:"nonce,string"`
	Prune    bool            `json:"prune"`
	Steps    []Step          `json:"steps"`
	Extras   []Step          `json:"extras"`
	Users    int             `json:"users"`
	Gained   []rbac.Right    `json:"gained"`
	Lost     []rbac.Right    `json:"lost"`
	More     bool            `json:"more,omitempty"`
	File     json.RawMessage `json:"file"`
}

// JSON returns the plan with its file, for ReadPlan.
func (p *Plan) JSON() ([]byte, error) {
	file, err := p.file.JSON()
	if err != nil {
		return nil, err
	}
	return writeJSON(savedPlan{planVersion, p.Revision, p.Nonce, p.Prune, p.Steps, p.Extras,
		p.Effect.Users, p.Effect.Gained, p.Effect.Lost, p.Effect.More, file})
}

// IsPlan reports whether data is a saved plan rather than a policy file.
func IsPlan(data []byte) bool {
	var saved struct {
		Plan int `json:"plan"`
	}
	return isJSON(data) && json.Unmarshal(data, &saved) == nil && saved.Plan != 0
}

// ReadPlan reads a saved plan. The argument source is the path for messages.
// Errors are ErrInvalid. The Effect of the plan has no Changes.
func ReadPlan(source string, data []byte) (*Plan, error) {
	var saved savedPlan
	decoder := json.NewDecoder(bytes.NewReader(data))
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(&saved); err != nil {
		return nil, invalid(source, 0, "not a plan: "+err.Error())
	}
	if saved.Plan != planVersion {
		return nil, invalid(source, 0, fmt.Sprintf("the plan has version %d, and this program knows version %d", saved.Plan, planVersion))
	}
	file, err := Read(source, saved.File)
	if err != nil {
		return nil, err
	}
	for i := range file.records {
		file.records[i].line = 0 // lines of the plan mean nothing to people
	}
	return &Plan{Name: file.Name, Prune: saved.Prune, Revision: saved.Revision, Nonce: saved.Nonce, Steps: saved.Steps, Extras: saved.Extras,
		Effect: rbac.Effect{Users: saved.Users, Gained: saved.Gained, Lost: saved.Lost, More: saved.More}, file: file}, nil
}
