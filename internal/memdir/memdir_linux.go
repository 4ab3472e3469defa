package memdir

import "syscall"

const folder = "/dev/shm"

// roomy reports whether there is memory for databases. Containers often have 64 MB.
func roomy() bool {
	var fs syscall.Statfs_t
	return syscall.Statfs(folder, &fs) == nil && fs.Bavail*uint64(fs.Bsize) >= 256<<20
}
