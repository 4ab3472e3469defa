package postgrestest

import "os"

// Serve starts a server for a program that is not a test. The server is as
// careful as PostgreSQL is without settings, and its data is in the system's
// folder for temporary files, so that a commit waits for the disk. The caller
// must call stop, which ends the server and removes the data.
func Serve(settings ...string) (dsn string, stop func(), err error) {
	bin, err := binaries()
	if err != nil {
		return "", nil, err
	}
	dir, err := os.MkdirTemp("", "rbac-postgres-")
	if err != nil {
		return "", nil, err
	}
	s, err := startIn(dir, bin, settings)
	if err != nil {
		return "", nil, err
	}
	return s.DSN(), func() {
		s.remove()
		_ = os.RemoveAll(template.dir)
	}, nil
}
