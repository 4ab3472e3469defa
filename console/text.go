package console

import (
	"embed"
	"fmt"
	"io/fs"
	"path"
	"strconv"
	"strings"

	"golang.org/x/text/language"
)

// texts are the texts of a language. The files of the folder texts have a line "key =
// text" for each text; the arguments of a text are %[1]s, %[2]s, and so on. A
// key that ends with ".one" is the text for the number 1.
type texts struct {
	tag   language.Tag
	name  string // of the language, in the language
	texts map[string]string
}

//go:embed texts/*.txt
var textFiles embed.FS

// languages are those that the console speaks; the first is for everybody else.
var languages, matcher = readTexts()

func readTexts() ([]*texts, language.Matcher) {
	files, err := fs.Glob(textFiles, "texts/*.txt")
	if err != nil {
		panic(err)
	}
	var list []*texts
	var tags []language.Tag
	for _, file := range files { // en is the first by name
		data, err := fs.ReadFile(textFiles, file)
		if err != nil {
			panic(err)
		}
		tag := language.MustParse(strings.TrimSuffix(path.Base(file), ".txt"))
		l := &texts{tag: tag, texts: parseTexts(string(data))}
		l.name = l.texts["language"]
		list, tags = append(list, l), append(tags, tag)
	}
	return list, language.NewMatcher(tags)
}

// parseTexts reads lines of "key = text". Empty lines and lines that begin with
// # are passed over.
func parseTexts(data string) map[string]string {
	list := map[string]string{}
	for line := range strings.Lines(data) {
		key, text, ok := strings.Cut(strings.TrimSpace(line), " = ")
		if ok && key[0] != '#' {
			list[key] = text
		}
	}
	return list
}

// T returns a text. A key without a text is returned as it is, so a missing text
// can be seen.
func (l *texts) T(key string, args ...any) string {
	text, ok := l.texts[key]
	if !ok {
		return key
	}
	if len(args) == 0 {
		return text
	}
	return fmt.Sprintf(text, args...)
}

// N returns the text for a number, as "1 user" or "12 users".
func (l *texts) N(key string, n int) string {
	if one, ok := l.texts[key+".one"]; ok && n == 1 {
		return fmt.Sprintf(one, "1")
	}
	return l.T(key, grouped(n))
}

// grouped returns a number in groups of three digits, apart by thin spaces.
func grouped(n int) string {
	text := strconv.Itoa(n)
	for i := len(text) - 3; i > 0; i -= 3 {
		text = text[:i] + "\u202f" + text[i:]
	}
	return text
}

// T returns a text in the language of the visit.
func (v *visit) T(key string, args ...any) string { return v.lang.T(key, args...) }

// N returns the text for a number in the language of the visit.
func (v *visit) N(key string, n int) string { return v.lang.N(key, n) }
