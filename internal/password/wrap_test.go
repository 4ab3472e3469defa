package password

import (
	"context"
	"errors"
	"strings"
	"testing"
)

// wrapVectors are hashes of vectorPassword that other software made, and how
// each was made.
var wrapVectors = []struct{ by, scheme, hash, algorithm string }{
	// Python, as the model of TurboGears 2 does: salt = sha256(60 bytes).hexdigest();
	// salt + sha256((password + salt).encode("utf-8")).hexdigest()
	{"TurboGears 2", "turbogears", "81509d3c9487d2ca1ce2bcb4431f6ed2e50e8b6984217fe82a40b9582101ea763eee3f7ecbacabd65387afa92d5d25d71744eb04dc61622773893a29bbe6a79e", "sha256-suffix"},
	// the same with sha1, as its first versions do
	{"TurboGears 2.0", "turbogears", "c433c5833fe71fd843395cc5834774cdae3668ba114c94f634b1c3f258ae8ab55660fbb5314b9c93", "sha1-suffix"},
	// Python: sha1(password).hexdigest(), as identity.soprovider.encryption_algorithm = "sha1"
	{"TurboGears 1", "turbogears", "98decc62ece399a22ed30d490ef333be7fde7385", "sha1-suffix"},
	// Python: sha256(password + b"the salt of my site").hexdigest()
	{"a site of TurboGears", "turbogears-site", "the salt of my site$2878186de66cb549ee9ce30d06a21f5037bafb6356d7b9c73b52aa0cdc14d29a", "sha256-suffix"},

	// Django 3.2: SHA1PasswordHasher().encode(password, "seasalt"), and so on
	{"Django SHA1", "django", "sha1$seasalt$90bf127f93cb576ca6fe017406be24e9b0d5fcae", "sha1-prefix"},
	{"Django MD5", "django", "md5$seasalt$d095db9c9036ec46c15dbe6549434dcd", "md5-prefix"},
	{"Django UnsaltedSHA1", "django", "sha1$$98decc62ece399a22ed30d490ef333be7fde7385", "sha1-prefix"},
	{"Django UnsaltedMD5", "django", "88e4ddd2402d92d50e1879d6ecd9ffd4", "md5-prefix"},
	{"Django UnsaltedMD5, by its name", "django", "md5$$88e4ddd2402d92d50e1879d6ecd9ffd4", "md5-prefix"},
	{"Django PBKDF2", "django", "pbkdf2_sha256$1000$seasalt8Table$Bw7BU7tFyqPb1TV9ZYV1gedLDhKV+icEuVmnj0iH3BY=", "pbkdf2-sha256"},

	// Werkzeug 2.2: generate_password_hash(password, method)
	{"Werkzeug", "werkzeug", "sha256$VdXF42lRvSLMyop5$b4cdd5eb45036d43d3663ec59ef8cf3cf0cb5bdb42e4dbc75f33dfebcdefa555", "hmac-sha256"},
	{"Werkzeug", "werkzeug", "sha1$BZOSCgn5FYlf2pXS$da4f19b3409443fad87d554bf61e053a233c2956", "hmac-sha1"},
	{"Werkzeug", "werkzeug", "md5$XMSEfA23dm3kD7Gp$0ec4f40df96289d382b918375677abb0", "hmac-md5"},
	{"Werkzeug", "werkzeug", "sha512$nAX3UyCc39vQUv1F$4842a8ab942df858a80f20dc525a1a2f590434f0bc890e63aa40dcdf30248c9086dabdbcf8618da9907f777e794443a326333421004f222b7f4a3cc591dc449e", "hmac-sha512"},
	{"Werkzeug", "werkzeug", "pbkdf2:sha1:1000$VDyBl27lzBpSto2t$ecf9fda3b7f645d296746dee5356d28e86ec3d13", "pbkdf2-sha1"},
	{"Werkzeug", "werkzeug", "pbkdf2:sha512:1000$rir87T9hdBOSAjpg$ceb7e1ce66f8220d0968bae4460fc6dc967b076398ac5d4c0d7b755fcca6ce1b44d9b09264f19065e7540f7c5d7f0e75d11c8a601b88214822880a45a3b6da92", "pbkdf2-sha512"},

	// mkpasswd(1) -m sha-512 -S 'saltSALTsaltSALT' 'correct horse battery'
	{"mkpasswd(1)", "crypt", "$6$saltSALTsaltSALT$MjGE4Ohp7.LtPXyHA.PDFt/k5dcMrnxIa9OyVKkBulvs4bGivAdfdJIk4oqGEcdvv8ppgWcU4VwqwGnPBvlcG/", "sha512-crypt"},
	// -m sha-512 -R 1234 -S saltSALT; -m sha-256 -S saltSALTsaltSALT;
	// -m sha-256 -R 1000 -S short678
	{"mkpasswd(1)", "crypt", "$6$rounds=1234$saltSALT$0An1V/IdEW6uZ8B8sTXRmDijB9nKreZp5Obb7I7AdKsD0LOePca0RiKLFx6Ab7oydW.qQQjluKZHyECQA4ZUr/", "sha512-crypt"},
	{"mkpasswd(1)", "crypt", "$5$saltSALTsaltSALT$HLj4g2BJrosOfXM86HFwjDOTkTQjl5U9HwzMup1l4N9", "sha256-crypt"},
	{"mkpasswd(1)", "crypt", "$5$rounds=1000$short678$OxCRptNQ6rWvJSXB7j3hA5.HSBNP6ZJ8CDKqmCX5wa.", "sha256-crypt"},
	// openssl passwd -6 -salt ab 'correct horse battery'; -5 -salt abcdefgh
	{"openssl", "crypt", "$6$ab$00UvuTipJheWs8rQil6/B9QxEK27jYxw4b0b1elLf8QluNkNogsWUJ47RIFEYG8taaZoy6SsCHRnnPXw8cve.1", "sha512-crypt"},
	{"openssl", "crypt", "$5$abcdefgh$sYjQ4vynYsNAnM.JMipLH1IMXSipuA8cURgfc3GsHo.", "sha256-crypt"},
	// Perl: crypt("correct horse battery", '$6$rounds=1500$perlsalt$');
	// PHP: the same with 1000 and phpsalt
	{"Perl", "crypt", "$6$rounds=1500$perlsalt$WmvxOAuVFV83egV/cpZmHNxDMAGS8RvVqatXOSV6k6r7co/w/FCP1J3hq4fx4OWwGLKonr7N8mXeO5fNjNqu60", "sha512-crypt"},
	{"PHP", "crypt", "$6$rounds=1000$phpsalt$4Xx.TN8CtYnPW5332pTjHjb62de19BukH6FnifFl/0v1ypxEIHhWG7rH9e.SpifdegikGODGFLHcSSEqHeEgs/", "sha512-crypt"},
	// passlib 1.7.4: sha512_crypt.using(rounds=1000).hash(password), and sha256_crypt
	{"passlib", "crypt", "$6$rounds=1000$VG7vKonHy5sClbih$UawrPfhyaWQyzOA3j.SMH5pwzKWXyPbJ3q2znfzfJKM3pjBXi.Eg4g9IY3D6l4JJa89ESOvRFhwq.mdhYctqx/", "sha512-crypt"},
	{"passlib", "crypt", "$5$rounds=1000$SuTr5ezRsMSHy/nF$QAKcahHRQKy32z3FXAQaHgcDKJHpDnzMTQ2AqROp2ZD", "sha256-crypt"},

	// WordPress 6.1, PHP: (new PasswordHash(8, true))->HashPassword(password), and with 7
	{"WordPress", "phpass", "$P$Bw1Gs3oW5MX1dLEctmfCocGytUegum1", "phpass"},
	{"WordPress", "phpass", "$P$ASztLgEv.mY5p/QJqecyGSacsIwc8J1", "phpass"},
	// passlib 1.7.4: phpass.using(rounds=7, ident="P").hash(password), and rounds=8, ident="H"
	{"passlib", "phpass", "$P$56W2.kfvoEukgSSNNwKDXgSfI85GfA1", "phpass"},
	{"passlib", "phpass", "$H$6dYNfqe1IXr1Mygb0X6bf2X/F7H64g/", "phpass"},
}

