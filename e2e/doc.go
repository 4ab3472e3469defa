// Package e2e holds the browser tests of the examples: people who click through the real programs
// in a headless Chromium. They are a module of their own, so that who imports the library
// does not get a browser's tools with it.
//
//	go test -count=1 .
//
// An example is started by its folder's name with [go build], on a free port (app_test.go). A user is a
// browser with its own cookies and finds what is on a page by the names that assistive
// technology reads out (user_test.go), so that a control without a name cannot be used here
// either. Each page must be free of console errors and violations of its Content-Security-Policy (complaints_test.go).
//
// Without Chromium the tests skip, and fail where the environment variable CI is set; so do those that need nginx without it. Without PostgreSQL
// (its binaries, or a DSN in RBAC_TEST_POSTGRES) that of two processes on one server skips. Each run
// leaves pictures of the pages in the folder screenshots.
//
// [go build]: https://pkg.go.dev/cmd/go#hdr-Compile_packages_and_dependencies
package e2e
