// Package importer tests package importer of rbac with databases that the
// original software has made: Django, SQLAlchemy with the tables of TurboGears,
// and PHP with those of Laravel and spatie/laravel-permission. casbin itself
// answers about its own examples. The package is in a module of its own, so that
// importers of rbac do not inherit casbin.
//
// The scripts are in testdata, and print what the original software says about
// each user. A test whose software is not installed is skipped, and names the
// Debian package.
package importer