// A hash of other software is verified inside argon2id, is not to be read from
// the result, and is upgraded.
func TestWrap(t *testing.T) {
	ctx := t.Context()
	cost := Argon2id{MemoryKiB: 64, Time: 1, Threads: 1}
	turn := newTurn(t, newHasher(t, cost))
	later := newTurn(t, newHasher(t, Argon2id{MemoryKiB: 128, Time: 1, Threads: 1}))
	for _, v := range wrapVectors {
		wrapped, err := turn.Wrap(v.scheme, v.hash)
		if err != nil {
			t.Errorf("%s: %s: %v", v.by, v.hash, err)
			continue
		}
		if !strings.HasPrefix(wrapped, "$wrapped$"+v.algorithm+"$i=") || !strings.Contains(wrapped, "$v=19$m=64,t=1,p=1$") {
			t.Errorf("%s: %s: wrapped as %s", v.by, v.hash, wrapped)
		}
		if digest := v.hash[len(v.hash)-20:]; strings.Contains(wrapped, digest) {
			t.Errorf("%s: the bare digest is in %s", v.by, wrapped)
		}
		if again, err := turn.Wrap(v.scheme, wrapped); again != wrapped || err != nil {
			t.Errorf("%s: wrapped twice: %s, %v", v.by, again, err)
		}
		if other, _ := turn.Wrap(v.scheme, v.hash); other == wrapped {
			t.Errorf("%s: two results are equal: where is the salt?", v.by)
		}
		for _, turn := range []*Turn{turn, later} {
			r := turn.Verify(ctx, wrapped, vectorPassword)
			if !r.OK || !turn.Verify(ctx, r.Upgrade, vectorPassword).OK || !strings.HasPrefix(r.Upgrade, "$argon2id$") {
				t.Errorf("%s: %s: the right password gives %+v", v.by, v.hash, r)
			}
			for _, wrong := range []string{"", "correct horse batterz", vectorPassword + " ", vectorPassword + "\x00", strings.Repeat("x", 1024)} {
				if r := turn.Verify(ctx, wrapped, wrong); r != (Result{}) {
					t.Errorf("%s: %s: %.30q gives %+v", v.by, v.hash, wrong, r)
				}
			}
		}
	}
}

