package rbaccli

import (
	"errors"
	"regexp"
	"strings"

	"github.com/alecthomas/kong"
)

// globals are the flags that every verb has.
type globals struct {
	Help    helpFlag `short:"h" group:"every" help:"Show how the verb is used."`
	Output  string   `short:"o" group:"every" enum:"table,json,yaml,csv" default:"table" placeholder:"FORMAT" help:"Print a table for people, or json, yaml or csv."`
	Quiet   bool     `short:"q" group:"every" help:"Print only lists, links and keys: the exit code is the answer."`
	Verbose bool     `short:"v" group:"every" help:"Print what the library logs."`
}

// storeFlags select the store that a Program opens, and the permission of its
// administrators.
type storeFlags struct {
	Store      string `group:"every" placeholder:"STORE" help:"The store: an SQLite file, or postgres://user@host/database. Default: RBAC_STORE. Passwords do not belong here, but in PGPASSWORD, ~/.pgpass or RBAC_STORE."`
	Administer string `group:"every" placeholder:"PERMISSION" help:"The permission of administrators, where a service has set Config.Administer. Default: RBAC_ADMINISTER, or rbac.administer."`
}

// verbs are the verbs of every Program. New verbs get a line here, and a file.
type verbs struct {
	Can  canVerb  `cmd:"" group:"ask" help:"Answer whether a user has a permission: yes or no."`
	Why  whyVerb  `cmd:"" group:"ask" help:"Explain why a user has a permission, or what would give it."`
	Who  whoVerb  `cmd:"" group:"ask" help:"List the users who have a permission."`
	Show showVerb `cmd:"" group:"ask" help:"Show which groups have which permissions."`
	Log  logVerb  `cmd:"" group:"ask" help:"Show changes and logins."`

	User       userVerbs       `cmd:"" group:"edit" help:"Users."`
	Group      groupVerbs      `cmd:"" group:"edit" help:"Groups."`
	Permission permissionVerbs `cmd:"" group:"edit" help:"Permissions."`
	Grant      grantVerbs      `cmd:"" group:"edit" help:"Permissions of groups."`
	Assign     assignVerbs     `cmd:"" group:"edit" help:"Users in groups."`
	Inherit    inheritVerbs    `cmd:"" group:"edit" help:"Groups that inherit other groups."`
	Separation separationVerbs `cmd:"" group:"edit" help:"Sets of groups that are kept apart."`
	Delegate   delegateVerbs   `cmd:"" group:"edit" help:"Groups whose members may assign other groups."`

	Link    linkVerbs    `cmd:"" group:"account" help:"Links with which a user chooses a password."`
	Passwd  passwdVerb   `cmd:"" group:"account" help:"Set the password of a user."`
	Unlock  unlockVerb   `cmd:"" group:"account" help:"Forget the failed logins of a user."`
	Session sessionVerbs `cmd:"" group:"account" help:"Login sessions."`
	Key     keyVerbs     `cmd:"" group:"account" help:"API keys."`

	Export exportVerb `cmd:"" group:"policy" help:"Print the policy of the store as a file."`
	Plan   planVerb   `cmd:"" group:"policy" help:"Compare a file with the store."`
	Apply  applyVerb  `cmd:"" group:"policy" help:"Bring the store into line with a file."`
	Test   testVerb   `cmd:"" group:"policy" help:"Ask the questions of a file of tests."`

	Init   initVerb   `cmd:"" group:"store" help:"Make the tables and the first administrator."`
	Doctor doctorVerb `cmd:"" group:"store" help:"Find what an administrator should look at."`
}

// storeVerbs are the verbs of a Program with a store. Verbs that need the store
// and not an Authority belong here.
type storeVerbs struct {
	Backup backupVerb `cmd:"" group:"store" help:"Copy an SQLite store into a new file."`
	Check  checkVerb  `cmd:"" group:"store" help:"Look for damage in the store."`
}

