//go:build !linux

package postgrestest

import (
	"os/exec"
	"syscall"
)

func run(cmd *exec.Cmd, exited chan<- struct{}) error {
	if err := cmd.Start(); err != nil {
		return err
	}
	go func() {
		_ = cmd.Wait()
		close(exited)
	}()
	return nil
}

func asNobody() *syscall.SysProcAttr { return nil }

func giveAway(string) error { return nil }

func (s *Server) resume() error { return nil }
