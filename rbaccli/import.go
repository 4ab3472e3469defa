package rbaccli

import (
	"bytes"
	"cmp"
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/rbac-go/rbac"
	"github.com/rbac-go/rbac/importer"
)

// importVerbs are the verbs import, one for each kind of source.
type importVerbs struct {
	Django     importDjango     `cmd:"" help:"Import the users of a Django site."`
	Turbogears importTurboGears `cmd:"" help:"Import the users of a TurboGears application."`
	Casbin     importCasbin     `cmd:"" help:"Import a policy of casbin."`
	Spatie     importSpatie     `cmd:"" help:"Import the users of Laravel with spatie/laravel-permission."`
}

// source is the flag for the source of an import.
type source struct {
	From string `placeholder:"SOURCE" help:"The old database: an SQLite file, or postgres://user@host/database. Default: RBAC_FROM. Passwords do not belong here, but in PGPASSWORD, ~/.pgpass or RBAC_FROM."`
}

// merging has the flags of every import.
type merging struct {
	Merge bool `help:"Add the grants of the source to existing groups, and let users join such groups, even if a group gives more than in the source."`
	change
}

// passwords has the flags of a source with passwords.
type passwords struct {
	Wrap      bool   `help:"Keep hashes that are too quick to guess inside argon2id. Each takes as long as a login."`
	Plaintext bool   `help:"Take passwords that the source has in plain text. Texts that look like hashes are not taken."`
	Zone      string `placeholder:"ZONE" help:"The time zone of times without a zone, such as Europe/Berlin. Default: UTC."`
}

// location returns the time zone of the source.
func (p *passwords) location() (*time.Location, error) {
	zone, err := time.LoadLocation(p.Zone)
	if err != nil {
		return nil, usagef("%q is no time zone. Write a name such as Europe/Berlin.", p.Zone)
	}
	return zone, nil
}

// options returns the options of an import with these flags.
func (p *passwords) options() importer.Options {
	return importer.Options{Wrap: p.Wrap, Plaintext: p.Plaintext}
}

type importDjango struct {
	source
	passwords
	Superusers  bool     `help:"Make superusers members of a group that is granted *, the permission of administrators included."`
	UserModel   string   `placeholder:"MODEL" help:"AUTH_USER_MODEL, such as accounts.Member. Default: auth.User."`
	UserTable   string   `placeholder:"TABLE" help:"The db_table of a user model that has one."`
	Name        string   `placeholder:"COLUMN" help:"The column that users log in with. Default: username."`
	Email       string   `placeholder:"COLUMN" help:"The column of e-mail addresses. Default: email."`
	DisplayName []string `placeholder:"COLUMN" help:"The columns that make the display name. Default: first_name,last_name."`
	Staff       string   `placeholder:"PERMISSION" help:"The permission for users with is_staff, such as admin.enter. Without it, is_staff is reported."`
	merging
}

func (importDjango) Help() string {
	return `Read the tables of django.contrib.auth, import their records, and compare the rights of every user. ` + importHelp + `

    rbac import django --from db.sqlite3 --dry-run
    rbac import django --from postgres://site@db.example.com/site --wrap --staff admin.enter`
}

func (v *importDjango) Run(c *call) error {
	zone, err := v.location()
	if err != nil {
		return err
	}
	o := v.options()
	o.Superusers = v.Superusers
	return v.bring(c, o, func(ctx context.Context) (*importer.Plan, error) {
		return v.read(c, func(db *sql.DB) (*importer.Plan, error) {
			return importer.ReadDjango(ctx, importer.Django{
				DB: db, UserModel: v.UserModel, UserTable: v.UserTable, Name: v.Name, Email: v.Email,
				DisplayName: v.DisplayName, Staff: v.Staff, Location: zone,
			})
		})
	})
}

type importTurboGears struct {
	source
	passwords
	Prefix string `placeholder:"PREFIX" help:"The beginning of the names of the tables. Default: tg_."`
	merging
}

func (importTurboGears) Help() string {
	return `Read the five tables of a TurboGears 2 quickstart, import their records, and compare the rights of every user. ` + importHelp + `

For a site with one salt in its code, set RBAC_SITE_SALT to the salt.

    rbac import turbogears --from devdata.db --wrap --zone Europe/Berlin`
}

func (v *importTurboGears) Run(c *call) error {
	zone, err := v.location()
	if err != nil {
		return err
	}
	return v.bring(c, v.options(), func(ctx context.Context) (*importer.Plan, error) {
		return v.read(c, func(db *sql.DB) (*importer.Plan, error) {
			return importer.ReadTurboGears(ctx, importer.TurboGears{
				DB: db, Prefix: v.Prefix, SiteSalt: c.program.getenv("RBAC_SITE_SALT"), Location: zone,
			})
		})
	})
}

