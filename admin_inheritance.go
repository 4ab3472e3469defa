package rbac

import (
	"cmp"
	"errors"
	"slices"
	"strings"

	"github.com/google/uuid"

	"github.com/rbac-go/rbac/store"
)

// AddInheritance lets the group Senior inherit the group Junior: Senior gets
// Junior's permissions, and Senior's users are authorized for Junior (INCITS
// 359 section 6.2.1). An inheritance that is already implied may be added.
//
// ErrCycle if Junior is Senior, or inherits Senior directly or indirectly. With
// [Config.LimitedHierarchy], ErrExists for a second junior of a group.
// ErrSeparation if a user would violate a static separation set, or an open
// ticket a dynamic set.
func (tx *Tx) AddInheritance(i Inheritance) error {
	senior, junior, exists, err := tx.inheritance(i)
	if err := tx.writable(err); err != nil {
		return err
	}
	if exists {
		return &Error{Kind: ErrExists, Record: "inheritance", Name: inheritanceName(i)}
	}
	inherited, err := tx.rules().Juniors(junior.ID)
	if err != nil {
		return err
	}
	if slices.Contains(inherited, senior.ID) {
		return &Error{Kind: ErrCycle, Record: "inheritance", Name: inheritanceName(i),
			Reason: i.Junior + " is or inherits " + i.Senior}
	}
	edge := store.Inheritance{Senior: senior.ID, Junior: junior.ID}
	if err := tx.checkLimited(i, senior); err != nil {
		return err
	}
	if err := tx.checkSets(edge, inherited); err != nil {
		return err
	}
	narrowed, err := tx.ticketsIn(inherited)
	if err != nil {
		return err
	}
	return tx.write(
		func() error { return tx.pruneTickets(narrowed) },
		func() error { return tx.r.AddInheritance(edge) },
		func() error { return tx.logInheritance("AddInheritance", senior, junior, nil, i) })
}

// checkSets refuses an inheritance if a user would violate a static set, or an
// open ticket a dynamic set. gained are the newly inherited groups of the
// senior.
func (tx *Tx) checkSets(edge store.Inheritance, gained []uuid.UUID) error {
	sets, err := tx.rules().SetsWith(gained)
	if err != nil || len(sets) == 0 {
		return err
	}
	if slices.ContainsFunc(sets, func(s store.Separation) bool { return s.Dynamic }) {
		if err := tx.protect(); err != nil {
			return err
		}
	}
	return tx.separationError(tx.rules().CheckInheritance(edge, sets, tx.living))
}

// checkLimited refuses a second immediate junior if the hierarchy is limited.
func (tx *Tx) checkLimited(i Inheritance, senior Group) error {
	if !tx.a.cfg.LimitedHierarchy {
		return nil
	}
	juniors, err := tx.groupsOf(tx.rules().ImmediateJuniors(senior.ID))
	if err != nil || len(juniors) == 0 {
		return err
	}
	return &Error{Kind: ErrExists, Record: "inheritance", Name: inheritanceName(i), Field: "Senior",
		Reason: i.Senior + " inherits " + juniors[0].Name + ", and the hierarchy is limited to one immediate junior"}
}

// AddAscendant adds a group that inherits an existing group, and returns the
// stored record (INCITS 359 section 6.2.1). The errors are those of AddGroup
// and AddInheritance. After an error nothing is added.
func (tx *Tx) AddAscendant(g Group, junior string) (Group, error) {
	return tx.addRelative(g, junior, Inheritance{Senior: g.Name, Junior: junior})
}

// AddDescendant adds a group that an existing group inherits, and returns the
// stored record (INCITS 359 section 6.2.1). The errors are those of AddGroup
// and AddInheritance. After an error nothing is added.
func (tx *Tx) AddDescendant(g Group, senior string) (Group, error) {
	return tx.addRelative(g, senior, Inheritance{Senior: senior, Junior: g.Name})
}

// addRelative adds a group and its inheritance from or to a relative. Refusals
// that leave the Update usable come before the group is added; a later error
// keeps the Update from committing.
func (tx *Tx) addRelative(g Group, relative string, i Inheritance) (Group, error) {
	existing, err := tx.group(relative)
	if err := tx.writable(err); err != nil {
		return Group{}, err
	}
	if i.Senior == relative { // a new senior has no other junior
		if err := tx.checkLimited(i, existing); err != nil {
			return Group{}, err
		}
	}
	if g, err = tx.AddGroup(g); err != nil {
		return Group{}, err
	}
	return g, tx.write(func() error { return tx.AddInheritance(i) })
}

// Inheritances lists all immediate inheritances, in byte order of Senior and
// Junior.
func (tx *Tx) Inheritances() ([]Inheritance, error) {
	name, err1 := tx.groupNames()
	records, err2 := tx.r.Inheritances(store.InheritanceFilter{})
	list := publicEach(records, func(i store.Inheritance) Inheritance { return Inheritance{name[i.Senior], name[i.Junior]} })
	slices.SortFunc(list, func(a, b Inheritance) int {
		return cmp.Or(strings.Compare(a.Senior, b.Senior), strings.Compare(a.Junior, b.Junior))
	})
	return list, errors.Join(err1, err2)
}

// groupNames returns the names of all groups.
func (tx *Tx) groupNames() (map[uuid.UUID]string, error) {
	groups, err := tx.r.Groups()
	name := make(map[uuid.UUID]string, len(groups))
	for _, g := range groups {
		name[g.ID] = g.Name
	}
	return name, err
}

// inheritance returns both groups of an inheritance, and whether it exists.
func (tx *Tx) inheritance(i Inheritance) (senior, junior Group, exists bool, err error) {
	if senior, err = tx.group(i.Senior); err != nil {
		return
	}
	if junior, err = tx.group(i.Junior); err != nil {
		return
	}
	juniors, err := tx.rules().ImmediateJuniors(senior.ID)
	return senior, junior, slices.Contains(juniors, junior.ID), err
}

// inheritanceName returns the name of an inheritance in errors.
func inheritanceName(i Inheritance) string { return i.Senior + " of " + i.Junior }

// logInheritance writes a Change whose subject is the senior and whose object
// is the junior.
func (tx *Tx) logInheritance(action string, senior, junior Group, before, after any) error {
	c := Change{Action: action, Subject: senior.Name, SubjectID: senior.ID, Object: junior.Name, ObjectID: junior.ID}
	return tx.log(c, before, after)
}

// DeleteInheritance ends an immediate inheritance. Groups that users were
// authorized for only through the inheritance are no longer active in any
// ticket.
func (tx *Tx) DeleteInheritance(i Inheritance) error {
	senior, junior, exists, err := tx.inheritance(i)
	if err := tx.writable(err); err != nil {
		return err
	}
	if !exists {
		return &Error{Kind: ErrNotFound, Record: "inheritance", Name: inheritanceName(i)}
	}
	narrowed, err := tx.narrowedTickets(junior.ID)
	if err != nil {
		return err
	}
	return tx.write(tx.protect,
		func() error { return tx.deleteInheritance(senior, junior) },
		func() error { return tx.pruneTickets(narrowed) })
}

// deleteInheritance deletes an inheritance and writes a Change. The caller has
// called protect and prunes the tickets.
func (tx *Tx) deleteInheritance(senior, junior Group) error {
	if err := tx.r.DeleteInheritance(store.Inheritance{Senior: senior.ID, Junior: junior.ID}); err != nil {
		return err
	}
	before := Inheritance{Senior: senior.Name, Junior: junior.Name}
	return tx.logInheritance("DeleteInheritance", senior, junior, before, nil)
}
