package main

import (
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"slices"

	"github.com/rbac-go/rbac"
)

// changeView is an entry of the change log.
type changeView struct {
	rbac.Change
	Fields []field
}

// field is a field that differs before and after a change.
type field struct{ Name, Before, After string }

const mostChanges = 100 // changes on the page

func (b *blog) showLog(w http.ResponseWriter, r *http.Request) {
	var views []changeView
	err := b.authority.View(r.Context(), func(tx *rbac.Tx) error {
		views = nil
		for c, err := range tx.Changes(rbac.ChangeQuery{Newest: true, Limit: mostChanges}) {
			if err != nil {
				return err
			}
			fields, err := differences(c)
			if err != nil {
				return err
			}
			views = append(views, changeView{c, fields})
		}
		return nil
	})
	if err != nil {
		b.guard.Deny(w, r, err)
		return
	}
	b.show(w, r, "log.html", page{Title: "Change log", Data: views})
}

// differences compares the records before and after a change.
func differences(c rbac.Change) ([]field, error) {
	before, err := fieldsOf(c.Before)
	if err != nil {
		return nil, err
	}
	after, err := fieldsOf(c.After)
	if err != nil {
		return nil, err
	}
	names := maps.Clone(before)
	maps.Copy(names, after)
	var fields []field
	for _, name := range slices.Sorted(maps.Keys(names)) {
		if before[name] != after[name] {
			fields = append(fields, field{name, before[name], after[name]})
		}
	}
	return fields, nil
}

// fieldsOf returns the fields of a record in the log. A nil record has none.
func fieldsOf(record json.RawMessage) (map[string]string, error) {
	texts := map[string]string{}
	if record == nil {
		return texts, nil
	}
	var values map[string]any
	if err := json.Unmarshal(record, &values); err != nil {
		return nil, err
	}
	for name, value := range values {
		texts[name] = fmt.Sprint(value)
	}
	return texts, nil
}
