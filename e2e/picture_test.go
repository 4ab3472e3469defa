package e2e

import (
	"os"
	"path/filepath"

	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/chromedp"
)

// looks are the screens that pictures are taken on.
var looks = []struct {
	name          string
	width, height int64
	scheme        string
}{
	{"wide", 1200, 800, "light"},
	{"phone", 360, 740, "light"},
	{"dark", 1200, 800, "dark"},
}

// picture keeps what the page looks like on each screen, in the folder screenshots. No page may be
// wider than its screen, and all text must have enough contrast.
func (u *user) picture(name string) {
	u.t.Helper()
	for _, look := range looks {
		do(u, "be "+look.name, chromedp.EmulateViewport(look.width, look.height))
		u.scheme(look.scheme)
		if wide := do(u, "measure", chromedp.Evaluate[int64](`document.documentElement.scrollWidth`)); wide > look.width {
			u.t.Errorf("%s, %s: the page is %d pixels wide, more than the screen's %d", name, look.name, wide, look.width)
		}
		for _, text := range do(u, "measure the contrast", lowContrast) {
			u.t.Errorf("%s, %s: too little contrast: %s", name, look.name, text)
		}
		png := do(u, "take a picture", chromedp.FullScreenshot(100))
		if err := os.WriteFile(filepath.Join(pictures(u), u.app.name+"-"+name+"-"+look.name+".png"), png, 0o644); err != nil {
			u.t.Fatal(err)
		}
	}
	u.scheme("light")
	do(u, "be as before", chromedp.ResetViewport())
}

func (u *user) scheme(name string) {
	u.t.Helper()
	_, err := chromedp.Call(u.ctx, emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{
		Features: []*emulation.MediaFeature{{Name: "prefers-color-scheme", Value: name}},
	})
	if err != nil {
		u.t.Fatal(err)
	}
}

func pictures(u *user) string {
	const dir = "screenshots"
	if err := os.MkdirAll(dir, 0o755); err != nil {
		u.t.Fatal(err)
	}
	return dir
}

// lowContrast lists the texts with less than the ratio of WCAG 2.2, 1.4.3: 4.5, or 3 for large ones.
var lowContrast = chromedp.Evaluate[[]string](`(() => {
	const rgb = color => color.match(/[\d.]+/g).map(Number);
	const light = color => rgb(color).slice(0, 3).map(c => (c /= 255) <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4)
		.reduce((sum, c, i) => sum + c * [0.2126, 0.7152, 0.0722][i], 0);
	const ground = e => e === null ? "rgb(255, 255, 255)" :
		rgb(getComputedStyle(e).backgroundColor)[3] === 0 ? ground(e.parentElement) : getComputedStyle(e).backgroundColor;
	const found = [];
	for (const e of document.body.querySelectorAll("*")) {
		if (![...e.childNodes].some(n => n.nodeType === Node.TEXT_NODE && n.data.trim()) || !e.checkVisibility()) continue;
		const style = getComputedStyle(e), [low, high] = [light(style.color), light(ground(e))].sort((a, b) => a - b);
		const ratio = (high + 0.05) / (low + 0.05), size = parseFloat(style.fontSize);
		const large = size >= 24 || size >= 18.66 && style.fontWeight >= 700;
		if (ratio < (large ? 3 : 4.5)) found.push(e.innerText.slice(0, 40) + ": " + ratio.toFixed(2));
	}
	return found;
})()`)
