package rbac_test

import (
	"bytes"
	"fmt"
	"go/ast"
	"go/build"
	"go/parser"
	"go/printer"
	"go/token"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// The exported names are those of api.txt, so nobody changes a name that other
// programs compile against without a line that a reviewer sees. RBACTEST_UPDATE=1
// writes the file; a line that goes belongs into the CHANGELOG.
func TestAPI(t *testing.T) {
	t.Parallel()
	var lines []string
	must(t, filepath.WalkDir(".", func(path string, d fs.DirEntry, err error) error {
		if err != nil || !d.IsDir() {
			return err
		}
		if path != "." && (isIgnored(d.Name()) || d.Name() == "internal" || d.Name() == "examples" || isModule(path)) {
			return fs.SkipDir
		}
		found, err := exported(path)
		lines = append(lines, found...)
		return err
	}))
	got := strings.Join(lines, "\n") + "\n"
	if os.Getenv("RBACTEST_UPDATE") == "1" {
		must(t, os.WriteFile("api.txt", []byte(got), 0o644))
	}
	data, err := os.ReadFile("api.txt")
	must(t, err)
	want := strings.Split(strings.TrimSuffix(string(data), "\n"), "\n")
	for _, line := range want {
		if !slices.Contains(lines, line) {
			t.Errorf("gone or changed: %s", line)
		}
	}
	for _, line := range lines {
		if !slices.Contains(want, line) {
			t.Errorf("new, and not in api.txt: %s", line)
		}
	}
}

func isModule(folder string) bool {
	_, err := os.Stat(filepath.Join(folder, "go.mod"))
	return err == nil
}

// exported returns a line for each exported name of a package, field and method
// included.
func exported(folder string) ([]string, error) {
	pkg, err := build.ImportDir(folder, 0)
	if _, ok := err.(*build.NoGoError); ok {
		return nil, nil
	}
	if err != nil || pkg.Name == "main" {
		return nil, err
	}
	api := apiLines{set: token.NewFileSet(), prefix: filepath.ToSlash(folder) + ": "}
	if folder == "." {
		api.prefix = "rbac: "
	}
	for _, name := range append(pkg.GoFiles, pkg.CgoFiles...) {
		file, err := parser.ParseFile(api.set, filepath.Join(folder, name), nil, 0)
		if err != nil {
			return nil, err
		}
		ast.FileExports(file)
		for _, decl := range file.Decls {
			api.declaration(decl)
		}
	}
	slices.Sort(api.lines)
	return slices.Compact(api.lines), nil
}

type apiLines struct {
	set    *token.FileSet
	prefix string
	lines  []string
}

func (a *apiLines) add(format string, args ...any) {
	a.lines = append(a.lines, a.prefix+fmt.Sprintf(format, args...))
}

// print returns a node on one line.
func (a *apiLines) print(node any) string {
	var b bytes.Buffer
	_ = printer.Fprint(&b, a.set, node)
	return strings.Join(strings.Fields(b.String()), " ")
}

func (a *apiLines) declaration(decl ast.Decl) {
	switch d := decl.(type) {
	case *ast.FuncDecl:
		if d.Recv != nil && !ast.IsExported(receiver(d)) {
			return
		}
		d.Body = nil
		a.add("%s", a.print(d))
	case *ast.GenDecl:
		for _, spec := range d.Specs {
			switch s := spec.(type) {
			case *ast.TypeSpec:
				a.typ(s)
			case *ast.ValueSpec:
				for i, name := range s.Names {
					text := fmt.Sprint(d.Tok, " ", name.Name, " ", a.print(s.Type))
					if d.Tok == token.CONST && i < len(s.Values) {
						text += " = " + a.print(s.Values[i])
					}
					a.add("%s", strings.TrimSpace(text))
				}
			}
		}
	}
}

// receiver returns the name of the type of a method.
func receiver(d *ast.FuncDecl) string {
	typ := d.Recv.List[0].Type
	if pointer, ok := typ.(*ast.StarExpr); ok {
		typ = pointer.X
	}
	if generic, ok := typ.(*ast.IndexExpr); ok {
		typ = generic.X
	}
	return typ.(*ast.Ident).Name
}

// typ adds a type, and a line for each field of a struct and each method of an
// interface.
func (a *apiLines) typ(s *ast.TypeSpec) {
	parts, kind := (*ast.FieldList)(nil), ""
	switch t := s.Type.(type) {
	case *ast.StructType:
		parts, kind = t.Fields, "struct"
	case *ast.InterfaceType:
		parts, kind = t.Methods, "interface"
	}
	if parts == nil {
		a.add("%s", "type "+a.print(s))
		return
	}
	a.add("type %s %s", s.Name.Name, kind)
	for _, f := range parts.List {
		text := a.print(f.Type)
		if len(f.Names) == 0 {
			a.add("type %s %s, %s", s.Name.Name, kind, text)
		}
		for _, name := range f.Names {
			a.add("type %s %s, %s %s", s.Name.Name, kind, name.Name, strings.TrimPrefix(text, "func"))
		}
	}
}