type importSpatie struct {
	source
	passwords
	UserTable   string `placeholder:"TABLE" help:"The table of users. Default: users."`
	Name        string `placeholder:"COLUMN" help:"The column that users log in with. Default: email."`
	DisplayName string `placeholder:"COLUMN" help:"The column of names for people. Default: name."`
	ModelType   string `placeholder:"CLASS" help:"The class of users. Default: App\\Models\\User."`
	ModelKey    string `placeholder:"COLUMN" help:"The column of users' keys in the tables of the package. Default: model_id."`
	Guard       string `placeholder:"GUARD" help:"The guard that is imported. Default: web."`
	Team        string `placeholder:"COLUMN" help:"The column of teams. Default: team_id."`
	ScopePrefix string `placeholder:"PREFIX" help:"The beginning of the scope of a team. Default: team:."`
	merging
}

func (importSpatie) Help() string {
	return `Read the users of Laravel and the tables of spatie/laravel-permission, import their records, and compare the rights of every user. A team becomes a scope. ` + importHelp + `

    rbac import spatie --from database.sqlite`
}

func (v *importSpatie) Run(c *call) error {
	zone, err := v.location()
	if err != nil {
		return err
	}
	return v.bring(c, v.options(), func(ctx context.Context) (*importer.Plan, error) {
		return v.read(c, func(db *sql.DB) (*importer.Plan, error) {
			return importer.ReadSpatie(ctx, importer.Spatie{
				DB: db, UserTable: v.UserTable, Name: v.Name, DisplayName: v.DisplayName, ModelType: v.ModelType,
				ModelKey: v.ModelKey, Guard: v.Guard, Team: v.Team, ScopePrefix: v.ScopePrefix, Location: zone,
			})
		})
	})
}

type importCasbin struct {
	From       string   `placeholder:"SOURCE" help:"The policy: a CSV file, an SQLite file, or postgres://user@host/database. Default: RBAC_FROM. Passwords do not belong here, but in PGPASSWORD, ~/.pgpass or RBAC_FROM."`
	Model      string   `required:"" placeholder:"FILE" help:"The model, such as model.conf."`
	Table      string   `placeholder:"TABLE" help:"The table of a database. Default: casbin_rule."`
	Users      []string `name:"user" xor:"users" placeholder:"NAME" help:"A name that is a user. All others are roles."`
	UserPrefix string   `xor:"users" placeholder:"PREFIX" help:"Names with this beginning are users."`
	RolePrefix string   `xor:"users" placeholder:"PREFIX" help:"Names without this beginning are users."`
	Leaves     bool     `xor:"users" help:"Each name that is nobody's role is a user. A role without members would become a user, too."`
	merging
}

func (importCasbin) Help() string {
	return `Read a model and a policy of casbin, import their records, and compare the rights of every user. casbin does not distinguish users and roles: select the users by one of --user, --user-prefix, --role-prefix and --leaves. ` + importHelp + `

    rbac import casbin --from policy.csv --model model.conf --leaves --dry-run
    rbac import casbin --from postgres://app@db.example.com/app --model model.conf --role-prefix role:`
}

func (v *importCasbin) Run(c *call) error {
	if len(v.Users) == 0 && v.UserPrefix == "" && v.RolePrefix == "" && !v.Leaves {
		return usagef("Which names are users? Use one of --user, --user-prefix, --role-prefix and --leaves.")
	}
	model, err := c.readFile(v.Model)
	if err != nil {
		return err
	}
	s := source{v.From}
	name, err := s.name(c)
	if err != nil {
		return err
	}
	from := importer.Casbin{
		Model: string(model), Table: v.Table, Users: v.Users, UserPrefix: v.UserPrefix, RolePrefix: v.RolePrefix, Leaves: v.Leaves,
	}
	return v.bring(c, importer.Options{}, func(ctx context.Context) (*importer.Plan, error) {
		if !isDatabase(name) {
			policy, err := c.readFile(name)
			if err != nil {
				return nil, err
			}
			from.Policy = bytes.NewReader(policy)
			return importer.ReadCasbin(ctx, from)
		}
		return s.read(c, func(db *sql.DB) (*importer.Plan, error) {
			from.DB = db
			return importer.ReadCasbin(ctx, from)
		})
	})
}

// isDatabase reports whether a source is a server or an SQLite file, and not a
// text file.
func isDatabase(name string) bool {
	if strings.Contains(name, "://") {
		return true
	}
	f, err := os.Open(name)
	if err != nil {
		return false
	}
	defer f.Close()
	const magic = "SQLite format 3\x00" // https://www.sqlite.org/fileformat.html
	begin := make([]byte, len(magic))
	_, err = io.ReadFull(f, begin)
	return err == nil && string(begin) == magic
}

// name returns the source that the user has named.
func (s source) name(c *call) (string, error) {
	if err := refusePassword("--from", s.From, "RBAC_FROM"); err != nil {
		return "", err
	}
	name := cmp.Or(s.From, c.program.getenv("RBAC_FROM"))
	if name == "" {
		return "", usagef("No source is named. Use --from, or set RBAC_FROM.")
	}
	return name, nil
}

