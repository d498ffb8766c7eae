package sqlite

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"sync"
	"testing"
	"time"
)

// TestLogIsMoved: into the file long before the log is full, while writing goes on; and under continuous writing the log
// does not grow beyond what makes it full and the transactions that were in the way. Close leaves nothing.
func TestLogIsMoved(t *testing.T) {
	goroutines := runtime.NumGoroutine()
	dir := t.TempDir()
	path := dir + "/t.db"
	s := openTest(t, path, Options{}, time.Now)
	var wg sync.WaitGroup
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	const largest = 64 << 10
	write := func(bytes int) {
		t.Helper()
		for g := range 8 {
			wg.Go(func() {
				for i := range bytes / largest / 8 {
					if err := s.Set(ctx, fmt.Sprintf("%d-%d", g, i), make([]byte, largest), 0); err != nil {
						t.Error(err)
						return
					}
				}
			})
		}
		wg.Wait()
	}
	write(3 * logPages * pageSize)
	eventually(t, "what is in the log is in the file too", func() bool { return sizeOf(path) > logPages*pageSize })
	if names := openFiles(t, dir); len(names) == 0 {
		t.Error("no file is open: the end of this test says nothing")
	}
	write(6 * fullLog * pageSize)
	if n := sizeOf(path + "-wal"); n > 2*fullLog*pageSize {
		t.Errorf("the log has %d bytes", n)
	}
	if err := s.Close(); err != nil {
		t.Error(err)
	}
	if names := openFiles(t, dir); len(names) > 0 {
		t.Errorf("still open: %q", names)
	}
	eventually(t, "the goroutines have ended", func() bool { return runtime.NumGoroutine() <= goroutines })
	if files := snapshot(t, dir); len(files) != 1 {
		t.Errorf("the log was left behind: %d files", len(files))
	}
}

// TestCheckpointIsDue: after so many pages, also when the writer has opened another connection, which counts anew.
func TestCheckpointIsDue(t *testing.T) {
	k := newCheckpointer(nil)
	for _, step := range []struct {
		written int
		want    bool
	}{
		{logPages - 1, false}, {logPages, true}, {2*logPages - 1, false}, {2 * logPages, true},
		{5, false}, {logPages - 1, false}, {logPages, true},
	} {
		k.committed(step.written)
		select {
		case <-k.wake:
			if !step.want {
				t.Errorf("woken after %d pages", step.written)
			}
		default:
			if step.want {
				t.Errorf("not woken after %d pages", step.written)
			}
		}
	}
}

// TestCheckpointFails: the next one is tried again, with a new connection where the old one may be broken.
func TestCheckpointFails(t *testing.T) {
	path := tempPath(t)
	openTest(t, path, Options{}, time.Now)
	var errDial error
	dials := 0
	k := newCheckpointer(func() (*conn, error) {
		dials++
		if errDial != nil {
			return nil, errDial
		}
		return dialWith(background, dsn(path, "rw"))
	})
	errDial = errors.New("no connection")
	k.checkpoint()
	errDial = nil
	for range 2 {
		k.checkpoint()
	}
	if dials != 2 {
		t.Errorf("%d connections were asked for, want one that failed and one that was used twice", dials)
	}
	if err := k.c.script(background, "BEGIN", "SELECT 1 FROM meta"); err != nil { // within a transaction it fails
		t.Fatal(err)
	}
	if k.checkpoint(); k.c != nil {
		t.Error("a connection that failed is kept")
	}
	if k.checkpoint(); dials != 3 {
		t.Errorf("%d connections were asked for after a failure, want a third", dials)
	}
	k.drop()
	if k.drop(); k.c != nil {
		t.Error("not closed")
	}
}
