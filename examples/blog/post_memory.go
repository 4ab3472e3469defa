package main

import (
	"context"
	"slices"
	"sync"

	"github.com/rbac-go/rbac"
)

// memoryPosts keeps posts beside a memorystore, outside its transactions. In
// each transaction save comes last, so that nothing can fail after the call.
type memoryPosts struct {
	mu   sync.Mutex
	list []Post // the post with ID n is at index n-1
}

func (m *memoryPosts) prepare(context.Context, *rbac.Tx) error { return nil }

func (m *memoryPosts) latest(context.Context, *rbac.Tx) ([]Post, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	list := slices.Clone(m.list[max(0, len(m.list)-mostPosts):])
	slices.Reverse(list)
	return list, nil
}

func (m *memoryPosts) get(_ context.Context, _ *rbac.Tx, id int64) (Post, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if id < 1 || id > int64(len(m.list)) {
		return Post{}, rbac.ErrNotFound
	}
	return m.list[id-1], nil
}

func (m *memoryPosts) save(_ context.Context, _ *rbac.Tx, p Post) (int64, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if p.ID == 0 {
		p.ID = int64(len(m.list)) + 1
		m.list = append(m.list, p)
	}
	m.list[p.ID-1] = p
	return p.ID, nil
}
