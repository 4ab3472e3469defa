package e2e

import (
	"context"
	"errors"
	"os"
	"os/exec"
	"sync"
	"testing"

	"github.com/chromedp/chromedp"

	"github.com/rbac-go/rbac/internal/postgrestest"
)

func TestMain(m *testing.M) {
	code := postgrestest.Main(m)
	stopChromium()
	stopBuilding()
	os.Exit(code)
}

// chromium returns the context of the browser process that all tests share.
// Each user has separate cookies in the browser.
func chromium(t *testing.T) context.Context {
	t.Helper()
	ctx, err := startChromium()
	switch {
	case errors.Is(err, exec.ErrNotFound) && os.Getenv("CI") == "":
		t.Skip("there is no Chromium here: install the Debian package chromium to run the browser tests")
	case err != nil:
		t.Fatal("Chromium: ", err)
	}
	return ctx
}

var stopChromium = func() {}

var startChromium = sync.OnceValues(func() (context.Context, error) {
	path, err := chromiumPath()
	if err != nil {
		return nil, err
	}
	options := append(chromedp.DefaultExecAllocatorOptions[:], // headless, no background networking
		chromedp.ExecPath(path),
		chromedp.DisableGPU,
		chromedp.NoSandbox, // unsafe for pages of strangers; these are ours, and root has no sandbox
	)
	allocator, cancel := chromedp.NewExecAllocator(context.Background(), options...)
	ctx, _ := chromedp.NewContext(allocator)
	stopChromium = func() {
		_ = chromedp.Cancel(ctx) // waits until the process has ended
		cancel()
	}
	return ctx, chromedp.Do(ctx)
})

func chromiumPath() (path string, err error) {
	for _, name := range []string{"chromium", "chromium-browser", "google-chrome"} {
		if path, err = exec.LookPath(name); err == nil {
			return path, nil
		}
	}
	return "", err
}
