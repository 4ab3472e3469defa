// Command bench puts rbac beside its peers in one run: the same users, groups and permissions for
// all, answers verified before anything is timed, and samples taken in turns, so that the noise of the
// machine hits all alike. It prints a table in Markdown, and writes it to results.md with the plot latency.svg.
//
//	go run .                        everything: half an hour, most of it for a million users on SQLite
//	go run . -renew                 the same, and renews the tables in README.md and docs/performance.md
//	go run . -sizes S -budget 2s    a quick look
//
// docs/performance.md explains how it measures and what each column means.
package main
