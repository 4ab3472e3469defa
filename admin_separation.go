package rbac

import (
	"fmt"
	"slices"
	"strconv"

	"github.com/google/uuid"

	"github.com/rbac-go/rbac/internal/explain"
	"github.com/rbac-go/rbac/internal/rules"
	"github.com/rbac-go/rbac/store"
)

// SeparationSet is a separation of duty set (INCITS 359 sections 6.3 and 6.4).
// Fewer than Cardinality of its Groups may come together: at Cardinality the
// set is violated.
//
// A static set (SSD) limits the groups that a user is authorized for: by
// memberships that have not ended, in one scope together with the memberships
// without scope, and by inheritance. No call can violate a static set. A
// dynamic set (DSD) limits the groups that are active in one ticket, inherited
// groups included, again in one scope together with the groups that are active
// everywhere. A user may be authorized for all groups of a dynamic set and has
// to choose.
type SeparationSet struct {
	Name        string   `json:"name"`        // unique among the static sets, or the dynamic ones; never changes
	Groups      []string `json:"groups"`      // at least Cardinality; listed in byte order
	Cardinality int      `json:"cardinality"` // the number of groups at which the set is violated; at least 2
}

// CreateSSDSet adds a static set. ErrSeparation if a user already violates the
// set. ErrInvalid for a Cardinality below 2 or above the number of Groups, and
// for a group that is named twice.
func (tx *Tx) CreateSSDSet(s SeparationSet) error { return tx.separations(false).create(s) }

// DeleteSSDSet deletes a static set.
func (tx *Tx) DeleteSSDSet(name string) error { return tx.separations(false).delete(name) }

// AddSSDSetMember adds a group to a static set. ErrSeparation if a user would
// violate the set.
func (tx *Tx) AddSSDSetMember(set, group string) error {
	return tx.separations(false).addMember(set, group)
}

// DeleteSSDSetMember removes a group from a static set. ErrSeparation if the
// set would have fewer groups than its cardinality: change the cardinality
// first, or delete the set.
func (tx *Tx) DeleteSSDSetMember(set, group string) error {
	return tx.separations(false).deleteMember(set, group)
}

// SetSSDSetCardinality replaces the cardinality of a static set. ErrSeparation
// if a user would violate the set. ErrInvalid for a cardinality below 2 or
// above the number of groups in the set.
func (tx *Tx) SetSSDSetCardinality(set string, n int) error {
	return tx.separations(false).setCardinality(set, n)
}

// SSDSet returns the static set with that name.
func (tx *Tx) SSDSet(name string) (SeparationSet, error) { return tx.separations(false).public(name) }

// SSDSets lists the static sets in byte order of their names.
func (tx *Tx) SSDSets() ([]SeparationSet, error) { return tx.separations(false).list() }

// CreateDSDSet adds a dynamic set. ErrSeparation if an open ticket violates the
// set; the error names the users of such tickets. Other errors are those of
// CreateSSDSet.
func (tx *Tx) CreateDSDSet(s SeparationSet) error { return tx.separations(true).create(s) }

// DeleteDSDSet deletes a dynamic set. Groups that the set had kept inactive are
// active again in tickets that are not narrowed.
func (tx *Tx) DeleteDSDSet(name string) error { return tx.separations(true).delete(name) }

// AddDSDSetMember adds a group to a dynamic set. ErrSeparation if an open
// ticket would violate the set.
func (tx *Tx) AddDSDSetMember(set, group string) error {
	return tx.separations(true).addMember(set, group)
}

// DeleteDSDSetMember is DeleteSSDSetMember for a dynamic set.
func (tx *Tx) DeleteDSDSetMember(set, group string) error {
	return tx.separations(true).deleteMember(set, group)
}

// SetDSDSetCardinality replaces the cardinality of a dynamic set. ErrSeparation
// if an open ticket would violate the set. ErrInvalid for a cardinality below 2
// or above the number of groups in the set.
func (tx *Tx) SetDSDSetCardinality(set string, n int) error {
	return tx.separations(true).setCardinality(set, n)
}

// DSDSet returns the dynamic set with that name.
func (tx *Tx) DSDSet(name string) (SeparationSet, error) { return tx.separations(true).public(name) }

// DSDSets lists the dynamic sets in byte order of their names.
func (tx *Tx) DSDSets() ([]SeparationSet, error) { return tx.separations(true).list() }

// separations administers the sets of one kind: static or dynamic.
type separations struct {
	tx      *Tx
	dynamic bool
}

func (tx *Tx) separations(dynamic bool) separations { return separations{tx, dynamic} }

// kind returns the name of the kind in the actions of the change log.
func (s separations) kind() string {
	if s.dynamic {
		return "DSDSet"
	}
	return "SSDSet"
}

