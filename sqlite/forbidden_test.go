//go:build unix

package sqlite

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"
)

// childIsForbidden prints the error of Open for a user who is not root, whom nothing is forbidden.
func childIsForbidden(path string) {
	if os.Geteuid() == 0 {
		if err := syscall.Setuid(65534); err != nil {
			fmt.Println(err)
			return
		}
	}
	_, err := Open(context.Background(), path, Options{})
	fmt.Println(err)
}

// TestForbidden: files and directories that may not be written or read.
func TestForbidden(t *testing.T) {
	for name, c := range map[string]struct {
		file, dir os.FileMode
		create    bool
		want      string
	}{
		"read-only file":             {0o444, 0o755, true, "allowed to write"},
		"secret file":                {0o000, 0o755, true, "allowed to write"},
		"read-only directory":        {0o666, 0o555, true, "allowed to write"},
		"nothing in it":              {0, 0o555, false, "allowed to write"},
		"directory without a way in": {0o666, 0o600, true, "permission denied"},
	} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			path := filepath.Join(dir, "t.db")
			if c.create {
				s := openTest(t, path, Options{}, time.Now)
				mustSet(t, s, "k", nil, 0)
				if err := errors.Join(s.Close(), os.Chmod(path, c.file)); err != nil {
					t.Fatal(err)
				}
			}
			before := snapshot(t, dir)
			if err := errors.Join(os.Chmod(filepath.Dir(dir), 0o755), os.Chmod(dir, c.dir)); err != nil {
				t.Fatal(err)
			}
			defer func() { _ = os.Chmod(dir, 0o755) }()
			child := startChild(t, "forbidden", path, 0)
			child.wait(t)
			out := strings.Join(child.output(), "\n")
			if !strings.Contains(out, path) || !strings.Contains(out, c.want) {
				t.Errorf("want an error with the file and %q: %s", c.want, out)
			}
			if err := errors.Join(os.Chmod(dir, 0o755), os.Chmod(path, 0o644)); err != nil && c.create {
				t.Fatal(err)
			}
			if !maps.Equal(before, snapshot(t, dir)) {
				t.Error("files have changed")
			}
		})
	}
}
