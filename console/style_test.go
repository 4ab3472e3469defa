package console

import (
	"io/fs"
	"math"
	"regexp"
	"strconv"
	"strings"
	"testing"
)

// Every text has a contrast of at least 4.5 to its background (WCAG 2.2, 1.4.3),
// and every border of a field and the focus 3 (1.4.11), in light and dark.
func TestContrast(t *testing.T) {
	css := string(must1(fs.ReadFile(assets, "assets/console.css")))
	light, dark, ok := strings.Cut(css, "@media (prefers-color-scheme: dark)")
	if !ok {
		t.Fatal("the stylesheet has no dark colours")
	}
	dark, _, _ = strings.Cut(dark, "\n}\n")
	for name, text := range map[string]string{"light": light, "dark": dark} {
		colour := map[string]float64{"border": luminance("7d8790")}
		for _, m := range regexp.MustCompile(`--([a-z-]+): #([0-9a-f]{3,6});`).FindAllStringSubmatch(text, -1) {
			colour[m[1]] = luminance(m[2])
		}
		for _, pair := range []struct {
			text, ground string
			least        float64
		}{
			{"ink", "paper", 4.5}, {"ink", "ground", 4.5}, {"ink", "hover", 4.5}, {"soft", "paper", 4.5}, {"soft", "ground", 4.5}, {"soft", "hover", 4.5},
			{"accent", "paper", 4.5}, {"accent", "ground", 4.5}, {"accent", "hover", 4.5}, {"on-accent", "accent", 4.5},
			{"good", "paper", 4.5}, {"good", "hover", 4.5}, {"good", "good-ground", 4.5}, {"bad", "paper", 4.5}, {"bad", "hover", 4.5}, {"bad", "bad-ground", 4.5},
			{"border", "paper", 3}, {"border", "ground", 3}, {"focus", "paper", 3}, {"focus", "ground", 3},
		} {
			a, okA := colour[pair.text]
			b, okB := colour[pair.ground]
			if !okA || !okB {
				t.Fatalf("%s: no colour %s or %s", name, pair.text, pair.ground)
			}
			if got := (max(a, b) + 0.05) / (min(a, b) + 0.05); got < pair.least {
				t.Errorf("%s: %s on %s has a contrast of %.2f, want %v", name, pair.text, pair.ground, got, pair.least)
			}
		}
	}
}

// luminance returns the relative luminance of a colour (WCAG 2.2).
func luminance(hex string) float64 {
	if len(hex) == 3 {
		hex = string([]byte{hex[0], hex[0], hex[1], hex[1], hex[2], hex[2]})
	}
	n := must1(strconv.ParseUint(hex, 16, 32))
	part := func(shift uint) float64 {
		c := float64(n>>shift&255) / 255
		if c <= 0.04045 {
			return c / 12.92
		}
		return math.Pow((c+0.055)/1.055, 2.4)
	}
	return 0.2126*part(16) + 0.7152*part(8) + 0.0722*part(0)
}

// The stylesheet and the script load nothing from elsewhere.
func TestAssetsLoadNothing(t *testing.T) {
	for _, name := range []string{"console.css", "console.js"} {
		text := string(must1(fs.ReadFile(assets, "assets/"+name)))
		for _, word := range []string{"http:", "https:", "url(", "@import", "fetch(", "import("} {
			if strings.Contains(text, word) {
				t.Errorf("%s contains %q", name, word)
			}
		}
	}
}

// A browser keeps a file for a year under the address on the pages, which has
// another version if the file or the theme changes.
func TestFilesHaveVersions(t *testing.T) {
	address := regexp.MustCompile(`"(console\.(?:css|js|svg)\?v=[0-9a-f]{16})"`)
	of := func(s *site) []string { return address.FindAllString(s.get("amy", "users").text, -1) }
	s := newSite(t)
	list := of(s)
	if len(list) != 3 {
		t.Fatalf("the files are %q", list)
	}
	for _, file := range list {
		if got := s.get("amy", strings.Trim(file, `"`)).Header.Get("Cache-Control"); got != "private, max-age=31536000, immutable" {
			t.Errorf("%s is kept as %q", file, got)
		}
	}
	for _, file := range []string{"console.css", "console.css?v=0123456789abcdef"} {
		if got := s.get("amy", file).Header.Get("Cache-Control"); got != "private, no-cache" {
			t.Errorf("%s is kept as %q", file, got)
		}
	}
	themed := mountedAt(t, "/admin/", Config{Theme: ":root { --accent: #7a1f5c }"}, nil)
	if other := of(themed); other[1] == list[1] || other[2] != list[2] {
		t.Errorf("the files are %q and, with a theme, %q", list, other)
	}
}
