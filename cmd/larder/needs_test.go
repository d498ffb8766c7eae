package main

import (
	"os"
	"os/exec"
	"testing"
)

// needs skips a test where a program is missing, which on our own machines is a failure.
func needs(t *testing.T, name string) {
	t.Helper()
	if _, err := exec.LookPath(name); err != nil {
		if os.Getenv("CI") == "true" {
			t.Fatal(err)
		}
		t.Skip(err)
	}
}
