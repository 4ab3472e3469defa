package rbaccli

import (
	"bufio"
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

// printable makes a text from the store fit for one line of a terminal: a name
// or a note must not move the cursor or change colours.
func printable(text string) string {
	text = strings.Join(strings.FieldsFunc(text, func(r rune) bool { return r == '\n' || r == '\r' || r == '\t' }), " ")
	return names.Printable(text, len(text))
}

// maxPassword is more than any password has.
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
	fmt.Fprint(c.stderr, prompt)
	secret, err := term.ReadPassword(fd)
	fmt.Fprintln(c.stderr)
	return string(secret), err
}
