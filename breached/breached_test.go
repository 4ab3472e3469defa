package breached

import (
	"context"
	"crypto/sha1"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/rbac-go/rbac"
)

func hashOf(password string) string { return fmt.Sprintf("%X", sha1.Sum([]byte(password))) }

func breachedPassword(i int) string { return fmt.Sprint("breached password ", i) }

// lines returns the lines of a list with n passwords, in order.
func lines(n int) (list []string) {
	for i := range n {
		list = append(list, fmt.Sprintf("%s:%d", hashOf(breachedPassword(i)), i%30+1))
	}
	slices.Sort(list)
	return list
}

func write(t testing.TB, text string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "list.txt")
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// ranges writes a folder with all lines, but only the files that have lines.
func ranges(t testing.TB, list []string, name func(prefix string) string) string {
	t.Helper()
	files := map[string]string{"00000": strings.Repeat("0", 35) + ":1\r\n", "FFFFF": strings.Repeat("F", 35) + ":1\r\n"}
	for _, l := range list {
		files[l[:5]] += l[5:] + "\r\n"
	}
	folder := t.TempDir()
	for prefix, text := range files {
		if err := os.WriteFile(filepath.Join(folder, name(prefix)), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return folder
}

func open(t testing.TB, path string) *List {
	t.Helper()
	l, err := Open(path)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	return l
}

// Every password of a list is found, and no other, in each form of a list.
func TestContains(t *testing.T) {
	const n = 500
	list := lines(n)
	txt := func(prefix string) string { return prefix + ".txt" }
	for rule, path := range map[string]string{
		"a file":                write(t, strings.Join(list, "\n")+"\n"),
		"without the last end":  write(t, strings.Join(list, "\n")),
		"with CR LF":            write(t, strings.Join(list, "\r\n")+"\r\n"),
		"CR LF, no last end":    write(t, strings.Join(list, "\r\n")),
		"in lower case":         write(t, strings.ToLower(strings.Join(list, "\n"))),
		"a folder":              ranges(t, list, txt),
		"a folder without .txt": ranges(t, list, func(prefix string) string { return prefix }),
		"a folder in lower case": ranges(t, list, func(prefix string) string {
			return strings.ToLower(prefix) + ".txt"
		}),
	} {
		l := open(t, path)
		for i := range n {
			if found, err := l.Contains(breachedPassword(i)); !found || err != nil {
				t.Fatalf("%s: password %d: %v, %v", rule, i, found, err)
			}
		}
		if strings.Contains(rule, "folder") {
			// the files of other passwords are missing here, as in an incomplete list
			if found, err := l.Contains("seven dry umbrellas"); found || err == nil {
				t.Errorf("%s: a file that is missing: %v, %v", rule, found, err)
			}
			continue
		}
		for i := n; i < 2*n; i++ {
			if found, err := l.Contains(breachedPassword(i)); found || err != nil {
				t.Fatalf("%s: password %d: %v, %v", rule, i, found, err)
			}
		}
	}
}

func TestContainsInShortLists(t *testing.T) {
	for n := 1; n < 40; n++ {
		l := open(t, write(t, strings.Join(lines(n), "\n")))
		for i := range 2 * n {
			if found, err := l.Contains(breachedPassword(i)); found != (i < n) || err != nil {
				t.Errorf("%d of %d: %v, %v", i, n, found, err)
			}
		}
	}
}

// A password with the count 0 is padding.
func TestPadding(t *testing.T) {
	padding := []string{hashOf("umbrellas") + ":0"}
	for _, path := range []string{
		write(t, padding[0]), write(t, padding[0]+"0\n"), ranges(t, padding, func(p string) string { return p }),
	} {
		if found, err := open(t, path).Contains("umbrellas"); found || err != nil {
			t.Errorf("%v, %v", found, err)
		}
	}
}

// A file that is no list is refused when it is opened.
func TestOpenRefuses(t *testing.T) {
	list := lines(1500)
	text := strings.Join(list, "\n")
	reversed := slices.Clone(list)
	slices.Reverse(reversed)
	folder := func(file, text string) string {
		path := ranges(t, nil, func(p string) string { return p + ".txt" })
		if err := os.WriteFile(filepath.Join(path, file), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	for _, tt := range []struct{ rule, path, reason string }{
		{"missing", filepath.Join(t.TempDir(), "none"), "no such file"},
		{"empty", write(t, ""), "the file is empty"},
		{"unsorted", write(t, strings.Join(reversed, "\n")), "not in the order of the hashes"},
		{"in the order of the counts", write(t, list[9]+"\n"+list[2]+"\n"+list[5]), "not in the order of the hashes"},
		{"twice the same", write(t, list[0]+"\n"+list[0]), "not in the order of the hashes"},
		{"cut in the last line", write(t, text[:len(text)-20]), "not of the form HASH:COUNT"},
		{"an empty line", write(t, text+"\n\n"), "not of the form HASH:COUNT"},
		{"without counts", write(t, hashOf("a")), "not of the form HASH:COUNT"},
		{"another letter", write(t, "G"+hashOf("a")[1:]+":1"), "not of the form HASH:COUNT"},
		{"a sign", write(t, hashOf("a")+":-1"), "a count is not a number"},
		{"no count", write(t, hashOf("a")+":"), "a count is not a number"},
		{"NTLM", write(t, hashOf("a")[:32]+":1"), "a list of SHA-1 is needed"},
		{"passwords", write(t, strings.Repeat("correct horse battery staple\n", 9)), "not of the form HASH:COUNT"},
		{"one long line", write(t, strings.Repeat("x", 500)), "a line is too long"},
		{"one file of the ranges", write(t, hashOf("a")[5:]+":1"), "not of the form HASH:COUNT"},
		{"an empty folder", t.TempDir(), "no file FFFFF.txt"},
		{"a folder with an empty first file", folder("00000.txt", ""), "a file is empty"},
		{"a folder with another first file", folder("00000.txt", "<html>"), "not of the form HASH:COUNT"},
		{"a folder with whole hashes", folder("FFFFF.txt", hashOf("a")+":1"), "not of the form HASH:COUNT"},
		{"a folder with a file of 16 MB", folder("FFFFF.txt", strings.Repeat(hashOf("a")[5:]+":1\n", maxRange/38+1)), "a file is too large"},
		{"a folder with a blank line", folder("FFFFF.txt", hashOf("a")[5:]+":1\n\n"), "not of the form HASH:COUNT"},
	} {
		l, err := Open(tt.path)
		if l != nil || err == nil || !strings.Contains(err.Error(), tt.reason) {
			t.Errorf("%s: got %v, want reason %q", tt.rule, err, tt.reason)
		}
	}
}

// Check refuses a password that is on the list, and every password if the list
// cannot be read.
func TestCheck(t *testing.T) {
	ctx := t.Context()
	for _, path := range []string{
		write(t, strings.Join(lines(100), "\n")),
		ranges(t, append(lines(100), hashOf("seven dry umbrellas")+":0"), func(p string) string { return p }),
	} {
		l := open(t, path)
		if err := l.Check(ctx, rbac.User{}, breachedPassword(7)); err != ErrBreached {
			t.Errorf("a breached password: %v", err)
		}
		if err := l.Check(ctx, rbac.User{}, "seven dry umbrellas"); err != nil {
			t.Errorf("another password: %v", err)
		}
		ended, cancel := context.WithCancel(ctx)
		cancel()
		if err := l.Check(ended, rbac.User{}, "seven dry umbrellas"); !errors.Is(err, rbac.ErrUnavailable) || !errors.Is(err, context.Canceled) {
			t.Errorf("after the end of the context: %v", err)
		}
		if err := l.Close(); err != nil {
			t.Error(err)
		}
		for _, p := range []string{breachedPassword(7), "seven dry umbrellas", "not on the list at all"} {
			if err := l.Check(ctx, rbac.User{}, p); !errors.Is(err, rbac.ErrUnavailable) || errors.Is(err, ErrBreached) {
				t.Errorf("%q after Close: %v", p, err)
			}
		}
	}
}

// An error names neither the password nor a part of its hash, such as the name
// of a file in a folder.
func TestErrorsHaveNoHash(t *testing.T) {
	const p = "seven dry umbrellas"
	folder := ranges(t, nil, func(p string) string { return p })
	l := open(t, folder)
	for _, damage := range []string{"", "damaged", strings.Repeat("x", maxRange+1)} {
		if damage != "" {
			if err := os.WriteFile(filepath.Join(folder, hashOf(p)[:5]), []byte(damage), 0o600); err != nil {
				t.Fatal(err)
			}
		}
		err := l.Check(t.Context(), rbac.User{}, p)
		if !errors.Is(err, rbac.ErrUnavailable) || strings.Contains(err.Error(), p) || strings.Contains(strings.ToUpper(err.Error()), hashOf(p)[:5]) {
			t.Errorf("got %v", err)
		}
	}
}

// failing fails the nth read.
type failing struct {
	io.ReaderAt
	left int
}

var errDisk = errors.New("the disk fails")

func (f *failing) ReadAt(b []byte, at int64) (int, error) {
	if f.left--; f.left == 0 {
		return 0, errDisk
	}
	return f.ReaderAt.ReadAt(b, at)
}

func (f *failing) Close() error { return nil }

// A read that fails is an error, never an answer.
func TestFailingReads(t *testing.T) {
	text := strings.Join(lines(1000), "\n")
	for i := range 50 {
		for n := 1; ; n++ {
			disk := &failing{strings.NewReader(text), n}
			l := &List{&file{disk, int64(len(text))}}
			found, err := l.Contains(breachedPassword(990 + i))
			if disk.left > 0 {
				if err != nil || found != (i < 10) || n < 5 {
					t.Errorf("password %d after %d reads: %v, %v", i, n, found, err)
				}
				break
			}
			if !errors.Is(err, errDisk) || found {
				t.Errorf("read %d fails: %v, %v", n, found, err)
			}
		}
	}
}

// A list that is damaged or cut after it was opened is an error where the damage
// is seen, and not an answer.
func TestDamagedLater(t *testing.T) {
	list := lines(1000)
	text := strings.Join(list, "\n")
	l := &List{&file{&failing{strings.NewReader(text[:len(text)/3]), 0}, int64(len(text))}}
	if found, err := l.Contains(breachedPassword(1)); found || !errors.Is(err, errDamaged) {
		t.Errorf("a file that was cut: %v, %v", found, err)
	}
	// The lines that a search in the upper half reads second are much too small.
	moved := slices.Concat(list[740:760], list[20:740], list[:20], list[760:])
	l = &List{&file{&failing{strings.NewReader(strings.Join(moved, "\n")), 0}, int64(len(text))}}
	errs := 0
	for i := range 1000 {
		at, _ := slices.BinarySearch(list, hashOf(breachedPassword(i)))
		if at < 520 || at >= 740 {
			continue
		}
		found, err := l.Contains(breachedPassword(i))
		if !found && err == nil {
			t.Errorf("password %d of a list that is not in order is said to be missing", i)
		}
		if errors.Is(err, errDamaged) {
			errs++
		}
	}
	if errs < 200 {
		t.Errorf("%d of 220 passwords find the damage", errs)
	}
}

// A List is safe for concurrent use, Close included.
func TestConcurrentUse(t *testing.T) {
	for _, path := range []string{write(t, strings.Join(lines(1000), "\n")), ranges(t, lines(1000), func(p string) string { return p })} {
		l := open(t, path)
		var all sync.WaitGroup
		for g := range 8 {
			all.Go(func() {
				for i := range 100 {
					if g == 7 && i == 50 {
						l.Close()
					}
					if found, err := l.Contains(breachedPassword(i)); !found && err == nil {
						t.Errorf("password %d is not found", i)
					}
				}
			})
		}
		all.Wait()
	}
}

// FuzzFile: whatever a file has, reading does not panic; an answer about a sorted
// list is right; and a password is found only if the file has its hash.
func FuzzFile(f *testing.F) {
	f.Add(strings.Join(lines(3), "\n"), "breached password 1")
	f.Add(strings.Join(lines(40), "\r\n")+"\r\n", "seven dry umbrellas")
	f.Add("", "")
	f.Add(hashOf("a")[:32]+":1", "a")
	f.Fuzz(func(t *testing.T, text, password string) {
		list := &file{&failing{strings.NewReader(text), 0}, int64(len(text))}
		sampled := list.sample(10)
		found, err := (&List{list}).Contains(password)
		if found && (err != nil || !strings.Contains(strings.ToUpper(text), hashOf(password))) {
			t.Errorf("found %q, %v", password, err)
		}
		want, sorted := false, text != ""
		last := ""
		for line := range strings.SplitSeq(strings.TrimSuffix(text, "\n"), "\n") {
			sum, counts, err := parseLine(line, 40)
			sorted = sorted && err == nil && sum > last
			last = sum
			want = want || sum == hashOf(password) && counts
		}
		if sorted && (sampled != nil || err != nil || found != want) {
			t.Errorf("a sorted list: %v, %v, %v", sampled, found, err)
		}
	})
}
