package memorystore

import "strings"

// own makes texts copies of their own, which every method that keeps a record does first: a host
// may reuse the bytes of a request, as those on fasthttp do, and a record must not change with the next one.
func own(texts ...*string) {
	for _, t := range texts {
		*t = strings.Clone(*t)
	}
}
