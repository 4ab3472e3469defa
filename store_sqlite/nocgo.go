//go:build !cgo

package sqlitestore

const haveCgo = false
