package rbac

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/google/uuid"

	"github.com/rbac-go/rbac/internal/names"
)

// Declare brings what a program needs into the store, at each of its starts: sections,
// permissions, groups, grants and inheritances, in one Update.
//
// Each declared thing is added once, and the store remembers it: what an administrator
// deletes, revokes or renames stays so. A title, description, note, section, position, object or operation is
// updated when the program declares another one than it did before, so that an administrator's
// lasts until then. Nothing is ever removed. Declaring again what is there already changes nothing.
// What is there under a declared name, and was never declared, is taken as it is.
//
// A grant or inheritance may name groups of this or of an earlier catalogue by the
// names they were declared with, even if they were renamed, and any other by its present
// name. Where a group or permission of an earlier catalogue was deleted, it is left out;
// where it was never there, Declare fails with ErrNotFound and adds nothing.
//
// Other errors: ErrInvalid, also for one name declared twice with different texts; ErrExists
// for an ID that is taken, and with [Config.LimitedHierarchy] for a second junior of one group; ErrCycle and
// ErrSeparation, as AddInheritance says, also where it contradicts what an administrator added;
// ErrProtected; ErrUnavailable. After an error nothing was added.
//
// It is safe when several processes start at once. Programs that share a store share its
// declarations by name: where their texts differ, the last to start sets its own.
//
// The actor of the changes, unless ctx names one, is the name of the executable, asserted.
//
// [Authority.Plan] tells beforehand what a Declare would do.
func (a *Authority) Declare(ctx context.Context, c Catalogue) error {
	return a.Update(ctx, func(tx *Tx) error {
		if tx.actor.name == "" {
			tx.actor = actor{name: programName()}
		}
		d, err := newDeclarer(tx)
		if err != nil {
			return err
		}
		return d.all(c)
	})
}

func programName() string {
	path, err := os.Executable()
	if err != nil {
		return ""
	}
	return names.Printable(strings.TrimSuffix(filepath.Base(path), ".exe"), names.MaxName)
}

// declarer compares a catalogue with what was declared before.
type declarer struct {
	tx       *Tx
	declared map[declarationKey]Declaration
	texts    map[declarationKey]string // of this catalogue
}

type declarationKey struct{ kind, key string }

func newDeclarer(tx *Tx) (*declarer, error) {
	declarations, err := tx.r.Declarations()
	d := &declarer{tx: tx, declared: make(map[declarationKey]Declaration, len(declarations)), texts: map[declarationKey]string{}}
	for _, known := range declarations {
		d.declared[declarationKey{known.Kind, known.Key}] = known
	}
	return d, err
}

// all adds and updates what a catalogue needs. Plan runs it, too.
func (d *declarer) all(c Catalogue) error {
	for _, step := range []func(Catalogue) error{d.sections, d.permissions, d.groups, d.inheritances, d.grants} {
		if err := step(c); err != nil {
			return err
		}
	}
	return nil
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

// declare adds what was never declared, and updates what was declared with other
// texts. It remembers the record as declared, without the fields that are ignored on input.
func declare[R any](d *declarer, kind, name string, is R, add func(R) (uuid.UUID, error), update func(id uuid.UUID, was, is R) error) error {
	text, err := json.Marshal(is)
	if err != nil {
		return err
	}
	known, declared := d.declared[declarationKey{kind, name}]
	next := Declaration{Kind: kind, Key: name, ID: known.ID, Text: string(text)}
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
	return d.remember(next)
}

// follow sets what the program declares otherwise than before; the rest stays as the administrator has it.
func follow[T comparable](stored *T, was, is T) {
	if was != is {
		*stored = is
	}
}

func (d *declarer) sections(c Catalogue) error {
	for _, s := range c.Sections {
		if err := declare(d, "section", s.Name, s, d.addSection, d.updateSection); err != nil {
			return err
		}
	}
	return nil
}

// addSection, addPermission and addGroup take what has the name already as it is.
func (d *declarer) addSection(s Section) (uuid.UUID, error) {
	return uuid.Nil, ignore(d.tx.AddSection(s), ErrExists)
}

func (d *declarer) updateSection(_ uuid.UUID, was, is Section) error {
	stored, err := d.tx.r.Section(is.Name)
	if err != nil {
		return ignore(err, ErrNotFound) // deleted by an administrator
	}
	follow(&stored.Title, was.Title, is.Title)
	follow(&stored.Position, was.Position, is.Position)
	return d.tx.ModifySection(stored)
}

func (d *declarer) permissions(c Catalogue) error {
	for _, p := range c.Permissions {
		p.Created = time.Time{}
		if err := declare(d, "permission", p.Name, p, d.addPermission, d.updatePermission); err != nil {
			return err
		}
	}
	return nil
}

func (d *declarer) addPermission(p Permission) (uuid.UUID, error) {
	if _, err := d.tx.r.Permission(p.Name); !errors.Is(err, ErrNotFound) {
		return uuid.Nil, err
	}
	p.Section = d.sectionOf(p)
	_, err := d.tx.AddPermission(p)
	return uuid.Nil, err
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

func (d *declarer) updatePermission(_ uuid.UUID, was, is Permission) error {
	stored, err := d.tx.r.Permission(is.Name)
	if err != nil {
		return ignore(err, ErrNotFound) // deleted by an administrator
	}
	follow(&stored.Title, was.Title, is.Title)
	follow(&stored.Description, was.Description, is.Description)
	follow(&stored.Position, was.Position, is.Position)
	follow(&stored.Object, was.Object, is.Object)
	follow(&stored.Operation, was.Operation, is.Operation)
	if was.Section != is.Section {
		stored.Section = d.sectionOf(is)
	}
	return d.tx.ModifyPermission(stored)
}

func (d *declarer) groups(c Catalogue) error {
	for _, g := range c.Groups {
		g.Created = time.Time{}
		if err := declare(d, "group", g.Name, g, d.addGroup, d.updateGroup); err != nil {
			return err
		}
	}
	return nil
}

func (d *declarer) addGroup(g Group) (uuid.UUID, error) {
	stored, err := d.tx.r.GroupByName(g.Name)
	if errors.Is(err, ErrNotFound) {
		stored, err = d.tx.AddGroup(g)
	}
	return stored.ID, err
}

// updateGroup leaves the name as it is: the administrator may have changed it.
func (d *declarer) updateGroup(id uuid.UUID, was, is Group) error {
	stored, err := d.tx.r.Group(id)
	if err != nil {
		return ignore(err, ErrNotFound) // deleted by an administrator
	}
	follow(&stored.DisplayName, was.DisplayName, is.DisplayName)
	follow(&stored.Note, was.Note, is.Note)
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
			if err := d.inherit(Inheritance{Senior: senior, Junior: junior}); err != nil {
				return err
			}
		}
		if err := d.remember(Declaration{Kind: key.kind, Key: key.key}); err != nil {
			return err
		}
	}
	return nil
}

// inherit takes an inheritance that is there already as it is. A second junior in a limited hierarchy is ErrExists, too,
// but is not there: the program would go without what it declares.
func (d *declarer) inherit(i Inheritance) error {
	_, _, there, err := d.tx.inheritance(i)
	if err != nil || there {
		return err
	}
	return d.tx.AddInheritance(i)
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
