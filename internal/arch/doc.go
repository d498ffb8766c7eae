// Package arch holds the tests of the project's shape: who imports whom, which modules a program
// links that uses a package, and whether what the documentation points at exists. It has no code.
package arch
