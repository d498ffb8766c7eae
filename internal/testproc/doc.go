// Package testproc runs the server programs of tests: each on a port that is free, its output in a file, and ended with the test that
// started it, however that ends.
package testproc
