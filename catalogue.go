package rbac

import (
	"context"
	"encoding/json"
	"errors"

	"github.com/google/uuid"
)

// Declare brings what a program needs into the store, at each of its starts: sections,
// permissions, groups, grants and inheritances, in one Update.
//
// Each declared thing is added once, and the store remembers it: what an administrator
// deletes, revokes or renames stays so. A title or description is updated when the program
// declares another one than it did before, so that an administrator's wording
// lasts until then. Nothing is ever removed. Declaring again what is there already changes nothing.
//
// A grant or inheritance may name groups of this or of an earlier catalogue by the
// names they were declared with, even if they were renamed, and any other by its present
// name. Where a group or permission of an earlier catalogue was deleted, it is left out;
// where it was never there, Declare fails with ErrNotFound and adds nothing.
//
// It is safe when several processes start at once.
func (a *Authority) Declare(ctx context.Context, c Catalogue) error {
	return a.Update(ctx, func(tx *Tx) error {
		d, err := newDeclarer(tx)
		if err != nil {
			return err
		}
		for _, step := range []func(Catalogue) error{d.sections, d.permissions, d.groups, d.inheritances, d.grants} {
			if err := step(c); err != nil {
				return err
			}
		}
		return nil
	})
}

// declarer compares a catalogue with what was declared before.
type declarer struct {
	tx       *Tx
	declared map[declarationKey]Declaration
}

type declarationKey struct{ kind, key string }

func newDeclarer(tx *Tx) (*declarer, error) {
	declarations, err := tx.r.Declarations()
	d := &declarer{tx: tx, declared: make(map[declarationKey]Declaration, len(declarations))}
	for _, known := range declarations {
		d.declared[declarationKey{known.Kind, known.Key}] = known
	}
	return d, err
}

// remember notes that something was declared. It is no change of its own: what Declare adds is logged as such.
func (d *declarer) remember(decl Declaration) error {
	key := declarationKey{decl.Kind, decl.Key}
	if known, ok := d.declared[key]; ok && known == decl {
		return nil
	}
	d.declared[key] = decl
	return d.tx.r.SetDeclaration(decl)
}

func (d *declarer) sections(c Catalogue) error {
	for _, s := range c.Sections {
		text, err := textOf(s)
		if err != nil {
			return err
		}
		known, declared := d.declared[declarationKey{"section", s.Name}]
		if !declared {
			err = ignore(d.tx.AddSection(s), ErrExists)
		} else if known.Text != text {
			err = ignore(d.tx.ModifySection(s), ErrNotFound)
		}
		if err := errors.Join(err, d.remember(Declaration{Kind: "section", Key: s.Name, Text: text})); err != nil {
			return err
		}
	}
	return nil
}

// textOf is what of a record is compared with its last declaration.
func textOf(record any) (string, error) {
	b, err := json.Marshal(record)
	return string(b), err
}

// ignore takes an error of this kind for none.
func ignore(err, kind error) error {
	if errors.Is(err, kind) {
		return nil
	}
	return err
}

func (d *declarer) permissions(c Catalogue) error {
	for _, p := range c.Permissions {
		if err := d.permission(p); err != nil {
			return err
		}
	}
	return nil
}

func (d *declarer) permission(p Permission) error {
	text, err := textOf(p)
	if err != nil {
		return err
	}
	known, declared := d.declared[declarationKey{"permission", p.Name}]
	p.Section = d.sectionOf(p)
	if !declared {
		err = ignore(addDeclaredPermission(d.tx, p), ErrExists)
	} else if known.Text != text {
		err = d.updatePermission(p)
	}
	return errors.Join(err, d.remember(Declaration{Kind: "permission", Key: p.Name, Text: text}))
}

func addDeclaredPermission(tx *Tx, p Permission) error {
	_, err := tx.AddPermission(p)
	return err
}

