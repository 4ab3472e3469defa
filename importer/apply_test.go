package importer_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/rbac-go/rbac"
	"github.com/rbac-go/rbac/importer"
)

func update(t *testing.T, a *rbac.Authority, f func(tx *rbac.Tx) error) {
	t.Helper()
	must(t, a.Update(ctx, f))
}

const oneRole = "p, role:editor, post, write\ng, amy, role:editor\n"

var byRoles = model("sub, obj, act", "sub, obj, act", "g = _, _", allow, byRole)

// A second import undoes nothing that an administrator has done since, and takes
// what is new.
func TestAdministratorsWinOverSecondImports(t *testing.T) {
	a := authority(t)
	apply := func(policy string) *importer.Report {
		t.Helper()
		r, err := read(t, byRoles, policy).Apply(ctx, a, importer.Options{})
		must(t, err)
		return r
	}
	apply(oneRole + "p, bob, post, read\np, role:old, post, own\ng, carl, role:old\n")
	update(t, a, func(tx *rbac.Tx) error {
		u, err := tx.User("amy")
		u.Name = "amelia"
		return errors.Join(err, tx.ModifyUser(u), tx.DeleteUser("bob"), tx.DeleteGroup("role:old"),
			tx.RevokePermission(rbac.Grant{Group: "role:editor", Permission: "post.write"}),
			tx.DeassignUser(rbac.Membership{User: "amelia", Group: "role:editor"}))
	})
	r := apply(oneRole + "p, bob, post, read\np, role:old, post, own\ng, carl, role:old\ng, dora, role:editor\ng, dan, role:old\n")
	for _, want := range []string{
		"policy 1 (p, role:editor, post, write): not taken: was taken from the group role:editor here",
		"policy 2 (g, amy, role:editor): here already",
		"policy 3 (p, bob, post, read): not taken: was deleted here since an earlier import",
		"policy 4 (p, role:old, post, own): not taken: its group was not taken",
		"policy 5 (g, carl, role:old): here already",
		"policy 6 (g, dora, role:editor): taken",
		"policy 7 (g, dan, role:old): not taken: the group role:old was deleted here since an earlier import",
	} {
		if !slices.Contains(strings.Split(lines(r.Rows), "\n"), want) {
			t.Errorf("not in the report: %s\n%s", want, lines(r.Rows))
		}
	}
	if may(t, a, "amelia", "post.write", "") || may(t, a, "dora", "post.write", "") || may(t, a, "carl", "post.own", "") {
		t.Error("a right that was taken away is back")
	}
	proved(t, a, read(t, byRoles, oneRole), r, "amy: post.write: only in the source: was taken from the group role:editor here")
}

// A group of this store that gives more than the group of the same name in the
// source takes no user of the source.
func TestGroupsThatGiveMoreAreClosed(t *testing.T) {
	for _, c := range []struct {
		here  string
		merge bool
		taken bool
	}{{"post.write", false, true}, {"post.*", false, false}, {"post.*", true, true}, {"*", false, false}, {"rbac.administer", false, false}, {"*", true, true}} {
		a := authority(t)
		update(t, a, func(tx *rbac.Tx) error {
			_, err := tx.AddGroup(rbac.Group{Name: "role:editor"})
			_, err2 := tx.AddPermission(rbac.Permission{Name: "post.write"})
			return errors.Join(err, err2, tx.GrantPermission(rbac.Grant{Group: "role:editor", Permission: c.here}))
		})
		p := read(t, byRoles, oneRole)
		r, err := p.Apply(ctx, a, importer.Options{Merge: c.merge})
		must(t, err)
		_, err = a.Identity(ctx, "amy")
		if (err == nil) != c.taken {
			t.Errorf("here %s, merge %v: %v\n%s", c.here, c.merge, err, lines(r.Rows))
		}
		proof, err := p.Prove(ctx, a, r)
		must(t, err)
		if proof.Equal() != (c.here == "post.write" || c.here == "post.*" && c.merge) {
			t.Errorf("here %s, merge %v: %+v", c.here, c.merge, proof)
		}
	}
}

