package breached

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"strings"
)

const (
	prefixLength = 5
	maxRange     = 16 << 20 // bytes of a file; those of Have I Been Pwned have some 50 KB
)

// A folder is a list in a folder of ranges.
type folder struct {
	root *os.Root
	ext  string // ".txt" or nothing
	low  bool   // whether the names are in lower case
}

func openFolder(path string) (*folder, error) {
	root, err := os.OpenRoot(path)
	if err != nil {
		return nil, err
	}
	for _, ext := range []string{".txt", ""} {
		for _, low := range []bool{false, true} {
			f := &folder{root, ext, low}
			if _, err = f.read("FFFFF"); errors.Is(err, fs.ErrNotExist) {
				continue
			}
			if err == nil {
				_, err = f.read("00000")
			}
			if err != nil {
				root.Close()
				return nil, err
			}
			return f, nil
		}
	}
	root.Close()
	return nil, errors.New("the folder has no file FFFFF.txt or FFFFF: not a complete list of ranges")
}

func (f *folder) Close() error { return f.root.Close() }

func (f *folder) contains(sum string) (bool, error) {
	counts, err := f.read(sum[:prefixLength])
	if err != nil {
		return false, err
	}
	return counts[sum[prefixLength:]], nil
}

// read reads the whole file of a range, so that a damaged file is noticed
// whatever is looked up, and returns which suffixes have a count.
func (f *folder) read(prefix string) (map[string]bool, error) {
	if f.low {
		prefix = strings.ToLower(prefix)
	}
	file, err := f.root.Open(prefix + f.ext)
	if err != nil {
		return nil, err
	}
	defer file.Close()
	text, err := io.ReadAll(io.LimitReader(file, maxRange+1))
	switch {
	case err != nil:
		return nil, err
	case len(text) > maxRange:
		return nil, fmt.Errorf("%w: a file is too large", errDamaged)
	case len(text) == 0:
		return nil, fmt.Errorf("%w: a file is empty", errDamaged)
	}
	counts := map[string]bool{}
	for line := range strings.SplitSeq(strings.TrimSuffix(string(text), "\n"), "\n") {
		suffix, positive, err := parseLine(line, 40-prefixLength)
		if err != nil {
			return nil, err
		}
		counts[suffix] = positive || counts[suffix]
	}
	return counts, nil
}
