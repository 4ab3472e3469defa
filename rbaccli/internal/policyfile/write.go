package policyfile

import (
	"bytes"
	"encoding/json"
	"regexp"
	"strings"
	"time"

	"go.yaml.in/yaml/v3"

	"github.com/rbac-go/rbac"
)

// document is a policy file as written, in the order of the fields.
type document struct {
	Name        string            `json:"name"`
	Sections    []rbac.Section    `json:"sections,omitempty"`
	Permissions []permissionItem  `json:"permissions,omitempty"`
	Groups      []*groupItem      `json:"groups,omitempty"`
	Separations []separation      `json:"separations,omitempty"`
	Delegations []rbac.Delegation `json:"delegations,omitempty"`
	Memberships *[]membershipItem `json:"memberships,omitempty"` // nil: the file has no list
}

type permissionItem struct {
	Name        string `json:"name"`
	Title       string `json:"title,omitempty"`
	Description string `json:"description,omitempty"`
	Section     string `json:"section,omitempty"`
	Position    int    `json:"position,omitempty"`
	Object      string `json:"object,omitempty"`
	Operation   string `json:"operation,omitempty"`
}

type groupItem struct {
	Name        string   `json:"name"`
	DisplayName string   `json:"display_name,omitempty"`
	Note        string   `json:"note,omitempty"`
	Inherits    []string `json:"inherits,omitempty"`
	Grants      []any    `json:"grants,omitempty"` // a string or a grantItem
}

type grantItem struct {
	Permission string `json:"permission"`
	Note       string `json:"note"`
}

type membershipItem struct {
	User   string    `json:"user"`
	Group  string    `json:"group"`
	Scope  string    `json:"scope,omitempty"`
	Note   string    `json:"note,omitempty"`
	Until  time.Time `json:"until,omitzero"`
	Source string    `json:"source,omitempty"`
}

// document returns the file as written. The groups of inheritances and grants
// are records of the file: Read and Export make no others.
func (f *File) document() document {
	d := document{Name: f.Name}
	if f.memberships {
		d.Memberships = &[]membershipItem{}
	}
	group := map[string]*groupItem{}
	for _, r := range f.records {
		switch v := r.value.(type) {
		case rbac.Section:
			d.Sections = append(d.Sections, v)
		case rbac.Permission:
			d.Permissions = append(d.Permissions, permissionItem{v.Name, v.Title, v.Description, v.Section,
				v.Position, v.Object, v.Operation})
		case rbac.Group:
			group[v.Name] = &groupItem{Name: v.Name, DisplayName: v.DisplayName, Note: v.Note}
			d.Groups = append(d.Groups, group[v.Name])
		case rbac.Inheritance:
			group[v.Senior].Inherits = append(group[v.Senior].Inherits, v.Junior)
		case rbac.Grant:
			item := any(v.Permission)
			if v.Note != "" {
				item = grantItem{v.Permission, v.Note}
			}
			group[v.Group].Grants = append(group[v.Group].Grants, item)
		case separation:
			d.Separations = append(d.Separations, v)
		case rbac.Delegation:
			d.Delegations = append(d.Delegations, v)
		case rbac.Membership:
			*d.Memberships = append(*d.Memberships, membershipItem{v.User, v.Group, v.Scope, v.Note, v.Until, v.Source})
		}
	}
	return d
}

// JSON returns the file as JSON that Read reads.
func (f *File) JSON() ([]byte, error) { return writeJSON(f.document()) }

// YAML returns the file as YAML that Read reads. Files with the same records,
// in the same order, have the same bytes.
func (f *File) YAML() ([]byte, error) {
	data, err := f.JSON()
	if err != nil {
		return nil, err
	}
	return toYAML(data)
}

// writeJSON writes a value that plainJSON leaves unchanged.
func writeJSON(v any) ([]byte, error) {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	e.SetIndent("", "  ")
	if err := e.Encode(v); err != nil {
		return nil, err
	}
	return plainJSON(b.Bytes()), nil
}

// toYAML writes JSON in the block style of YAML. Texts that somebody could take
// for something else keep their quotes.
func toYAML(data []byte) ([]byte, error) {
	var doc yaml.Node
	if err := yaml.Unmarshal(data, &doc); err != nil {
		return nil, err
	}
	restyle(&doc)
	var b bytes.Buffer
	e := yaml.NewEncoder(&b)
	e.SetIndent(2)
	if err := e.Encode(&doc); err != nil {
		return nil, err
	}
	return b.Bytes(), e.Close()
}

func restyle(n *yaml.Node) {
	switch {
	case n.Kind == yaml.ScalarNode && n.ShortTag() == "!!str" && !isPlain(n.Value):
		n.Style = yaml.DoubleQuotedStyle
	case n.Kind == yaml.SequenceNode && len(n.Content) == 0:
		n.Style = yaml.FlowStyle
	default:
		n.Style = 0
	}
	for _, inner := range n.Content {
		restyle(inner)
	}
}

// isPlain reports whether a text needs no quotes in any version of YAML.
func isPlain(text string) bool {
	switch strings.ToLower(text) {
	case "y", "n", "yes", "no", "on", "off", "true", "false", "null":
		return false
	}
	return plainText.MatchString(text)
}

var plainText = regexp.MustCompile(`^\p{L}([\p{L}\p{N}._/@*-]|:[\p{L}\p{N}]|,? [\p{L}\p{N}])*$`)
