package rbac_test

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"testing"

	"github.com/rbac-go/rbac"
	memorystore "github.com/rbac-go/rbac/store_memory"
)

// oldUser is a row of the former system: its key, and the names of its groups.
type oldUser struct {
	Key, Name, Email, FullName, Hash string
	Disabled                         bool
	Groups                           []string
}

// importUser imports a user with all groups and the password, or, after an
// error, not at all. An Update of many users can therefore go on with the next
// user. importUser reports whether the user has to choose a new password.
func importUser(tx *rbac.Tx, old oldUser) (newPassword bool, err error) {
	user, err := tx.AddUser(rbac.User{
		Name: old.Name, Email: old.Email, DisplayName: old.FullName,
		Subject: old.Key, Disabled: old.Disabled,
	})
	if err != nil {
		return false, err
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, tx.DeleteUser(user.Name))
		}
	}()
	for _, group := range old.Groups {
		if err := tx.AssignUser(rbac.Membership{User: user.Name, Group: group, Note: "imported"}); err != nil {
			return false, err
		}
	}
	return old.Hash == "", tx.SetPasswordHash(user.Name, old.Hash)
}

// importedHash returns the hash for importUser, from a column of Django. Call
// importedHash before the Update. A user whose hash rbac does not read, or who
// had no password, has to choose a new password.
func importedHash(ctx context.Context, auth *rbac.Authority, column string) (string, error) {
	hash, err := auth.WrapPasswordHash(ctx, "django", column)
	if errors.Is(err, rbac.ErrInvalid) {
		return "", nil
	}
	return hash, err
}

// Passwords that foreign systems have hashed still work, and unreadable hashes
// are reported.
func TestImportedPasswords(t *testing.T) {
	const salt = "eQWHRH3f6BXVJ6nfk8iP3N"
	for name, c := range map[string]struct {
		hash  string
		reads bool
	}{
		"Django, its default":  {"pbkdf2_sha256$1000$" + salt + "$/hqg7Zr04rlVRDSt1JrMSP4clKz3HmtScvcF80FIvfE=", true},
		"Django, SHA-1":        {"pbkdf2_sha1$1000$" + salt + "$15zBGl1svRPtxoA6NMcq317SBoU=", true},
		"Django, Argon2":       {"argon2$argon2id$v=19$m=1024,t=2,p=8$ZVFXSFJIM2Y2QlhWSjZuZms4aVAzTg$Qm8G3e0FQ7GWai9HFtvOAOiK4Vq2P7NhSFeExiRYdJE", true},
		"Django, BCrypt":       {"bcrypt$$2b$04$c4hB1awvJDB.OROQPHwhhelvgCasK4ccaEkzC/zLpLKMNtn7ikvuK", true},
		"Django, BCryptSHA256": {"bcrypt_sha256$$2b$04$MVOF7rn/zf/llv4ON3MI4uSMcAr6yqEZkzLs2nwhVXdh80tWpcUKq", true},
		"Django, scrypt":       {"scrypt$1024$" + salt + "$8$5$BkMUz2jVcjouBa9Hk0W8eJ/mpMswnI68rr5U/pXXHm8GziU4XhP9EqWOmvuGhSj9sYs3zB57h37RS9QVE1xS6w==", true},
		"Django, MD5":          {"md5$seasalt$d5d2ba91bc986d52ab7f395b03d62679", true},
		"Laravel, bcrypt":      {"$2y$04$c4hB1awvJDB.OROQPHwhhelvgCasK4ccaEkzC/zLpLKMNtn7ikvuK", true},

		"Django, no password":     {"!fZ2l0bH7Rj8Gq1W0aXq3Rj8Gq1W0aXq3Rj8Gq1W0", false},
		"Django, half a scrypt":   {"scrypt$1024$" + salt, false},
		"Django, scrypt of N=100": {"scrypt$100$" + salt + "$8$1$BkMUz2jVcjouBa9Hk0W8eJ/mpMswnI68rr5U/pXXHm8GziU4XhP9EqWOmvuGhSj9sYs3zB57h37RS9QVE1xS6w==", false},
		"Laravel, argon":          {"$argon2i$v=19$m=1024,t=2,p=2$ZVFXSFJIM2Y2QlhWSjZuZms4aVAzTg$Qm8G3e0FQ7GWai9HFtvOAA", false},
	} {
		t.Run(name, func(t *testing.T) { testImport(t, c.hash, c.reads) })
	}
}

