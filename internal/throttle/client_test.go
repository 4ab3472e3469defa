package throttle

import (
	"fmt"
	"net/netip"
	"testing"
	"time"

	"github.com/google/uuid"
)

func TestPrefixes(t *testing.T) {
	tests := []struct{ addr, want string }{
		{"192.0.2.7", "[192.0.2.0/24 192.0.2.7/32 192.0.2.7/32]"},
		{"::ffff:192.0.2.7", "[192.0.2.0/24 192.0.2.7/32 192.0.2.7/32]"},
		{"::ffff:192.0.2.7%eth0", "[192.0.2.0/24 192.0.2.7/32 192.0.2.7/32]"},
		{"2001:db8:1:2345:3:4:5:6", "[2001:db8:1::/48 2001:db8:1:2300::/56 2001:db8:1:2345::/64]"},
		{"fe80::1%eth0", "[fe80::/48 fe80::/56 fe80::/64]"},
		{"::1", "[::/48 ::/56 ::/64]"},
	}
	for _, tt := range tests {
		if got := fmt.Sprint(Prefixes(netip.MustParseAddr(tt.addr))); got != tt.want {
			t.Errorf("%s: %s, want %s", tt.addr, got, tt.want)
		}
	}
	if got := Prefixes(netip.Addr{}); got != ([3]netip.Prefix{}) {
		t.Errorf("no address: %v, want zero prefixes", got)
	}
}

// Stores keep the keys, so the keys of a source never change.
func TestKeysAreStable(t *testing.T) {
	amy := Source{User: uuid.MustParse("0197c2a4-0000-7000-8000-000000000001"), Name: "amy", Device: "secret",
		Prefixes: Prefixes(netip.MustParseAddr("2001:db8:1:2345:3:4:5:6"))}
	nobody := amy
	nobody.User = uuid.Nil
	near, wide := amy.NetworkKeys()
	tests := []struct {
		rule string
		key  [32]byte
		want string
	}{
		{"user, unknown", amy.Key(Unknown), "f28eddcc6fa50c2398a0bcf21f4c172da085e1c577eefa056669bb0a9df54f17"},
		{"user, prefix", amy.Key(KnownPrefix), "3887e5afeeac8c44f6efb8f0031ffa5dd2075e396489acd6c059629c83faf406"},
		{"user, device", amy.Key(KnownDevice), "a3572d20ec0759a810cbcf8f26f5a7feeeec43e5d0255d11149a0d6f19b34c72"},
		{"user, ticket", amy.Key(TicketHolder), "6fa8df05a41d5a2626c524cc05d3a71a4a77638e5dccfc57b04dd3459ff54c96"},
		{"near network", near, "68713cba16eb9f14ab56566ee842ca52d6cf35db37a82cca95d609e5e8685188"},
		{"wide network", wide, "51b2aeae056d2651326ed155467cb9ec16f6e471b77279ace53a532786e40d60"},
		{"no user, unknown", nobody.Key(Unknown), "c9a17d8b0be991373b00f470d56d206e54262770d89cba9f2e5989065bab9e95"},
		{"no user, prefix", nobody.Key(KnownPrefix), "49d01baa518866b7475fe973bf4f8881d3333e1aaec8ff5f378869345248a1e1"},
		{"no user, ticket", nobody.Key(TicketHolder), "b61e52068724b156534450575ed84e68cf7d1d76298cc01ad4334f52d096b969"},
	}
	for _, tt := range tests {
		if got := fmt.Sprintf("%x", tt.key); got != tt.want {
			t.Errorf("%s: %s, want %s", tt.rule, got, tt.want)
		}
	}
	if a, b := amy.NameMark(), nobody.NameMark(); a != 2525575390645030643 || b != 4004237779503260105 {
		t.Errorf("marks of the names: %d, %d", a, b)
	}
}

func TestRecordKnown(t *testing.T) {
	tests := []struct {
		rule string
		rec  record
		as   Client
		want bool
	}{
		{"a device", record{Client: KnownDevice}, KnownDevice, true},
		{"another kind", record{Client: KnownDevice}, KnownPrefix, false},
		{"99 failures", record{Client: KnownPrefix, Budget: Budget{Failures: 99}}, KnownPrefix, true},
		{"100 failures", record{Client: KnownPrefix, Budget: Budget{Failures: 100}}, KnownPrefix, false},
		{"no record", record{}, KnownPrefix, false},
	}
	for _, tt := range tests {
		if got := tt.rec.Known(tt.as); got != tt.want {
			t.Errorf("%s: known %v, want %v", tt.rule, got, tt.want)
		}
	}
}

func TestNetworks(t *testing.T) {
	var n networks
	for i := range 20 {
		if n.Wait(noon) != 0 || n.Attempt(noon) {
			t.Fatalf("%d names are free", i)
		}
		n.Fail(uint64(i+1), noon)
		n.Fail(uint64(i+1), noon)
	}
	if n.Near.Count != 20 || n.Wide.Count != 20 || n.Wide.Names != nil {
		t.Errorf("a name counts once in both: %+v", n)
	}
	if got := n.Wait(noon); got != time.Second {
		t.Errorf("20 names: wait %v", got)
	}
	later := noon.Add(time.Second)
	if n.Wait(later) != 0 || !n.Attempt(later) || n.Wait(later) != time.Second {
		t.Error("an attempt under way delays the next")
	}
	n = networks{Wide: network{Count: 100, Halved: noon.UnixMicro(), Last: noon.UnixMicro()}}
	if n.Wait(noon) != time.Second || !n.Attempt(noon) {
		t.Error("100 names in the wide prefix delay, whatever the near one has")
	}
}
