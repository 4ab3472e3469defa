package rbaccli

import (
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/rbac-go/rbac"
	"github.com/rbac-go/rbac/rbaccli/internal/policyfile"
)

// exportVerb is the verb export.
type exportVerb struct {
	Name        string `required:"" placeholder:"NAME" help:"The name of the file, by which --prune finds the records that an earlier apply has added. Each file needs a name of its own."`
	Memberships bool   `help:"Write memberships, too."`
}

func (exportVerb) Help() string {
	return `Print groups, permissions, grants, inheritances, separation sets and delegations as a file for "rbac apply": as YAML, or with -o json as JSON. Two exports of equal policies are equal, byte by byte.

    rbac export --name blog > policy.yaml`
}

func (v *exportVerb) Run(c *call) error {
	f, err := read(c, func(tx *rbac.Tx) (*policyfile.File, error) {
		return policyfile.Export(tx, policyfile.ExportOptions{Name: v.Name, Memberships: v.Memberships})
	})
	if err != nil {
		return err
	}
	var text []byte
	switch c.Output {
	case "json":
		text, err = f.JSON()
	case "csv":
		return usagef("A policy is YAML or JSON, and no table: leave out -o csv.")
	default:
		text, err = f.YAML()
	}
	return errors.Join(err, c.write(text))
}

// policyArg is the file of a policy.
type policyArg struct {
	File  string `arg:"" help:"The file, or - for standard input."`
	Prune bool   `help:"Remove the records that an earlier apply of a file with the same name has added, and that the file no longer names. Permissions that a service declares, or that have other grants, stay."`
}

// planVerb is the verb plan.
type planVerb struct {
	policyArg
	Strict bool   `help:"Exit with 2 for a \"?\", too: the store has nothing that the file does not name."`
	Out    string `placeholder:"PLAN" help:"Save the plan to a new file: \"rbac apply PLAN\" does exactly what the plan says, or refuses if the store or the plan has changed."`
	planning
}

// planning marks a verb that changes nothing but needs a writable store: the
// effect is computed by a change that is rolled back.
type planning struct{}

func (planning) changes() *change { return nil }

func (planVerb) Help() string {
	return `Print the difference between a file and the store, and who would gain or lose which permission: "+" is added, "~" changed, "-" removed, and "?" is in the store but not in the file, and stays. The exit code is 0 if the store is in line, and 2 for a difference. With --strict, as in CI, a "?" is a difference, too.

    rbac plan policy.yaml
    rbac plan policy.yaml --strict
    rbac plan policy.yaml --out plan.json
    rbac apply plan.json`
}

// planRecord is a plan in json and yaml.
type planRecord struct {
	Name     string            `json:"name"`
	Revision uint64            `json:"revision"`
	Steps    []policyfile.Step `json:"steps"`
	Extras   []policyfile.Step `json:"extras"`
	Users    int               `json:"users"`
	Gained   []rbac.Right      `json:"gained"`
	Lost     []rbac.Right      `json:"lost"`
	More     bool              `json:"more"`
}

func (v *planVerb) Run(c *call) error {
	text, err := c.readFile(v.File)
	if err != nil {
		return err
	}
	f, err := policyfile.Read(v.File, text)
	if err != nil {
		return &fileError{err}
	}
	p, err := policyfile.NewPlan(c.ctx, c.auth, f, v.Prune)
	if err != nil {
		return &fileError{err}
	}
	if v.Out != "" {
		saved, err := p.JSON()
		if err != nil {
			return err
		}
		if err := newFile(v.Out, saved); err != nil {
			return err
		}
	}
	if err := c.printPlan(p); err != nil {
		return err
	}
	if len(p.Steps) > 0 || v.Strict && len(p.Extras) > 0 {
		return errDifference
	}
	return nil
}

func (c *call) printPlan(p *policyfile.Plan) error {
	e := p.Effect
	switch {
	case c.Output == "csv":
		return c.printRows(append(p.Steps, p.Extras...))
	case c.Output != "table":
		return c.encode(planRecord{
			p.Name, uint64(p.Revision), filled(p.Steps), filled(p.Extras), e.Users, filled(e.Gained), filled(e.Lost), e.More,
		})
	case c.Quiet:
		return nil
	}
	for _, s := range append(p.Steps, p.Extras...) {
		if err := c.println(c.sign(s)); err != nil {
			return err
		}
	}
	switch {
	case len(p.Steps) > 0:
		return c.printRights(e)
	case len(p.Extras) > 0:
		return c.println("Nothing has to be changed. The store also has the records with a \"?\".")
	}
	return c.println("The store is in line with the file.")
}

// sign returns a step in the colour of its sign.
func (c *call) sign(s policyfile.Step) string {
	text := printable(s.String())
	switch s.Op {
	case "add":
		return c.green(text)
	case "remove":
		return c.red(text)
	}
	return text
}

// applyVerb is the verb apply.
type applyVerb struct {
	policyArg
	change
}

func (applyVerb) Help() string {
	return `Bring the store into line with a file, in one change, or make exactly the changes of a saved plan. A second apply changes nothing. Records of the store that the file does not name stay unchanged. With --dry-run, print the same as "rbac plan"; a saved plan that an apply would refuse is refused, too.

    rbac apply policy.yaml --reason "release 12"
    rbac apply plan.json`
}