// setRecord returns the name of the kind in errors.
func setRecord(s store.Separation) string {
	if s.Dynamic {
		return "DSD set"
	}
	return "SSD set"
}

// find returns the record of the set with a name.
func (s separations) find(name string) (store.Separation, error) {
	record := setRecord(store.Separation{Dynamic: s.dynamic})
	if err := validName(record, "Name", name); err != nil {
		return store.Separation{}, err
	}
	rec, err := s.tx.r.Separation(s.dynamic, name)
	return rec, named(err, record, name)
}

// create adds a set, unless the set is violated already.
func (s separations) create(set SeparationSet) error {
	tx := s.tx
	_, found := s.find(set.Name)
	rec := store.Separation{Dynamic: s.dynamic, Name: set.Name, Cardinality: set.Cardinality}
	if err := tx.writable(free(found, setRecord(rec), set.Name, "Name")); err != nil {
		return err
	}
	if err := noHidden(setRecord(rec), set.Name, "Name", set.Name); err != nil {
		return err
	}
	for _, name := range set.Groups {
		g, err := tx.group(name)
		if err != nil {
			return err
		}
		if slices.Contains(rec.Groups, g.ID) {
			return invalid(setRecord(rec), set.Name, "Groups", strconv.Quote(name)+" is named twice")
		}
		rec.Groups = append(rec.Groups, g.ID)
	}
	rules.SortIDs(rec.Groups)
	if err := checkCardinality(rec); err != nil {
		return err
	}
	c := Change{Action: "Create" + s.kind(), Subject: set.Name}
	return s.tighten(rec, c, nil, func() error { return tx.r.PutSeparation(rec) })
}

// checkCardinality refuses a cardinality below 2 or above the number of groups.
func checkCardinality(s store.Separation) error {
	if s.Cardinality < 2 || s.Cardinality > len(s.Groups) {
		return invalid(setRecord(s), s.Name, "Cardinality",
			fmt.Sprintf("%d is not from 2 to the number of groups, %d", s.Cardinality, len(s.Groups)))
	}
	return nil
}

// tighten makes a change that lets a set refuse more than before.
func (s separations) tighten(rec store.Separation, c Change, before any, write func() error) error {
	tx := s.tx
	if err := tx.separationError(tx.rules().CheckSet(rec, tx.living)); err != nil {
		return err
	}
	after, err := tx.publicSet(rec)
	if err != nil {
		return err
	}
	return tx.write(s.protect, write, func() error { return tx.log(c, before, after) })
}

// protect guards Config.Protected against a change of a dynamic set: a group
// that can never be active gives no permission.
func (s separations) protect() error {
	if !s.dynamic {
		return nil
	}
	return s.tx.protect()
}

// delete deletes a set. A deletion only allows more: nothing has to be checked.
func (s separations) delete(name string) error {
	rec, err := s.find(name)
	if err := s.tx.writable(err); err != nil {
		return err
	}
	before, err := s.tx.publicSet(rec)
	if err != nil {
		return err
	}
	return s.tx.write(
		func() error { return s.tx.r.DeleteSeparation(s.dynamic, name) },
		func() error { return s.tx.log(Change{Action: "Delete" + s.kind(), Subject: name}, before, nil) })
}

// member returns a set, a group, and whether the group is a member of the set.
func (s separations) member(set, group string) (rec store.Separation, g Group, isMember bool, before SeparationSet, err error) {
	rec, err = s.find(set)
	if err = s.tx.writable(err); err != nil {
		return
	}
	if g, err = s.tx.group(group); err != nil {
		return
	}
	before, err = s.tx.publicSet(rec)
	return rec, g, slices.Contains(rec.Groups, g.ID), before, err
}

// memberName returns the name of a member of a set in errors.
func memberName(set, group string) string { return group + " in " + set }

// addMember adds a group to a set, unless the set would be violated.
func (s separations) addMember(set, group string) error {
	rec, g, isMember, before, err := s.member(set, group)
	if err != nil {
		return err
	}
	if isMember {
		return &Error{Kind: ErrExists, Record: setRecord(rec) + " member", Name: memberName(set, group)}
	}
	rec.Groups = rules.SortIDs(append(slices.Clone(rec.Groups), g.ID))
	c := Change{Action: "Add" + s.kind() + "Member", Subject: set, Object: g.Name, ObjectID: g.ID}
	return s.tighten(rec, c, before, func() error { return s.tx.r.PutSeparation(rec) })
}

// deleteMember removes a group from a set if the rest can be violated.
func (s separations) deleteMember(set, group string) error {
	rec, g, isMember, _, err := s.member(set, group)
	if err != nil {
		return err
	}
	if !isMember {
		return &Error{Kind: ErrNotFound, Record: setRecord(rec) + " member", Name: memberName(set, group)}
	}
	if err := checkLeaving(rec, g); err != nil {
		return err
	}
	return s.tx.write(func() error { return s.tx.leaveSet(rec, g) })
}

