//go:build !linux

package memdir

const folder = ""

func roomy() bool { return false }
