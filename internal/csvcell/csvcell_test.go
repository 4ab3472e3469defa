package csvcell_test

import (
	"testing"

	"github.com/rbac-go/rbac/internal/csvcell"
)

// A cell begins with an apostrophe if a spreadsheet would take its text for a
// formula, and is otherwise the text.
func TestSafe(t *testing.T) {
	for _, formula := range []string{
		`=1+1`, `+1`, `-1`, `@SUM(A1)`, "\t=1", "\r=1", "\n=1", `＝1+1`, `＋1`, `－1`, `＠SUM(A1)`, "=",
	} {
		if got := csvcell.Safe(formula); got != "'"+formula {
			t.Errorf("Safe(%q) = %q: a spreadsheet runs the cell", formula, got)
		}
	}
	for _, text := range []string{"", "amy", "1-1", " =1", "'=1", "a@example.com", "\xff=1", "编辑"} {
		if got := csvcell.Safe(text); got != text {
			t.Errorf("Safe(%q) = %q: the text is no formula", text, got)
		}
	}
}
