package redistest

import (
	"fmt"
	"os/exec"
	"path/filepath"
	"testing"
)

// Kind is a program that speaks the protocol.
type Kind string

// The servers that tests run against. Redis has to be there, Valkey need not: Debian 12, for one, has it in its backports only.
const (
	Redis  Kind = "redis"
	Valkey Kind = "valkey"
)

// Kinds lists the servers to test against: Redis always, so that a machine without it fails instead of testing
// nothing, and Valkey where valkey-server is on the PATH.
func Kinds() []Kind {
	valkey, err := resolve(Valkey)
	if err != nil {
		return []Kind{Redis}
	}
	// Fedora's compatibility package links redis-server to Valkey: once is enough.
	if redis, err := resolve(Redis); err == nil && redis == valkey {
		return []Kind{Redis}
	}
	return []Kind{Redis, Valkey}
}

// Each runs a subtest for each of Kinds, named after it.
func Each(t *testing.T, test func(t *testing.T, kind Kind)) {
	t.Helper()
	for _, kind := range Kinds() {
		t.Run(string(kind), func(t *testing.T) { test(t, kind) })
	}
}

func (k Kind) program() string { return string(k) + "-server" }

// find returns the path of the server's program.
func (k Kind) find() (string, error) {
	path, err := exec.LookPath(k.program())
	if err != nil {
		return "", fmt.Errorf("%s is missing: ./scripts/test installs it (%w)", k.program(), err)
	}
	return path, nil
}

func resolve(k Kind) (string, error) {
	path, err := k.find()
	if err != nil {
		return "", err
	}
	return filepath.EvalSymlinks(path)
}
