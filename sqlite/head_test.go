//go:build unix

package sqlite

import (
	"context"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"syscall"
	"testing"
	"time"
)

// within fails the test, instead of the whole run, if fn does not return.
func within(t *testing.T, d time.Duration, fn func()) {
	t.Helper()
	done := make(chan struct{})
	go func() {
		defer close(done)
		fn()
	}()
	select {
	case <-done:
	case <-time.After(d):
		t.Fatalf("it hangs")
	}
}

// TestPipes: a pipe where the file or one of those beside it should be is refused; Open does not wait for somebody who
// writes into it.
func TestPipes(t *testing.T) {
	for _, suffix := range []string{"", "-journal", "-wal", "-shm"} {
		for _, exists := range []bool{true, false} {
			path := tempPath(t)
			if exists && suffix != "" {
				if err := openTest(t, path, Options{}, time.Now).Close(); err != nil {
					t.Fatal(err)
				}
			}
			if err := syscall.Mkfifo(path+suffix, 0o600); err != nil {
				t.Fatal(err)
			}
			within(t, 10*time.Second, func() {
				s, err := Open(context.Background(), path, Options{})
				if err == nil {
					_ = s.Close()
				}
				if err == nil || !strings.Contains(err.Error(), path+suffix+": it is not a regular file") {
					t.Errorf("%q: %v", suffix, err)
				}
			})
		}
	}
}

// TestLongJournal: the journal of another program's large transaction is not read to see whose it is.
func TestLongJournal(t *testing.T) {
	path := tempPath(t)
	c, err := dialWith(t.Context(), dsn(path, "rwc"), "PRAGMA cache_size = 1", "CREATE TABLE users (name)",
		"INSERT INTO users VALUES ('ann')", "BEGIN IMMEDIATE",
		"WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n LIMIT 200) INSERT INTO users SELECT zeroblob(3000) FROM n")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = c.close() }()
	dir := t.TempDir()
	for name, content := range snapshot(t, filepath.Dir(path)) {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	path = filepath.Join(dir, "t.db")
	const long = 1 << 30 // mostly a hole
	if err := os.Truncate(path+"-journal", long); err != nil {
		t.Fatal(err)
	}
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	s, err := Open(t.Context(), path, Options{})
	runtime.ReadMemStats(&after)
	if err == nil {
		_ = s.Close()
	}
	if err == nil || !strings.Contains(err.Error(), path) {
		t.Errorf("Open: %v", err)
	}
	if n := after.TotalAlloc - before.TotalAlloc; n > 16<<20 {
		t.Errorf("%d bytes of memory were used", n)
	}
	if info, err := os.Stat(path + "-journal"); err != nil || info.Size() != long {
		t.Errorf("the journal has changed: %v, %v", info, err)
	}
}
