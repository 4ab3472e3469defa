package rbaccli

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/rbac-go/rbac"
	"github.com/rbac-go/rbac/findings"
	"github.com/rbac-go/rbac/rbaccli/internal/storecare"
)

// doctorVerb is the verb doctor.
type doctorVerb struct{}

func (doctorVerb) Help() string {
	return `Print what an administrator should look at: the findings of the console's overview, no administrator, clocks that disagree, and for an SQLite store files that other accounts can read or replace. In the binary of a service, look at the settings of the service, too. The exit code is 0 without findings and 1 with findings. A store whose tables have another version than the program is not opened: the exit code is 69, and the message has both versions.

"rbac check" looks for damage.`
}

// doctorRow is a finding in the output. The finding states which fields are set.
type doctorRow struct {
	Finding    string `json:"finding"`
	User       string `json:"user"`
	Group      string `json:"group"`
	Permission string `json:"permission"`
	Scope      string `json:"scope"`
	Set        string `json:"set"`
	Label      string `json:"label"`
	At         moment `json:"at"`
	Detail     string `json:"detail"`
}

func (v *doctorVerb) Run(c *call) error {
	var rows []doctorRow
	for _, look := range []func(*call) ([]doctorRow, error){
		administratorFindings, settingFindings, logClockFindings, serverClockFindings, overviewFindings, fileFindings,
	} {
		found, err := look(c)
		if err != nil {
			return err
		}
		rows = append(rows, found...)
	}
	if len(rows) == 0 && c.Output == "table" {
		return c.report("There are no findings.")
	}
	if err := c.printRows(rows); err != nil {
		return err
	}
	if len(rows) > 0 {
		return errNo
	}
	return nil
}

// administratorFindings checks whether the permission of administrators exists,
// and whether anybody holds the permission everywhere.
func administratorFindings(c *call) ([]doctorRow, error) {
	administer := c.auth.Config().Administer
	who := whoVerb{Permission: administer}
	holders, err := who.holders(c)
	row := doctorRow{Finding: "no administrator", Permission: administer}
	switch {
	case errors.Is(err, rbac.ErrNotFound):
		row.Detail = fmt.Sprintf("the permission does not exist: run \"%s init\", or name the permission of the service by --administer", c.name)
		return []doctorRow{row}, nil
	case err != nil:
		return nil, err
	case !slices.ContainsFunc(holders, func(h holder) bool { return h.Everywhere }):
		row.Detail = fmt.Sprintf("no enabled user has the permission everywhere: run \"%s init --admin NAME\"", c.name)
		return []doctorRow{row}, nil
	}
	return nil, nil
}

// Settings below these limits are findings. The zero values of rbac.Config are
// above the limits.
const (
	leastKept     = 30 * 24 * time.Hour
	leastPassword = 8 // NIST SP 800-63B-4 section 3.1.1.2
)

// settingFindings checks the Config of a service. The command line has no
// service's Config.
func settingFindings(c *call) (rows []doctorRow, err error) {
	if c.program.Authority == nil {
		return nil, nil
	}
	cfg := c.auth.Config()
	for _, s := range []struct {
		faulty bool
		detail string
	}{
		{!slices.Contains(cfg.Protected, cfg.Administer), "Config.Protected lacks " + cfg.Administer + ": the last administrator can be removed"},
		{cfg.KeepChanges < leastKept, fmt.Sprintf("Config.KeepChanges is %v: changes are deleted from the log before anybody asks for them", cfg.KeepChanges)},
		{cfg.MinPassword < leastPassword, fmt.Sprintf("Config.MinPassword is %d: strangers can guess such passwords", cfg.MinPassword)},
		{cfg.CheckPassword == nil && cfg.RefusePassword == nil, "Config.CheckPassword is not set: common passwords are accepted; rbac.CommonPassword refuses them"},
		{cheap(cfg.Argon2id), "Config.Argon2id is cheaper than the default: passwords of a stolen store are cracked sooner"},
	} {
		if s.faulty {
			rows = append(rows, doctorRow{Finding: "setting", Detail: s.detail})
		}
	}
	return rows, nil
}

// cheap reports whether hashes of a cost are quicker than hashes of the default
// cost. The measure is KiB × passes.
func cheap(cost rbac.Argon2id) bool {
	const memory, passes = 19456, 2 // of the zero Argon2id
	return uint64(cmp.Or(cost.MemoryKiB, memory))*uint64(cmp.Or(cost.Time, passes)) < memory*passes
}

// Clocks may differ by clockSkew, which logins tolerate. The last changes show
// whether the clocks of the services have differed.
const (
	clockSkew   = time.Minute
	lastChanges = 1000
)

