// Package e2e holds the browser tests of the examples. The tests act as people
// who click through the real programs in a headless Chromium. The tests are a
// module of their own: importing the library must not pull in the tools for a
// browser.
//
//	go test -count=1 .
//
// An example is built by the name of its folder with [go build] and started on
// a free port (app_test.go). A user is a browser with its own cookies. Users
// find controls on a page by the names that assistive technology reads out
// (user_test.go): a control without a name cannot be used here either. Each
// page must be free of console errors and of violations of its
// Content-Security-Policy (complaints_test.go).
//
// Without Chromium the tests skip, or fail if the environment variable CI is
// set. The same holds for nginx and the tests that need nginx. Without
// PostgreSQL (its binaries, or a DSN in RBAC_TEST_POSTGRES) the test of two
// processes on one server skips. Each run leaves pictures of the pages in the
// folder screenshots. The pictures in the documents are renewed with
//
//	go test -count=1 -run TestPicturesOfTheDocuments . -renew
//
// [go build]: https://pkg.go.dev/cmd/go#hdr-Compile_packages_and_dependencies
package e2e