// glibc, by Perl: crypt("p" x 100, '$6$longpassword$'), which is longer than the
// digest.
func TestWrapCryptOfLongPassword(t *testing.T) {
	turn := newTurn(t, newHasher(t, Argon2id{MemoryKiB: 64, Time: 1, Threads: 1}))
	for _, hash := range []string{
		"$6$longpassword$65tVb8dKkw1qA9ccwkpZYsNvAK/GrLR4tT0St4xi8r82lN1vXWMGjaaW9vLnP5TKZloPSMMCCDeEG3hXntU7w1",
		"$5$longpassword$wwB3oJcXsZ3EFOPaXfIN75qEyr4kRIPTv1YA9rSldmC",
	} {
		wrapped, err := turn.Wrap("crypt", hash)
		if err != nil || !turn.Verify(t.Context(), wrapped, strings.Repeat("p", 100)).OK {
			t.Errorf("%s: wrapped as %s, %v", hash, wrapped, err)
		}
	}
}

// A long password must not keep other logins waiting: crypt(3) and phpass read
// the whole password in each round.
func TestOldWorkIsBounded(t *testing.T) {
	for _, tt := range []struct {
		algorithm string
		rounds    uint32
		password  int // bytes
		computed  bool
	}{
		{"sha512-crypt", 5000, 1024, true},
		{"sha512-crypt", 700_000, 128, false},
		{"sha256-crypt", 100_000, 1024, false},
		{"phpass", 1 << 13, 1024, true},
		{"phpass", 1 << 20, 108, false},
	} {
		d := oldDigest{algorithm: tt.algorithm, rounds: tt.rounds, salt: []byte("saltsalt")}
		if got := d.compute(strings.Repeat("x", tt.password)); (got != nil) != tt.computed {
			t.Errorf("%+v: computed %q", tt, got)
		}
	}
}

// Django's bcrypt_sha256 reads the whole password: bcrypt_sha256 of "b" * 100.
func TestBcryptSHA256ReadsAll(t *testing.T) {
	p, err := parseHash("bcrypt_sha256$$2b$04$PbS1C9DApcrn1A7G1mUkZe9PIEdvWgKh18dXNJQ1W0GxCKFl6MFZq")
	if err != nil || !p.matches(strings.Repeat("b", 100)) || p.matches(strings.Repeat("b", 99)) || p.matches(strings.Repeat("b", 72)) {
		t.Errorf("the password is 100 bytes long: %v", err)
	}
}

