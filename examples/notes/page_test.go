package main

import (
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"runtime"
	"strings"
	"testing"
)

// Under the name notes, the program of the tests is the service.
func TestMain(m *testing.M) {
	if filepath.Base(os.Args[0]) == "notes" {
		main()
	}
	os.Exit(m.Run())
}

// The commands of docs/first-service.md for the first users run as written. The
// script .ci/readme also starts the service and sends the requests.
func TestCommandsOfThePage(t *testing.T) {
	if _, err := exec.LookPath("bash"); err != nil || runtime.GOOS == "windows" {
		t.Skip("there is no bash")
	}
	page, err := os.ReadFile("../../docs/first-service.md")
	if err != nil {
		t.Fatal(err)
	}
	_, text, found := strings.Cut(string(page), "\n## The first users\n")
	blocks := regexp.MustCompile("(?s)```sh\n(.*?)```").FindAllStringSubmatch(text, -1)
	if !found || len(blocks) != 3 {
		t.Fatalf("the section about the first users has %d blocks of commands, want 3", len(blocks))
	}
	users, serves := strings.CutSuffix(blocks[0][1], "\n./notes\n")
	if !serves {
		t.Errorf("the last command does not start the service:\n%s", blocks[0][1])
	}
	dir := t.TempDir()
	program, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(program, filepath.Join(dir, "notes")); err != nil {
		t.Skip(err)
	}
	run := func(commands string) string {
		t.Helper()
		cmd := exec.CommandContext(t.Context(), "bash", "-ec", commands)
		cmd.Dir, cmd.Stdin = dir, strings.NewReader("seven dry umbrellas\n")
		out, err := cmd.CombinedOutput()
		if err != nil {
			t.Fatalf("%s\n%s%v", commands, out, err)
		}
		return string(out)
	}
	if got := run(users); !strings.Contains(got, "http://127.0.0.1:8082/password?link=") {
		t.Errorf("no link is printed:\n%s", got)
	}
	passwd := regexp.MustCompile("`(./notes admin passwd bob)`").FindString(text)
	run(strings.Trim(passwd, "`"))
	if got := run("./notes admin can bob note.write --scope org:1"); got != "yes\n" {
		t.Errorf("before the right is taken: %s", got)
	}
	if got := run(strings.Replace(blocks[2][1], "\n", " || [ $? = 1 ]\n", 1)); !strings.Contains(got, "a membership in writers would give it") { // why answers no
		t.Errorf("why: %s", got)
	}
	if got := run("./notes admin can bob note.write --scope org:1 || [ $? = 1 ]"); got != "no\n" {
		t.Errorf("after the right was taken: %s", got)
	}
}
