package rbac

import (
	"fmt"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"
)

// TestString fixes the syntax in which predicates are printed.
func TestString(t *testing.T) {
	id := uuid.MustParse("6ba7b810-9dad-11d1-80b4-00c04fd430c8")
	for want, p := range map[string]Predicate{
		`all(in_group("a"), not_anonymous())`:                 All(InGroup("a"), NotAnonymous()),
		`any(is_user("root"), is_anonymous())`:                Any(IsUser("Root"), IsAnonymous()),
		`not(in_group("系统管理员"))`:                              Not(InGroup("系统管理员")),
		`is_user_id("6ba7b810-9dad-11d1-80b4-00c04fd430c8")`:  IsUserID(id),
		`in_all_groups("a", "b")`:                             InAllGroups("a", "b"),
		`in_any_group("a")`:                                   InAnyGroup("a"),
		`has_permission("say \"hi\"")`:                        HasPermission(`say "hi"`),
		`has_all_permissions("a", "b", "c")`:                  HasAllPermissions("a", "b", "c"),
		`has_any_permission("a", "")`:                         HasAnyPermission("a", ""),
		`func("owner")`:                                       Func("owner", nil),
		`is_anonymous(msg="x")`:                               WithMessage(IsAnonymous(), "x"),
		`in_group("a", msg="only \"a\"\n")`:                   WithMessage(InGroup("a"), "only \"a\"\n"),
		`any(in_group("a", msg="x"), in_group("b"), msg="y")`: WithMessage(Any(WithMessage(InGroup("a"), "x"), InGroup("b")), "y"),
		`in_any_group("a", "b", msg="x")`:                     WithMessage(InAnyGroup("a", "b"), "x"),
		`in_group("a", msg="outer")`:                          WithMessage(WithMessage(InGroup("a"), "inner"), "outer"),
		`in_group("a", msg="kept")`:                           WithMessage(WithMessage(InGroup("a"), "kept"), ""),
		`in_group("")`:                                        InGroup(""),
		`in_group("\xff")`:                                    InGroup("\xff"),
		`not(nil())`:                                          Not(nil),
		`is_user_id("00000000-0000-0000-0000-000000000000")`:  IsUserID(uuid.Nil),
		`all(in_group("a"))`:                                  All(renamed{InGroup("a")}),
	} {
		if got := p.String(); got != want {
			t.Errorf("printed as %s, want %s", got, want)
		}
	}
}

// renamed is a foreign type with a String of its own.
type renamed struct{ Predicate }

func (renamed) String() string { return "is_anonymous()" }

// A type that embeds a Predicate is judged, printed and kept as the embedded
// Predicate.
func TestForeign(t *testing.T) {
	p := renamed{InGroup("a")}
	nobody := NewIdentity("", nil, nil)
	err := Check(nobody, p).(*DeniedError)
	if err.Predicate.String() != `in_group("a")` || Explain(nobody, p).Predicate != `in_group("a")` {
		t.Errorf("a foreign String is believed: %v", err.Predicate)
	}
	if !Met(NewIdentity("amy", []string{"a"}, nil), p) {
		t.Error("the embedded predicate is met, the foreign one is not")
	}
}

// WithMessage makes a new predicate.
func TestMessageLeavesThePredicateAlone(t *testing.T) {
	p := InGroup("a")
	WithMessage(p, "x")
	if p.String() != `in_group("a")` {
		t.Errorf("the predicate became %v", p)
	}
}

// A predicate does not change with the slices of its arguments.
func TestArgumentsAreCopied(t *testing.T) {
	amy := NewIdentity("amy", []string{"a"}, []string{"a"})
	parts, names := []Predicate{InGroup("x"), InGroup("x")}, []string{"x", "x"}
	made := []Predicate{
		Any(parts[0], parts...), InAnyGroup("x", names...), HasAnyPermission("x", names...),
		Not(All(parts[0], parts...)), Not(InAllGroups("x", names...)), Not(HasAllPermissions("x", names...)),
	}
	before := fmt.Sprint(made)
	for i := range parts {
		parts[i], names[i] = NotAnonymous(), "a"
	}
	if after := fmt.Sprint(made); after != before {
		t.Errorf("the predicates changed from %s to %s", before, after)
	}
	for _, p := range made[:3] {
		if Met(amy, p) {
			t.Errorf("%v is met after its arguments were overwritten", p)
		}
	}
}

// A predicate that is nested too deep is broken, and harmless at any depth.
func TestDepth(t *testing.T) {
	amy := NewIdentity("amy", nil, nil)
	for name, wrap := range map[string]func(Predicate) Predicate{
		"All": func(p Predicate) Predicate { return All(p) },
		"Any": func(p Predicate) Predicate { return Any(p) },
		"Not": func(p Predicate) Predicate { return Not(Not(p)) },
	} {
		p := NotAnonymous()
		for own(p).depth+2 <= maxDepth {
			p = wrap(p)
		}
		if !Met(amy, p) {
			t.Errorf("%s: broken at depth %d already", name, own(p).depth)
		}
		for range 10_000 {
			p = wrap(p)
		}
		expectVerdict(t, amy, p, broken)
		expectVerdict(t, amy, Not(p), broken)
		expectVerdict(t, amy, Any(p, NotAnonymous()), met)
	}
	if !Met(amy, wrapTimes(maxDepth-1, NotAnonymous())) {
		t.Errorf("broken at depth %d already", maxDepth)
	}
	p := wrapTimes(maxDepth, NotAnonymous())
	if got, want := Explain(amy, p).Reason, "a predicate is nested deeper than 100"; got != want {
		t.Errorf("the reason is %q, want %q", got, want)
	}
}

