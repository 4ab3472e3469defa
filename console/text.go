package console

import (
	"cmp"
	"embed"
	"fmt"
	"io/fs"
	"maps"
	"path"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"golang.org/x/text/language"
)

// texts are the texts of a language. The files of the folder texts have a line
// "key = text" for each text; the arguments of a text are %[1]s, %[2]s, and so
// on. A key that ends with ".one" is the text for the number 1.
type texts struct {
	tag   language.Tag
	texts map[string]string
	// fallback has the texts that are missing here: those that come along in the
	// same language, then the English ones. Nil: nothing is missing.
	fallback *texts
}

// name returns the name of the language, in the language.
func (l *texts) name() string { return l.texts["language"] }

//go:embed texts/*.txt
var textFiles embed.FS

// builtIn are the built-in languages. The first is English, the fallback for
// all other languages.
var builtIn = readBuiltIn()

func readBuiltIn() []*texts {
	dir, err := fs.Sub(textFiles, "texts")
	if err != nil {
		panic(err)
	}
	list, err := readLanguages(dir, nil)
	if err != nil {
		panic(err)
	}
	slices.SortFunc(list, func(a, b *texts) int { return cmp.Compare(a.tag.String(), b.tag.String()) }) // en is the first
	for _, l := range list[1:] {
		l.fallback = list[0]
	}
	return list
}

// languages are the languages of a console. The first is the fallback for all
// other languages.
type languages struct {
	list    []*texts
	matcher language.Matcher
}

// find returns the best language for tags or values of Accept-Language, in the
// order of their weight.
func (l languages) find(wanted ...string) *texts {
	_, i := language.MatchStrings(l.matcher, wanted...)
	return l.list[i]
}

// languagesWith returns the built-in languages together with the texts of the
// host; see [Config.Texts]. Texts that a new language lacks are in English.
func languagesWith(host fs.FS) (languages, error) {
	list := slices.Clone(builtIn)
	if host != nil {
		added, err := readLanguages(host, builtIn[0])
		if err != nil {
			return languages{}, fmt.Errorf("console: Config.Texts: %w", err)
		}
		for _, l := range added {
			i := slices.IndexFunc(list, func(known *texts) bool { return known.tag == l.tag })
			if i >= 0 {
				list[i] = l.over(list[i])
				continue
			}
			if l.name() == "" {
				return languages{}, fmt.Errorf("console: Config.Texts: %v.txt: the key \"language\" is missing, the name of the language in itself", l.tag)
			}
			list = append(list, l.over(builtIn[0]))
		}
	}
	tags := make([]language.Tag, len(list))
	for i, l := range list {
		tags[i] = l.tag
	}
	return languages{list, language.NewMatcher(tags)}, nil
}

// over returns the texts, and takes missing texts from another language. A
// language without a singular takes no singular from the other.
func (l *texts) over(other *texts) *texts {
	all := maps.Clone(other.texts)
	for key := range l.texts {
		delete(all, key+".one")
	}
	maps.Copy(all, l.texts)
	return &texts{l.tag, all, other}
}

// readLanguages reads the files of a folder, such as de.txt. English, unless
// nil, has the keys and arguments that the files may have.
func readLanguages(dir fs.FS, english *texts) (list []*texts, err error) {
	files, err := fs.Glob(dir, "*.txt")
	if err != nil {
		return nil, err
	}
	for _, file := range files {
		tag, err := language.Parse(strings.TrimSuffix(path.Base(file), ".txt"))
		if err != nil {
			return nil, fmt.Errorf("%s: the name is no language such as de.txt: %w", file, err)
		}
		data, err := fs.ReadFile(dir, file)
		if err != nil {
			return nil, err
		}
		l := &texts{tag: tag}
		if l.texts, err = parseTexts(file, string(data), english); err != nil {
			return nil, err
		}
		list = append(list, l)
	}
	return list, nil
}

// parseTexts reads lines of "key = text". Empty lines and lines that begin with
// # are passed over.
func parseTexts(file, data string, english *texts) (map[string]string, error) {
	list := map[string]string{}
	number := 0
	for line := range strings.Lines(data) {
		number++
		line = strings.TrimSpace(strings.TrimPrefix(line, "\ufeff"))
		if line == "" || line[0] == '#' {
			continue
		}
		key, text, ok := strings.Cut(line, " = ")
		fault := ""
		switch _, again := list[key]; {
		case !ok:
			fault = `the line is not of the form "key = text"`
		case again:
			fault = fmt.Sprintf("the key %q is there already", key)
		case english != nil:
			fault = english.refuse(key, text)
		}
		if fault != "" {
			return nil, fmt.Errorf("%s:%d: %s", file, number, fault)
		}
		list[key] = text
	}
	return list, nil
}

var (
	argument = regexp.MustCompile(`%\[(\d)\]([sd])`)
	// unordered is anything else that [fmt.Sprintf] would take for an argument.
	unordered = regexp.MustCompile(`%[^%]|%$`)
)

// refuse returns why a text cannot replace the text of a key, or "" if it can.
func (l *texts) refuse(key, text string) string {
	own, ok := l.texts[key]
	if !ok {
		return fmt.Sprintf("there is no key %q; the keys are those of the English texts", key)
	}
	want, got := arguments(own), arguments(text)
	switch rest := strings.ReplaceAll(argument.ReplaceAllString(text, ""), "%%", ""); {
	case !slices.Equal(want, got):
		return fmt.Sprintf("the text of %q has the arguments %v, and needs %v", key, got, want)
	case len(want) > 0 && unordered.MatchString(rest):
		return fmt.Sprintf("the text of %q has a %% that is no argument: write %%%%", key)
	}
	return ""
}

// arguments returns the arguments of a text, each once.
func arguments(text string) []string {
	list := argument.FindAllString(text, -1)
	slices.Sort(list)
	return slices.Compact(list)
}

// T returns a text. A key that no language has is returned unchanged, so a
// missing text is visible.
func (l *texts) T(key string, args ...any) string {
	text, ok := l.texts[key]
	switch {
	case !ok && l.fallback != nil:
		return l.fallback.T(key, args...)
	case !ok:
		return key
	case len(args) == 0:
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

// grouped returns a number in groups of three digits, separated by thin spaces.
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
