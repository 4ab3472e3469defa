package main

import (
	"database/sql"
	"errors"
	"net/url"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"regexp"
	"runtime"
	"strings"
	"testing"

	"github.com/rbac-go/rbac/internal/postgrestest"
)

// The commands of docs/cli.md run as written, by a shell, one after another, and
// print what the page shows. Times, secrets and the account of the operating
// system are those of the test.
func TestCommandsOfThePage(t *testing.T) {
	page, err := os.ReadFile("../../docs/cli.md")
	if err != nil {
		t.Fatal(err)
	}
	walk, rest, found := strings.Cut(string(page), "\n## The store\n")
	if !found {
		t.Fatal("the page has no section about the store")
	}
	s := newShell(t)
	s.database("db.sqlite3", djangoSite)
	if n := s.runAll(walk); n < 20 {
		t.Errorf("only %d commands are found", n)
	}

	// doctor looks at the store of the walk, without the import.
	s = newShell(t)
	for _, block := range console.FindAllString(walk, -1) {
		if !strings.Contains(block, "rbac import ") {
			s.runAll(block)
		}
	}
	if err := os.Chmod(filepath.Join(s.dir, "blog.db"), 0o644); err != nil { // unsafe, as doctor shows
		t.Fatal(err)
	}
	if n := s.runAll(rest); n != 1 {
		t.Errorf("%d commands are found, want that of doctor", n)
	}
}

// The site of the import: root is a superuser without a password, and cleo has a
// group and a permission of her own.
const djangoSite = `
CREATE TABLE django_content_type (id integer, app_label text, model text);
CREATE TABLE auth_permission (id integer, content_type_id integer, codename text, name text);
CREATE TABLE auth_group (id integer, name text);
CREATE TABLE auth_group_permissions (id integer, group_id integer, permission_id integer);
CREATE TABLE auth_user (id integer, username text, password text, is_superuser bool, is_staff bool, is_active bool);
CREATE TABLE auth_user_groups (id integer, user_id integer, group_id integer);
CREATE TABLE auth_user_user_permissions (id integer, user_id integer, permission_id integer);
INSERT INTO django_content_type VALUES (1, 'blog', 'post');
INSERT INTO auth_permission VALUES (1, 1, 'add_post', 'Can add post'), (2, 1, 'change_post', 'Can change post');
INSERT INTO auth_group VALUES (1, 'authors');
INSERT INTO auth_group_permissions VALUES (1, 1, 2);
INSERT INTO auth_user VALUES (1, 'root', '!', 1, 0, 1), (2, 'cleo', 'md5$seasalt$d095db9c9036ec46c15dbe6549434dcd', 0, 0, 1);
INSERT INTO auth_user_groups VALUES (1, 2, 1);
INSERT INTO auth_user_user_permissions VALUES (1, 2, 1);`

// shell runs commands in a folder of its own, where rbac is this program.
type shell struct {
	t   *testing.T
	dir string
	env []string
}

