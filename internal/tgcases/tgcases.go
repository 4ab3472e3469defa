// Package tgcases gives tests the cases that were distilled from the test
// suites of TurboGears, repoze.what and relatives: a predicate, an identity and
// the expected result. The file is read in place, from the folder that the
// environment variable RBAC_SHARED names.
package tgcases

import (
	"encoding/json"
	"os"
	"path/filepath"
	"testing"

	"github.com/rbac-go/rbac"
)

// Case is one case. The exported fields are those of the file, unless noted
// otherwise.
type Case struct {
	Source    string          `json:"source"`
	Note      string          `json:"note"`
	Condition json.RawMessage `json:"predicate"`
	Msg       string          `json:"msg"` // the custom message; empty: none
	Context   struct {
		Number float64 `json:"test_number"` // the number that custom predicates compare with
	} `json:"context"`
	Identity *Identity `json:"identity"` // nil: not logged in
	Expect   string    `json:"expect"`   // met or unmet
	Message  *string   `json:"message"`  // the message of the ancestor; nil if not relevant
	HTTP     *HTTP     `json:"http"`     // nil: no request in this case

	// Differs is the reason why rbac deliberately decides or words a message
	// differently. Differs is empty if rbac agrees.
	Differs string `json:"-"`
}

// Identity is the user that sends the request of a case.
type Identity struct {
	User        string          `json:"user"`
	Groups      []string        `json:"groups"`
	Permissions []string        `json:"permissions"`
	Attrs       map[string]bool `json:"attrs"` // the attributes that custom predicates read
}

// HTTP is the request of a case and the ancestor's answer to it.
type HTTP struct {
	Path   string `json:"path"`
	Accept string `json:"accept"`
	Status int    `json:"status"`
}

// Load reads all cases, and skips the test if RBAC_SHARED is not set.
func Load(t testing.TB) []Case {
	t.Helper()
	dir := os.Getenv("RBAC_SHARED")
	if dir == "" {
		t.Skip("RBAC_SHARED does not name the folder with cases/turbogears.json")
	}
	text, err := os.ReadFile(filepath.Join(dir, "cases", "turbogears.json"))
	if err != nil {
		t.Fatal(err)
	}
	var cases []Case
	if err := json.Unmarshal(text, &cases); err != nil {
		t.Fatal(err)
	}
	for i := range cases {
		cases[i].Differs = differences[cases[i].Source]
	}
	return cases
}

const literalMessage = "a message is taken as it is: it has no format of its own that could be filled with somebody's name"

// differences maps the source of a case to the reason.
var differences = map[string]string{
	"tg2:tg/predicates.py::has_all_permissions() empty":                            "an empty list admitted everyone; here it cannot be written, and what comes nearest denies",
	"tg2:tg/predicates.py::Not(Any())":                                             "the opposite of an empty list admitted everyone; here it cannot be written, and what comes nearest denies",
	"tg2:tg/predicates.py::in_all_groups msg is ignored":                           "the message of a compound was ignored; here it is honoured on every predicate",
	"tg2:tg/predicates.py::Any msg may interpolate failed_predicates":              literalMessage,
	"tg2:tg/predicates.py::has_any_permission msg may interpolate permission_list": literalMessage,
	"tg2:tg/predicates.py::is_user msg may interpolate user_name":                  literalMessage,
	"tg2:tg/predicates.py::in_group msg may interpolate group_name":                literalMessage,
}

// Met reports whether rbac finds the predicate met.
func (c Case) Met() bool {
	return c.Expect == "met" && c.Differs == ""
}

// Denial returns the message of rbac's denial. Denial returns an empty string
// if rbac words the message by itself or allows.
func (c Case) Denial() string {
	if c.Met() {
		return ""
	}
	return c.Msg
}

// Bare returns the identity without a policy.
func (c Case) Bare() *rbac.Identity {
	if c.Identity == nil {
		return rbac.NewIdentity("", nil, nil)
	}
	return rbac.NewIdentity(c.Identity.User, c.Identity.Groups, c.Identity.Permissions)
}
