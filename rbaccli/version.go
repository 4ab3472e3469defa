package rbaccli

import (
	"runtime"
	"runtime/debug"
)

// versionVerb is the verb version.
type versionVerb struct{}

func (*versionVerb) storeless() {}

// versionRecord is the version in the output.
type versionRecord struct {
	Version  string `json:"version"`
	Revision string `json:"revision"` // of the source code, if the build knows it
	Go       string `json:"go"`
}

func (v *versionVerb) Run(c *call) error {
	r := versionRecord{Version: "unknown", Go: runtime.Version()}
	if info, ok := debug.ReadBuildInfo(); ok {
		r.read(info)
	}
	return c.printRecord(r)
}

func (r *versionRecord) read(info *debug.BuildInfo) {
	const module = "github.com/rbac-go/rbac"
	for _, m := range append([]*debug.Module{&info.Main}, info.Deps...) {
		if m.Path == module {
			r.Version = m.Version
		}
	}
	for _, s := range info.Settings {
		if s.Key == "vcs.revision" && info.Main.Path == module {
			r.Revision = s.Value
		}
	}
}
