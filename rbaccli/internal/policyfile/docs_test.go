package policyfile

import (
	"os"
	"regexp"
	"testing"
)

// The policy of docs/policyfiles.md can be applied, and the tests there pass.
func TestDocument(t *testing.T) {
	text, err := os.ReadFile("../../../docs/policyfiles.md")
	must(t, err)
	blocks := regexp.MustCompile("(?s)```yaml\n(.*?)```").FindAllSubmatch(text, -1)
	if len(blocks) != 2 {
		t.Fatalf("%d blocks, want a policy and tests", len(blocks))
	}
	h := inMemory(t)
	h.apply(string(blocks[0][1]), false)
	equal(t, "a second apply", h.apply(string(blocks[0][1]), true), "")
	tests, err := ReadTests("docs/policyfiles.md", blocks[1][1])
	must(t, err)
	results, err := tests.Run(h.ctx(), h.Authority)
	must(t, err)
	if len(results) != 6 {
		t.Errorf("%d results", len(results))
	}
	for _, r := range results {
		if !r.Passed {
			t.Error(r)
		}
	}
}
