package names

import (
	"strings"

	"golang.org/x/text/unicode/norm"
)

// Skeleton returns a form that canonical user names share if they look alike,
// in the manner of Unicode UTS 39 section 4. The form is for comparison only.
func Skeleton(name string) string {
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

// lookalikes maps characters to the characters that they look like. A character
// on the right side is on no left side. Canonical names have no capitals,
// full-width or other compatibility forms, so the table has none.
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
