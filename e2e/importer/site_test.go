package importer

import (
	"bytes"
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/rbac-go/rbac"
	"github.com/rbac-go/rbac/importer"
	"github.com/rbac-go/rbac/importer/source"
	"github.com/rbac-go/rbac/internal/postgrestest"
	memorystore "github.com/rbac-go/rbac/store_memory"
)

func TestMain(m *testing.M) { os.Exit(postgrestest.Main(m)) }

var ctx = rbac.WithActor(context.Background(), "import")

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// oldUser is a user as the original software sees the user.
type oldUser struct {
	Name, Password, Kind string
	Superuser            bool
	Created              time.Time
	Permissions          []string
}

// script runs a script of testdata, and returns its output. The test is skipped
// without the software.
func script(t *testing.T, name string, args ...string) []byte {
	t.Helper()
	program, needs := "/usr/bin/python3", map[string]string{"django_site.py": "django", "turbogears_site.py": "sqlalchemy", "turbogears_cookie.py": "repoze.who"}
	probe := exec.Command(program, "-c", "import "+needs[name])
	debian := "python3-" + needs[name]
	if strings.HasSuffix(name, ".php") {
		program, debian = "php", "php-cli and php-sqlite3"
		probe = exec.Command(program, "-r", "new PDO('sqlite::memory:');")
	}
	if err := probe.Run(); err != nil {
		t.Skipf("the Debian package %s is not installed: %v", debian, err)
	}
	cmd := exec.Command(program, append([]string{filepath.Join("testdata", name)}, args...)...)
	cmd.Env = append(os.Environ(), "PYTHONDONTWRITEBYTECODE=1", "PYTHONWARNINGS=ignore")
	var faults bytes.Buffer
	cmd.Stderr = &faults
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("%s: %v\n%s", name, err, &faults)
	}
	return out
}

// site runs a script that makes a database, and returns the users that the script
// has made.
func site(t *testing.T, name string, args ...string) (users []oldUser) {
	t.Helper()
	must(t, json.Unmarshal(script(t, name, args...), &users))
	return users
}

// place is where a script makes a database.
type place struct {
	dsn        string // for source.Open
	django     string // for django_site.py
	sqlalchemy string
}

func sqliteFile(t *testing.T) place {
	path := filepath.Join(t.TempDir(), "site.db")
	django, err := json.Marshal(map[string]string{"ENGINE": "django.db.backends.sqlite3", "NAME": path})
	must(t, err)
	return place{path, string(django), "sqlite:///" + path}
}

func postgresSchema(t *testing.T) place {
	dsn := postgrestest.InSchema(t)
	u, err := url.Parse(dsn)
	must(t, err)
	if exec.Command("/usr/bin/python3", "-c", "import psycopg2").Run() != nil {
		t.Skip("the Debian package python3-psycopg2 is not installed")
	}
	q, password := u.Query(), ""
	if u.User != nil {
		password, _ = u.User.Password()
	}
	options := "-c search_path=" + q.Get("search_path")
	host, port := u.Hostname(), u.Port()
	if host == "" {
		host, port = q.Get("host"), q.Get("port")
	}
	django, err := json.Marshal(map[string]any{"ENGINE": "django.db.backends.postgresql", "NAME": strings.TrimPrefix(u.Path, "/"),
		"USER": u.User.Username(), "PASSWORD": password, "HOST": host, "PORT": port, "OPTIONS": map[string]string{"options": options}})
	must(t, err)
	alchemy := url.URL{Scheme: "postgresql", User: u.User, Path: u.Path,
		RawQuery: url.Values{"host": {host}, "port": {port}, "options": {options}}.Encode()}
	return place{dsn, string(django), alchemy.String()}
}

func (p place) open(t *testing.T) *sql.DB {
	t.Helper()
	db, err := source.Open(p.dsn)
	must(t, err)
	t.Cleanup(func() { db.Close() })
	return db
}