func testImport(t *testing.T, column string, reads bool) {
	a, err := rbac.Open(ctx, memorystore.New(), rbac.Config{Logger: slog.New(slog.DiscardHandler), Argon2id: rbac.Argon2id{MemoryKiB: 8, Time: 1}})
	must(t, err)
	defer a.Close()
	hash, err := importedHash(ctx, a, column)
	must(t, err)
	must(t, a.Update(ctx, func(tx *rbac.Tx) error {
		if _, err := tx.AddGroup(rbac.Group{Name: "editors"}); err != nil {
			return err
		}
		newPassword, err := importUser(tx, oldUser{Key: "17", Name: "Amy", Hash: hash, Groups: []string{"editors"}})
		if newPassword == reads {
			t.Errorf("a new password is needed: %v, want %v", newPassword, !reads)
		}
		return err
	}))
	if id, err := a.IdentityBySubject(ctx, "17"); err != nil || id.User() != "amy" || !id.InGroup("editors") {
		t.Errorf("the user is found by the old key, with the old groups: %v, %v", id, err)
	}
	_, err = a.Login(ctx, rbac.Login{User: "amy", Password: "amy password 123"})
	if reads != (err == nil) || !reads && !errors.Is(err, rbac.ErrBadCredentials) {
		t.Errorf("the old password lets in: %v, want %v", err, reads)
	}
	if _, err = a.Login(ctx, rbac.Login{User: "amy", Password: "amy password 124"}); !errors.Is(err, rbac.ErrBadCredentials) {
		t.Errorf("another password does not: %v", err)
	}
}

// A user with a fault in a later step leaves nothing behind, and the remaining
// users exist.
func TestImportIsAllOrNothing(t *testing.T) {
	eachStore(t, func(t *testing.T, h *house) {
		a := h.open(rbac.Config{})
		h.groups(a, map[string][]string{"editors": nil, "auditors": nil, "payers": nil})
		h.do(a, func(tx *rbac.Tx) error {
			return tx.CreateSSDSet(rbac.SeparationSet{Name: "money", Cardinality: 2, Groups: []string{"auditors", "payers"}})
		})
		faults := map[int][]string{1: {"no such group"}, 2: {"auditors", "payers"}, 3: {"editors"}, 4: {"bad\x00name"}}
		imported, refused := 0, 0
		h.do(a, func(tx *rbac.Tx) error {
			imported, refused = 0, 0
			for i := range 200 {
				old := oldUser{Key: fmt.Sprint(i), Name: fmt.Sprint("user", i), Email: fmt.Sprintf("user%d@example.com", i), Groups: []string{"editors"}}
				fault := faults[i%15]
				old.Groups = append(old.Groups, fault...)
				if _, err := importUser(tx, old); (err != nil) != (fault != nil) {
					t.Errorf("%s: %v", old.Name, err)
				} else if err != nil {
					refused++
				} else {
					imported++
				}
			}
			return nil
		})
		if refused != 56 {
			t.Fatalf("%d users are refused", refused)
		}
		must(t, a.View(ctx, func(tx *rbac.Tx) error {
			users := 0
			for u, err := range tx.Users(rbac.UserQuery{}) {
				if err != nil {
					return err
				}
				groups, err := tx.AssignedGroups(u.Name)
				if err != nil || len(groups) != 1 || groups[0].Group != "editors" {
					t.Errorf("%s is in %v (%v)", u.Name, groups, err)
				}
				users++
			}
			if users != imported {
				t.Errorf("%d users are there, and %d were imported", users, imported)
			}
			return nil
		}))
		h.do(a, func(tx *rbac.Tx) error { // the name, the address and the key are free
			_, err := importUser(tx, oldUser{Key: "1", Name: "user1", Email: "user1@example.com", Groups: []string{"editors"}})
			return err
		})
	})
}
