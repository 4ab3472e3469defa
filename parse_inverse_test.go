package rbac

import (
	"math/rand/v2"
	"net/netip"
	"testing"
	"time"
)

// Trees of all kinds are parsed from their printed form, print the same and
// decide alike.
func TestParseInverts(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	at := func(id *Identity, addr string) *Identity { return id.WithAddr(netip.MustParseAddr(addr)) }
	identities := []*Identity{
		at(loggedIn(t, noon.Add(-time.Hour), "editors"), "10.1.2.3"),
		at(loggedIn(t, noon.Add(-time.Minute), "chiefs", "readers"), "2001:db8::1"),
		loggedIn(t, time.Time{}),
		blog.compile(t).anonymous(nil),
		NewIdentity("bob", []string{"editors"}, []string{"post.edit"}),
		NewIdentity("", nil, nil), nil,
	}
	verdicts := map[verdict]int{}
	for range 500 {
		p := randomPredicate(r, 5)
		q, err := Parse(p.String())
		if err != nil {
			t.Fatalf("%v: %v", p, err)
		}
		if q.String() != p.String() || own(q).depth != own(p).depth || own(q).size != own(p).size {
			t.Fatalf("parsed  %v\nprinted %v", p, q)
		}
		for _, id := range identities {
			if judge(id, p) != judge(id, q) || Explain(id, p).Reason != Explain(id, q).Reason {
				t.Fatalf("%v for %v is %v, parsed %v", p, id, judge(id, p), judge(id, q))
			}
			verdicts[judge(id, p)]++
		}
	}
	if len(verdicts) != 3 {
		t.Errorf("the trees came to %v only", verdicts)
	}
}

// randomPredicate makes a predicate that can be written.
func randomPredicate(r *rand.Rand, depth int) Predicate {
	p := randomLeaf(r)
	if depth > 1 && r.IntN(5) > 0 {
		var parts []Predicate
		for range 1 + r.IntN(4) {
			parts = append(parts, randomPredicate(r, depth-1))
		}
		p = pick(r, All(parts[0], parts[1:]...), Any(parts[0], parts[1:]...), Not(parts[0]))
	}
	if r.IntN(4) == 0 {
		p = WithMessage(p, pick(r, "x", `"`, "\\", "a\nb", "请登陆", "\xff\x00", ", msg=", "\u202e\U0001F600"))
	}
	return p
}

func randomLeaf(r *rand.Rand) Predicate {
	group := func() string {
		return pick(r, "editors", "readers", "staff", "unknown", `say "hi"`, "a\\", "系统管理员", "a, b", "\u00ad")
	}
	permission := func() string {
		return pick(r, "post.edit", "post.read", "post.purge", "unknown", "a b", "a.", "帖子.编辑")
	}
	net := func() netip.Prefix {
		return pick(r, prefix("10.0.0.0/8"), prefix("::ffff:10.0.0.0/104"), prefix("2001:db8::1/32"), prefix("0.0.0.0/0"), prefix("192.0.2.1/32"))
	}
	return pick(r,
		IsUser(pick(r, "amy", "BOB", "Zhang San", `o"brien`, "张三")), IsUserID(pick(r, worldID("amy"), worldID("bob"))),
		IsAnonymous(), NotAnonymous(),
		InGroup(group()), InAllGroups(group(), group()), InAnyGroup(group()),
		HasPermission(permission()), HasAllPermissions(permission(), permission()), HasAnyPermission(permission(), permission(), permission()),
		FromNet(net()), FromNet(net(), net()),
		AuthenticatedWithin(pick(r, 1, 1500*time.Microsecond, 15*time.Minute, 2*time.Hour, 1<<63-1)))
}

func pick[T any](r *rand.Rand, from ...T) T { return from[r.IntN(len(from))] }
