// Package persistent has collections that are copied by assignment. A write
// copies the changed parts, which leaves earlier copies as they were; a copy
// costs nothing.
//
// A write names a stamp, and changes in place only parts made under that stamp:
// a load of many entries copies each part once. A writer must take a new stamp
// after making a copy, if the copy is to stay as it is. Stamps are not 0. Any
// number of goroutines can read a collection while nobody writes to it.
package persistent
