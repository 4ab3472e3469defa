package console

import (
	"fmt"
	"net/http"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/rbac-go/rbac"
)

// explainedSite is a site where explanations have much to say: inheritance,
// scopes, memberships that have ended, and separation sets.
func explainedSite(t *testing.T) *site {
	s := newSite(t)
	s.update(func(tx *rbac.Tx) error {
		for _, g := range []string{"seniors", "chiefs", "desk1", "desk2", "g1", "g2", "g3", "g4", "g5", "g6", "unheld"} {
			if _, err := tx.AddGroup(rbac.Group{Name: g}); err != nil {
				return err
			}
			if strings.HasPrefix(g, "g") {
				if err := tx.GrantPermission(rbac.Grant{Group: g, Permission: "post.delete"}); err != nil {
					return err
				}
			}
		}
		if err := tx.CreateDSDSet(rbac.SeparationSet{Name: "desks", Groups: []string{"desk1", "desk2"}, Cardinality: 2}); err != nil {
			return err
		}
		for _, i := range []rbac.Inheritance{{Senior: "seniors", Junior: "editors"}, {Senior: "chiefs", Junior: "seniors"}} {
			if err := tx.AddInheritance(i); err != nil {
				return err
			}
		}
		for _, g := range []rbac.Grant{{Group: "desk2", Permission: "order.approve"}, {Group: "approvers", Permission: "order.approve"}} {
			if err := tx.GrantPermission(g); err != nil {
				return err
			}
		}
		for _, name := range []string{"cho", "dan", "gone", "idle"} {
			if _, err := tx.AddUser(rbac.User{Name: name, Disabled: name == "gone"}); err != nil {
				return err
			}
		}
		for _, m := range []rbac.Membership{
			{User: "cho", Group: "chiefs", Source: "ldap"}, {User: "cho", Group: "desk1"}, {User: "cho", Group: "desk2"},
			{User: "dan", Group: "buyers"}, {User: "dan", Group: "editors", Scope: "org:1", Until: s.now().Add(time.Hour)},
			{User: "dan", Group: "g1"}, {User: "dan", Group: "g2"}, {User: "dan", Group: "g3"}, {User: "dan", Group: "g4"}, {User: "dan", Group: "g5"},
			{User: "dan", Group: "g6"}, {User: "gone", Group: "editors"},
		} {
			if err := tx.AssignUser(m); err != nil {
				return err
			}
		}
		return nil
	})
	s.advance(2 * time.Hour)
	return s
}

// questions are expressions with every predicate.
var questions = []string{
	`has_permission("post.write")`, `has_permission("post.read")`, `has_permission("post.delete")`, `has_permission("order.approve")`,
	`has_permission("order.create")`, `has_permission("rbac.administer")`, `has_permission("nosuch")`, `in_group("editors")`, `in_group("desk1")`,
	`in_group("desk2")`, `in_group("approvers")`, `in_group("readers")`, `in_group("unheld")`, `in_group("nosuch")`,
	`in_all_groups("editors","readers","leads")`, `in_any_group("leads","admins")`, `has_all_permissions("post.read","order.approve")`,
	`has_any_permission("order.approve","order.create")`, `not(in_group("readers"))`, `not(has_permission("post.read"))`,
	`in("org:1",has_permission("post.write"))`, `in("org:2",in_group("readers"))`, `is_user("bob")`, `is_user("amy")`,
	`is_user_id("01a22be1-861a-7124-b34d-a1c4c7836238")`, `is_anonymous()`, `not_anonymous()`, `authenticated_within("15m")`,
	`from_net("10.0.0.0/8")`, `from_net("10.0.0.0/8","192.168.0.0/16")`,
	`all(any(in_group("leads"),in_group("admins")),any(is_user("amy"),not(not_anonymous())))`,
	`any(all(in_group("leads"),in_group("admins")),in("org:1",all(in_group("leads"),is_anonymous())))`,
	`all(in_group("leads",msg="Ask for the key."),in_group("admins"))`, `not(in("org:1",in_group("editors")))`,
}

// sayings calls f with everything that package rbac says about the questions.
func (s *site) sayings(f func(about string, e rbac.Explanation)) {
	s.t.Helper()
	for _, user := range []string{"amy", "lea", "bob", "otto", "cho", "dan", "gone", "idle"} {
		for _, question := range questions {
			p, err := rbac.Parse(question)
			must(s.t, err)
			e, err := s.a.ExplainUser(ctx, user, p)
			must(s.t, err)
			f(user+" "+question, e)
		}
	}
}

// In English the console says what package rbac says: no word is lost when the
// sentences are taken apart.
func TestReasonsInEnglish(t *testing.T) {
	s := explainedSite(t)
	all := 0
	s.sayings(func(about string, e rbac.Explanation) {
		all++
		if got := (&visit{lang: builtIn[0]}).explained(e); got.String() != e.String() {
			t.Errorf("%s:\n%v\nwant\n%v", about, got, e)
		}
	})
	if all < 200 {
		t.Errorf("%d explanations", all)
	}
}

// In Chinese the reasons have no English words but names.
func TestReasonsInChinese(t *testing.T) {
	s := explainedSite(t)
	names := regexp.MustCompile(`"[^"]*"|Ask for the key\.|\b(amy|lea|bob|otto|cho|dan|gone|idle|somebody else|ldap|purchase|desks|console\.test|admins|editors|readers|leads|buyers|approvers|` +
		`seniors|chiefs|unheld|desk[12]|g[1-6]|(post|order|rbac)\.[a-z*]+|org:[12]|15m|RFC|UTF)\b|post\.\*`)
	english := regexp.MustCompile(`[A-Za-z]{2,}`)
	zh := languageOf(t, "zh")
	var check func(about string, e, was rbac.Explanation)
	check = func(about string, e, was rbac.Explanation) {
		if rest := english.FindString(names.ReplaceAllString(e.Reason, "")); rest != "" {
			t.Errorf("%s: %q has %q; in English %q", about, e.Reason, rest, was.Reason)
		}
		for i, part := range e.Parts {
			check(about, part, was.Parts[i])
		}
	}
	s.sayings(func(about string, e rbac.Explanation) { check(about, (&visit{lang: zh}).explained(e), e) })
}

