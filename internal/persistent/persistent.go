// Package persistent has collections that can be copied by assignment. A write
// copies the parts that it changes, so copies stay as they were and cost nothing.
//
// A write names a stamp, and changes in place only the parts that the same stamp
// made: a load of many entries copies each part once. A collection must not be
// written with a stamp that a copy of it, still in use, was written with. Stamps
// are not 0. Collections that are not written to can be read by many goroutines at
// once.
package persistent
