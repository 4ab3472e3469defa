//go:build unix

package main

import (
	"syscall"
	"time"
)

// processorTime returns the time that this process has spent on processors, the
// engine of SQLite and the garbage collector included. Other programs of a busy
// machine hardly change the time.
func processorTime() time.Duration {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		return 0
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}