// A group of this store that may assign groups takes no user of the source, and
// neither does a group that inherits such a group.
func TestGroupsWithDelegationsAreClosed(t *testing.T) {
	a := authority(t)
	update(t, a, func(tx *rbac.Tx) error {
		for _, name := range []string{"role:editor", "leads", "members"} {
			if _, err := tx.AddGroup(rbac.Group{Name: name}); err != nil {
				return err
			}
		}
		return errors.Join(tx.AddInheritance(rbac.Inheritance{Senior: "role:editor", Junior: "leads"}),
			tx.AddDelegation(rbac.Delegation{Group: "leads", Assign: []string{"members"}}))
	})
	r, err := read(t, byRoles, oneRole).Apply(ctx, a, importer.Options{})
	must(t, err)
	reported(t, r, "policy 1 (p, role:editor, post, write): not taken: the group role:editor was here before, and is left as it is: use --merge, or Options.Merge, to add what it lacks",
		"policy 2 (g, amy, role:editor): not taken: the group role:editor was here before, and gives more than in the source: the delegation of leads")
}

// A permission of the source with the name of Config.Administer makes nobody an
// administrator.
func TestNobodyBecomesAnAdministratorByName(t *testing.T) {
	a := authority(t)
	r, err := read(t, byRoles, "p, role:a, rbac, administer\ng, amy, role:a\np, bob, rbac, administer\n").Apply(ctx, a, importer.Options{})
	must(t, err)
	const refused = `permission "rbac.administer": Name: invalid: is the permission of administrators here`
	reported(t, r, "policy 1 (p, role:a, rbac, administer): not taken: "+refused, "policy 3 (p, bob, rbac, administer): not taken: "+refused)
	if may(t, a, "amy", "rbac.administer", "") {
		t.Error("amy is an administrator")
	}
}

// Nobody joins a group that is not meant for them: a group of the user's own that
// exists, and a group of the source with the name of the superusers' group.
func TestReservedGroups(t *testing.T) {
	a := authority(t)
	update(t, a, func(tx *rbac.Tx) error {
		_, err := tx.AddGroup(rbac.Group{Name: "user:amy"})
		return errors.Join(err, tx.GrantPermission(rbac.Grant{Group: "user:amy", Permission: "*"}))
	})
	r, err := read(t, byRoles, "p, amy, post, write\n").Apply(ctx, a, importer.Options{})
	must(t, err)
	reported(t, r, `policy 1 (p, amy, post, write): not taken: group "user:amy": Name: already exists`)
	if _, err := a.Identity(ctx, "amy"); !errors.Is(err, rbac.ErrNotFound) {
		t.Errorf("amy is here: %v", err)
	}

	db := database(t, djangoTables+"UPDATE auth_group SET name = 'django superusers' WHERE id = 1;")
	p, err := importer.ReadDjango(ctx, importer.Django{DB: db})
	must(t, err)
	if _, err := p.Apply(ctx, a, importer.Options{Superusers: true}); !errors.Is(err, rbac.ErrInvalid) {
		t.Errorf("a group of the source would be granted *: %v", err)
	}
	db = database(t, djangoTables+"UPDATE auth_group SET name = 'django staff' WHERE id = 1;")
	if _, err := importer.ReadDjango(ctx, importer.Django{DB: db, Staff: "admin.enter"}); !errors.Is(err, rbac.ErrInvalid) {
		t.Errorf("a group of the source would be that of staff: %v", err)
	}
	if _, err := importer.ReadDjango(ctx, importer.Django{DB: database(t, djangoTables+"UPDATE auth_group SET name = 'editors';")}); !errors.Is(err, rbac.ErrInvalid) {
		t.Errorf("two groups have one name: %v", err)
	}
}

// An import that ends early has committed whole batches, and goes on when it is
// run again.
func TestImportGoesOn(t *testing.T) {
	var policy strings.Builder
	policy.WriteString("p, role:editor, post, write\n")
	for i := range 25 {
		fmt.Fprintf(&policy, "g, user%02d, role:editor\n", i)
	}
	p, a := read(t, byRoles, policy.String()), authority(t)
	ended, cancel := context.WithCancel(ctx)
	done := 0
	r, err := p.Apply(ended, a, importer.Options{Batch: 10, Progress: func(n, all int) {
		if done = n; n == 10 {
			cancel()
		}
		if all != 25 {
			t.Errorf("of %d users", all)
		}
	}})
	if !errors.Is(err, context.Canceled) || done != 10 || len(r.Rows) != 11 {
		t.Fatalf("after %d users: %v\n%s", done, err, lines(r.Rows))
	}
	r, err = p.Apply(ctx, a, importer.Options{Batch: 10})
	must(t, err)
	counted(t, r, "policy: 15 taken, 11 present, 0 not")
	proved(t, a, p, r)
	if r, err := p.Apply(ctx, nil, importer.Options{}); !errors.Is(err, rbac.ErrInvalid) || r == nil {
		t.Errorf("without an Authority: %v", err)
	}
	if _, err := p.Prove(ctx, nil, r); !errors.Is(err, rbac.ErrInvalid) {
		t.Errorf("without an Authority: %v", err)
	}
}

