package postgrestest

import (
	"errors"
	"os"
	"os/exec"
	"os/user"
	"runtime"
	"strconv"
	"syscall"
)

// run starts a process that ends when this process does, for whatever reason.
// The kernel watches the thread that started the process, so the thread is
// kept.
func run(cmd *exec.Cmd, exited chan<- struct{}) error {
	started := make(chan error)
	go func() {
		runtime.LockOSThread()
		err := cmd.Start()
		started <- err
		if err == nil {
			_ = cmd.Wait()
			close(exited)
		}
	}()
	return <-started
}

// asNobody runs a process as another user than root, because the server refuses
// to run as root.
func asNobody() *syscall.SysProcAttr {
	attr := &syscall.SysProcAttr{Pdeathsig: syscall.SIGINT}
	if uid, gid, err := nobody(); err == nil {
		attr.Credential = &syscall.Credential{Uid: uid, Gid: gid}
	}
	return attr
}

// giveAway makes the other user the owner of a folder.
func giveAway(dir string) error {
	uid, gid, err := nobody()
	if errors.Is(err, errNotRoot) {
		return nil
	}
	if err != nil {
		return err
	}
	return os.Chown(dir, int(uid), int(gid))
}

var errNotRoot = errors.New("not root")

func nobody() (uid, gid uint32, err error) {
	if os.Geteuid() != 0 {
		return 0, 0, errNotRoot
	}
	u, err := user.Lookup("postgres")
	if err != nil {
		u, err = user.Lookup("nobody")
	}
	if err != nil {
		return 0, 0, err
	}
	id, err1 := strconv.ParseUint(u.Uid, 10, 32)
	group, err2 := strconv.ParseUint(u.Gid, 10, 32)
	return uint32(id), uint32(group), errors.Join(err1, err2)
}
