package password

import (
	"context"
	"fmt"
	"strings"
	"testing"

	"golang.org/x/crypto/bcrypt"
)

const vectorPassword = "correct horse battery"

// hashVectors are hashes of vectorPassword that other software made.
var hashVectors = []struct{ by, algorithm, hash string }{
	// printf 'correct horse battery' | argon2 'sixteen salt byt' -id -v 13 -t 2 -k 64 -p 1 -l 32 -e
	{"argon2(1)", "argon2id", "$argon2id$v=19$m=64,t=2,p=1$c2l4dGVlbiBzYWx0IGJ5dA$O5LVgc9ApN85z6pgHOfAsrOGPXwP1+4Kbvn0bcAhi6c"},
	// the same with -t 1 -k 128 -p 4 -l 16
	{"argon2(1), 4 lanes", "argon2id", "$argon2id$v=19$m=128,t=1,p=4$c2l4dGVlbiBzYWx0IGJ5dA$yald+iwGceX8ekbX8lp/Yw"},
	// the same with -t 2 -k 19456 -p 1 -l 32
	{"argon2(1), default cost", "argon2id", "$argon2id$v=19$m=19456,t=2,p=1$c2l4dGVlbiBzYWx0IGJ5dA$6atYeGGtLia/rOej7xCG95/fI156Jpa/PO3/yav5ZLo"},

	// htpasswd -nbBC 4 u 'correct horse battery'
	{"htpasswd(1)", "bcrypt", "$2y$04$iOMxq9TYnD5SG9MFeUS9HuVj0eEupybTM7L4TeexeFjxW8hcBQLUa"},
	// passlib 1.7.4: bcrypt.using(rounds=4, ident="2a").hash(password)
	{"passlib", "bcrypt", "$2a$04$CoCGgDCSN.qlNF3AUw2G6eDAPZFCouKt9xF6pY5L60Zgi/rfmkpTa"},

	// Python: hashlib.scrypt(password, salt=bytes(range(0xf0, 0x100)), n=16, r=8, p=1, dklen=32);
	// passlib's scrypt.using(rounds=4, salt=salt).hash(password) is the same string
	{"hashlib, passlib", "scrypt", "$scrypt$ln=4,r=8,p=1$8PHy8/T19vf4+fr7/P3+/w$dYCysfAffC3nJjCWF26TnhlJIzK5FUTz34KOnIeZ8cU"},
	// the same with n=32, r=2, p=3, dklen=64
	{"hashlib, 3 passes", "scrypt", "$scrypt$ln=5,r=2,p=3$8PHy8/T19vf4+fr7/P3+/w$Fh1p3LgEijz17Z03V3ig3/xKYMcNK+Y1jqcMoZLh4pTbiPBzmkl6XctQdP/k2374XgCwmM3E/2s15acS2UqpXg"},

	// Python: hashlib.pbkdf2_hmac(digest, password, bytes(range(0xf0, 0x100)), 1000)
	{"hashlib", "pbkdf2", "$pbkdf2-sha1$i=1000$8PHy8/T19vf4+fr7/P3+/w$2DNX40nbdH77gy40BOl7GYl+sJg"},
	{"hashlib", "pbkdf2", "$pbkdf2-sha256$i=1000$8PHy8/T19vf4+fr7/P3+/w$99bV+pKqUWKQUi1d2HhkR3ILvGqybbv4Jxx1sMp8D6s"},
	{"hashlib", "pbkdf2", "$pbkdf2-sha512$i=1000$8PHy8/T19vf4+fr7/P3+/w$hWACBuAy41PVaxHMuJVNcqtn6FQe+C1dQ2Bt7XPgCBGLkHEHHdKxW4fzTWC2O9wKVcIX9e3QYMxwnO23HUbLDg"},
	// the same with dklen=32: two blocks of SHA-1
	{"hashlib", "pbkdf2", "$pbkdf2-sha1$i=1000,l=32$8PHy8/T19vf4+fr7/P3+/w$2DNX40nbdH77gy40BOl7GYl+sJg2oozx2HlrpBa2OOU"},
	// passlib 1.7.4: pbkdf2_sha1.using(rounds=1000, salt=salt).hash(password), and so on
	{"passlib", "pbkdf2", "$pbkdf2$1000$8PHy8/T19vf4.fr7/P3./w$2DNX40nbdH77gy40BOl7GYl.sJg"},
	{"passlib", "pbkdf2", "$pbkdf2-sha256$1000$8PHy8/T19vf4.fr7/P3./w$99bV.pKqUWKQUi1d2HhkR3ILvGqybbv4Jxx1sMp8D6s"},
	{"passlib", "pbkdf2", "$pbkdf2-sha512$1000$8PHy8/T19vf4.fr7/P3./w$hWACBuAy41PVaxHMuJVNcqtn6FQe.C1dQ2Bt7XPgCBGLkHEHHdKxW4fzTWC2O9wKVcIX9e3QYMxwnO23HUbLDg"},
	// Django 3.2: PBKDF2PasswordHasher().encode(password, "seasalt8Table", 1000),
	// and PBKDF2SHA1PasswordHasher
	{"Django", "pbkdf2", "pbkdf2_sha256$1000$seasalt8Table$Bw7BU7tFyqPb1TV9ZYV1gedLDhKV+icEuVmnj0iH3BY="},
	{"Django", "pbkdf2", "pbkdf2_sha1$1000$seasalt8Table$FsR+PJMxwLF87iVd+FRe34eLDF8="},
	// Django 3.2: BCryptPasswordHasher and BCryptSHA256PasswordHasher with rounds = 4
	{"Django", "bcrypt", "bcrypt$$2b$04$qTYjbZ/xT0ei0HkvlITBNOuSUNmfq/RDopiFLaBbNlh6gRh9m3vMO"},
	{"Django", "bcryptSHA256", "bcrypt_sha256$$2b$04$ofz0NugG72uYonrcG3sXCuZgjQfXoUGjiwzWP//wTDVdccDATnnGi"},
	// Python: hashlib.scrypt(password, salt=b"seasalt8Table", n=1024, r=8, p=5, dklen=64),
	// written as Django's ScryptPasswordHasher does
	{"Django's format", "scrypt", "scrypt$1024$seasalt8Table$8$5$i/W0xsbxkM3SCKg4y5EeWJBZ0sFBp5JUQIUqYo74t/R+lYv2hqkS0b89GDqG3niYlERClm0hBSpg2MhRZsWdEg=="},

	// Werkzeug 3.1: generate_password_hash(password, "scrypt:1024:8:2")
	{"Werkzeug", "scrypt", "scrypt:1024:8:2$S9qqWuvYmzpdYmoD$2cb62c82bef96e8cb7d4f3f9f5587c3d517e6c209a92e1f929f6805e1f735ef5945074e1d0452454a58fa22a4da51b870e37d5661699df13d18a1084498b2ed6"},
	// Werkzeug 2.2: generate_password_hash(password, method)
	{"Werkzeug", "pbkdf2", "pbkdf2:sha256:1000$vKXShYbxn8SbRgha$e755ab9719c13b55b0603f7ca9f54b7613b0f22064c9d6df5f82642ed504a5b0"},
	{"Werkzeug", "pbkdf2", "pbkdf2:sha1:1000$VDyBl27lzBpSto2t$ecf9fda3b7f645d296746dee5356d28e86ec3d13"},
	{"Werkzeug", "pbkdf2", "pbkdf2:sha512:1000$rir87T9hdBOSAjpg$ceb7e1ce66f8220d0968bae4460fc6dc967b076398ac5d4c0d7b755fcca6ce1b44d9b09264f19065e7540f7c5d7f0e75d11c8a601b88214822880a45a3b6da92"},

	// Python: hashlib.pbkdf2_hmac("sha512", password, bytes(range(16)), 1000, 32) in the
	// documented format of ASP.NET Core Identity; see TestASPNETVectors for hashes that
	// ASP.NET has published
	{"ASP.NET's format", "pbkdf2", "AQAAAAIAAAPoAAAAEAABAgMEBQYHCAkKCwwNDg9OjEVSLnLd+mtlFb9XoK6lHa4gNh+7LmuWwX1ngTrjyQ=="},
}