// A text that may be a hash is not taken for a password, whatever is asked for.
func TestHashesAreNoPasswords(t *testing.T) {
	for stored, plain := range map[string]bool{
		"correct horse battery": true, "hunter2": true, "Tr0ub4dor&3": true, "correcthorsebattery": true,
		"{SSHA}DkMTwBl+a/3DQTxCYEApdUtNXGgdUac3":                                         false,
		"$argon2i$v=19$m=1024,t=2,p=2$ZVFXSFJIM2Y2QlhWSjZuZms4aVAzTg$Qm8G3e0FQ7GWai9HFw": false,
		"*2470C0C06DEE42FD1618BB99005ADCA2EC9D1E19":                                      false,
		"crypt$$ab1234567890.":                                                           false,
		"5f4dcc3b5aa765d61d8327deb882cf99aabbccdd":                                       false, // 40 digits are a SHA-1, which the source has
		"X03MO1qnZdYdgyfeuILPmQ==":                                                       false,
		"bad$salt$digest":                                                                false,
		"pa$$word":                                                                       false, // may be a hash with an empty salt
		// as other systems write a digest beside its salt, or in groups
		"5f4dcc3b5aa765d61d8327deb882cf99:Ab3dEfGh1jKlMnOp":                           false,
		"sha1:64000:18:B6oWbvtHvu8qCgoE75wxmvpidRnGzGFt:R1gkPOuVjqIoTulWP1TABS0H":     false,
		"1000:5b4240333032306164:f38d165fce8ce42f59d366139ef5d9e1ca1247f0e06e503e":    false,
		"5e884898da28047151d0e56f8dc6292773603d0d6aabbdd62a11ef721d1542d8|salt":       false,
		"md5:5f4dcc3b5aa765d61d8327deb882cf99":                                        false,
		"SHA-256:xx:5e884898da28047151d0e56f8dc6292773603d0d6aabbdd62a11ef721d1542d8": false,
		"\x5f4dcc3b5aa765d61d8327deb882cf99":                                          false,
		"5f4dcc3b5aa765d61d8327deb882cf99 ":                                           false,
		"5f4dcc3b-5aa765d6-1d8327de-b882cf99":                                         false,
		"5f:4d:cc:3b:5a:a7:65:d6:1d:83:27:de:b8:82:cf:99":                             false,
		"rEK1ecacw.7.c":          false, // crypt(3) with DES
		"rEK1ecacw.7.c ":         false,
		"amy:rEK1ecacw.7.c":      false,
		"_J9..K0AyUubDrfOgO4s":   false, // crypt(3) of BSD
		"(GVMroLzc50YK/Yd+L8KH)": false, // Lotus Domino
		"BCRYPT$x":               false,
		"argon2id,v=19":          false,
		"SCRYPT:16384:8:1:x:y":   false,
		"md5 is broken":          true,
		"correcthorse1":          true, // 13 letters, which DES does not end in
		"tr0ub4dor:3":            true,
		"0123-4567":              true,
		// marks of accounts without a password
		"*": false, "x": false, "*LK*": false, " !": false,
	} {
		db := database(t, strings.Split(turboGearsTables, "INSERT")[0]+"INSERT INTO tg_user VALUES (1, 'amy', NULL, NULL, '"+stored+"', NULL);")
		p, err := importer.ReadTurboGears(ctx, importer.TurboGears{DB: db})
		must(t, err)
		a := authority(t)
		_, err = p.Apply(ctx, a, importer.Options{Plaintext: true, Wrap: true})
		must(t, err)
		if _, err := a.Login(ctx, rbac.Login{User: "amy", Password: stored}); (err == nil) != plain {
			t.Errorf("%s lets in: %v", stored, err)
		}
	}
}