// checkLeaving refuses the removal of a group if the rest of the set could
// never be violated.
func checkLeaving(s store.Separation, g Group) error {
	if len(s.Groups) > s.Cardinality {
		return nil
	}
	return &Error{Kind: ErrSeparation, Record: setRecord(s), Name: s.Name, Field: "Groups",
		Reason: fmt.Sprintf("without %s it has fewer groups than its cardinality, %d; delete the set first", g.Name, s.Cardinality)}
}

// leaveSet removes a group from a set and writes a Change.
func (tx *Tx) leaveSet(rec store.Separation, g Group) error {
	before, err := tx.publicSet(rec)
	if err != nil {
		return err
	}
	rec.Groups = slices.DeleteFunc(slices.Clone(rec.Groups), func(id uuid.UUID) bool { return id == g.ID })
	if err := tx.r.PutSeparation(rec); err != nil {
		return err
	}
	after, err := tx.publicSet(rec)
	if err != nil {
		return err
	}
	action := "Delete" + tx.separations(rec.Dynamic).kind() + "Member"
	c := Change{Action: action, Subject: rec.Name, Object: g.Name, ObjectID: g.ID}
	return tx.log(c, before, after)
}

// setCardinality replaces the cardinality of a set, unless the set would be
// violated.
func (s separations) setCardinality(set string, n int) error {
	rec, err := s.find(set)
	if err := s.tx.writable(err); err != nil {
		return err
	}
	before, err := s.tx.publicSet(rec)
	if err != nil || rec.Cardinality == n {
		return err
	}
	rec.Cardinality = n
	if err := checkCardinality(rec); err != nil {
		return err
	}
	c := Change{Action: "Set" + s.kind() + "Cardinality", Subject: set}
	return s.tighten(rec, c, before, func() error { return s.tx.r.PutSeparation(rec) })
}

// public returns the set with a name.
func (s separations) public(name string) (SeparationSet, error) {
	rec, err := s.find(name)
	if err != nil {
		return SeparationSet{}, err
	}
	return s.tx.publicSet(rec)
}

// publicSet returns a set with the names of its groups.
func (tx *Tx) publicSet(rec store.Separation) (SeparationSet, error) {
	set := SeparationSet{Name: rec.Name, Cardinality: rec.Cardinality, Groups: []string{}}
	groups, err := tx.groupsOf(rec.Groups, nil)
	for _, g := range groups {
		set.Groups = append(set.Groups, g.Name)
	}
	return set, err
}

// list returns the sets in byte order of their names.
func (s separations) list() ([]SeparationSet, error) {
	records, err := s.tx.r.Separations(store.SeparationFilter{Dynamic: s.dynamic})
	if err != nil {
		return nil, err
	}
	sets := make([]SeparationSet, len(records))
	for i, rec := range records {
		if sets[i], err = s.tx.publicSet(rec); err != nil {
			return nil, err
		}
	}
	return sets, nil
}

// leaveSets removes a group from sets, before the group is deleted.
func (tx *Tx) leaveSets(g Group, sets []store.Separation) error {
	for _, rec := range sets {
		if err := tx.leaveSet(rec, g); err != nil {
			return err
		}
	}
	return nil
}

// setsOf returns the sets of a group, static sets first. The error is
// ErrSeparation if the group cannot leave one of the sets.
func (tx *Tx) setsOf(g Group) ([]store.Separation, error) {
	sets, err := tx.rules().SetsWith([]uuid.UUID{g.ID})
	if err != nil {
		return nil, err
	}
	for _, rec := range sets {
		if err := checkLeaving(rec, g); err != nil {
			return nil, err
		}
	}
	return sets, nil
}

// living reports whether a ticket is open at the time of the transaction.
func (tx *Tx) living(t store.Ticket) bool { return tx.a.sessions.Living(t, tx.now) }

// separationError describes the first violation in full, and lists the users of
// further violations. The error argument is passed through.
func (tx *Tx) separationError(found []rules.Violation, err error) error {
	if err != nil || len(found) == 0 {
		return err
	}
	var names []string
	for _, v := range found[:min(len(found), explain.MaxListed+1)] {
		u, err := tx.r.User(store.UserKey{ID: v.User})
		if err != nil {
			return err
		}
		names = append(names, u.Name)
	}
	first := found[0]
	set, err := tx.publicSet(first.Set())
	if err != nil {
		return err
	}
	reason := explain.Violation(first.Violation, set.Groups, names[0])
	if len(found) > 1 {
		reason += "; likewise " + explain.ListOf(names[1:], len(found)-1, ", ")
	}
	return &Error{Kind: ErrSeparation, Record: setRecord(first.Set()), Name: set.Name, Reason: reason}
}
