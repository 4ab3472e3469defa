package rbactest

import (
	"fmt"
	"slices"
	"strings"
)

const (
	permissionLine = "permission"
	groupLine      = "group"
	userLine       = "user"
	delegationLine = "delegation"
)

// statement is one line of the text of a World.
type statement struct {
	line    int // from 1
	kind    string
	name    string   // of the group or user, or of the group of the delegation
	juniors []string // of the group
	items   []string // the permissions to add or grant; the groups of the user, with their scopes; the groups to assign
	users   bool     // of the delegation
}

func parseWorld(text string) ([]statement, error) {
	var statements []statement
	for i, line := range strings.Split(text, "\n") {
		line, _ := cutComment(line)
		if line == "" {
			continue
		}
		s, err := parseStatement(line)
		if err != nil {
			return nil, fmt.Errorf("line %d: %w", i+1, err)
		}
		s.line = i + 1
		statements = append(statements, s)
	}
	return statements, nil
}

// cutComment splits a line before its comment, and trims both parts. A comment
// begins with a # at the start of the line or after white space.
func cutComment(line string) (rest, comment string) {
	for i := range len(line) {
		if line[i] == '#' && (i == 0 || line[i-1] == ' ' || line[i-1] == '\t') {
			return strings.TrimSpace(line[:i]), strings.TrimSpace(line[i:])
		}
	}
	return strings.TrimSpace(line), ""
}

func parseStatement(line string) (statement, error) {
	words := strings.Fields(line)
	kind, rest := words[0], words[1:]
	switch {
	case kind == permissionLine && len(rest) > 0:
		return statement{kind: kind, items: rest}, nil
	case kind == permissionLine:
		return statement{}, fmt.Errorf("%q names no permission", line)
	case kind != groupLine && kind != userLine && kind != delegationLine:
		return statement{}, fmt.Errorf("%q must begin with permission, group, user or delegation", line)
	}
	// The first word that ends with a colon ends the name: a name may contain
	// a colon.
	colon := slices.IndexFunc(rest, func(word string) bool { return strings.HasSuffix(word, ":") })
	if colon < 0 {
		return statement{}, fmt.Errorf("%q has no colon after the name", line)
	}
	head := append(rest[:colon:colon], strings.TrimSuffix(rest[colon], ":"))
	return parseNamed(line, kind, head, rest[colon+1:])
}

func parseNamed(line, kind string, head, items []string) (statement, error) {
	if head[len(head)-1] == "" {
		head = head[:len(head)-1] // a colon by itself
	}
	s := statement{kind: kind, items: items}
	switch {
	case kind == userLine:
		s.name = strings.Join(head, " ")
	case len(head) > 0 && kind == delegationLine:
		s.name, s.users = head[0], len(head) == 3
		if len(head) > 1 && strings.Join(head[1:], " ") != "with users" {
			return s, fmt.Errorf("%q does not have the form: delegation lead with users: member editor", line)
		}
	case len(head) > 0:
		s.name = head[0]
		if len(head) == 2 || len(head) > 2 && head[1] != ">" {
			return s, fmt.Errorf("%q does not have the form: group chief > editor: budget", line)
		}
		if len(head) > 2 {
			s.juniors = head[2:]
		}
	}
	if s.name == "" {
		return s, fmt.Errorf("%q has no name", line)
	}
	return s, nil
}