// Hashes that are strong enough stay as they are, whatever the scheme.
func TestWrapKeepsStrongHashes(t *testing.T) {
	turn := newTurn(t, newHasher(t, Argon2id{MemoryKiB: 64, Time: 1, Threads: 1}))
	for _, v := range hashVectors { // their PBKDF2 is of 1,000 rounds
		wrapped, err := turn.Wrap("django", v.hash)
		weak := v.algorithm == "pbkdf2"
		if err != nil || (wrapped == v.hash) == weak || weak && !strings.HasPrefix(wrapped, "$wrapped$pbkdf2-") {
			t.Errorf("%s: %s: got %s, %v", v.by, v.hash, wrapped, err)
		}
	}
	for rounds, strong := range map[string]bool{"99999": false, "100000": true} {
		// Werkzeug 3.1: generate_password_hash(password, "pbkdf2:sha256:100000")
		hash := "pbkdf2:sha256:" + rounds + "$2nc4Ux3nN6tiWRiP$d50a1398b62877ab651260105651ffccd51161e8d102b3ca4038b6114295fec1"
		if wrapped, err := turn.Wrap("werkzeug", hash); err != nil || (wrapped == hash) != strong {
			t.Errorf("%s: got %s, %v", hash, wrapped, err)
		}
		if strong && !turn.Verify(t.Context(), hash, vectorPassword).OK {
			t.Errorf("%s is not read as it is", hash)
		}
	}
}

func TestWrapRefuses(t *testing.T) {
	const (
		hex32 = "d095db9c9036ec46c15dbe6549434dcd"
		hex40 = "90bf127f93cb576ca6fe017406be24e9b0d5fcae"
		hex64 = "2878186de66cb549ee9ce30d06a21f5037bafb6356d7b9c73b52aa0cdc14d29a"
		c43   = "HLj4g2BJrosOfXM86HFwjDOTkTQjl5U9HwzMup1l4N9"
	)
	tests := []struct{ rule, scheme, hash, reason string }{
		{"no scheme", "", hex32, "unknown scheme"},
		{"another scheme", "md5", hex32, "unknown scheme"},
		{"no hash", "django", "", "unknown format"},
		{"a password", "django", "correct horse battery", "unknown format"},
		{"an unusable password", "django", "!fZ2l0bH7Rj8Gq1W0aXq3Rj8Gq1W0aXq3Rj8Gq1W0", "unknown format"},
		{"a hash of another scheme", "turbogears", hex32, "unknown format"},
		{"too long", "turbogears-site", strings.Repeat("s", 300) + "$" + hex64, "too long"},
		{"too long a salt", "turbogears-site", strings.Repeat("s", 65) + "$" + hex64, saltOrTag},
		{"no site salt", "turbogears-site", hex64, "unknown format"},
		{"a letter", "turbogears", strings.Repeat("z", 128), "not hexadecimal"},
		{"a digest too short", "django", "md5$salt$" + hex32[2:], saltOrTag},
		{"no digest", "django", "md5$salt$", saltOrTag},
		{"a part too many", "django", "md5$salt$" + hex32 + "$", "wrong number of parts"},
		{"DES", "django", "crypt$$saltsaltsalt", "unknown format"},
		{"HMAC without a key", "werkzeug", "sha1$$" + hex40, saltOrTag},
		{"plain", "werkzeug", "plain$$correct horse battery", "unknown format"},
		{"PBKDF2 with a default number of rounds", "werkzeug", "pbkdf2:sha256$saltsalt$" + hex64, "not a plain number"},
		{"PBKDF2 with too many", "werkzeug", "pbkdf2:sha256:1073741824$saltsalt$" + hex64, tooExpensive},
		{"scrypt with too much", "werkzeug", "scrypt:1048576:8:1$saltsalt$" + hex64, tooExpensive},
		{"scrypt of N=100", "werkzeug", "scrypt:100:8:1$saltsalt$" + hex64, outOfBounds},
		{"version 2 of 48 bytes", "aspnet", "AAABAgMEBQYHCAkKCwwNDg+ukCEMDf0yyQ29NYubggHIVY0sdEUfdyeM+E1LtH1u", "unknown format"},
		{"700,001 rounds of crypt", "crypt", "$5$rounds=700001$salt$" + c43, tooExpensive},
		{"2^30 rounds of crypt", "crypt", "$5$rounds=1073741824$salt$" + c43, tooExpensive},
		{"too few rounds of crypt", "crypt", "$5$rounds=999$salt$" + c43, outOfBounds},
		{"a salt of 17", "crypt", "$5$saltsaltsaltsalts$" + c43, saltOrTag},
		{"another alphabet", "crypt", "$5$salt$" + c43[:42] + "+", "wrong digest"},
		{"MD5 crypt", "crypt", "$1$saltsalt$2vnaRpHa6Jxjz5n83ok8Z0", "unknown format"},
		{"2^21 rounds of phpass", "phpass", "$P$Jw1Gs3oW5MX1dLEctmfCocGytUegum1", tooExpensive},
		{"2^63 rounds of phpass", "phpass", "$P$zw1Gs3oW5MX1dLEctmfCocGytUegum1", outOfBounds},
		{"2^6 rounds of phpass", "phpass", "$P$4w1Gs3oW5MX1dLEctmfCocGytUegum1", outOfBounds},
		{"33 bytes of phpass", "phpass", "$P$Bw1Gs3oW5MX1dLEctmfCocGytUegum", "unknown format"},
	}
	turn := newTurn(t, newHasher(t, Argon2id{MemoryKiB: 64, Time: 1, Threads: 1}))
	for _, tt := range tests {
		wrapped, err := turn.Wrap(tt.scheme, tt.hash)
		if wrapped != "" || err == nil || err.Error() != tt.reason {
			t.Errorf("%s: got %q, %v, want reason %q", tt.rule, wrapped, err, tt.reason)
		}
	}
}

