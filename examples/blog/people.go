package main

import (
	"errors"
	"time"

	"github.com/rbac-go/rbac"
)

// person is a user of the sample newsroom. People without a password cannot
// sign in; the head of the culture desk has one.
type person struct {
	name, shown, note string
	disabled          bool
	groups            []rbac.Membership // of the person
}

// newsroom returns the people of the sample data, as of a time. Kwame has left,
// and is still among the managers: the console reports such a user.
func newsroom(now time.Time) []person {
	in := func(group, desk, note string) rbac.Membership {
		return rbac.Membership{Group: group, Scope: "desk:" + desk, Note: note}
	}
	writes := rbac.Membership{Group: "editors"}
	until := func(m rbac.Membership, days int) rbac.Membership {
		m.Until = now.AddDate(0, 0, days)
		return m
	}
	return []person{
		{name: headName, shown: "Amara Okafor", groups: []rbac.Membership{writes, in("heads", "culture", "since May")}},
		{name: "lars", shown: "Lars Østergård", groups: []rbac.Membership{writes, in("heads", "sport", "for the season")}},
		{name: "priya", shown: "Priya Raman", groups: []rbac.Membership{writes, in("heads", "news", "")}},
		{name: "sofia", shown: "Sofía Hernández", groups: []rbac.Membership{writes, in("subeditors", "culture", "books and film")}},
		{name: "yuki", shown: "佐藤 由紀", groups: []rbac.Membership{
			writes, in("subeditors", "culture", "music"), until(in("subeditors", "news", "covers for Noor"), 21)}},
		{name: "zhang.wei", shown: "张伟", groups: []rbac.Membership{writes, in("subeditors", "sport", "")}},
		{name: "fatima", shown: "فاطمة الزهراء", groups: []rbac.Membership{writes, in("subeditors", "news", "night shift")}},
		{name: "tomas", shown: "Tomáš Dvořák", groups: []rbac.Membership{writes, in("subeditors", "news", "")}},
		{name: "olena", shown: "Олена Шевченко", groups: []rbac.Membership{writes}},
		{name: "ines", shown: "Inês Carvalho", note: "trainee until the end of the term", groups: []rbac.Membership{until(writes, 75)}},
		{name: "noor", shown: "Noor Haddad", note: "on leave", groups: []rbac.Membership{writes}},
		{name: "ruth", shown: "Ruth Goldberg", groups: []rbac.Membership{{Group: "ombuds"}}},
		{name: "kwame", shown: "Kwame Mensah", note: "left in spring", disabled: true, groups: []rbac.Membership{{Group: "managers"}}},
	}
}

// addNewsroom adds the people, and the rule that readers' editors, who correct
// the desks, head none. The head of the culture desk gets the password of the
// hash.
func addNewsroom(tx *rbac.Tx, hash string) error {
	set := rbac.SeparationSet{Name: "independent corrections", Groups: []string{"heads", "ombuds"}, Cardinality: 2}
	if err := tx.CreateSSDSet(set); err != nil {
		return err
	}
	for _, p := range newsroom(tx.Now()) {
		u := rbac.User{Name: p.name, DisplayName: p.shown, Email: p.name + "@example.org", Note: p.note, Disabled: p.disabled}
		if _, err := tx.AddUser(u); err != nil {
			return err
		}
		var errs []error
		for _, m := range p.groups {
			m.User = p.name
			errs = append(errs, tx.AssignUser(m))
		}
		if err := errors.Join(errs...); err != nil {
			return err
		}
	}
	return tx.SetPasswordHash(headName, hash)
}

// headName is the user who heads the culture desk.
const headName = "amara"