// logClockFindings looks for a change in the future, and for a change that is
// earlier than the change before.
func logClockFindings(c *call) ([]doctorRow, error) {
	return read(c, func(tx *rbac.Tx) ([]doctorRow, error) {
		next := rbac.Change{At: tx.Now()}
		for change, err := range tx.Changes(rbac.ChangeQuery{Newest: true, Limit: lastChanges}) {
			if err != nil {
				return nil, err
			}
			if ahead := change.At.Sub(next.At); ahead > clockSkew {
				detail := fmt.Sprintf("the change of revision %v is %v ahead of our clock", change.Revision, ahead.Round(time.Second))
				if next.Revision > 0 {
					detail = fmt.Sprintf("the change of revision %v is %v later than the change of revision %v, which followed", change.Revision, ahead.Round(time.Second), next.Revision)
				}
				return []doctorRow{{Finding: "clocks", At: moment(change.At), Detail: detail + ": synchronize the clocks of the services"}}, nil
			}
			next = change
		}
		return nil, nil
	})
}

// serverClockFindings compares the clock of the database server with ours.
func serverClockFindings(c *call) ([]doctorRow, error) {
	server, ok := c.store.(interface {
		Now(ctx context.Context) (time.Time, error)
	})
	if !ok {
		return nil, nil
	}
	before := time.Now()
	theirs, err := server.Now(c.ctx)
	if err != nil {
		return nil, errors.Join(rbac.ErrUnavailable, err)
	}
	var detail string
	switch { // the server has answered between before and now
	case theirs.Before(before.Add(-clockSkew)):
		detail = fmt.Sprintf("the clock of the database server is %v behind ours", before.Sub(theirs).Round(time.Second))
	case theirs.After(time.Now().Add(clockSkew)):
		detail = fmt.Sprintf("the clock of the database server is %v ahead of ours", time.Until(theirs).Round(time.Second))
	default:
		return nil, nil
	}
	return []doctorRow{{Finding: "clocks", At: moment(theirs), Detail: detail + ": synchronize the clocks of both machines"}}, nil
}

// fileFindings looks at the permissions of the file of a store. A store that
// the call has opened is closed first: the files that SQLite keeps beside an
// open database then belong to other processes.
func fileFindings(c *call) ([]doctorRow, error) {
	file, ok := c.store.(interface{ Path() string })
	if !ok {
		return nil, nil
	}
	if err := c.close(); err != nil {
		return nil, err
	}
	faults, err := storecare.Files(file.Path())
	if err != nil {
		return nil, StoreError("The files of the store cannot be read: %v.", err)
	}
	return mapped(faults, func(f storecare.Fault) doctorRow {
		return doctorRow{Finding: f.Record, Detail: f.Name + ": " + f.Reason}
	}), nil
}

// overviewDetails has the meanings of the kinds of findings.
var overviewDetails = map[findings.Kind]string{
	findings.DisabledHolders:   "is disabled, and would have the protected permission again when enabled",
	findings.EndingMemberships: "ends within 30 days",
	findings.IdleUsers:         "has not signed in for 90 days, or never",
	findings.EmptyGroups:       "nobody is a member",
	findings.UnheldPermissions: "nobody has the permission",
	findings.UnmatchedPatterns: "the pattern matches no permission",
	findings.NearSets:          "users are at the limit of the set",
	findings.OldKeys:           "the key is older than a year",
}

// shownRecords bounds the records of a finding in the table for people.
const shownRecords = 10

// overviewFindings returns the findings that the first page of the console
// shows.
func overviewFindings(c *call) (rows []doctorRow, err error) {
	list, err := read(c, func(tx *rbac.Tx) ([]findings.Finding, error) {
		return findings.Find(tx, c.auth.Config().Protected)
	})
	for _, f := range list {
		if c.Output == "table" {
			f.Records = f.Records[:min(len(f.Records), shownRecords)]
		}
		for _, r := range f.Records {
			rows = append(rows, doctorRow{
				Finding: string(f.Kind), User: r.User, Group: r.Group, Permission: r.Permission, Scope: r.Scope,
				Set: r.Set, Label: r.Label, At: moment(r.At), Detail: overviewDetails[f.Kind],
			})
		}
		switch more := f.Count - len(f.Records); {
		case f.More:
			rows = append(rows, doctorRow{Finding: string(f.Kind), Detail: fmt.Sprintf("and more than %d others", more)})
		case more > 0:
			rows = append(rows, doctorRow{Finding: string(f.Kind), Detail: fmt.Sprintf("and %d others", more)})
		}
	}
	return rows, err
}
