// Package storetest is the contract of a store in executable form. The author
// of a [store.Store] calls [Run] from a test:
//
//	func TestStore(t *testing.T) {
//		storetest.Run(t, func(t *testing.T) store.Store { return mystore.New() })
//	}
//
// A store that passes can be used with rbac.Open. Each failure begins with the
// broken rule, in the words of the contract at [store.Store] and
// [store.Records].
//
// The suite uses canonical names and names that are not canonical: a store must
// keep every valid UTF-8 text without NUL unchanged. The suite measures no
// time. A store that hangs fails after minutes.
package storetest

import (
	"context"
	"slices"
	"testing"
	"time"

	"github.com/rbac-go/rbac/store"
)

// Run runs the suite, each rule as a subtest on a store of its own. open
// returns an empty store that no other test uses. If open calls t.Parallel, the
// subtests run side by side. Run closes the store at the end of the subtest.
func Run(t *testing.T, open func(t *testing.T) store.Store) {
	for _, c := range suite() {
		t.Run(c.name, func(t *testing.T) {
			store := open(t)
			t.Cleanup(func() { store.Close() })
			ctx, cancel := context.WithTimeout(context.Background(), 10*time.Minute)
			t.Cleanup(cancel)
			c.f(&world{T: t, rule: c.rule, ctx: ctx, store: store})
		})
	}
}

// rule is one row of the contract.
type rule struct {
	name string // the name of the subtest
	rule string // the text that a failure prints
	f    func(*world)
}

func suite() []rule {
	return slices.Concat(
		headRules, userRules, userFilterRules, policyRules, groupRules, separationRules, delegationRules, membershipRules, memberRules, ticketRules, ticketValueRules, linkRules, loginRules, throttleRules, changeRules,
		transactionRules, contextRules, waitRules, listingRules, copyRules, textRules, concurrencyRules, findRules,
	)
}