// What stands after $wrapped$ is bounded like any other hash.
func TestWrappedRefuses(t *testing.T) {
	const outer = "$v=19$m=64,t=1,p=1$c2l4dGVlbiBzYWx0IGJ5dA$O5LVgc9ApN85z6pgHOfAsrOGPXwP1+4Kbvn0bcAhi6c"
	tests := []struct{ rule, hash, reason string }{
		{"an unknown algorithm", "$wrapped$sha3-suffix$i=1,l=32$AAAA" + outer, "unknown algorithm"},
		{"rounds where there are none", "$wrapped$sha256-suffix$i=2,l=32$AAAA" + outer, tooExpensive},
		{"no rounds", "$wrapped$sha256-suffix$i=0,l=32$AAAA" + outer, outOfBounds},
		{"another length", "$wrapped$sha256-suffix$i=1,l=31$AAAA" + outer, outOfBounds},
		{"2^30 rounds", "$wrapped$sha512-crypt$i=1073741824,l=86$AAAA" + outer, tooExpensive},
		{"PBKDF2 too long", "$wrapped$pbkdf2-sha256$i=1000,l=65$AAAA" + outer, outOfBounds},
		{"a salt too long", "$wrapped$sha256-suffix$i=1,l=32$" + strings.Repeat("AAAA", 22) + outer, saltOrTag},
		{"no argon2id", "$wrapped$sha256-suffix$i=1,l=32$AAAA", "wrong number of parts"},
		{"a salt that is not base64", "$wrapped$sha256-suffix$i=1,l=32$*" + outer, "not strict base64"},
		{"argon2id too dear", "$wrapped$sha256-suffix$i=1,l=32$AAAA" + strings.Replace(outer, "m=64,t=1", "m=1048576,t=1", 1), tooExpensive},
	}
	h := newHasher(t, Argon2id{MemoryKiB: 64, Time: 1, Threads: 1})
	for _, tt := range tests {
		if err := h.CheckHash(tt.hash); err == nil || err.Error() != tt.reason {
			t.Errorf("%s: got %v, want reason %q", tt.rule, err, tt.reason)
		}
	}
}

