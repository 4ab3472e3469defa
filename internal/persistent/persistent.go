// Package persistent has collections that can be copied by assignment: what they are made of is
// copied before it is changed, so that a copy stays as it was and costs nothing.
//
// A write names a stamp, and changes in place only what that stamp made; so a load of many
// entries copies each part once. A collection must not be written with a stamp that a
// copy of it has seen and still relies on, and stamps are not 0. What is not written to can be read by many goroutines at once.
package persistent
