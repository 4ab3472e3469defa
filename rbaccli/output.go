package rbaccli

import (
	"bytes"
	"encoding/csv"
	"encoding/json"
	"fmt"
	"reflect"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"go.yaml.in/yaml/v3"

	"github.com/rbac-go/rbac/internal/csvcell"
)

// printRows prints rows: a slice of structs whose json tags name the fields. A field
// with the tag table:"-" is left out of the table for people.
func (c *call) printRows(rows any) error {
	v := reflect.ValueOf(rows)
	switch c.Output {
	case "json", "yaml":
		if v.Len() == 0 {
			rows = []struct{}{}
		}
		return c.encode(rows)
	case "csv":
		return c.writeCSV(v, true)
	}
	return c.writeTable(v, "")
}

// printRecord prints one struct. In the table, a field that is a list of structs
// becomes a table of its own.
func (c *call) printRecord(row any) error {
	v := reflect.ValueOf(row)
	switch c.Output {
	case "json", "yaml":
		return c.encode(row)
	case "csv":
		one := reflect.MakeSlice(reflect.SliceOf(v.Type()), 0, 1)
		return c.writeCSV(reflect.Append(one, v), true)
	}
	return c.writeRecord(v)
}

// encode prints a value as JSON or YAML, with the same fields.
func (c *call) encode(v any) error {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	e.SetIndent("", "  ")
	if err := e.Encode(v); err != nil {
		return err
	}
	c.progress.end()
	if c.Output == "yaml" {
		var node yaml.Node // JSON is YAML, and a node keeps the order of the fields
		if err := yaml.Unmarshal(b.Bytes(), &node); err != nil {
			return err
		}
		plainStyle(&node)
		b.Reset()
		e := yaml.NewEncoder(&b)
		e.SetIndent(2)
		if err := e.Encode(&node); err != nil {
			return err
		}
	}
	_, err := c.stdout.Write(b.Bytes())
	return err
}

// plainStyle removes the quotes and braces of JSON where YAML needs none.
func plainStyle(n *yaml.Node) {
	if n.Kind != yaml.ScalarNode && len(n.Content) > 0 {
		n.Style = 0
	}
	if n.Kind == yaml.ScalarNode {
		n.Style &^= yaml.DoubleQuotedStyle // the tag !!str still quotes "yes" and "1"
	}
	for _, child := range n.Content {
		plainStyle(child)
	}
}

// column is a field of a row.
type column struct {
	index int
	name  string
	wide  bool // not in the table
	rows  bool // a list of structs
}

func columns(t reflect.Type) (all []column) {
	for i := range t.NumField() {
		f := t.Field(i)
		name, _, _ := strings.Cut(f.Tag.Get("json"), ",")
		if name == "-" {
			continue
		}
		all = append(all, column{
			index: i,
			name:  name,
			wide:  f.Tag.Get("table") == "-",
			rows:  f.Type.Kind() == reflect.Slice && f.Type.Elem().Kind() == reflect.Struct,
		})
	}
	return all
}

// writeCSV prints all fields but lists of structs, with or without their names
// as the first line.
func (c *call) writeCSV(rows reflect.Value, titled bool) error {
	c.progress.end()
	w := csv.NewWriter(c.stdout)
	var fields []column
	var header []string
	for _, f := range columns(rows.Type().Elem()) {
		if !f.rows {
			fields, header = append(fields, f), append(header, f.name)
		}
	}
	if titled {
		_ = w.Write(header) // Error has the error
	}
	for _, row := range rows.Seq2() {
		cells := make([]string, len(fields))
		for i, f := range fields {
			cells[i] = csvcell.Safe(exactText(row.Field(f.index)))
		}
		_ = w.Write(cells)
	}
	w.Flush()
	return w.Error()
}

// exactText returns a field for a program: times as in RFC 3339, and lists
// separated by a semicolon.
func exactText(v reflect.Value) string {
	switch x := v.Interface().(type) {
	case moment:
		return x.exact()
	case []string:
		return strings.Join(x, ";")
	case bool:
		return strconv.FormatBool(x)
	case json.RawMessage:
		return string(x)
	}
	return fmt.Sprint(v.Interface())
}

// tableText returns a field for people.
func tableText(v reflect.Value) string {
	switch x := v.Interface().(type) {
	case moment:
		return x.short()
	case []string:
		return printable(strings.Join(x, ", "))
	case bool:
		return map[bool]string{true: "yes"}[x]
	}
	return printable(exactText(v))
}

// moment is a time in the output. The zero moment is null, and empty in a table.
type moment time.Time

// MarshalJSON returns the time in UTC as in RFC 3339, or null.
func (m moment) MarshalJSON() ([]byte, error) {
	if text := m.exact(); text != "" {
		return json.Marshal(text)
	}
	return []byte("null"), nil
}

func (m moment) exact() string {
	if time.Time(m).IsZero() {
		return ""
	}
	return time.Time(m).UTC().Format(time.RFC3339Nano)
}

// short is for people: in the local time of the terminal.
func (m moment) short() string {
	if time.Time(m).IsZero() {
		return ""
	}
	return time.Time(m).Local().Format("2006-01-02 15:04")
}

// title returns the name of a field for people: Display name.
func title(name string) string {
	if name == "id" {
		return "ID"
	}
	return upper(strings.ReplaceAll(name, "_", " "))
}

// upper returns a text with a capital at the beginning.
func upper(text string) string {
	first, size := utf8.DecodeRuneInString(text)
	return strings.ToUpper(string(first)) + text[size:]
}
