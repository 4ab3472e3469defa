package storetest

import (
	"context"
	"sync"

	"github.com/rbac-go/rbac/store"
)

// crowded has few connections for Views, and a View waits for a connection
// whatever the context of the View.
type crowded struct {
	store.Store
	connections chan struct{}
}

func (s crowded) View(ctx context.Context, f func(store.Records) error) error {
	s.connections <- struct{}{}
	defer func() { <-s.connections }()
	return s.Store.View(ctx, f)
}

// polite commits when no View reads, whatever the context of the Update.
type polite struct {
	store.Store
	reading sync.RWMutex
}

func (s *polite) View(ctx context.Context, f func(store.Records) error) error {
	s.reading.RLock()
	defer s.reading.RUnlock()
	return s.Store.View(ctx, f)
}

func (s *polite) Update(ctx context.Context, f func(store.Records) error) error {
	s.reading.Lock()
	defer s.reading.Unlock()
	return s.Store.Update(ctx, f)
}