// eachPlace runs a test on SQLite and on PostgreSQL.
func eachPlace(t *testing.T, f func(t *testing.T, p place)) {
	t.Run("sqlite", func(t *testing.T) { f(t, sqliteFile(t)) })
	t.Run("postgres", func(t *testing.T) { f(t, postgresSchema(t)) })
}

func authority(t *testing.T) *rbac.Authority {
	t.Helper()
	a, err := rbac.Open(ctx, memorystore.New(), rbac.Config{
		Logger: slog.New(slog.DiscardHandler), Argon2id: rbac.Argon2id{MemoryKiB: 8, Time: 1, Threads: 1}})
	must(t, err)
	t.Cleanup(func() { a.Close() })
	return a
}

// imported applies a plan twice, and returns the first report. The second run
// must change nothing.
func imported(t *testing.T, a *rbac.Authority, p *importer.Plan, err error, o importer.Options) *importer.Report {
	t.Helper()
	must(t, err)
	r, err := p.Apply(ctx, a, o)
	must(t, err)
	revision := a.Revision()
	again, err := p.Apply(ctx, a, o)
	must(t, err)
	if a.Revision() != revision {
		t.Errorf("a second import changed something")
	}
	for _, c := range again.Tables() {
		if c.Taken > 0 && c.Table != "django_content_type" && c.Table != "policy" {
			t.Errorf("the second import takes %d rows of %s", c.Taken, c.Table)
		}
	}
	return r
}

// rows checks that a report has every row of a table, by a count in the source.
func rows(t *testing.T, db *sql.DB, r *importer.Report, tables ...string) {
	t.Helper()
	var counted []string
	for _, c := range r.Tables() {
		counted = append(counted, c.Table)
		var n int
		must(t, db.QueryRow("SELECT count(*) FROM "+c.Table).Scan(&n))
		if n != c.Taken+c.Present+c.NotTaken {
			t.Errorf("%s has %d rows, and the report %+v", c.Table, n, c)
		}
	}
	slices.Sort(counted)
	if slices.Sort(tables); !slices.Equal(counted, tables) {
		t.Errorf("the report has the tables %q, want %q", counted, tables)
	}
}

// sameRights compares the permissions here with those that the original software
// has listed, without the importer's own rules.
func sameRights(t *testing.T, a *rbac.Authority, users []oldUser) {
	t.Helper()
	for _, u := range users {
		var here []string
		id, err := a.Identity(ctx, u.Name)
		if err != nil && !errors.Is(err, rbac.ErrDenied) {
			t.Errorf("%s: %v", u.Name, err)
			continue
		}
		here = slices.DeleteFunc(slices.Collect(id.Permissions()), func(p string) bool { return p == "rbac.administer" })
		if fmt.Sprint(here) != fmt.Sprint(u.Permissions) {
			t.Errorf("%s has %q, and had %q", u.Name, here, u.Permissions)
		}
	}
}

func equal(t *testing.T, a *rbac.Authority, p *importer.Plan, r *importer.Report) {
	t.Helper()
	proof, err := p.Prove(ctx, a, r)
	must(t, err)
	if !proof.Equal() || proof.Rights == 0 {
		t.Errorf("%d rights of %d users are equal; %+v", proof.Rights, proof.Users, proof.Differences)
	}
}

func userOf(t *testing.T, a *rbac.Authority, name string) (u rbac.User) {
	t.Helper()
	must(t, a.View(ctx, func(tx *rbac.Tx) (err error) {
		u, err = tx.User(name)
		return err
	}))
	return u
}

// openWritable opens an SQLite file for changes.
func openWritable(t *testing.T, path string) *sql.DB {
	t.Helper()
	db, err := sql.Open("sqlite3", path)
	must(t, err)
	t.Cleanup(func() { db.Close() })
	return db
}

func groupNames(t *testing.T, a *rbac.Authority) (names []string) {
	t.Helper()
	must(t, a.View(ctx, func(tx *rbac.Tx) error {
		groups, err := tx.Groups()
		for _, g := range groups {
			names = append(names, g.Name)
		}
		return err
	}))
	return names
}