func wrapTimes(n int, p Predicate) Predicate {
	for range n {
		p = All(p)
	}
	return p
}

// Parts that share their parts do not make the work explode.
func TestSize(t *testing.T) {
	amy := NewIdentity("amy", nil, nil)
	p := IsAnonymous()
	for range 16 {
		p = Any(p, p)
	}
	expectVerdict(t, amy, p, broken)
	parts := make([]Predicate, maxSize-2)
	for i := range parts {
		parts[i] = IsAnonymous()
	}
	if p := Any(NotAnonymous(), parts...); judge(amy, p) != met {
		t.Errorf("a predicate of %d parts is broken", maxSize)
	}
	if p := Any(NotAnonymous(), append(parts, IsAnonymous())...); judge(amy, p) != broken {
		t.Errorf("a predicate of %d parts is not broken", maxSize+1)
	}
}

// A function that ends its goroutine gets no answer from the predicate.
func TestGoexit(t *testing.T) {
	for _, p := range []Predicate{
		Func("exits", func(*Identity) bool { runtime.Goexit(); return true }),
		Any(Func("exits", func(*Identity) bool { runtime.Goexit(); return true }), NotAnonymous()),
	} {
		answered := false
		done := make(chan struct{})
		go func() {
			defer close(done)
			Met(NewIdentity("amy", nil, nil), p)
			answered = true
		}()
		<-done
		if answered {
			t.Errorf("%v was answered", p)
		}
	}
}

// The verdict of Check stands, whatever Func returns during the explanation.
func TestFuncChangesItsMind(t *testing.T) {
	calls := 0
	p := Func("fickle", func(*Identity) bool { calls++; return calls > 1 })
	err := Check(NewIdentity("amy", nil, nil), p)
	if err == nil || !strings.Contains(err.Error(), faultMessage) {
		t.Errorf("got %v, want a denial", err)
	}
}

// Func gets the Identity that is judged.
func TestFuncGetsTheIdentity(t *testing.T) {
	amy := NewIdentity("amy", nil, nil)
	var got *Identity
	Met(amy, Func("look", func(id *Identity) bool { got = id; return true }))
	if got != amy {
		t.Errorf("got %v, want %v", got, amy)
	}
}

// TestConcurrency is for the race detector.
func TestConcurrency(t *testing.T) {
	p := blog.compile(t)
	q := WithMessage(Any(All(InGroup("staff"), HasPermission("post.write")), Func("no", func(*Identity) bool { return false })), "x")
	amy := p.user(t, "amy", "editors")
	var group sync.WaitGroup
	for range 8 {
		group.Go(func() {
			for range 50 {
				_, _, _, _ = Met(amy, q), Check(amy, q), Explain(amy, q), q.String()
				for range amy.Permissions() {
				}
			}
		})
	}
	group.Wait()
}

// A decision that allows, or a decision by Met, allocates nothing.
func TestNoAllocation(t *testing.T) {
	amy := blog.compile(t).user(t, "amy", "editors", "readers").WithAddr(someAddr)
	for _, p := range decisions(amy) {
		if n := testing.AllocsPerRun(100, func() { Met(amy, p) }); n != 0 {
			t.Errorf("Met of %v allocates %v times", p, n)
		}
		if !Met(amy, p) {
			continue
		}
		if n := testing.AllocsPerRun(100, func() { _ = Check(amy, p) }); n != 0 {
			t.Errorf("Check of %v allocates %v times", p, n)
		}
	}
}

func decisions(id *Identity) []Predicate {
	return []Predicate{
		HasPermission("post.edit"), HasPermission("post.purge"), HasPermission("unknown"),
		InGroup("editors"), IsUser("bob"), IsUserID(id.ID()), NotAnonymous(),
		FromNet(prefix("10.0.0.0/8"), prefix("192.0.2.0/24")), AuthenticatedWithin(1<<63 - 1), AuthenticatedWithin(time.Hour),
		Func("yes", func(*Identity) bool { return true }), Func("panics", func(*Identity) bool { panic("boom") }),
		HasAllPermissions("post.edit", "post.read"), InAnyGroup("staff", "readers"), Not(InGroup("staff")),
		WithMessage(Any(All(InGroup("editors"), Not(InGroup("staff"))), HasPermission("post.read")), "x"), nil,
	}
}

func BenchmarkMet(b *testing.B) {
	amy := blog.compile(b).user(b, "amy", "editors", "readers").WithAddr(someAddr)
	for _, p := range decisions(amy) {
		b.Run(fmt.Sprint(p), func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				Met(amy, p)
			}
		})
	}
}

func BenchmarkDenial(b *testing.B) {
	eve := blog.compile(b).user(b, "eve", "readers")
	b.ReportAllocs()
	for b.Loop() {
		_ = Check(eve, HasPermission("post.edit"))
	}
}
