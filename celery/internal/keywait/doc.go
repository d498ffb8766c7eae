// Package keywait waits for values to appear under keys, for many who wait at once.
package keywait