func (v *applyVerb) Run(c *call) error {
	text, err := c.readFile(v.File)
	if err != nil {
		return err
	}
	if policyfile.IsPlan(text) {
		return v.applyPlan(c, text)
	}
	f, err := policyfile.Read(v.File, text)
	if err != nil {
		return &fileError{err}
	}
	if v.DryRun {
		p, err := policyfile.NewPlan(v.context(c), c.auth, f, v.Prune)
		if err != nil {
			return &fileError{err}
		}
		return c.printPlan(p)
	}
	steps, err := policyfile.Apply(v.context(c), c.auth, f, v.Prune)
	if err != nil {
		return &fileError{err}
	}
	return c.printSteps(steps)
}

func (v *applyVerb) applyPlan(c *call, text []byte) error {
	p, err := policyfile.ReadPlan(v.File, text)
	if err != nil {
		return &fileError{err}
	}
	if v.Prune {
		return usagef("%q is a plan, which says itself what is removed: leave out --prune.", v.File)
	}
	if v.DryRun {
		if err := p.Check(v.context(c), c.auth); err != nil {
			return err
		}
		return c.printPlan(p)
	}
	if err := p.Apply(v.context(c), c.auth); err != nil {
		return err
	}
	return c.printSteps(p.Steps)
}

// printSteps prints the steps that an apply has made.
func (c *call) printSteps(steps []policyfile.Step) error {
	if c.Output != "table" {
		return c.printRows(steps)
	}
	if c.Quiet {
		return nil
	}
	if len(steps) == 0 {
		return c.println("Nothing had to be changed.")
	}
	for _, s := range steps {
		if err := c.println(c.sign(s)); err != nil {
			return err
		}
	}
	return nil
}

// testVerb is the verb test.
type testVerb struct {
	Files []string `arg:"" name:"file" help:"Files of policy tests, or - for standard input."`
}

func (testVerb) Help() string {
	return `Ask the store the questions of a file, and compare the answers. The exit code is 0 if all answers are as in the file, and 1 otherwise.

    - user: amy
      may: [post.edit, post.publish]
      may_not: [rbac.administer]
    - user: bob
      scope: org:42
      may: [invoice.read]`
}

func (v *testVerb) Run(c *call) error {
	all, failed := []policyfile.Result{}, 0
	for _, name := range v.Files {
		text, err := c.readFile(name)
		if err != nil {
			return err
		}
		tests, err := policyfile.ReadTests(name, text)
		if err != nil {
			return &fileError{err}
		}
		results, err := tests.Run(c.ctx, c.auth)
		if err != nil {
			return err
		}
		all = append(all, results...)
	}
	for _, r := range all {
		if !r.Passed {
			failed++
		}
	}
	if err := c.printResults(all, failed); err != nil {
		return err
	}
	if failed > 0 {
		return errNo
	}
	return nil
}

// printResults prints the tests that failed, and all of them for programs.
func (c *call) printResults(all []policyfile.Result, failed int) error {
	if c.Output != "table" {
		return c.printRows(all)
	}
	if c.Quiet {
		return nil
	}
	for _, r := range all {
		if !r.Passed {
			if err := c.println(c.red(printable(r.String()))); err != nil {
				return err
			}
		}
	}
	return c.println(fmt.Sprintf("%d of %d answers are as the tests say.", len(all)-failed, len(all)))
}

// fileError is an error of a file, or of applying a file, which begins with the
// file and the line.
type fileError struct{ err error }

func (e *fileError) Error() string { return e.err.Error() }
func (e *fileError) Unwrap() error { return e.err }

// fileMessage returns the text of an error with its file and line: one line for
// each fault of the file.
func (c *call) fileMessage(err error) string {
	if record, ok := errors.AsType[*rbac.Error](err); ok {
		if where, ok := strings.CutSuffix(err.Error(), record.Error()); ok {
			return printable(where) + c.recordMessage(record)
		}
	}
	lines := strings.Split(err.Error(), "\n")
	for i, line := range lines {
		lines[i] = strings.Replace(printable(line), "rbac: invalid: ", "", 1)
	}
	return strings.Join(lines, "\n")
}

// maxFile bounds the files that are read.
const maxFile = 64 << 20

// readFile reads a file that the user names, or standard input. An incomplete
// file would be another policy, so a file is read to its end or refused.
func (c *call) readFile(name string) ([]byte, error) {
	what, from := "standard input", c.stdin
	if name != "-" {
		f, err := os.Open(name)
		if err != nil {
			return nil, usagef("The file cannot be read: %v.", err)
		}
		defer f.Close()
		what, from = fmt.Sprintf("the file %q", name), interruptible{f, c.ctx}
	}
	text, err := io.ReadAll(io.LimitReader(from, maxFile+1))
	switch {
	case c.ctx.Err() != nil:
		return nil, c.ctx.Err()
	case err != nil:
		return nil, usagef("%s cannot be read: %v.", upper(what), err)
	case len(text) > maxFile:
		return nil, usagef("%s is larger than %d MiB.", upper(what), maxFile>>20)
	}
	return text, nil
}

// newFile writes a file that does not exist yet, so a mistyped name destroys
// nothing.
func newFile(name string, text []byte) error {
	f, err := os.OpenFile(name, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return usagef("The file cannot be written: %v.", err)
	}
	_, err = f.Write(text)
	return errors.Join(err, f.Close())
}

// write prints a text unchanged.
func (c *call) write(text []byte) error {
	c.progress.end()
	_, err := c.stdout.Write(text)
	return err
}
