package password

import (
	"strings"
	"testing"
)

func TestCheck(t *testing.T) {
	tests := []struct {
		rule     string
		least    int
		password string
		reason   string // empty: accepted
	}{
		{"15 characters", 15, "abcdefghijklmno", ""},
		{"14 are too few", 15, "abcdefghijklmn", "shorter than 15 characters"},
		{"the empty password is too short, whatever the least", 1, "", "shorter than 1 characters"},
		{"code points are counted, not bytes", 4, "密码密", "shorter than 4 characters"},
		{"characters outside the BMP count once", 4, "🔑🔑🔑🔑", ""},
		{"code points are counted in NFC", 4, "e\u0301e\u0301e\u0301", "shorter than 4 characters"},
		{"spaces count and stay", 4, "    ", ""},
		{"1024 bytes are enough", 15, strings.Repeat("x", 1024), ""},
		{"1025 are too many", 15, strings.Repeat("x", 1025), "longer than 1024 bytes"},
		{"bytes are counted in NFC", 15, strings.Repeat("e\u0301", 512), ""},
		{"megabytes are not even normalised", 15, strings.Repeat("e\u0301", 1<<20), "longer than 1024 bytes"},
		{"UTF-8 only", 15, "abcdefghijklmno\xff", "not valid UTF-8"},
	}
	for _, tt := range tests {
		normal, err := Check(tt.password, tt.least)
		if tt.reason != "" {
			if err == nil || err.Error() != tt.reason || normal != "" {
				t.Errorf("%s: got %q, %v, want reason %q", tt.rule, normal, err, tt.reason)
			}
			continue
		}
		if want, _ := normalize(tt.password); err != nil || normal != want {
			t.Errorf("%s: got %q, %v", tt.rule, normal, err)
		}
	}
}

func TestNormalize(t *testing.T) {
	tests := []struct {
		rule, in, normal string
		fits             bool
	}{
		{"composed", "cafe\u0301", "caf\u00e9", true},
		{"composed stays", "caf\u00e9", "caf\u00e9", true},
		{"nothing is trimmed", " \tpass \n", " \tpass \n", true},
		{"case stays", "PaSs", "PaSs", true},
		{"compatibility characters stay", "\uff21\u2460", "\uff21\u2460", true},
		{"the empty password is nobody's", "", "", false},
		{"1024 bytes in NFC fit, whatever was typed", strings.Repeat("\u1112\u1161\u11ab", 341), strings.Repeat("\ud55c", 341), true},
		{"1025 do not", strings.Repeat("x", 1025), strings.Repeat("x", 1025), false},
		{"a password that can never fit is not normalised", strings.Repeat("x", 4097), "", false},
	}
	for _, tt := range tests {
		normal, fits := normalize(tt.in)
		if normal != tt.normal || fits != tt.fits {
			t.Errorf("%s: got %.20q (%d bytes), %v", tt.rule, normal, len(normal), fits)
		}
	}
}
