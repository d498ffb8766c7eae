//go:build !unix

package sqlite

func errorsInsteadOfSignals() {}
