package memdir

import "syscall"

const folder = "/dev/shm"

// roomy reports whether folder has free bytes left. Containers often have 64
// MB.
func roomy(free uint64) bool {
	var fs syscall.Statfs_t
	return syscall.Statfs(folder, &fs) == nil && fs.Bavail*uint64(fs.Bsize) >= free
}
