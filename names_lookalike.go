package rbac

import (
	"iter"
	"strings"

	"github.com/rbac-go/rbac/store"
	"golang.org/x/text/unicode/norm"
)

// LookalikeUsers lists, in byte order of their names, the users whose name looks
// like the given one and is another: Latin pаypal with a Cyrillic а, all of a name in
// another script, rn for m, 1 for l. Ask before AddUser where people choose their own
// name, and refuse a name that looks like somebody else's. ErrInvalid for what cannot
// be the name of a user.
//
// Both names are compared letter by letter, in the manner of Unicode UTS 39, section
// 4. The table has the lower case look-alikes of Latin among Cyrillic, Greek, Armenian
// and Georgian letters, and the best known ones within Arabic and within Chinese and
// Japanese. Accents count, and ZWJ and ZWNJ do not. Not in it are the rest of UTS 39,
// such as Cherokee, Coptic and small capitals, and whatever depends on a font: a name
// that is not listed may still look like another.
//
// LookalikeUsers reads all users, some 300,000 in a second with SQLite. Bound how
// often strangers can make a service call it.
func (tx *Tx) LookalikeUsers(name string) iter.Seq2[User, error] {
	return lazily(func() (iter.Seq2[User, error], error) {
		canonical, err := canonicalUser(name)
		looks := skeleton(canonical)
		return func(yield func(User, error) bool) {
			for u, err := range tx.r.Users(store.UserFilter{}) {
				if err == nil && (u.Name == canonical || skeleton(u.Name) != looks) {
					continue
				}
				if !yield(User(u.User), err) {
					return
				}
			}
		}, err
	})
}

// skeleton returns a form that names share if they look alike. It is for comparing
// alone.
func skeleton(name string) string {
	var b strings.Builder
	for _, r := range norm.NFD.String(name) {
		if isJoiner(r) {
			continue
		}
		if like, ok := lookalikes[r]; ok {
			b.WriteString(like)
		} else {
			b.WriteRune(r)
		}
	}
	return b.String()
}

// lookalikes maps characters to what they look like. What is on the right is on no
// left side. Canonical names have no capitals, full-width or other compatibility
// forms, so there are none here.
var lookalikes = func() map[rune]string {
	m := map[rune]string{}
	for _, class := range []struct{ like, letters string }{
		{"a", "аαɑ"}, {"b", "ьƅ"}, {"c", "сᴄ"}, {"d", "ԁ"}, {"e", "еҽ"}, {"g", "ɡց"}, {"h", "һհ"},
		{"i", "іιıɩ"}, {"j", "јϳյ"}, {"k", "кκ"}, {"l", "ӏ1|ǀ"}, {"rn", "mм"}, {"n", "ոռη"},
		{"o", "оοօσჿ0"}, {"p", "рρ"}, {"q", "ԛգզ"}, {"r", "гᴦ"}, {"s", "ѕꜱ"}, {"t", "тτ"},
		{"u", "υսʋ"}, {"v", "νѵ"}, {"w", "ѡԝաω"}, {"x", "хχ"}, {"y", "уγүყɣ"}, {"z", "ᴢ"},
		{"ß", "β"}, {"æ", "ӕ"}, {"ə", "ә"}, {"ɛ", "єε"}, {"3", "зɜӡʒ"}, {"6", "б"}, {"'", "`"},
		{"ی", "يى"}, {"ک", "ك"}, {"ه", "ەھہ"},
		{"へ", "ヘ"}, {"り", "リ"}, {"口", "ロ"}, {"力", "カ"}, {"夕", "タ"}, {"卜", "ト"}, {"八", "ハ"},
		{"二", "ニ"}, {"工", "エ"}, {"才", "オ"}, {"千", "チ"}, {"一", "ー"},
	} {
		for _, r := range class.letters {
			m[r] = class.like
		}
	}
	return m
}()
