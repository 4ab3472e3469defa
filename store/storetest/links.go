package storetest

import (
	"slices"
	"strings"
	"time"

	"github.com/rbac-go/rbac/store"
)

var linkRules = []rule{
	{"links", "A link is given back as it was put, by its hash and among the links of its user, and is gone when deleted.", func(w *world) {
		w.update(func(r store.Records) error { return addUsers(r, "alice", "bob") })
		var want []store.Link
		for i, purpose := range texts {
			l := store.Link{User: id("alice"), Purpose: purpose, Hash: hash("link" + purpose), Account: hash(purpose), Created: pick(times, i), Expires: pick(times, i+1)}
			want = append(want, l)
		}
		other := link("bob", texts[1])
		w.update(func(r store.Records) error { return each(append([]store.Link{other}, want...), r.PutLink) })
		for _, l := range want {
			w.equal("Link", w.link(l.Hash), l)
		}
		slices.SortFunc(want, func(a, b store.Link) int { return strings.Compare(a.Purpose, b.Purpose) })
		w.equal("UserLinks", w.userLinks("alice"), want)
		w.update(func(r store.Records) error { return r.DeleteLink(id("alice"), want[0].Purpose) })
		w.equal("UserLinks after DeleteLink", w.userLinks("alice"), want[1:])
		w.equal("UserLinks of another user", w.userLinks("bob"), []store.Link{other})
		w.equal("Link of a deleted one", w.linkError(want[0].Hash), store.ErrNotFound)
	}},
	{"links put again", "PutLink replaces the link of the same user and purpose, whose hash is free again.", func(w *world) {
		w.update(func(r store.Records) error { return addUsers(r, "alice", "bob") })
		first := link("alice", "reset")
		second := first
		second.Hash, second.Account, second.Created, second.Expires = hash("second"), hash("again"), noon.Add(time.Minute), noon.Add(time.Hour)
		w.update(func(r store.Records) error {
			return each([]store.Link{first, link("alice", "verify"), second}, r.PutLink)
		})
		w.equal("UserLinks", w.userLinks("alice"), []store.Link{second, link("alice", "verify")})
		w.equal("Link", w.link(second.Hash), second)
		w.equal("Link of a replaced one", w.linkError(first.Hash), store.ErrNotFound)
		w.update(func(r store.Records) error { return r.PutLink(second) })
		moved := store.Link{User: id("bob"), Purpose: "reset", Hash: first.Hash, Created: noon, Expires: noon}
		w.update(func(r store.Records) error { return r.PutLink(moved) })
		w.equal("Link of another user", w.link(first.Hash), moved)
		w.equal("UserLinks after both", w.userLinks("alice"), []store.Link{second, link("alice", "verify")})
	}},
	{"links expired", "ExpiredLinks lists links with Expires at or before a time, by Expires, User and Purpose, and no more than the limit.", func(w *world) {
		w.update(func(r store.Records) error { return addUsers(r, "alice", "bob") })
		at := func(user, purpose string, expires time.Time) store.Link {
			l := link(user, purpose)
			l.Expires = expires
			return l
		}
		users := []string{"alice", "bob"}
		slices.SortFunc(users, func(a, b string) int { return compareIDs(id(a), id(b)) })
		want := []store.Link{at(users[1], "zero", time.Time{}), at(users[0], "old", noon.Add(-tick)),
			at(users[0], "a", noon), at(users[0], "b", noon), at(users[1], "a", noon)}
		all := append(slices.Clone(want), at(users[0], "new", noon.Add(tick)))
		slices.Reverse(all)
		w.update(func(r store.Records) error { return each(all, r.PutLink) })
		for _, limit := range []int{0, 1, 4, 5, 9} {
			got := get(w, func(r store.Records) ([]store.Link, error) { return r.ExpiredLinks(noon, limit) })
			w.equal("ExpiredLinks", got, append([]store.Link(nil), want[:min(limit, len(want))]...))
		}
		later := want[1]
		later.Expires = noon.Add(time.Hour)
		w.update(func(r store.Records) error { return r.PutLink(later) })
		got := get(w, func(r store.Records) ([]store.Link, error) { return r.ExpiredLinks(noon, 9) })
		w.equal("ExpiredLinks after one was put again", got, slices.Delete(want, 1, 2))
	}},
}

// link returns the link of a user for a purpose.
func link(user, purpose string) store.Link {
	return store.Link{User: id(user), Purpose: purpose, Hash: hash(user + " " + purpose), Account: hash(user), Created: noon, Expires: noon}
}

func (w *world) link(hash store.TokenHash) store.Link {
	w.Helper()
	return get(w, func(r store.Records) (store.Link, error) { return r.Link(hash) })
}

// linkError returns the error of Link.
func (w *world) linkError(hash store.TokenHash) error {
	w.Helper()
	return get(w, func(r store.Records) (err error, _ error) {
		_, err = r.Link(hash)
		return err, nil
	})
}

func (w *world) userLinks(user string) []store.Link {
	w.Helper()
	return get(w, func(r store.Records) ([]store.Link, error) { return r.UserLinks(id(user)) })
}
