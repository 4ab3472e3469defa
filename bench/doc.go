// Command bench compares rbac with other ways to guard a service, in one run.
//
// Services: the requests that a whole service answers over loopback, with rbac,
// with other libraries and without a guard. Stores: the logins, Updates and
// uncached identifications of rbac on each store, and the time until a
// revocation is seen by another Authority. Checks: the time of one decision of
// each library on the same users, groups and permissions.
//
// Every answer is verified before it is timed, and samples are taken in turns,
// so that noise of the machine disturbs all alike.
//
//	go run .                         everything: ten minutes
//	go run . -renew                  the same, and renews the tables of the documents
//	go run . -sizes S -budget 2s     a quick look
//	go run . -parts services         one part only
//	go run . -sizes X -parts checks  a million users on SQLite: a quarter of an hour
//	go run . -console 100000         the pages of the console: ten minutes
//
// The report is printed, and written to results.md with the plot latency.svg.
// With -renew the tables of README.md and docs/performance.md are written, too.
// docs/performance.md explains the method and each column.
//
// With -console, only the pages of the administration console are measured, in a
// store with that many users. The table is printed and not kept.
package main
