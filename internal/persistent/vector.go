package persistent

// Vector is a growing array of values by number. The zero Vector is empty.
type Vector[T any] struct {
	stamp uint64 // the stamp that made the list of pages
	pages []*page[T]
	len   int
}

const pageSize = 1 << 7

type page[T any] struct {
	stamp uint64
	items [pageSize]T
}

// Len returns the highest number with a value, plus 1.
func (v *Vector[T]) Len() int { return v.len }

// Get returns the value of a number from 0 to Len()-1: the zero value if none
// was set.
func (v *Vector[T]) Get(n int32) T { return *v.at(n) }

// at returns the address of the value of a number, for reading.
func (v *Vector[T]) at(n int32) *T { return &v.pages[uint32(n)/pageSize].items[uint32(n)%pageSize] }

// extend gives an empty vector n zero values.
func (v *Vector[T]) extend(stamp uint64, n int) {
	v.stamp, v.len = stamp, n
	for range (n + pageSize - 1) / pageSize {
		v.pages = append(v.pages, &page[T]{stamp: stamp})
	}
}

// Set sets the value of a number from 0 to Len().
func (v *Vector[T]) Set(stamp uint64, n int32, value T) {
	if v.stamp != stamp {
		v.stamp, v.pages = stamp, append(make([]*page[T], 0, len(v.pages)+1), v.pages...)
	}
	i := n / pageSize
	switch {
	case int(i) == len(v.pages):
		v.pages = append(v.pages, &page[T]{stamp: stamp})
	case v.pages[i].stamp != stamp:
		v.pages[i] = &page[T]{stamp, v.pages[i].items}
	}
	v.pages[i].items[n%pageSize] = value
	v.len = max(v.len, int(n)+1)
}