func languageOf(t *testing.T, tag string) *texts {
	t.Helper()
	for _, l := range builtIn {
		if l.tag.String() == tag {
			return l
		}
	}
	t.Fatalf("there is no language %s", tag)
	return nil
}

// The names in a sentence stay as they are, even if they read like sentences.
func TestReasonsKeepNames(t *testing.T) {
	zh := languageOf(t, "zh")
	for english, want := range map[string]string{
		`needs the group needs a login`:          `需要属于组 needs a login`,
		`group "is in no group" is unknown`:      `没有组 "is in no group"`,
		`bob is in a, b, c, d, e and 12 more`:    `bob 属于 a, b, c, d, e 等（另有 12 个）`,
		`in org:1: needs x; bob is in no group`:  `在 org:1 中：需要权限 x；bob 不属于任何组`,
		`Ask the boss.; bob is in no group`:      `Ask the boss.；bob 不属于任何组`,
		`(needs a, or needs b), and needs login`: `（需要权限 a，或者需要权限 b），并且需要权限 login`,
		`something new`:                          `something new`,
		``:                                       ``,
	} {
		if got := zh.reason(english); got != want {
			t.Errorf("%q is %q, want %q", english, got, want)
		}
	}
}

// In English every text stays itself, whatever names are in it.
func FuzzReason(f *testing.F) {
	for _, text := range []string{
		"bob → x (assigned by amy, 2026-03-01, in a) → y (inherited) → post.* (granted, 2026-03-01)", "needs a; b is in c", "expected (, found )",
		"bob → x (assigned, 2026-03-01; x is left out by the dynamic set s: fewer than 2 of a, b may come together: bob → a) → y)", "(((", "; ; ",
	} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		if got := builtIn[0].reason(text); got != text {
			t.Errorf("%q becomes %q", text, got)
		}
		builtIn[1].reason(text)
	})
}

// Refusals are told in the language of the page, with who could do it.
func TestRefusalsInChinese(t *testing.T) {
	s := newSite(t)
	for _, c := range []struct {
		user, says string
		fields     []string
	}{
		{"amy", "这会使受保护的权限 Administer 失去最后一位持有者。请先将该权限授予他人。以下组授予该权限：admins。", []string{"do", "disable", "user", "amy"}},
		{"amy", "这会违反职责分离 purchase：以下各组中，同时拥有的必须少于 2 个：approvers, buyers（", []string{"edit", "do=assign&user=bob&group=buyers",
			"edit", "do=assign&user=bob&group=approvers"}},
		{"amy", "职责分离 purchase 不允许这样做：去掉 buyers 后，组的数量少于上限 2；请先删除该职责分离集。", []string{"do", "delete-group", "group", "buyers"}},
		{"amy", "名称：首尾有空格。", []string{"do", "add-group", "group", "\u00a0x"}},
		{"amy", "已有其他记录使用相同的值：邮箱。", []string{"do", "modify-user", "user", "bob", "name", "bob", "email", "amy@example.org"}},
		{"lea", "此功能仅供管理员使用，即拥有权限 Administer 的人。", []string{"do", "add-group", "group", "x"}},
		{"lea", "它超出了委派给您的范围。拥有权限 Administer 的人可以执行。", []string{"do", "disable", "user", "bob"}},
	} {
		r := s.form("change", c.fields...)
		r.Header.Set("Accept-Language", "zh")
		resp := s.send(c.user, r)
		if resp.StatusCode < 400 {
			t.Errorf("%v: %d", c.fields, resp.StatusCode)
		}
		checkText(t, resp, c.says)
	}
	r, err := http.NewRequest(http.MethodGet, "http://app.example.com/admin/why?user=bob&ask=any(", nil)
	must(t, err)
	r.Header.Set("Accept-Language", "zh")
	checkText(t, s.send("amy", r), "表达式第 1 行第 5 个字符处有误：此处应为 一个条件，而不是 结尾。")
}

// A delegate learns neither groups nor people from a refusal.
func TestRefusalsNameNothingHidden(t *testing.T) {
	s := newSite(t)
	for _, err := range []error{
		&rbac.Error{Kind: rbac.ErrProtected, Record: "permission", Name: "rbac.administer"},
		&rbac.Error{Kind: rbac.ErrSeparation, Record: "SSD set", Name: "secret", Reason: "fewer than 2 of secret, other may come together: otto → secret"},
		&rbac.DeniedError{Message: "assigning secret is for members of admins"},
		&rbac.ConflictError{Record: "user", Name: "otto", Change: rbac.Change{Actor: "secret", Action: "ModifyUser", Subject: "otto"}},
		fmt.Errorf("x: %w", &rbac.Error{Kind: rbac.ErrNotFound, Record: "user", Name: "otto"}),
	} {
		v := &visit{c: must1(New(s.guard(), s.a, s.cfg)).(*console), r: s.form("change"), lang: builtIn[0], zone: time.UTC}
		text := v.sayError(err)
		for _, hidden := range []string{"admins", "secret", "otto"} {
			if strings.Contains(text, hidden) {
				t.Errorf("%v: %q", err, text)
			}
		}
	}
}
