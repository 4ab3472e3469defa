package policyfile

import (
	"encoding/json"
	"fmt"
	"strconv"

	"github.com/rbac-go/rbac"
)

// planVersion is the version of the form of saved plans.
const planVersion = 1

// savedPlan is a Plan in a file. The effect is for people who review the plan.
type savedPlan struct {
	Plan     int             `json:"plan"` // planVersion
	Revision rbac.Revision   `json:"revision,string"`
	Nonce    uint64          `json:"nonce,string"`
	Prune    bool            `json:"prune"`
	Steps    []Step          `json:"steps,omitempty"`
	Extras   []Step          `json:"extras,omitempty"`
	Users    int             `json:"users"`
	Gained   []rbac.Right    `json:"gained,omitempty"`
	Lost     []rbac.Right    `json:"lost,omitempty"`
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

// ReadPlan reads a saved plan as strictly as [Read] reads a file. Otherwise,
// with a repeated key, or a key in another case, people could review another
// plan than the plan that is applied. The argument source is the path for
// messages. Errors are ErrInvalid. The Effect of the plan has no Changes.
func ReadPlan(source string, data []byte) (*Plan, error) {
	var text json.RawMessage
	if err := json.Unmarshal(data, &text); err != nil {
		return nil, invalid(source, 0, "not a plan: "+err.Error())
	}
	r := newFileReader(source)
	p := &Plan{file: &r.file}
	version := planVersion
	if root := r.parse(data); root != nil {
		r.mapping(value{root, "the plan"}, fields{
			"plan":     r.number(&version),
			"revision": r.count((*uint64)(&p.Revision)), "nonce": r.count(&p.Nonce), "prune": r.flag(&p.Prune),
			"steps": r.steps(&p.Steps), "extras": r.steps(&p.Extras),
			"users": r.number(&p.Effect.Users), "gained": r.rights(&p.Effect.Gained),
			"lost": r.rights(&p.Effect.Lost), "more": r.flag(&p.Effect.More),
			"file": r.read,
		}, "plan", "revision", "nonce", "file")
	}
	if version != planVersion {
		return nil, invalid(source, 0, fmt.Sprintf("the plan has version %d, and this program knows version %d", version, planVersion))
	}
	if err := r.err(); err != nil {
		return nil, err
	}
	p.Name = r.file.Name
	for i := range r.file.records {
		r.file.records[i].line = 0 // lines of the plan mean nothing to people
	}
	return p, nil
}

// count reads a whole number in quotes, which no program rounds.
func (r *reader) count(into *uint64) func(value) {
	var digits string
	return r.text(&digits, func(text string) (reason string) {
		var err error
		if *into, err = strconv.ParseUint(text, 10, 64); err != nil {
			return "expected a whole number"
		}
		return ""
	})
}

// anyText accepts every text.
func anyText(string) (reason string) { return "" }

func (r *reader) steps(into *[]Step) func(value) {
	return r.list(func(v value) {
		var s Step
		r.mapping(v, fields{
			"op": r.text(&s.Op, anyText), "kind": r.text(&s.Kind, anyText), "name": r.text(&s.Name, anyText),
			"detail": r.text(&s.Detail, anyText), "line": r.number(&s.Line),
		})
		*into = append(*into, s)
	})
}

func (r *reader) rights(into *[]rbac.Right) func(value) {
	return r.list(func(v value) {
		var right rbac.Right
		r.mapping(v, fields{
			"user": r.text(&right.User, anyText), "permission": r.text(&right.Permission, anyText),
			"scope": r.text(&right.Scope, anyText),
		})
		*into = append(*into, right)
	})
}