// read returns the plan that f reads from the database of the source.
func (s source) read(c *call, f func(*sql.DB) (*importer.Plan, error)) (*importer.Plan, error) {
	name, err := s.name(c)
	if err != nil {
		return nil, err
	}
	if c.program.Source == nil {
		return nil, StoreError("This program opens no database of another system.")
	}
	db, err := c.program.Source(name)
	if err != nil {
		return nil, sourceError(c, err)
	}
	defer db.Close()
	plan, err := f(db)
	return plan, sourceError(c, err)
}

// sourceError returns the error of a source. Errors of package rbac stay
// unchanged, and errors of the database become errors of a store that cannot be
// used.
func sourceError(c *call, err error) error {
	if _, ok := errors.AsType[*rbac.Error](err); ok || err == nil || c.ctx.Err() != nil {
		return err
	}
	return StoreError("The source cannot be read: %s.", printable(err.Error()))
}

const importHelp = `The report lists each row that is not taken, or that is taken in another form, with the reason. The exit code is 0 if every user has the same rights here, and 1 if there are differences. Rights that were given here since the import are listed, and are not differences. With --dry-run, print the report and change nothing. An import may run again: existing records stay, and --merge adds grants to existing groups.`

// importRecord is an import in json and yaml.
type importRecord struct {
	Kind     string                `json:"kind"`
	DryRun   bool                  `json:"dry_run"`
	Tables   []importer.TableCount `json:"tables"`
	Reported []importer.Row        `json:"reported"`
	Proof    *importer.Proof       `json:"proof"` // null for a dry run
}

// bring imports the plan that read returns, prints the report, and proves that
// all users have the same rights.
func (m *merging) bring(c *call, o importer.Options, read func(context.Context) (*importer.Plan, error)) error {
	ctx := m.context(c)
	plan, err := read(ctx)
	if err != nil {
		return err
	}
	o.DryRun, o.Merge = m.DryRun, m.Merge
	o.Progress = func(done, all int) {
		c.progress.count.Store(int64(done))
		c.progress.all.Store(int64(all))
	}
	report, err := plan.Apply(ctx, c.auth, o)
	var proof *importer.Proof
	if err == nil && !o.DryRun {
		proof, err = plan.Prove(ctx, c.auth, report)
	}
	if printing := c.printImport(report, proof, err == nil); printing != nil || err != nil {
		return errors.Join(err, printing)
	}
	if proof != nil && !proof.Equal() {
		return errNo
	}
	return nil
}

// printImport prints the result of an import, which may be incomplete.
func (c *call) printImport(r *importer.Report, p *importer.Proof, whole bool) error {
	reported := filled(r.Reported())
	switch {
	case c.Output == "csv":
		return c.printRows(reported)
	case c.Output != "table":
		return c.encode(importRecord{r.Kind, r.DryRun, filled(r.Tables()), reported, p})
	case c.Quiet:
		return nil
	}
	if err := errors.Join(printSection(c, r.Tables()), printSection(c, reported)); err != nil {
		return err
	}
	switch {
	case p != nil:
		return c.printProof(p, leftAlone(r, p))
	case !whole:
		return c.println("The import was interrupted. What is listed above was done. Run the import again to go on.")
	}
	return c.println("Nothing was changed. The rights are compared after an import: rehearse the import on a copy of the store.")
}

// printSection prints a table and an empty line. Without rows, printSection
// prints nothing.
func printSection[T any](c *call, rows []T) error {
	if len(rows) == 0 {
		return nil
	}
	return errors.Join(c.printRows(rows), c.println(""))
}

// leftAlone reports whether a user may lack a right because an earlier import
// has taken the user.
func leftAlone(r *importer.Report, p *importer.Proof) bool {
	present := func(row importer.Row) bool { return row.Outcome == importer.Present }
	unexplained := func(d importer.Difference) bool { return d.Reason == "" && !d.Here }
	return slices.ContainsFunc(r.Rows, present) && slices.ContainsFunc(p.Differences, unexplained)
}

// printProof prints the differences between the rights in both systems.
func (c *call) printProof(p *importer.Proof, leftAlone bool) error {
	for _, d := range p.Differences {
		if err := c.println(c.red(printable(d.String()))); err != nil {
			return err
		}
	}
	if more := p.Count - len(p.Differences); more > 0 {
		if err := c.println(fmt.Sprintf("and %d more", more)); err != nil {
			return err
		}
	}
	for _, d := range p.Given {
		if err := c.println(printable(d.String())); err != nil {
			return err
		}
	}
	if leftAlone {
		c.note("Users from an earlier import stay unchanged, whatever the flags are.")
	}
	same := fmt.Sprintf("%s of the source, %s in both systems", amount(p.Users, "user"), amount(p.Rights, "right"))
	if p.Equal() && len(p.Given) > 0 {
		return c.println(c.green("Everybody has the rights of the source here: " + same + ". Further rights were given here since the import."))
	}
	if p.Equal() {
		return c.println(c.green("Everybody has the same rights here: " + same + "."))
	}
	return c.println(fmt.Sprintf("The rights differ: %s, %s.", same, amount(p.Count, "difference")))
}

// amount returns a number of things: 1 user, 2 users.
func amount(n int, thing string) string {
	if n != 1 {
		thing += "s"
	}
	return fmt.Sprint(n, " ", thing)
}