func TestHashVectors(t *testing.T) {
	for _, v := range hashVectors {
		p, err := parseHash(v.hash)
		if err != nil {
			t.Errorf("%s: %s: %v", v.by, v.hash, err)
			continue
		}
		if scheme := fmt.Sprintf("%T", p); scheme != "password."+v.algorithm+"Hash" {
			t.Errorf("%s: %s: read as %s, want %s", v.by, v.hash, scheme, v.algorithm)
		}
		if !p.matches(vectorPassword) {
			t.Errorf("%s: %s: does not match its own password", v.by, v.hash)
		}
		for _, wrong := range []string{
			"", "correct horse batterz", vectorPassword + " ",
			vectorPassword + "\x00",                  // the same key for HMAC
			vectorPassword + "\x00" + vectorPassword, // the same key for bcrypt
		} {
			if p.matches(wrong) {
				t.Errorf("%s: %s: matches %q", v.by, v.hash, wrong)
			}
		}
	}
}

// ASP.NET Core Identity's own tests have the first two hashes of version 3, and
// the last is of version 2.
func TestASPNETVectors(t *testing.T) {
	const password = "my password"
	turn := newTurn(t, newHasher(t, Argon2id{MemoryKiB: 64, Time: 1, Threads: 1}))
	for _, hash := range []string{
		"AQAAAAAAAAD6AAAAEAhftMyfTJylOlZT+eEotFXd1elee8ih5WsjXaR3PA9M",
		"AQAAAAEAACcQAAAAEAABAgMEBQYHCAkKCwwNDg+yWU7rLgUwPZb1Itsmra7cbxw2EFpwpVFIEtP+JIuUEw==",
		"AAABAgMEBQYHCAkKCwwNDg+ukCEMDf0yyQ29NYubggHIVY0sdEUfdyeM+E1LtH1uJg==",
	} {
		wrapped, err := turn.Wrap("aspnet", hash)
		if err != nil {
			t.Errorf("%s: %v", hash, err)
		}
		ctx := context.Background()
		if !turn.Verify(ctx, wrapped, password).OK || turn.Verify(ctx, wrapped, password+"!").OK {
			t.Errorf("%s: wrapped as %s", hash, wrapped)
		}
		if asItIs := turn.Verify(ctx, hash, password).OK; asItIs != strings.HasPrefix(hash, "AQ") {
			t.Errorf("%s: read as it is: %v", hash, asItIs)
		}
	}
}

