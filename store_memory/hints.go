package memorystore

import (
	"context"
	"slices"
	"sync"
)

// hints wake the followers of the store. A pending hint stands for all commits
// since.
type hints struct {
	mu       sync.Mutex
	channels []chan struct{}
}

func (h *hints) open(ctx context.Context) <-chan struct{} {
	c := make(chan struct{}, 1)
	h.mu.Lock()
	defer h.mu.Unlock()
	h.channels = append(h.channels, c)
	context.AfterFunc(ctx, func() {
		h.mu.Lock()
		defer h.mu.Unlock()
		h.channels = slices.DeleteFunc(h.channels, func(o chan struct{}) bool { return o == c })
	})
	return c
}

func (h *hints) send() {
	h.mu.Lock()
	defer h.mu.Unlock()
	for _, c := range h.channels {
		select {
		case c <- struct{}{}:
		default:
		}
	}
}
