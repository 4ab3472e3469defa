package rbac

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/google/uuid"

	"github.com/rbac-go/rbac/internal/names"
	"github.com/rbac-go/rbac/store"
)

// Declare adds the records that a program needs to the store: sections,
// permissions, groups, grants, inheritances and delegations, in one Update. A
// program calls Declare at each start.
//
// Each declared record is added once, and the store remembers the declaration:
// a record that an administrator deletes, revokes or renames stays deleted,
// revoked or renamed. A title, description, note, section, position, object or
// operation is updated when the program declares another value than before;
// until then the value of an administrator stays. Declare never removes a
// record. Declaring an unchanged catalogue changes nothing. A record that was
// never declared stays, but missing texts of a permission are filled in.
//
// A delegation is updated likewise: a group that the program adds to Assign, or
// takes out of Assign, is added to the stored delegation or taken out. Groups
// that an administrator has added or removed stay added or removed. A delegation
// without any group left is deleted.
//
// A grant, inheritance or delegation refers to a group of this or an earlier
// catalogue by its declared name, even after a rename, and to any other group by
// its present name. Declare leaves out a grant, inheritance or delegation, or a
// group of Assign, whose group or permission was declared earlier and deleted
// since. If the group or permission never existed, Declare fails with
// ErrNotFound and adds nothing.
//
// Other errors: ErrInvalid, also for a name that is declared twice with
// different texts; ErrExists for an ID that is taken and, with
// [Config.LimitedHierarchy], for a second junior of a group; ErrCycle and
// ErrSeparation as in AddInheritance, also in conflict with records of an
// administrator; ErrProtected; ErrUnavailable. After an error nothing is added.
//
// Several processes may call Declare at the same time. Programs that share a
// store share its declarations by name: if their texts differ, the last program
// to start sets its own.
//
// The actor of the changes, unless ctx has an actor, is the name of the
// executable, asserted.
//
// [Authority.Plan] returns what Declare would do.
func (a *Authority) Declare(ctx context.Context, c Catalogue) error {
	return a.Update(ctx, func(tx *Tx) error {
		if tx.actor.name == "" {
			tx.actor = actor{name: programName()}
		}
		d, err := newDeclarer(tx)
		if err != nil {
			return err
		}
		return d.declareAll(c)
	})
}

// programName returns the name of the executable, or "" if it is unknown.
func programName() string {
	path, err := os.Executable()
	if err != nil {
		return ""
	}
	return names.Printable(strings.TrimSuffix(filepath.Base(path), ".exe"), names.MaxName)
}

// declarer compares a catalogue with the earlier declarations.
type declarer struct {
	tx       *Tx
	declared map[declarationKey]store.Declaration
	texts    map[declarationKey]string // of the catalogue
}

type declarationKey struct{ kind, key string }

// newDeclarer reads the earlier declarations.
func newDeclarer(tx *Tx) (*declarer, error) {
	declarations, err := tx.r.Declarations()
	d := &declarer{
		tx:       tx,
		declared: make(map[declarationKey]store.Declaration, len(declarations)),
		texts:    map[declarationKey]string{},
	}
	for _, known := range declarations {
		d.declared[declarationKey{known.Kind, known.Key}] = known
	}
	return d, err
}

// declareAll adds and updates the records of a catalogue, for Declare and Plan.
func (d *declarer) declareAll(c Catalogue) error {
	for _, s := range c.Sections {
		if err := declare(d, "section", s.Name, s, d.addSection, d.updateSection); err != nil {
			return err
		}
	}
	for _, p := range c.Permissions {
		p.Created = time.Time{}
		if err := declare(d, "permission", p.Name, p, d.addPermission, d.updatePermission); err != nil {
			return err
		}
	}
	for _, g := range c.Groups {
		g.Created = time.Time{}
		if err := declare(d, "group", g.Name, g, d.addGroup, d.updateGroup); err != nil {
			return err
		}
	}
	for _, i := range c.Inheritances {
		key := declarationKey{"inheritance", pairKey(i.Senior, i.Junior)}
		add := func(present []string) error {
			return d.inherit(Inheritance{Senior: present[0], Junior: present[1]})
		}
		if err := d.once(key, add, i.Senior, i.Junior); err != nil {
			return err
		}
	}
	for _, g := range c.Grants {
		key := declarationKey{"grant", pairKey(g.Group, g.Permission)}
		add := func(present []string) error {
			g.Group = present[0]
			return d.grant(g)
		}
		if err := d.once(key, add, g.Group); err != nil {
			return err
		}
	}
	for _, g := range c.Delegations {
		g.Assign = slices.Sorted(slices.Values(g.Assign))
		if err := declare(d, "delegation", g.Group, g, d.addDelegation, d.updateDelegation); err != nil {
			return err
		}
	}
	return nil
}