// programVerbs are the verbs of a Program that opens stores itself.
type programVerbs struct {
	Restore    restoreVerb    `cmd:"" group:"store" help:"Put a copy in the place of an SQLite store."`
	Import     importVerbs    `cmd:"" group:"store" help:"Users, groups and permissions of another system."`
	Completion completionVerb `cmd:"" group:"self" help:"Print a script that completes verbs and flags in a shell."`
	Complete   completeVerb   `cmd:"" hidden:""`
}

// grammar is the command line of cmd/rbac.
type grammar struct {
	globals
	storeFlags
	verbs
	storeVerbs
	programVerbs
	Version versionVerb `cmd:"" group:"self" help:"Print the version of the program."`
}

// embeddedGrammar is the command line of a service with an Authority, or before
// the service has one.
type embeddedGrammar struct {
	globals
	verbs
	kong.Plugins             // storeVerbs, if the service has named the store
	Version      versionVerb `cmd:"" group:"self" help:"Print the version of the program."`
}

const description = `Answer who may do what in a store of rbac, and change it.

The exit code is 0 for yes and done, 1 for no, 64 for a command line that is not understood, 67 for a user, group or permission that does not exist, 69 for a store that cannot be used, 75 for "try again", 77 for a change that is refused, and 70 for anything else.`

// newParser returns the parser of the Program's command line, and points c at
// the flags.
func (c *call) newParser() (*kong.Kong, error) {
	var root any
	if c.program.Authority != nil || c.program.Open == nil {
		g := &embeddedGrammar{}
		if c.program.Store != nil || c.program.Authority == nil {
			g.Plugins = append(g.Plugins, &storeVerbs{})
		}
		root, c.globals = g, &g.globals
	} else {
		g := &grammar{}
		root, c.globals, c.storeFlags = g, &g.globals, &g.storeFlags
	}
	parser, err := kong.New(root,
		kong.Name(c.name),
		kong.Description(description),
		kong.NoDefaultHelp(),
		kong.Writers(c.stdout, c.stderr),
		kong.ConfigureHelp(kong.HelpOptions{NoExpandSubcommands: true, WrapUpperBound: 100}),
		kong.ExplicitGroups([]kong.Group{
			{Key: "ask", Title: "Questions:"},
			{Key: "edit", Title: "Users and rights:"},
			{Key: "account", Title: "Accounts:"},
			{Key: "policy", Title: "Policies as files:"},
			{Key: "store", Title: "The store:"},
			{Key: "self", Title: "The program:"},
			{Key: "every", Title: "Flags of every verb:"},
		}))
	if err != nil {
		return nil, err
	}
	c.parser = parser
	return parser, kong.Visit(parser.Model, func(node kong.Visitable, next kong.Next) error {
		switch node := node.(type) {
		case *kong.Node: // a verb
			node.Help, node.Detail = c.named(node.Help), c.named(node.Detail)
		case *kong.Flag:
			node.Help = c.named(node.Help)
		}
		return next(nil)
	})
}

// calls matches the name of the command where the help of a verb shows a call:
// after a quote, or at the beginning of an indented line.
var calls = regexp.MustCompile(`(?m)("|^    )rbac `)

// namedStore is the flag with which an example of the help names a store.
var namedStore = regexp.MustCompile(`(?m)^(    rbac .*)--store \S+ `)

// named puts the name of the program into a text of the help. Examples of a
// program that has its store name none.
func (c *call) named(help string) string {
	if c.storeFlags == nil {
		help = namedStore.ReplaceAllString(help, "$1")
	}
	return calls.ReplaceAllString(help, "${1}"+strings.ReplaceAll(c.name, "$", "$$")+" ")
}

// helpFlag prints the help of the verb. The parser then returns errHelp.
type helpFlag bool

var errHelp = errors.New("help was asked for")

// IgnoreDefault keeps a default from setting the flag.
func (helpFlag) IgnoreDefault() {}

// BeforeReset prints the help before the parser complains of missing arguments.
func (helpFlag) BeforeReset(ctx *kong.Context) error {
	if err := ctx.PrintUsage(false); err != nil {
		return err
	}
	return errHelp
}
