// Package rbac is authorization for Go services.
package rbac

import (
	"context"
)

// Authority knows the users, groups and permissions of one store.
type Authority struct{}

func Open(ctx context.Context, s Store, cfg Config) (*Authority, error)  { return nil, ErrUnavailable }
func (a *Authority) Close() error                                        { return nil }
func (a *Authority) View(ctx context.Context, f func(*Tx) error) error   { return ErrUnavailable }
func (a *Authority) Update(ctx context.Context, f func(*Tx) error) error { return ErrUnavailable }
func (a *Authority) Declare(ctx context.Context, c Catalogue) error      { return ErrUnavailable }
func (a *Authority) Menu(id *Identity) []MenuSection                     { return nil }
