package main

// The names of what is measured.
const (
	byStrings     = "check by strings"
	readyAgain    = "ready, one pair"
	readyRandom   = "ready, random pairs"
	compoundReady = "compound"
	twoStrings    = "two goroutines, by strings"
	twoReady      = "two goroutines, ready"
	assignChange  = "assign or deassign"
	grantChange   = "grant or revoke"
)