func TestBcryptLooksAt72Bytes(t *testing.T) {
	// passlib 1.7.4: bcrypt.using(rounds=4).hash("b" * 72)
	const stored = "$2b$04$yC3FuC3e3jmAH0u0zI1iGeKTF3DdUatylWaFqy84nKdwodjHNenmu"
	p, err := parseHash(stored)
	if err != nil {
		t.Fatal(err)
	}
	b72 := strings.Repeat("b", 72)
	if !p.matches(b72) {
		t.Error("a password of 72 bytes does not match")
	}
	if p.matches(b72 + "anything") {
		t.Error("a password matches of which bcrypt has seen the first 72 bytes only")
	}
	if bcrypt.CompareHashAndPassword([]byte(stored), []byte(b72+"anything")) != nil {
		t.Error("bcrypt looks at all bytes now: this test proves nothing any more")
	}
}

func TestHashRefuses(t *testing.T) {
	const (
		salt, tag = "c2l4dGVlbiBzYWx0IGJ5dA", "O5LVgc9ApN85z6pgHOfAsrOGPXwP1+4Kbvn0bcAhi6c"
		st        = "$" + salt + "$" + tag
		a         = "$argon2id$v=19$"
		bc        = "iOMxq9TYnD5SG9MFeUS9HuVj0eEupybTM7L4TeexeFjxW8hcBQLUa" // salt and tag of a bcrypt hash
	)
	tests := []struct{ rule, hash, reason string }{
		{"empty", "", "unknown format"},
		{"a password by itself", "correct horse battery", "unknown format"},
		{"argon2i", "$argon2i$v=19$m=64,t=2,p=1" + st, "unknown format"},
		{"MD5 crypt", "$1$saltsalt$2vnaRpHa6Jxjz5n83ok8Z0", "unknown format"},
		{"Django's argon2i", "argon2$argon2i$v=19$m=64,t=2,p=1" + st, "unknown format"},
		{"Django's MD5", "md5$seasalt$d095db9c9036ec46c15dbe6549434dcd", "unknown format"},
		{"a name without its $", "argon2id$v=19$m=64,t=2,p=1" + st, "unknown format"},
		{"longer than any", a + "m=64,t=2,p=1$" + strings.Repeat("AAAA", 100) + "$" + tag, "too long"},

		{"argon2 version 16", "$argon2id$v=16$m=64,t=2,p=1" + st, "unknown version of argon2id"},
		{"argon2 without version", "$argon2id$m=64,t=2,p=1" + st, "wrong number of parts"},
		{"no tag", a + "m=64,t=2,p=1$" + salt, "wrong number of parts"},
		{"a part too many", a + "m=64,t=2,p=1" + st + "$", "wrong number of parts"},
		{"a space before", " " + a + "m=64,t=2,p=1" + st, "unknown format"},
		{"a line break after", a + "m=64,t=2,p=1" + st + "\n", "not strict base64"},
		{"another order", a + "t=2,m=64,p=1" + st, "missing or unknown parameter"},
		{"a missing parameter", a + "m=64,t=2" + st, "missing or unknown parameter"},
		{"a parameter twice", a + "m=64,t=2,p=1,p=1" + st, "missing or unknown parameter"},
		{"an unknown parameter", a + "m=64,t=2,p=1,data=AA" + st, "missing or unknown parameter"},
		{"a plus sign", a + "m=+64,t=2,p=1" + st, "not a plain number"},
		{"a minus sign", a + "m=64,t=-2,p=1" + st, "not a plain number"},
		{"a leading zero", a + "m=064,t=2,p=1" + st, "not a plain number"},
		{"no number", a + "m=,t=2,p=1" + st, "not a plain number"},
		{"hexadecimal", a + "m=0x40,t=2,p=1" + st, "not a plain number"},
		{"beyond 32 bits", a + "m=4294967360,t=2,p=1" + st, "not a plain number"},
		{"no passes", a + "m=64,t=0,p=1" + st, outOfBounds},
		{"too many passes", a + "m=64,t=17,p=1" + st, outOfBounds},
		{"no lane", a + "m=64,t=2,p=0" + st, outOfBounds},
		{"more lanes than 8 bits hold", a + "m=4096,t=2,p=257" + st, outOfBounds},
		{"too little memory", a + "m=7,t=2,p=1" + st, outOfBounds},
		{"too little memory for its lanes", a + "m=31,t=2,p=4" + st, outOfBounds},
		{"too much memory", a + "m=1048577,t=1,p=1" + st, outOfBounds},
		{"padded base64", a + "m=64,t=2,p=1$" + salt + "==$" + tag, "not strict base64"},
		{"a line break within base64", a + "m=64,t=2,p=1$c2l4dGVlbiBz\nYWx0IGJ5dA$" + tag, "not strict base64"},
		{"left-over bits", a + "m=64,t=2,p=1$c2l4dGVlbiBzYWx0IGJ5dB$" + tag, "not strict base64"},
		{"the alphabet of URLs", a + "m=64,t=2,p=1$" + salt + "$" + strings.ReplaceAll(tag, "+", "-"), "not strict base64"},
		{"a salt too short", a + "m=64,t=2,p=1$c2l4dGVlbg$" + tag, "salt or tag too short or too long"},
		{"no salt", a + "m=64,t=2,p=1$$" + tag, "salt or tag too short or too long"},
		{"a tag too short", a + "m=64,t=2,p=1$" + salt + "$AAAAAAAAAAAAAAAAAAAA", "salt or tag too short or too long"},
		{"no tag, which everything would match", a + "m=64,t=2,p=1$" + salt + "$", "salt or tag too short or too long"},
		{"a tag too long", a + "m=64,t=2,p=1$" + salt + "$" + strings.Repeat("AAAA", 22), "salt or tag too short or too long"},

		{"bcrypt of 59 bytes", "$2y$04$" + bc[:52], "bcrypt hash not of 60 bytes"},
		{"bcrypt of 61 bytes", "$2y$04$" + bc + "a", "bcrypt hash not of 60 bytes"},
		{"bcrypt with a cost of one digit", "$2y$4$" + bc + "a", "bcrypt hash not of 60 bytes"},
		{"bcrypt $2$", "$2$04$" + bc + "a", "unknown format"},
		{"bcrypt $2x$, made with a fault", "$2x$04$" + bc, "unknown format"},
		{"bcrypt too cheap", "$2y$03$" + bc, outOfBounds},
		{"bcrypt too dear", "$2y$15$" + bc, tooExpensive},
		{"bcrypt with a sign", "$2y$+9$" + bc, "not a plain number"},
		{"bcrypt's cost is decimal", "$2y$0a$" + bc, "not a plain number"},
		{"bcrypt's alphabet", "$2y$04$" + bc[:52] + "+", "not strict base64"},
		{"bcrypt salt with left-over bits", "$2y$04$" + bc[:21] + "v" + bc[22:], "not strict base64"},
		{"bcrypt tag with left-over bits", "$2y$04$" + bc[:52] + "b", "not strict base64"},

		{"scrypt N=1", "$scrypt$ln=0,r=8,p=1" + st, outOfBounds},
		{"scrypt r=0", "$scrypt$ln=4,r=0,p=1" + st, outOfBounds},
		{"scrypt p=0", "$scrypt$ln=4,r=8,p=0" + st, outOfBounds},
		{"scrypt with too much memory", "$scrypt$ln=18,r=9,p=1" + st, tooExpensive},
		{"scrypt with too much work", "$scrypt$ln=17,r=8,p=3" + st, tooExpensive},
		{"scrypt with absurd work", "$scrypt$ln=4294967295,r=4294967295,p=4294967295" + st, outOfBounds},
		{"scrypt in another order", "$scrypt$r=8,ln=4,p=1" + st, "missing or unknown parameter"},

		{"no iterations", "$pbkdf2-sha256$i=0" + st, outOfBounds},
		{"too many iterations", "$pbkdf2-sha256$i=3000001" + st, tooExpensive},
		{"too many iterations of SHA-512", "$pbkdf2-sha512$i=1500001" + st, tooExpensive},
		{"too many for two blocks", "$pbkdf2-sha1$i=1500001" + st, tooExpensive},
		{"a length that is not so", "$pbkdf2-sha256$i=1000,l=31" + st, "tag not as long as it says"},
		{"length 0", "$pbkdf2-sha256$i=1000,l=0" + st, outOfBounds},
		{"the digest is SHA-1, -256 or -512", "$pbkdf2-md5$i=1000" + st, "unknown format"},
		{"passlib's alphabet in a PHC string", "$pbkdf2-sha256$i=1000$" + salt + "$" + strings.ReplaceAll(tag, "+", "."), "not strict base64"},
		{"the other way round", "$pbkdf2-sha256$1000" + st, "not strict base64"},
		{"Django's padding", "pbkdf2_sha256$1000$seasalt8Table$Bw7BU7tFyqPb1TV9ZYV1gedLDhKV+icEuVmnj0iH3BY", "not strict base64"},
		{"Django's short salt", "pbkdf2_sha256$1000$salt$Bw7BU7tFyqPb1TV9ZYV1gedLDhKV+icEuVmnj0iH3BY=", "salt or tag too short or too long"},
		{"Django's iterations", "pbkdf2_sha256$0$seasalt8Table$Bw7BU7tFyqPb1TV9ZYV1gedLDhKV+icEuVmnj0iH3BY=", outOfBounds},

		{"ASP.NET with a salt longer than the whole", "AQAAAAEAAAPoAAAAQAABAgMEBQYHCAkKCwwNDg8AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA==", saltOrTag},
		{"ASP.NET with a tag too short", "AQAAAAEAAAPoAAAAIQABAgMEBQYHCAkKCwwNDg8AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA==", saltOrTag},
		{"ASP.NET with a salt too short", "AQAAAAEAAAPoAAAABwABAgMEBQYHCAkKCwwNDg8AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA==", saltOrTag},
		{"ASP.NET with a tag too long", "AQAAAAEAAAPoAAAACAABAgMEBQYHCAkKCwwNDg8AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=", saltOrTag},
		{"ASP.NET with 2^32-1 of salt", "AQAAAAEAAAPo/////wABAgMEBQYHCAkKCwwNDg8AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA==", saltOrTag},
		{"ASP.NET with an unknown digest", "AQAAAAMAAAPoAAAAEAABAgMEBQYHCAkKCwwNDg8AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA==", "unknown format"},
		{"ASP.NET with no rounds", "AQAAAAEAAAAAAAAAEAABAgMEBQYHCAkKCwwNDg8AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA==", outOfBounds},
		{"ASP.NET with too many rounds", "AQAAAAEALcbBAAAAEAABAgMEBQYHCAkKCwwNDg8AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA==", tooExpensive},
		{"ASP.NET with 2^30 rounds", "AQAAAAJAAAAAAAAAEAABAgMEBQYHCAkKCwwNDg8AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA==", tooExpensive},
		{"ASP.NET, cut", "AQAAAAEAAAPoAAAAEAABAgMEBQYHCAkKCwwNDg8A", saltOrTag},
		{"ASP.NET without padding", "AQAAAAEAAAPoAAAAEAABAgMEBQYHCAkKCwwNDg8AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA", "not strict base64"},
		{"Django's bcrypt_sha256 of 59 bytes", "bcrypt_sha256$$2b$04$ofz0NugG72uYonrcG3sXCuZgjQfXoUGjiwzWP//wTDVdccDATnnG", "bcrypt hash not of 60 bytes"},
		{"Django's bcrypt_sha256, too dear", "bcrypt_sha256$$2b$15$ofz0NugG72uYonrcG3sXCuZgjQfXoUGjiwzWP//wTDVdccDATnnGi", tooExpensive},
		{"Django's bcrypt of something else", "bcrypt$$2x$04$ofz0NugG72uYonrcG3sXCuZgjQfXoUGjiwzWP//wTDVdccDATnnGi", "unknown format"},
		{"Django's scrypt of N=100", "scrypt$100$seasalt8Table$8$1$AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA==", outOfBounds},
		{"Django's scrypt with too much", "scrypt$1048576$seasalt8Table$8$1$AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA==", tooExpensive},
		{"Werkzeug's scrypt with two numbers", "scrypt:1024:8$saltsalt$abababababababababababababababababababababababababababababababab", "missing or unknown parameter"},
		{"Werkzeug's scrypt with too much", "scrypt:1048576:8:1$saltsalt$abababababababababababababababababababababababababababababababab", tooExpensive},
		{"Werkzeug's scrypt without salt", "scrypt:1024:8:1$$abababababababababababababababababababababababababababababababab", saltOrTag},
		{"Werkzeug's PBKDF2 with MD5", "pbkdf2:md5:1000$saltsalt$abababababababababababababababab", "unknown format"},
		{"Werkzeug's PBKDF2 with a short tag", "pbkdf2:sha256:1000$saltsalt$ababababababababababababababab", saltOrTag},
	}
	for _, tt := range tests {
		p, err := parseHash(tt.hash)
		if err == nil || err.Error() != tt.reason {
			t.Errorf("%s: %s: got %v, want reason %q", tt.rule, tt.hash, err, tt.reason)
		}
		if p != nil {
			t.Errorf("%s: a refused hash was returned", tt.rule)
		}
	}
}