// record stores a declaration. The change log has no entry for a declaration,
// only for the records that Declare adds.
func (d *declarer) record(decl store.Declaration) error {
	key := declarationKey{decl.Kind, decl.Key}
	if known, ok := d.declared[key]; ok && known == decl {
		return nil
	}
	d.declared[key] = decl
	return d.tx.r.PutDeclaration(decl)
}

// declare adds a record that was never declared, and updates a record that was
// declared with other texts. The stored declaration is the record without the
// fields that are ignored on input.
func declare[R any](d *declarer, kind, name string, is R,
	add func(R) (uuid.UUID, error), update func(id uuid.UUID, was, is R) error) error {
	text, err := json.Marshal(is)
	if err != nil {
		return err
	}
	known, declared := d.declared[declarationKey{kind, name}]
	next := store.Declaration{Kind: kind, Key: name, ID: known.ID, Text: string(text)}
	if earlier, ok := d.texts[declarationKey{kind, name}]; ok && earlier != next.Text {
		return invalid(kind, name, "", "declared twice in one catalogue, with different texts")
	}
	d.texts[declarationKey{kind, name}] = next.Text
	if !declared {
		next.ID, err = add(is)
	} else if known.Text != next.Text {
		var was R
		if err := json.Unmarshal([]byte(known.Text), &was); err != nil {
			return fmt.Errorf("%w: declaration of %s %q: %v", ErrUnavailable, kind, name, err)
		}
		err = update(known.ID, was, is)
	}
	if err != nil {
		return err
	}
	return d.record(next)
}

// updateChanged sets a stored value if the declared value has changed.
// Otherwise the value of an administrator stays.
func updateChanged[T comparable](stored *T, was, is T) {
	if was != is {
		*stored = is
	}
}

// addSection and addGroup leave an existing record unchanged. addPermission sets
// its empty texts. Declared texts replace those by Open.
func (d *declarer) addSection(s Section) (uuid.UUID, error) {
	return uuid.Nil, ignore(d.tx.AddSection(s), ErrExists)
}

func (d *declarer) updateSection(_ uuid.UUID, was, is Section) error {
	stored, err := d.tx.r.Section(is.Name)
	if err != nil {
		return ignore(err, ErrNotFound) // deleted by an administrator
	}
	updateChanged(&stored.Title, was.Title, is.Title)
	updateChanged(&stored.Position, was.Position, is.Position)
	return d.tx.ModifySection(Section(stored))
}

func (d *declarer) addPermission(p Permission) (uuid.UUID, error) {
	stored, err := d.tx.r.Permission(p.Name)
	p.Section = d.sectionOf(p)
	if errors.Is(err, ErrNotFound) {
		_, err = d.tx.AddPermission(p)
		return uuid.Nil, err
	}
	if err != nil {
		return uuid.Nil, err
	}
	byOpen := p.Name == d.tx.a.cfg.Administer && stored.Title == administer.Title && stored.Description == administer.Description
	if byOpen && p.Title+p.Description != "" {
		stored.Title, stored.Description = "", ""
	}
	stored.Title, stored.Description = cmp.Or(stored.Title, p.Title), cmp.Or(stored.Description, p.Description)
	stored.Object, stored.Operation = cmp.Or(stored.Object, p.Object), cmp.Or(stored.Operation, p.Operation)
	stored.Section, stored.Position = cmp.Or(stored.Section, p.Section), cmp.Or(stored.Position, p.Position)
	return uuid.Nil, d.tx.ModifyPermission(Permission(stored))
}

