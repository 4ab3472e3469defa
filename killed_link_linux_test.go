package rbac_test

import (
	"fmt"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/rbac-go/rbac/internal/processtest"
)

// A process that is killed while the process redeems a link has redeemed the
// link and run the function, or neither. A link whose redemption was
// acknowledged stays redeemed. Another process can redeem a link that is still
// good, and no other.
//
// RBAC_KILLS sets the number of rounds.
func TestKilledWhileRedeeming(t *testing.T) {
	path := officeFile(t)
	victim, other := processtest.Start(t, path), processtest.Start(t, path)
	found := map[string]int{}
	longest := 10 * time.Millisecond // of a call, at first
	for round := range processtest.NumberFrom(t, "RBAC_KILLS", 12) {
		user := fmt.Sprint("user", round)
		other.Insist("adduser", user)
		link := other.Insist("link", user)
		begin, answered := time.Now(), victim.Send("redeem", link, "staff")
		answer := ""
		select {
		case answer = <-answered:
			longest = time.Since(begin)
		case <-time.After(rand.N(longest)):
		}
		victim.Kill()
		if answer == "" {
			answer = <-answered // an answer may be on its way
		}
		victim = processtest.Start(t, path)
		before, groups := victim.Insist("good", link), victim.Insist("see", user, "0")
		again := other.Insist("redeem", link, "staff")
		state := fmt.Sprint(before, " ", groups, " ", again)
		switch {
		case state == "good [] [] redeemed" && answer != "redeemed":
			found["before"]++
		case state == "ended [staff] [door.open] ended":
			found["after"]++
		default:
			t.Fatalf("the killed process answered %q; then the link was %s", answer, state)
		}
	}
	t.Log(found)
}
