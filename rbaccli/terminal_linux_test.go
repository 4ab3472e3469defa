package rbaccli

import (
	"context"
	"fmt"
	"io"
	"os"
	"runtime"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/rbac-go/rbac"
)

// newTerminal returns a pseudo terminal: what a person sees and types, and the
// streams of a program in the terminal.
func newTerminal(t *testing.T) (person, program *os.File) {
	person, err := os.OpenFile("/dev/ptmx", os.O_RDWR|unix.O_NOCTTY, 0)
	if err != nil {
		t.Skip(err)
	}
	t.Cleanup(func() { person.Close() })
	fd := int(person.Fd())
	if err := unix.IoctlSetPointerInt(fd, unix.TIOCSPTLCK, 0); err != nil {
		t.Fatal(err)
	}
	n, err := unix.IoctlGetInt(fd, unix.TIOCGPTN)
	if err != nil {
		t.Fatal(err)
	}
	program, err = os.OpenFile(fmt.Sprint("/dev/pts/", n), os.O_RDWR|unix.O_NOCTTY, 0)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { program.Close() })
	return person, program
}

// echoes reports whether a terminal shows what is typed.
func echoes(t *testing.T, terminal *os.File) bool {
	state, err := unix.IoctlGetTermios(int(terminal.Fd()), unix.TCGETS)
	if err != nil {
		t.Fatal(err)
	}
	return state.Lflag&unix.ECHO != 0
}

// A password is asked for twice, is not shown while it is typed, and works.
func TestPasswordOnATerminal(t *testing.T) {
	a := newAuthority(t)
	if _, err := a.CreateUser(t.Context(), rbac.User{Name: "amy"}, "the plum tree of grandmother"); err != nil {
		t.Fatal(err)
	}
	passwd := func(first, again string) (code int, shown string) {
		person, program := newTerminal(t)
		done := make(chan int, 1)
		go func() {
			p := Program{Authority: a, Stdin: program, Stdout: program, Stderr: program}
			done <- p.Main(t.Context(), []string{"passwd", "amy"})
		}()
		for _, step := range [][2]string{{"New password for amy: ", first}, {"Again: ", again}} {
			for !strings.HasSuffix(shown, step[0]) {
				part := make([]byte, 1024)
				n, err := person.Read(part)
				if err != nil {
					t.Fatalf("%q, and no prompt: %v", shown, err)
				}
				shown += string(part[:n])
			}
			for late := time.Now().Add(10 * time.Second); echoes(t, program); runtime.Gosched() { // the prompt comes just before
				if time.Now().After(late) {
					t.Fatal("the terminal shows what is typed")
				}
			}
			fmt.Fprintln(person, step[1])
		}
		code = <-done
		program.Close()
		rest, _ := io.ReadAll(person) // ends with EIO, since nobody has the terminal
		return code, shown + string(rest)
	}
	code, shown := passwd("the apple tree of grandfather", "the apple tree of grandpa")
	if code != exitUsage || !strings.Contains(shown, "New password for amy: ") || !strings.Contains(shown, "differ") {
		t.Errorf("%d %q", code, shown)
	}
	code, again := passwd("the apple tree of grandfather", "the apple tree of grandfather")
	if code != 0 || !strings.Contains(again, "SetPasswordHash amy") {
		t.Errorf("%d %q", code, again)
	}
	if strings.Contains(shown+again, "apple") {
		t.Errorf("the password is shown: %q %q", shown, again)
	}
	if _, err := a.Login(t.Context(), rbac.Login{User: "amy", Password: "the apple tree of grandfather"}); err != nil {
		t.Error(err)
	}
}

// An interrupt ends the prompt for a password, and the terminal shows again what
// is typed.
func TestInterruptAtThePrompt(t *testing.T) {
	a := newAuthority(t)
	if err := a.Update(t.Context(), func(tx *rbac.Tx) error { _, err := tx.AddUser(rbac.User{Name: "amy"}); return err }); err != nil {
		t.Fatal(err)
	}
	person, program := newTerminal(t)
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan int, 1)
	go func() {
		done <- Program{Authority: a, Stdin: program, Stdout: program, Stderr: program}.Main(ctx, []string{"passwd", "amy"})
	}()
	for late := time.Now().Add(10 * time.Second); echoes(t, program); runtime.Gosched() {
		if time.Now().After(late) {
			t.Fatal("there is no prompt")
		}
	}
	cancel()
	select {
	case code := <-done:
		if code != exitTryAgain {
			t.Errorf("exit code %d", code)
		}
	case <-time.After(10 * time.Second):
		t.Fatal("the prompt goes on")
	}
	if !echoes(t, program) {
		t.Error("the terminal stays silent")
	}
	fmt.Fprintln(person) // ends the read that still waits
}

// Colours are for terminals, unless NO_COLOR is set.
func TestColours(t *testing.T) {
	a := newAuthority(t)
	answer := func(env map[string]string) string {
		person, program := newTerminal(t)
		p := Program{Authority: a, Stdin: program, Stdout: program, Stderr: program, Getenv: func(name string) string { return env[name] }}
		if code := p.Main(t.Context(), []string{"permission", "list"}); code != 0 {
			t.Fatal(code)
		}
		program.Close()
		all, _ := io.ReadAll(person)
		return string(all)
	}
	if text := answer(nil); !strings.HasPrefix(text, "\x1b[1mNAME") {
		t.Errorf("no colours on a terminal: %q", text)
	}
	for _, env := range []map[string]string{{"NO_COLOR": "1"}, {"TERM": "dumb"}} {
		if text := answer(env); strings.Contains(text, "\x1b") {
			t.Errorf("colours in spite of %v: %q", env, text)
		}
	}
	if o := (Program{Authority: a}).call("permission", "list"); strings.Contains(o.out, "\x1b") {
		t.Errorf("colours without a terminal: %q", o.out)
	}
}
