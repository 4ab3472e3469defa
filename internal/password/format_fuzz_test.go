package password

import (
	"context"
	"encoding/base64"
	"encoding/binary"
	"fmt"
	"slices"
	"strings"
	"testing"
)

// FuzzHash: whatever stands where a hash is stored, reading it does not panic;
// what is accepted asks for no more than the bounds and is the only way to write
// it; and a login with it computes one argon2id at the current cost.
func FuzzHash(f *testing.F) {
	for _, v := range hashVectors {
		f.Add(v.hash)
	}
	for _, a := range []string{"sha256-suffix$i=1,l=32", "pbkdf2-sha1$i=1000,l=20", "sha512-crypt$i=5000,l=86", "phpass$i=8192,l=22"} {
		f.Add("$wrapped$" + a + "$c2FsdA$v=19$m=64,t=2,p=1$c2l4dGVlbiBzYWx0IGJ5dA$O5LVgc9ApN85z6pgHOfAsrOGPXwP1+4Kbvn0bcAhi6c")
	}
	f.Add("")
	f.Add("$argon2id$v=19$m=4294967295,t=4294967295,p=255$$")
	f.Add("$scrypt$ln=63,r=1073741824,p=1073741824$AAAAAAAAAAA$")
	f.Fuzz(func(t *testing.T, s string) {
		p, err := parseHash(s)
		if err != nil {
			refusedHash(t, s, p, err)
			return
		}
		forms, work := describeHash(p)
		same := func(form string) bool { // digits of Werkzeug are of either case
			return form == s || strings.Contains(s, ":") && strings.EqualFold(form, s)
		}
		if !slices.ContainsFunc(forms, same) {
			t.Errorf("%q was accepted and prints as %q", s, forms)
		}
		if work > 1<<34 || p.memoryKiB() > 1<<20 {
			t.Errorf("%q asks for %d KiB and %d bytes of work", s, p.memoryKiB(), work)
		}
		if work < 1<<20 && p.memoryKiB() <= 64 {
			oneArgon2id(t, s)
		}
	})
}

func refusedHash(t *testing.T, s string, p storedHash, err error) {
	if p != nil {
		t.Errorf("%q: got %v and %v", s, p, err)
	}
	if len(s) > 8 && strings.Contains(err.Error(), s) {
		t.Errorf("the error quotes the hash: %v", err)
	}
	oneArgon2id(t, s)
}

// oneArgon2id verifies a password that no seed has. The current cost takes 256
// KiB, more than anything else that is measured.
func oneArgon2id(t *testing.T, s string) {
	turn := newTurn(t, newHasher(t, Argon2id{MemoryKiB: 256, Time: 1, Threads: 1}))
	var r Result
	if n := allocatedBy(func() { r = turn.Verify(context.Background(), s, "\x00never the password of a seed") }, 256); n != 1 {
		t.Errorf("%q: %d times argon2id at the current cost, want 1", s, n)
	}
	if r.OK {
		t.Errorf("%q: verified", s)
	}
}

// describeHash returns the ways in which a parsed hash may have been written, and
// the bytes that computing it goes through, roughly.
func describeHash(p storedHash) (forms []string, work uint64) {
	raw := base64.RawStdEncoding.EncodeToString
	switch h := p.(type) {
	case argon2idHash:
		return []string{h.encode(), "argon2" + h.encode()}, uint64(h.cost.MemoryKiB) * 1024 * uint64(h.cost.Time)
	case bcryptHash:
		var cost int
		fmt.Sscanf(string(h)[4:6], "%d", &cost)
		return []string{string(h), "bcrypt$" + string(h)}, 4096 << cost
	case bcryptSHA256Hash:
		var cost int
		fmt.Sscanf(string(h.bcryptHash)[4:6], "%d", &cost)
		return []string{"bcrypt_sha256$" + string(h.bcryptHash)}, 4096 << cost
	case wrappedHash:
		_, outer := describeHash(h.outer)
		return []string{h.encode()}, outer + uint64(h.inner.rounds)*1024
	case scryptHash:
		std := base64.StdEncoding.EncodeToString(h.tag)
		return []string{
			fmt.Sprintf("$scrypt$ln=%d,r=%d,p=%d$%s$%s", h.ln, h.r, h.p, raw(h.salt), raw(h.tag)),
			fmt.Sprintf("scrypt$%d$%s$%d$%d$%s", 1<<h.ln, h.salt, h.r, h.p, std),
			fmt.Sprintf("scrypt:%d:%d:%d$%s$%x", 1<<h.ln, h.r, h.p, h.salt, h.tag),
		}, 128 * uint64(h.r) * uint64(h.p) << h.ln
	case pbkdf2Hash:
		size := h.digest().Size()
		return pbkdf2Forms(h), uint64(h.rounds) * uint64((len(h.tag)+size-1)/size) * 128
	}
	return nil, 1 << 63
}

func pbkdf2Forms(h pbkdf2Hash) []string {
	name := map[int]string{20: "sha1", 32: "sha256", 64: "sha512"}[h.digest().Size()]
	names := []string{"$pbkdf2-" + name}
	if name == "sha1" {
		names = append(names, "$pbkdf2")
	}
	raw := base64.RawStdEncoding.EncodeToString
	ab64 := func(b []byte) string { return strings.ReplaceAll(raw(b), "+", ".") }
	std := base64.StdEncoding.EncodeToString
	prf := map[string]uint32{"sha1": 0, "sha256": 1, "sha512": 2}[name]
	header := binary.BigEndian.AppendUint32([]byte{1}, prf)
	header = binary.BigEndian.AppendUint32(header, h.rounds)
	header = binary.BigEndian.AppendUint32(header, uint32(len(h.salt)))
	forms := []string{
		fmt.Sprintf("pbkdf2_%s$%d$%s$%s", name, h.rounds, h.salt, std(h.tag)),
		fmt.Sprintf("pbkdf2:%s:%d$%s$%x", name, h.rounds, h.salt, h.tag),
		std(slices.Concat(header, h.salt, h.tag)),
	}
	for _, n := range names {
		forms = append(forms,
			fmt.Sprintf("%s$i=%d$%s$%s", n, h.rounds, raw(h.salt), raw(h.tag)),
			fmt.Sprintf("%s$i=%d,l=%d$%s$%s", n, h.rounds, len(h.tag), raw(h.salt), raw(h.tag)),
			fmt.Sprintf("%s$%d$%s$%s", n, h.rounds, ab64(h.salt), ab64(h.tag)))
	}
	return forms
}