// A wrong password of a wrapped hash at the current cost computes one argon2id,
// as for a user who does not exist. The right password costs the upgrade, too.
func TestWrappedComputesOneArgon2id(t *testing.T) {
	turn := newTurn(t, newHasher(t, measured))
	old := newTurn(t, newHasher(t, Argon2id{MemoryKiB: 64, Time: 1, Threads: 1}))
	hash := wrapVectors[0].hash
	current, err1 := turn.Wrap("turbogears", hash)
	cheaper, err2 := old.Wrap("turbogears", hash)
	if err := errors.Join(err1, err2); err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct {
		rule, hash, password string
		want                 int
	}{
		{"wrong", current, "incorrect horse", 1},
		{"wrong, not in NFC", current, "cafe\u0301 au lait", 1},
		{"none", current, "", 1},
		{"too long", current, strings.Repeat("x", 1025), 1},
		{"right", current, vectorPassword, 2},
		{"wrong, another cost", cheaper, "incorrect horse", 1},
		{"right, another cost", cheaper, vectorPassword, 1},
	} {
		if n := argon2idsIn(func() { turn.Verify(context.Background(), tt.hash, tt.password) }); n != tt.want {
			t.Errorf("%s: %d times argon2id at the current cost, want %d", tt.rule, n, tt.want)
		}
	}
}

// A function of the host verifies hashes that begin with $legacy$, and no
// others. An error or a panic means that the password is wrong.
func TestLegacy(t *testing.T) {
	h := newHasher(t, measured)
	turn := newTurn(t, h)
	if err := h.CheckHash("$legacy$x"); err == nil || !strings.Contains(err.Error(), "no function") {
		t.Errorf("without a function: %v", err)
	}
	type key struct{}
	ctx := context.WithValue(t.Context(), key{}, "of the login")
	var asked []string
	h.Legacy = func(ctx context.Context, hash, password string) (bool, error) {
		asked = append(asked, password)
		switch hash {
		case "panics":
			panic(password)
		case "fails":
			return true, errors.New("the key is lost")
		}
		return hash == "of caf\u00e9" && password == "caf\u00e9" && ctx.Value(key{}) == "of the login" ||
			hash == "of cafe\u0301" && password == "cafe\u0301", nil
	}
	for _, tt := range []struct {
		hash, password string
		ok             bool
		asked          int
	}{
		{"of caf\u00e9", "caf\u00e9", true, 1},
		{"of caf\u00e9", "cafe\u0301", true, 1},
		{"of cafe\u0301", "cafe\u0301", true, 2},
		{"of caf\u00e9", "cafe", false, 1},
		{"panics", "caf\u00e9", false, 1},
		{"fails", "caf\u00e9", false, 1},
		{"of caf\u00e9", "", false, 0},
		{"of caf\u00e9", strings.Repeat("x", 1025), false, 0},
	} {
		asked = nil
		var r Result
		n := argon2idsIn(func() { r = turn.Verify(ctx, "$legacy$"+tt.hash, tt.password) })
		if n != 1 || r.OK != tt.ok || r.Fault != nil || len(asked) != tt.asked || (r.Upgrade != "") != tt.ok {
			t.Errorf("%s, %.10q: %d times argon2id, %+v, asked for %q", tt.hash, tt.password, n, r, asked)
		}
	}
	for _, bad := range []string{"", strings.Repeat("x", 1025), "a\x00b", "a\nb", "\xff"} {
		if err := h.CheckHash("$legacy$" + bad); err == nil {
			t.Errorf("%.10q is accepted", bad)
		}
	}
	if err := h.CheckHash("$legacy$" + strings.Repeat("x", 1024)); err != nil {
		t.Error(err)
	}
}

// FuzzWrap: whatever stands in the table of another system, reading it does not
// panic, the result is a hash within the bounds, and an error does not quote the
// hash.
func FuzzWrap(f *testing.F) {
	for _, v := range wrapVectors {
		f.Add(v.scheme, v.hash)
	}
	for scheme := range schemes {
		f.Add(scheme, "")
		f.Add(scheme, "$6$rounds=4294967295$$")
	}
	f.Fuzz(func(t *testing.T, scheme, hash string) {
		h := newHasher(t, Argon2id{MemoryKiB: 64, Time: 1, Threads: 1})
		turn := newTurn(t, h)
		wrapped, err := turn.Wrap(scheme, hash)
		if err != nil {
			if wrapped != "" || len(hash) > 8 && strings.Contains(err.Error(), hash) {
				t.Errorf("got %q, %v", wrapped, err)
			}
			return
		}
		if err := h.CheckHash(wrapped); err != nil {
			t.Errorf("%q: %q cannot be verified: %v", hash, wrapped, err)
		}
		if again, err := turn.Wrap(scheme, wrapped); again != wrapped && !strings.HasPrefix(again, "$wrapped$pbkdf2-") || err != nil {
			t.Errorf("%q: wrapped twice: %q, %v", wrapped, again, err)
		}
	})
}
