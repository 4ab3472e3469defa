package sqlstore

import "iter"

// pageSize is the number of records that a listing reads at once.
const pageSize = 256

// pages lists the records that read returns, page by page. If last is nil, read
// returns the first page, and otherwise the page after last. A page is read
// whole before its first record is yielded, and the connection is free for
// further calls in between. A limit of 0 means no limit.
func pages[T any](r *records, call string, limit int, read func(last *T, size int) ([]T, error)) iter.Seq2[T, error] {
	return func(yield func(T, error) bool) {
		var zero T
		var last *T
		for left := limit; ; {
			size := pageSize
			if limit > 0 {
				size = min(size, left)
			}
			page, err := read(last, size)
			if err != nil {
				yield(zero, err)
				return
			}
			for _, v := range page {
				if err := r.usable(call); err != nil { // f may have returned meanwhile
					yield(zero, err)
					return
				}
				if !yield(v, nil) {
					return
				}
			}
			left -= len(page)
			if len(page) < size || limit > 0 && left == 0 {
				return
			}
			last = &page[len(page)-1]
		}
	}
}
