package memorystore

import "strings"

// own replaces texts with copies. Every method that keeps a record calls own
// first. A host may reuse the bytes of a request, as hosts on fasthttp do, and
// a record must not change with the next request.
func own(texts ...*string) {
	for _, t := range texts {
		*t = strings.Clone(*t)
	}
}
