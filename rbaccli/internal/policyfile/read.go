package policyfile

import (
	"go.yaml.in/yaml/v3"

	"github.com/rbac-go/rbac"
	"github.com/rbac-go/rbac/internal/names"
)

// Read reads a policy file, YAML or JSON. The argument source is the path for
// messages. Errors are ErrInvalid and name the file, the line and the key.
// Unknown keys, repeated keys and records, and values that no record can have
// are errors. Read does not check whether groups and permissions exist in a
// store; see [NewPlan].
func Read(source string, data []byte) (*File, error) {
	r := newFileReader(source)
	if root := r.parse(data); root != nil {
		r.read(value{root, "the file"})
	}
	if err := r.err(); err != nil {
		return nil, err
	}
	return &r.file, nil
}

// fileReader reads a policy file into records.
type fileReader struct {
	reader
	file  File
	lines map[[2]string]int // of the records so far, by kind and key
}

func newFileReader(source string) *fileReader {
	return &fileReader{reader: reader{source: source}, file: File{Source: source}, lines: map[[2]string]int{}}
}

func (r *fileReader) read(v value) {
	r.mapping(v, fields{
		"name":        r.text(&r.file.Name, names.CheckName),
		"sections":    r.list(r.section),
		"permissions": r.list(r.permission),
		"groups":      r.list(r.group),
		"separations": r.list(r.separation),
		"delegations": r.list(r.delegation),
		"memberships": func(v value) {
			r.file.memberships = true
			r.list(r.membership)(v)
		},
	}, "name")
}

// record reads a mapping, and adds the record that is returns.
func (r *fileReader) record(v value, is func() any, known fields, required ...string) {
	r.single(v, is, func(v value) { r.mapping(v, known, required...) })
}

// single reads a value, and adds the record that is returns unless the value has
// errors.
func (r *fileReader) single(v value, is func() any, read func(value)) {
	before := len(r.errs)
	read(v)
	if len(r.errs) == before {
		r.add(v, is())
	}
}

// add adds a record, unless the file has its key already.
func (r *fileReader) add(v value, is any) {
	rec := newRecord(is)
	rec.line = v.Line
	at := [2]string{rec.kind.String(), rec.key}
	if line, again := r.lines[at]; again {
		r.fail(v.Line, "%s: the %s %s is also in line %d", v.key, rec.kind, rec.name(), line)
		return
	}
	r.lines[at] = v.Line
	r.file.records = append(r.file.records, rec)
}

func (r *fileReader) section(v value) {
	var s rbac.Section
	r.record(v, func() any { return s }, fields{
		"name": r.text(&s.Name, names.CheckName), "title": r.text(&s.Title, names.CheckText),
		"position": r.number(&s.Position),
	}, "name")
}

func (r *fileReader) permission(v value) {
	var p rbac.Permission
	r.record(v, func() any { return p }, fields{
		"name": r.text(&p.Name, checkPermission), "title": r.text(&p.Title, names.CheckText),
		"description": r.text(&p.Description, names.CheckText), "section": r.text(&p.Section, names.CheckOptionalKey),
		"position": r.number(&p.Position), "object": r.text(&p.Object, names.CheckOptionalKey),
		"operation": r.text(&p.Operation, names.CheckOptionalKey),
	}, "name")
}

func checkPermission(name string) string {
	if reason := names.CheckName(name); reason != "" {
		return reason
	}
	return names.CheckNoPattern(name)
}

func checkGrant(permission string) string {
	if names.IsPattern(permission) {
		if reason := names.CheckPattern(permission); reason != "" {
			return reason
		}
	}
	if reason := names.CheckName(permission); reason != "" {
		return reason
	}
	return names.CheckNewGrant(permission)
}

func (r *fileReader) group(v value) {
	var g rbac.Group
	var inherits, granted []value
	collect := func(into *[]value) func(value) {
		return r.list(func(v value) { *into = append(*into, v) })
	}
	r.record(v, func() any { return g }, fields{
		"name": r.text(&g.Name, names.CheckName), "display_name": r.text(&g.DisplayName, names.CheckText),
		"note": r.text(&g.Note, names.CheckText), "inherits": collect(&inherits), "grants": collect(&granted),
	}, "name")
	for _, v := range inherits {
		i := rbac.Inheritance{Senior: g.Name}
		r.single(v, func() any { return i }, r.text(&i.Junior, names.CheckName))
	}
	for _, v := range granted {
		r.grant(g.Name, v)
	}
}

// grant reads a permission or pattern, or a mapping with a note.
func (r *fileReader) grant(group string, v value) {
	g := rbac.Grant{Group: group}
	is := func() any { return g }
	permission := r.text(&g.Permission, checkGrant)
	if v.Kind == yaml.MappingNode {
		r.record(v, is, fields{"permission": permission, "note": r.text(&g.Note, names.CheckText)}, "permission")
	} else {
		r.single(v, is, permission)
	}
}

func (r *fileReader) separation(v value) {
	var s separation
	r.record(v, func() any { return s }, fields{
		"name": r.text(&s.Name, names.CheckName), "groups": r.names(&s.Groups),
		"cardinality": r.number(&s.Cardinality), "dynamic": r.flag(&s.Dynamic),
	}, "name", "groups", "cardinality")
}

func (r *fileReader) delegation(v value) {
	var d rbac.Delegation
	r.record(v, func() any { return d }, fields{
		"group": r.text(&d.Group, names.CheckName), "assign": r.names(&d.Assign),
		"users": r.flag(&d.Users), "note": r.text(&d.Note, names.CheckText),
	}, "group", "assign")
}

func (r *fileReader) membership(v value) {
	var m rbac.Membership
	r.record(v, func() any { return m }, fields{
		"user": r.user(&m.User), "group": r.text(&m.Group, names.CheckName),
		"scope": r.text(&m.Scope, names.CheckOptionalKey), "note": r.text(&m.Note, names.CheckText),
		"until": r.instant(&m.Until), "source": r.text(&m.Source, names.CheckOptionalKey),
	}, "user", "group")
}

// user reads the name of a user in canonical form.
func (r *reader) user(into *string) func(value) {
	read := r.text(into, func(name string) string {
		_, reason := names.CanonicalUser(name)
		return reason
	})
	return func(v value) {
		read(v)
		*into, _ = names.CanonicalUser(*into)
	}
}