// The bounds let in what the dearest settings in use have written. Nothing is computed here.
func TestHashAccepts(t *testing.T) {
	const st = "$c2l4dGVlbiBzYWx0IGJ5dA$O5LVgc9ApN85z6pgHOfAsrOGPXwP1+4Kbvn0bcAhi6c"
	for _, h := range []struct{ rule, hash string }{
		{"libsodium, moderate", "$argon2id$v=19$m=262144,t=3,p=1" + st},
		{"RFC 9106, second choice", "$argon2id$v=19$m=65536,t=3,p=4" + st},
		{"the most that Config.Argon2id allows", "$argon2id$v=19$m=1048576,t=16,p=16" + st},
		{"as many lanes as a machine had cores", "$argon2id$v=19$m=65536,t=1,p=255" + st},
		{"OWASP, least memory", "$argon2id$v=19$m=7168,t=5,p=1" + st},
		{"bcrypt of cost 14", "$2b$14$iOMxq9TYnD5SG9MFeUS9HuVj0eEupybTM7L4TeexeFjxW8hcBQLUa"},
		{"OWASP, scrypt", "$scrypt$ln=17,r=8,p=1" + st},
		{"OWASP, scrypt with ten passes", "$scrypt$ln=13,r=8,p=10" + st},
		{"scrypt of 256 MiB", "$scrypt$ln=18,r=8,p=1" + st},
		{"PBKDF2 with SHA-512", "$pbkdf2-sha512$i=1500000" + st},
		{"OWASP, PBKDF2 with SHA-1", "$pbkdf2-sha1$i=1300000" + st},
		{"Django 6", "pbkdf2_sha256$1200000$aBcDeFgHiJkLmNoPqRsTuV$Bw7BU7tFyqPb1TV9ZYV1gedLDhKV+icEuVmnj0iH3BY="},
	} {
		if _, err := parseHash(h.hash); err != nil {
			t.Errorf("%s: %s: %v", h.rule, h.hash, err)
		}
	}
}
