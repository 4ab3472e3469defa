package rbaccli

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	"golang.org/x/term"

	"github.com/rbac-go/rbac/internal/names"
)

// terminal returns the terminal behind a stream, if there is one.
func terminal(stream any) (fd int, ok bool) {
	if in, ok := stream.(interruptible); ok {
		stream = in.Reader
	}
	f, ok := stream.(*os.File)
	if !ok {
		return 0, false
	}
	fd = int(f.Fd())
	return fd, term.IsTerminal(fd)
}

// coloured reports whether stdout takes colours; see https://no-color.org.
func (c *call) coloured() bool {
	_, ok := terminal(c.stdout)
	return ok && c.program.getenv("NO_COLOR") == "" && c.program.getenv("TERM") != "dumb"
}

func (c *call) colour(code, text string) string {
	if text == "" || !c.coloured() {
		return text
	}
	return "\x1b[" + code + "m" + text + "\x1b[0m"
}

func (c *call) green(text string) string { return c.colour("32", text) }
func (c *call) red(text string) string   { return c.colour("31", text) }
func (c *call) bold(text string) string  { return c.colour("1", text) }

// printable makes a text from the store safe for one line of a terminal: a name
// or a note must not move the cursor or change colours.
func printable(text string) string {
	text = strings.Join(strings.FieldsFunc(text, func(r rune) bool { return r == '\n' || r == '\r' || r == '\t' }), " ")
	return names.Printable(text, len(text))
}

// maxPassword is larger than any password.
const maxPassword = 16 << 10

// readPassword asks for a new password twice, without echo. If stdin is no
// terminal, the password is the first line of stdin.
func (c *call) readPassword(user string) (string, error) {
	fd, ok := terminal(c.stdin)
	if !ok {
		line, err := bufio.NewReader(io.LimitReader(c.stdin, maxPassword)).ReadString('\n')
		if err != nil && !errors.Is(err, io.EOF) {
			return "", err
		}
		if line = strings.TrimRight(line, "\r\n"); line == "" {
			return "", usagef("There is no password on standard input. Write the password there as one line, or run the verb in a terminal.")
		}
		return line, nil
	}
	first, err := c.ask(fd, "New password for "+user+": ")
	if err != nil {
		return "", err
	}
	again, err := c.ask(fd, "Again: ")
	if err != nil {
		return "", err
	}
	if first != again {
		return "", usagef("The two passwords differ. Nothing was changed.")
	}
	if first == "" {
		return "", usagef("The password is empty. Nothing was changed.")
	}
	return first, nil
}

func (c *call) ask(fd int, prompt string) (string, error) {
	shown, err := term.GetState(fd)
	if err != nil {
		return "", err
	}
	fmt.Fprint(c.stderr, prompt)
	secret, err := untilDone(c.ctx, func() ([]byte, error) { return term.ReadPassword(fd) })
	fmt.Fprintln(c.stderr)
	if c.ctx.Err() != nil {
		err = errors.Join(err, term.Restore(fd, shown)) // ReadPassword still waits
	}
	return string(secret), err
}

// interruptible is a stream whose Read ends with a context.
type interruptible struct {
	io.Reader
	ctx context.Context
}

// Read reads into p, which stays untouched after the end of the context.
func (r interruptible) Read(p []byte) (int, error) {
	part, err := untilDone(r.ctx, func() ([]byte, error) {
		part := make([]byte, len(p))
		n, err := r.Reader.Read(part)
		return part[:n], err
	})
	return copy(p, part), err
}

// untilDone returns the result of read, or the error of the context if the
// context ends first. In that case the call of read continues until the program
// ends.
func untilDone(ctx context.Context, read func() ([]byte, error)) ([]byte, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	type result struct {
		text []byte
		err  error
	}
	done := make(chan result, 1)
	go func() {
		text, err := read()
		done <- result{text, err}
	}()
	select {
	case r := <-done:
		return r.text, r.err
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}
