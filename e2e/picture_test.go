package e2e

import (
	"flag"
	"os"
	"path/filepath"

	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/chromedp"
)

// looks are the screens for pictures.
var looks = []struct {
	name          string
	width, height int64
	scheme        string
}{
	{"wide", 1200, 800, "light"},
	{"phone", 360, 740, "light"},
	{"dark", 1200, 800, "dark"},
}

// picture saves a picture of the page on each screen, in the folder
// screenshots. No page may be wider than its screen, and all text must have
// enough contrast.
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

// renew writes the pictures of the documents into the documents.
var renew = flag.Bool("renew", false, "renew the pictures of the console in ../docs")

// largestPicture bounds the pictures of the documents in bytes: every clone of
// the repository holds them.
const largestPicture = 150_000

// documentPicture saves what a person sees of the page on a screen of 1280 × 800
// pixels, for the documents.
func (u *user) documentPicture(name string) {
	u.t.Helper()
	do(u, "be a screen", chromedp.EmulateViewport(1280, 800))
	png := do(u, "take a picture", chromedp.CaptureScreenshot())
	do(u, "be as before", chromedp.ResetViewport())
	if len(png) > largestPicture {
		u.t.Errorf("%s has %d bytes, more than %d", name, len(png), largestPicture)
	}
	folder := pictures(u)
	if *renew {
		folder = filepath.Join("..", "docs")
	}
	if err := os.WriteFile(filepath.Join(folder, name), png, 0o644); err != nil {
		u.t.Fatal(err)
	}
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
