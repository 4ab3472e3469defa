package rbaccli

import (
	"fmt"
	"io"
	"sync"
	"sync/atomic"
	"time"
)

// progress shows on a terminal that a verb is at work, if the verb takes longer
// than a second.
type progress struct {
	count atomic.Int64 // rows that were read, or users who were imported
	all   atomic.Int64 // of so many users; 0: not known

	mu    sync.Mutex
	w     io.Writer
	began time.Time
	shown bool
	over  bool // the verb prints or asks by itself from now on
}

const (
	progressAfter = time.Second
	progressEvery = 200 * time.Millisecond
)

// start shows the progress until stop is called, if there is a terminal.
func (p *progress) start(c *call) (stop func()) {
	if _, ok := terminal(c.stderr); !ok || c.Quiet {
		return func() {}
	}
	return p.begin(c.stderr)
}

func (p *progress) begin(w io.Writer) (stop func()) {
	p.w, p.began = w, time.Now()
	done := make(chan struct{})
	go func() {
		next := time.NewTimer(progressAfter)
		defer next.Stop()
		for {
			select {
			case <-done:
				return
			case <-next.C:
				p.show()
				next.Reset(progressEvery)
			}
		}
	}()
	return func() { close(done); p.end() }
}

func (p *progress) show() {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.over {
		return
	}
	p.shown = true
	fmt.Fprintf(p.w, "\r\x1b[K%d s", int(time.Since(p.began).Seconds()))
	switch n, all := p.count.Load(), p.all.Load(); {
	case all > 0:
		fmt.Fprintf(p.w, ", %d of %d users", n, all)
	case n > 0:
		fmt.Fprintf(p.w, ", %d rows", n)
	}
}

// end removes the progress. Call end before anything else is printed.
func (p *progress) end() {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.shown && !p.over {
		fmt.Fprint(p.w, "\r\x1b[K")
	}
	p.over = true
}