// sectionOf returns the declared section of a permission, or "" if an
// administrator deleted the section.
func (d *declarer) sectionOf(p Permission) string {
	if _, declared := d.declared[declarationKey{"section", p.Section}]; declared {
		if _, err := d.tx.r.Section(p.Section); errors.Is(err, ErrNotFound) {
			return ""
		}
	}
	return p.Section
}

func (d *declarer) updatePermission(_ uuid.UUID, was, is Permission) error {
	stored, err := d.tx.r.Permission(is.Name)
	if err != nil {
		return ignore(err, ErrNotFound) // deleted by an administrator
	}
	updateChanged(&stored.Title, was.Title, is.Title)
	updateChanged(&stored.Description, was.Description, is.Description)
	updateChanged(&stored.Position, was.Position, is.Position)
	updateChanged(&stored.Object, was.Object, is.Object)
	updateChanged(&stored.Operation, was.Operation, is.Operation)
	if was.Section != is.Section {
		stored.Section = d.sectionOf(is)
	}
	return d.tx.ModifyPermission(Permission(stored))
}

func (d *declarer) addGroup(g Group) (uuid.UUID, error) {
	stored, err := d.tx.r.Group(store.GroupKey{Name: g.Name})
	if errors.Is(err, ErrNotFound) {
		g, err = d.tx.AddGroup(g)
		return g.ID, err
	}
	return stored.ID, err
}

// updateGroup leaves the name unchanged, because an administrator may have
// renamed the group.
func (d *declarer) updateGroup(id uuid.UUID, was, is Group) error {
	stored, err := d.tx.r.Group(store.GroupKey{ID: id})
	if err != nil {
		return ignore(err, ErrNotFound) // deleted by an administrator
	}
	updateChanged(&stored.DisplayName, was.DisplayName, is.DisplayName)
	updateChanged(&stored.Note, was.Note, is.Note)
	return d.tx.ModifyGroup(Group(stored))
}

// once adds an inheritance or a grant that was never declared, unless one of
// its groups was deleted. The argument of add are the present names of the
// groups. No text is updated, not even the Note of a declared grant.
func (d *declarer) once(key declarationKey, add func(present []string) error, groups ...string) error {
	if _, declared := d.declared[key]; declared {
		return nil
	}
	present := make([]string, len(groups))
	errs := make([]error, len(groups))
	for i, g := range groups {
		present[i], errs[i] = d.groupName(g)
	}
	if err := errors.Join(errs...); err != nil {
		return err
	}
	if !slices.Contains(present, "") {
		if err := add(present); err != nil {
			return err
		}
	}
	return d.record(store.Declaration{Kind: key.kind, Key: key.key})
}

// inherit leaves an existing inheritance unchanged. It does not ignore
// ErrExists, which may also mean a second junior in a limited hierarchy: the
// program would lack an inheritance that it declares.
func (d *declarer) inherit(i Inheritance) error {
	_, _, exists, err := d.tx.inheritance(i)
	if err != nil || exists {
		return err
	}
	return d.tx.AddInheritance(i)
}

// pairKey joins two names. Names cannot contain the separator.
func pairKey(a, b string) string { return a + "\n" + b }

// groupName returns the present name of a declared group; "": it was deleted.
func (d *declarer) groupName(declared string) (string, error) {
	known, ok := d.declared[declarationKey{"group", declared}]
	if !ok {
		g, err := d.tx.group(declared)
		return g.Name, err
	}
	g, err := d.tx.r.Group(store.GroupKey{ID: known.ID})
	return g.Name, ignore(err, ErrNotFound)
}

// grant adds a grant, unless the permission was declared and deleted since.
func (d *declarer) grant(g Grant) error {
	err := d.tx.GrantPermission(g)
	if _, declared := d.declared[declarationKey{"permission", g.Permission}]; declared {
		return ignore(err, ErrNotFound)
	}
	return err
}
