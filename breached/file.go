package breached

import (
	"bytes"
	"crypto/sha1"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
)

// maxLine is more than the bytes of any line with its end.
const maxLine = 64

// A file is a list in one sorted file.
type file struct {
	r interface {
		io.ReaderAt
		io.Closer
	}
	size int64
}

func openFile(path string) (*file, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	info, err := f.Stat()
	if err != nil {
		f.Close()
		return nil, err
	}
	list := &file{f, info.Size()}
	if !info.Mode().IsRegular() {
		err = errors.New("neither a file nor a folder")
	} else {
		err = list.sample(1000)
	}
	if err != nil {
		f.Close()
		return nil, err
	}
	return list, nil
}

func (f *file) Close() error { return f.r.Close() }

// sample reads n lines between the first and the last, and both, and checks that
// they are in order.
func (f *file) sample(n int64) error {
	if f.size == 0 {
		return errors.New("the file is empty")
	}
	last := entry{}
	for i := range n + 1 {
		at := f.size - 1
		if i < n {
			at = f.size * i / n
		}
		e, err := f.at(at)
		if err != nil {
			return err
		}
		if e.start > last.start && e.sum <= last.sum {
			return fmt.Errorf("%w: the lines are not in the order of the hashes", errDamaged)
		}
		last = e
	}
	return nil
}

// An entry is a line of the file.
type entry struct {
	start, end int64  // the bytes of the line, its end included
	sum        string // 40 upper-case digits
	counts     bool
}

// at returns the line that has the byte at an offset.
func (f *file) at(offset int64) (entry, error) {
	from := max(0, offset-maxLine)
	buf := make([]byte, min(f.size, offset+maxLine)-from)
	if n, err := f.r.ReadAt(buf, from); n < len(buf) {
		if err == io.EOF {
			err = fmt.Errorf("%w: the file has become shorter", errDamaged)
		}
		return entry{}, err
	}
	here := int(offset - from)
	start := bytes.LastIndexByte(buf[:here], '\n') + 1
	if start == 0 && from > 0 {
		return entry{}, fmt.Errorf("%w: a line is too long", errDamaged)
	}
	length := bytes.IndexByte(buf[here:], '\n')
	end, next := here+length, here+length+1
	if length < 0 {
		end, next = len(buf), len(buf)
		if from+int64(len(buf)) < f.size {
			return entry{}, fmt.Errorf("%w: a line is too long", errDamaged)
		}
	}
	e := entry{start: from + int64(start), end: from + int64(next)}
	var err error
	e.sum, e.counts, err = parseLine(string(buf[start:end]), 2*sha1.Size)
	return e, err
}

// contains searches by halves. Each line has to lie between the lines that were
// read before: in a file that is not in order, the password is not found, which
// must not pass for an answer.
func (f *file) contains(sum string) (bool, error) {
	low, high := int64(0), f.size // where the line may be
	least, most := "", ""         // the hashes around, when known
	for low < high {
		e, err := f.at(low + (high-low)/2)
		if err != nil {
			return false, err
		}
		if e.sum <= least || most != "" && e.sum >= most {
			return false, fmt.Errorf("%w: the lines are not in the order of the hashes", errDamaged)
		}
		switch strings.Compare(sum, e.sum) {
		case 0:
			return e.counts, nil
		case -1:
			high, most = e.start, e.sum
		default:
			low, least = e.end, e.sum
		}
	}
	return false, nil
}