func newShell(t *testing.T) *shell {
	t.Helper()
	if _, err := exec.LookPath("bash"); err != nil || runtime.GOOS == "windows" {
		t.Skip("there is no bash")
	}
	program, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	bin := t.TempDir()
	dir, err := filepath.EvalSymlinks(t.TempDir()) // as doctor prints the path
	if err != nil {
		t.Fatal(err)
	}
	if err := os.Chmod(dir, 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(program, filepath.Join(bin, "rbac")); err != nil { // see TestMain
		t.Skip(err)
	}
	return &shell{t, dir, append(os.Environ(), "PATH="+bin+":"+os.Getenv("PATH"), "RBAC_STORE=blog.db", "LC_ALL=C.UTF-8")}
}

func (s *shell) database(name, statements string) {
	s.t.Helper()
	db, err := sql.Open("sqlite3", filepath.Join(s.dir, name))
	if err != nil {
		s.t.Fatal(err)
	}
	defer db.Close()
	if _, err := db.Exec(statements); err != nil {
		s.t.Fatal(err)
	}
}

var (
	console = regexp.MustCompile("(?s)```console\n(.*?)```")
	prompt  = regexp.MustCompile(`(?m)^\$ (.*)\n`)
)

// runAll runs the commands of a text, and compares what they print with what
// stands below each of them, if anything does. It returns their number.
func (s *shell) runAll(text string) (commands int) {
	for _, block := range console.FindAllStringSubmatch(text, -1) {
		places := prompt.FindAllStringSubmatchIndex(block[1], -1)
		for i, p := range places {
			end := len(block[1])
			if i+1 < len(places) {
				end = places[i+1][0]
			}
			command, want := block[1][p[2]:p[3]], block[1][p[1]:end]
			commands++
			switch verb, rest, _ := strings.Cut(command, " "); verb {
			case "export":
				s.env = append(s.env, rest)
			case "cat": // shows a file that the reader has to make
				if err := os.WriteFile(filepath.Join(s.dir, rest), []byte(want), 0o600); err != nil {
					s.t.Fatal(err)
				}
			default:
				s.compare(command, want, s.run(command))
			}
		}
	}
	return commands
}

// run returns what a command prints. The command may answer no, or find
// differences.
func (s *shell) run(command string) string {
	s.t.Helper()
	cmd := exec.CommandContext(s.t.Context(), "bash", "-c", command)
	cmd.Dir, cmd.Env, cmd.Stdin = s.dir, s.env, strings.NewReader("seven dry umbrellas\n")
	out, err := cmd.CombinedOutput()
	var exit *exec.ExitError
	if err != nil && (!errors.As(err, &exit) || exit.ExitCode() > 2) {
		s.t.Fatalf("$ %s\n%s%v", command, out, err)
	}
	return string(out)
}

var (
	moment = regexp.MustCompile(`\d{4}-\d\d-\d\d( \d\d:\d\d(:\d\d)?)?`)
	asked  = regexp.MustCompile(`(?m)^(New password for \w+|Again):\n`) // on a terminal only
)

func (s *shell) compare(command, want, got string) {
	s.t.Helper()
	if want == "" {
		return
	}
	account, err := user.Current()
	if err != nil {
		s.t.Fatal(err)
	}
	want = strings.NewReplacer("by root", "by "+account.Username, "(root)  ", "("+account.Username+")  ", "/srv/blog/", s.dir+"/").
		Replace(asked.ReplaceAllString(want, ""))
	pattern := moment.ReplaceAllString(regexp.QuoteMeta(want), moment.String())
	if ok, err := regexp.MatchString("^"+strings.ReplaceAll(pattern, "…", `\S+`)+"$", got); err != nil || !ok {
		s.t.Errorf("$ %s\nprints\n%s\nand the page shows\n%s", command, got, want)
	}
}

// The commands of docs/deployment.md copy a store and restore the copy, and
// afterwards no key of the copy is good.
func TestBackupsOfThePage(t *testing.T) {
	text, err := os.ReadFile("../../docs/deployment.md")
	if err != nil {
		t.Fatal(err)
	}
	_, section, _ := strings.Cut(string(text), "\n## Backup and restore\n")
	section, _, found := strings.Cut(section, "\n## ")
	if !found {
		t.Fatal("the page has no section about backups")
	}
	command := func(pattern string) string {
		m := regexp.MustCompile(pattern).FindStringSubmatch(section)
		if m == nil {
			t.Fatalf("the page has no command like %s", pattern)
		}
		return m[1]
	}
	backup, end := command("`(rbac backup \\w+)`"), command("(?m)(?:`|^)(rbac session end [^`\n]+)")
	vacuum := command(`(VACUUM INTO '[\w.-]+')`)
	copied := strings.Split(vacuum, "'")[1]
	restore := command(`(?m)^(rbac restore .*)$`)
	for copying, file := range map[string]string{
		backup:                             strings.Fields(backup)[2],
		`sqlite3 blog.db "` + vacuum + `"`: copied,
		"sqlite3 blog.db '.backup copy'":   "copy",
	} {
		t.Run(copying, func(t *testing.T) {
			if _, err := exec.LookPath("sqlite3"); err != nil && strings.HasPrefix(copying, "sqlite3") {
				t.Skip("there is no sqlite3")
			}
			s := newShell(t)
			s.keyBeforeCopy()
			s.run(copying)
			s.changeAfterCopy()
			if info, err := os.Stat(filepath.Join(s.dir, file)); err != nil || copying == backup && info.Mode() != 0o600 {
				t.Errorf("the copy is %v (%v), want a file that only its owner can read", info, err)
			}
			s.run(strings.ReplaceAll(restore, copied, file))
			s.isRestored(end)
		})
	}
	t.Run("PostgreSQL", func(t *testing.T) {
		if _, err := exec.LookPath("pg_dump"); err != nil || !postgrestest.Found() {
			t.Skip("there is no PostgreSQL")
		}
		s := newShell(t)
		dsn := inURL(postgrestest.InSchema(t))
		u, err := url.Parse(dsn)
		if err != nil {
			t.Fatal(err)
		}
		query := u.Query()
		schema := query.Get("search_path")
		query.Del("search_path") // is no parameter of the tools
		u.RawQuery = query.Encode()
		s.env = append(s.env, "RBAC_STORE="+dsn, "DSN="+u.String())
		dump := strings.ReplaceAll(command("(?m)^(pg_dump .*)$"), "--schema=rbac", "--schema="+schema)
		s.keyBeforeCopy()
		s.run(dump)
		s.changeAfterCopy()
		s.run(command("(?m)^(pg_restore .*)$"))
		s.isRestored(end)
	})
}

func (s *shell) keyBeforeCopy() {
	s.t.Helper()
	s.run("rbac init --admin amy")
	s.run("rbac user add robot && rbac key issue robot --label nightly")
}

func (s *shell) changeAfterCopy() {
	s.t.Helper()
	s.run("rbac user add late && rbac session end --keys robot")
}

// isRestored expects the records of the copy, and that the command of the page
// ends the key.
func (s *shell) isRestored(end string) {
	s.t.Helper()
	if got := s.run("rbac check"); !strings.Contains(got, "no findings") && !strings.Contains(got, "sound") {
		s.t.Errorf("rbac check prints %s", got)
	}
	if got := s.run("rbac user list -o csv"); strings.Contains(got, "late") || !strings.Contains(got, "robot") {
		s.t.Errorf("the users are\n%s", got)
	}
	if got := s.run("rbac key list"); !strings.Contains(got, "nightly") {
		s.t.Errorf("before all tickets are ended, the keys are\n%s", got)
	}
	s.run(end)
	if got := s.run("rbac key list"); strings.Contains(got, "nightly") {
		s.t.Errorf("after %s, the keys are\n%s", end, got)
	}
}
