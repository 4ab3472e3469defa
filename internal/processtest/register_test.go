package processtest

import "testing"

// The check refuses histories that no register produces.
func TestRegisterCheck(t *testing.T) {
	writes := []Operation{{10, 20, "b"}, {30, 40, "a"}, {50, 60, "b"}}
	tests := []struct {
		rule    string
		reads   []Operation
		good    bool
		regular bool // whether Regular accepts the history
	}{
		{"the initial value", []Operation{{1, 2, "a"}}, true, true},
		{"another value, before any write", []Operation{{1, 2, "b"}}, false, false},
		{"what is being written, old or new", []Operation{{11, 12, "a"}, {13, 14, "b"}}, true, true},
		{"what was written", []Operation{{21, 22, "b"}}, true, true},
		{"what was superseded before the read began", []Operation{{21, 22, "a"}}, false, false},
		{"what was superseded during the read", []Operation{{19, 22, "a"}}, true, true},
		{"what is written during the read", []Operation{{22, 35, "a"}}, true, true},
		{"what is written after the read", []Operation{{22, 29, "a"}}, false, false},
		{"what was nowhere written", []Operation{{15, 55, "c"}}, false, false},
		{"the new value and then the old one, while it is written", []Operation{{11, 12, "b"}, {13, 14, "a"}}, false, true},
		{"both at the same time", []Operation{{11, 14, "b"}, {12, 15, "a"}}, true, true},
		{"new, old and new again over three writes", []Operation{{11, 12, "b"}, {31, 32, "a"}, {51, 52, "b"}}, true, true},
		{"the long read takes the earliest explanation", []Operation{{5, 58, "b"}, {32, 33, "b"}, {34, 35, "a"}}, true, true},
		{"a read after all writes, of the value before the last", []Operation{{61, 62, "a"}}, false, false},
	}
	for _, tt := range tests {
		r := &Register{Initial: "a", Writes: writes, Reads: tt.reads}
		if err := r.Check(); (err == nil) != tt.good {
			t.Errorf("%s: good %t; got %v", tt.rule, tt.good, err)
		}
		if err := r.Regular(); (err == nil) != (tt.good || tt.regular) {
			t.Errorf("%s: regular %t; got %v", tt.rule, tt.regular, err)
		}
	}
}
