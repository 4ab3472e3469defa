package postgrestest

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"
)

// Freeze stops all processes of the server, like a machine that hangs. The
// server keeps its connections and accepts new connections, but does not
// answer. Freeze returns when all processes are stopped.
func (s *Server) Freeze(t testing.TB) {
	t.Helper()
	if err := s.freeze(); err != nil {
		t.Fatal(err)
	}
}

// freeze begins with the parent process, so that no new process starts
// meanwhile.
func (s *Server) freeze() error {
	if err := stop(s.process.Process.Pid); err != nil {
		return err
	}
	for _, pid := range s.children() {
		if err := stop(pid); err != nil && !errors.Is(err, syscall.ESRCH) {
			return err
		}
	}
	return nil
}

// stop stops a process, and waits until the process is stopped.
func stop(pid int) error {
	if err := syscall.Kill(pid, syscall.SIGSTOP); err != nil {
		return err
	}
	for {
		switch state, _ := stat(pid); state {
		case "T", "Z", "":
			return nil
		}
		time.Sleep(time.Millisecond) // the kernel notifies only the parent
	}
}

// Resume lets a frozen server continue.
func (s *Server) Resume(t testing.TB) {
	t.Helper()
	if err := s.resume(); err != nil {
		t.Fatal(err)
	}
}

func (s *Server) resume() error {
	select {
	case <-s.exited:
		return os.ErrProcessDone
	default:
	}
	for _, pid := range s.children() {
		_ = syscall.Kill(pid, syscall.SIGCONT) // some have ended
	}
	return syscall.Kill(s.process.Process.Pid, syscall.SIGCONT)
}

// Kill ends all processes of the server at one instant, so that no process can
// send anything. The server can be launched again. Kill does nothing if the
// server has already ended.
func (s *Server) Kill(t testing.TB) {
	t.Helper()
	select {
	case <-s.exited:
		return
	default:
	}
	if err := s.freeze(); err != nil {
		t.Fatal(err)
	}
	for _, pid := range append(s.children(), s.process.Process.Pid) {
		_ = syscall.Kill(pid, syscall.SIGKILL)
	}
	<-s.exited
	s.forget()
}

// forget removes the shared memory segment that a killed server leaves in the
// kernel. The file postmaster.pid names the segment.
func (s *Server) forget() {
	text, err := os.ReadFile(filepath.Join(s.data(), "postmaster.pid"))
	lines := strings.Split(string(text), "\n")
	if err != nil || len(lines) < 7 {
		return
	}
	if key := strings.Fields(lines[6]); len(key) == 2 {
		if id, err := strconv.Atoi(key[1]); err == nil {
			_, _, _ = syscall.Syscall(syscall.SYS_SHMCTL, uintptr(id), ipcRemove, 0)
		}
	}
}

const ipcRemove = 0

// children returns the processes that the server has started.
func (s *Server) children() (pids []int) {
	found, _ := filepath.Glob("/proc/[0-9]*")
	for _, dir := range found {
		pid, err := strconv.Atoi(filepath.Base(dir))
		if _, parent := stat(pid); err == nil && parent == s.process.Process.Pid {
			pids = append(pids, pid)
		}
	}
	return pids
}

// stat returns the parent of a process and its state as in /proc: "T" for a
// stopped process, and empty if the process is gone.
func stat(pid int) (state string, parent int) {
	text, err := os.ReadFile(filepath.Join("/proc", strconv.Itoa(pid), "stat"))
	if err != nil {
		return "", 0
	}
	// a name may contain any character
	fields := strings.Fields(string(text[bytes.LastIndexByte(text, ')')+1:]))
	parent, _ = strconv.Atoi(fields[1])
	return fields[0], parent
}