// sectionOf is the declared section of a permission, none if an administrator deleted it.
func (d *declarer) sectionOf(p Permission) string {
	if _, declared := d.declared[declarationKey{"section", p.Section}]; declared {
		if _, err := d.tx.r.Section(p.Section); errors.Is(err, ErrNotFound) {
			return ""
		}
	}
	return p.Section
}

func (d *declarer) updatePermission(p Permission) error {
	stored, err := d.tx.r.Permission(p.Name)
	if err != nil {
		return ignore(err, ErrNotFound)
	}
	p.ID = stored.ID
	return d.tx.ModifyPermission(p)
}

func (d *declarer) groups(c Catalogue) error {
	for _, g := range c.Groups {
		if err := d.group(g); err != nil {
			return err
		}
	}
	return nil
}

func (d *declarer) group(g Group) error {
	text, err := textOf(g)
	if err != nil {
		return err
	}
	known, declared := d.declared[declarationKey{"group", g.Name}]
	id := known.ID
	if !declared {
		id, err = d.addGroup(g)
	} else if known.Text != text {
		err = d.updateGroup(id, g)
	}
	return errors.Join(err, d.remember(Declaration{Kind: "group", Key: g.Name, ID: id, Text: text}))
}

// addGroup adds a group, or takes the one that has its name already.
func (d *declarer) addGroup(g Group) (uuid.UUID, error) {
	stored, err := d.tx.AddGroup(g)
	if errors.Is(err, ErrExists) {
		stored, err = d.tx.group(g.Name)
	}
	return stored.ID, err
}

// updateGroup leaves the name as it is: the administrator may have changed it.
func (d *declarer) updateGroup(id uuid.UUID, g Group) error {
	stored, err := d.tx.r.Group(id)
	if err != nil {
		return ignore(err, ErrNotFound)
	}
	stored.DisplayName, stored.Note = g.DisplayName, g.Note
	return d.tx.ModifyGroup(stored)
}

func (d *declarer) inheritances(c Catalogue) error {
	for _, i := range c.Inheritances {
		key := declarationKey{"inheritance", pairKey(i.Senior, i.Junior)}
		if _, declared := d.declared[key]; declared {
			continue
		}
		senior, err1 := d.groupName(i.Senior)
		junior, err2 := d.groupName(i.Junior)
		if err := errors.Join(err1, err2); err != nil {
			return err
		}
		if senior != "" && junior != "" {
			if err := ignore(d.tx.AddInheritance(Inheritance{Senior: senior, Junior: junior}), ErrExists); err != nil {
				return err
			}
		}
		if err := d.remember(Declaration{Kind: key.kind, Key: key.key}); err != nil {
			return err
		}
	}
	return nil
}

// pairKey joins two names, neither of which can contain the separator.
func pairKey(a, b string) string { return a + "\n" + b }

// groupName is what a declared group is called now: empty if it was deleted.
func (d *declarer) groupName(declared string) (string, error) {
	known, ok := d.declared[declarationKey{"group", declared}]
	if !ok {
		g, err := d.tx.group(declared)
		return g.Name, err
	}
	g, err := d.tx.r.Group(known.ID)
	return g.Name, ignore(err, ErrNotFound)
}

func (d *declarer) grants(c Catalogue) error {
	for _, g := range c.Grants {
		key := declarationKey{"grant", pairKey(g.Group, g.Permission)}
		if _, declared := d.declared[key]; declared {
			continue
		}
		group, err := d.groupName(g.Group)
		if err != nil {
			return err
		}
		if group != "" {
			g.Group = group
			if err := d.grant(g); err != nil {
				return err
			}
		}
		if err := d.remember(Declaration{Kind: key.kind, Key: key.key}); err != nil {
			return err
		}
	}
	return nil
}

// grant leaves out a permission that was declared and deleted.
func (d *declarer) grant(g Grant) error {
	err := d.tx.GrantPermission(g)
	if _, declared := d.declared[declarationKey{"permission", g.Permission}]; declared {
		return ignore(err, ErrNotFound)
	}
	return err
}
