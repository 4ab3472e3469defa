package rbaccli

import (
	"slices"
	"strings"

	"github.com/alecthomas/kong"
)

// completionVerb is the verb completion.
type completionVerb struct {
	Shell string `arg:"" enum:"bash,zsh,fish" help:"The shell: bash, zsh or fish."`
}

func (completionVerb) Help() string {
	return `    source <(rbac completion bash)      # in ~/.bashrc
    source <(rbac completion zsh)       # in ~/.zshrc, after compinit
    rbac completion fish | source       # in ~/.config/fish/config.fish`
}

func (*completionVerb) storeless() {}

// completions are the scripts. Each script calls the hidden verb complete for
// the words that may follow, and offers files if there are none.
var completions = map[string]string{
	"bash": `_rbac() {
	local IFS=$'\n'
	COMPREPLY=($(rbac complete -- "${COMP_WORDS[@]:1:COMP_CWORD}" 2>/dev/null))
}
complete -o default -F _rbac rbac`,
	"zsh": `_rbac() {
	local -a candidates
	candidates=(${(f)"$(rbac complete -- "${(@)words[2,CURRENT]}" 2>/dev/null)"})
	if (( $#candidates )); then compadd -a candidates; else _files; fi
}
compdef _rbac rbac`,
	"fish": `complete -c rbac -a '(rbac complete -- (commandline -opc)[2..-1] (commandline -ct) 2>/dev/null)'`,
}

func (v *completionVerb) Run(c *call) error { return c.println(completions[v.Shell]) }

// completeVerb is the hidden verb that the scripts call.
type completeVerb struct {
	Words []string `arg:"" optional:"" help:"The words of the command line, the last of them unfinished."`
}

func (*completeVerb) storeless() {}

func (v *completeVerb) Run(c *call) error {
	for _, word := range c.candidates(v.Words) {
		if err := c.println(word); err != nil {
			return err
		}
	}
	return nil
}

// candidates returns the verbs, flags or values that may stand in place of the
// last word.
func (c *call) candidates(words []string) (fit []string) {
	if len(words) == 0 {
		words = []string{""}
	}
	before, last := words[:len(words)-1], words[len(words)-1]
	node := c.parser.Model.Node
	for _, word := range before {
		if i := slices.IndexFunc(node.Children, func(n *kong.Node) bool { return n.Name == word }); i >= 0 {
			node = node.Children[i]
		}
	}
	var all []string
	switch flag := flagBefore(node, before); {
	case flag != nil && !flag.IsBool():
		all = flag.EnumSlice()
	case strings.HasPrefix(last, "-"):
		for _, flags := range node.AllFlags(true) {
			for _, f := range flags {
				all = append(all, "--"+f.Name)
			}
		}
	default:
		for _, child := range node.Children {
			if !child.Hidden {
				all = append(all, child.Name)
			}
		}
		if len(node.Positional) > 0 {
			all = append(all, node.Positional[0].EnumSlice()...)
		}
	}
	for _, word := range all {
		if word != "" && strings.HasPrefix(word, last) {
			fit = append(fit, word)
		}
	}
	return fit
}

// flagBefore returns the flag whose argument is being completed.
func flagBefore(node *kong.Node, before []string) *kong.Flag {
	if len(before) == 0 {
		return nil
	}
	for _, flags := range node.AllFlags(true) {
		for _, f := range flags {
			word := before[len(before)-1]
			if word == "--"+f.Name || f.Short != 0 && word == "-"+string(f.Short) {
				return f
			}
		}
	}
	return nil
}
