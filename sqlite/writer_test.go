package sqlite

import (
	"context"
	"errors"
	"fmt"
	"os"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/larder-go/larder/driver"
)

// TestBusyWriter: while another connection holds the write lock, reads go on, and each write call ends with its
// context and has done nothing.
func TestBusyWriter(t *testing.T) {
	path := tempPath(t)
	s := openTest(t, path, Options{}, time.Now)
	mustSet(t, s, "k", []byte("old"), 0)
	unlock := locked(t, path)
	defer unlock()
	calls := map[string]func(context.Context) error{
		"Set":    func(ctx context.Context) error { return s.Set(ctx, "k", []byte("new"), 0) },
		"Delete": func(ctx context.Context) error { _, err := s.Delete(ctx, "k"); return err },
		"Add":    func(ctx context.Context) error { _, err := s.Add(ctx, "added", nil, 0); return err },
		"Incr":   func(ctx context.Context) error { _, err := s.Incr(ctx, "n", 1, 0); return err },
		"SetMany": func(ctx context.Context) error {
			return s.SetMany(ctx, []driver.Item{{Key: "many"}}, 0)
		},
		"ClearAll": func(ctx context.Context) error { _, err := s.ClearAll(ctx); return err },
	}
	for name, call := range calls {
		ctx, cancel := context.WithTimeout(t.Context(), 30*time.Millisecond)
		start := time.Now()
		err := call(ctx)
		if took := time.Since(start); !errors.Is(err, context.DeadlineExceeded) || took > 500*time.Millisecond {
			t.Errorf("%s: %v after %v", name, err, took)
		}
		cancel()
	}
	if v, err := s.Get(t.Context(), "k"); string(v) != "old" {
		t.Errorf("Get while the file is locked: %q, %v", v, err)
	}
	unlock()
	mustSet(t, s, "after", nil, 0)
	if v, err := s.Get(t.Context(), "k"); string(v) != "old" {
		t.Errorf("a withdrawn write took place: %q, %v", v, err)
	}
	if n := s.query(t, "SELECT count(*) FROM entries"); n != 2 {
		t.Errorf("%d entries, want k and after", n)
	}
}

// TestBusyWriterIsPatient: a write without a deadline waits for the lock.
func TestBusyWriterIsPatient(t *testing.T) {
	path := tempPath(t)
	s := openTest(t, path, Options{}, time.Now)
	unlock := locked(t, path)
	defer unlock()
	done := make(chan error)
	go func() { done <- s.Set(context.Background(), "k", nil, 0) }()
	eventually(t, "the write waits", func() bool { return !s.file.Load().writer.queue.empty() })
	unlock()
	if err := <-done; err != nil {
		t.Error(err)
	}
}

// TestBusyTimeout: after it, a write fails with an error that says what to do, and the next one works.
func TestBusyTimeout(t *testing.T) {
	path := tempPath(t)
	s := openTest(t, path, Options{BusyTimeout: 50 * time.Millisecond}, time.Now)
	unlock := locked(t, path)
	defer unlock()
	err := s.Set(t.Context(), "k", nil, 0)
	if err == nil || !strings.Contains(err.Error(), "busy_timeout") || !strings.Contains(err.Error(), path) {
		t.Errorf("Set: %v", err)
	}
	unlock()
	mustSet(t, s, "k", nil, 0)
}

// TestWithdrawnRequestsAreForgotten: callers that come and go while the file is locked do not pile up.
func TestWithdrawnRequestsAreForgotten(t *testing.T) {
	path := tempPath(t)
	s := openTest(t, path, Options{}, time.Now)
	unlock := locked(t, path)
	defer unlock()
	var wg sync.WaitGroup
	for range 20 {
		for range 50 {
			wg.Go(func() {
				ctx, cancel := context.WithTimeout(t.Context(), time.Millisecond)
				defer cancel()
				_ = s.Set(ctx, "k", nil, 0)
			})
		}
		wg.Wait()
	}
	if n := s.file.Load().writer.queue.len(); n > 150 {
		t.Errorf("%d requests are still there", n)
	}
}

// TestGroupIsIsolated: requests that fail do so alone.
func TestGroupIsIsolated(t *testing.T) {
	s := openTest(t, tempPath(t), Options{}, time.Now)
	mustSet(t, s, "text", []byte("x"), 0)
	var wg sync.WaitGroup
	for i := range 64 {
		wg.Go(func() {
			if _, err := s.Incr(t.Context(), "n", 1, 0); err != nil {
				t.Error(err)
			}
			if _, err := s.Incr(t.Context(), "text", 1, 0); !errors.Is(err, driver.ErrNotNumber) {
				t.Error(err)
			}
			mustSet(t, s, benchKey(i), nil, 0)
		})
	}
	wg.Wait()
	if v, _ := s.Get(t.Context(), "n"); string(v) != "64" {
		t.Errorf("n = %q", v)
	}
}

// badJob makes SQLite fail in the middle of a transaction.
type badJob struct{ tries atomic.Int32 }

func (*badJob) size() int { return 1 }

func (j *badJob) apply(s *session) error {
	j.tries.Add(1)
	if err := s.put("half done", nil, 0); err != nil {
		return err
	}
	return s.c.script(background, "INSERT INTO no_such_table VALUES (1)")
}

// TestWriterSurvivesErrors: a request on which SQLite fails gets the error, the others of its group are done.
func TestWriterSurvivesErrors(t *testing.T) {
	path := tempPath(t)
	s := openTest(t, path, Options{}, time.Now)
	q := &s.file.Load().writer.queue
	unlock := locked(t, path) // so that all of them come into one group
	defer unlock()
	bad := &badJob{}
	var wg sync.WaitGroup
	for i := range 10 {
		wg.Go(func() {
			if err := s.Set(t.Context(), benchKey(i), nil, 0); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Go(func() {
		if err := q.do(t.Context(), bad); err == nil || !strings.Contains(err.Error(), "no_such_table") {
			t.Errorf("the bad one: %v", err)
		}
	})
	eventually(t, "all wait", func() bool { return q.len() == 11 })
	unlock()
	wg.Wait()
	if n := s.query(t, "SELECT count(*) FROM entries"); n != 10 {
		t.Errorf("%d entries, want 10", n)
	}
	if n := bad.tries.Load(); n != 2 {
		t.Errorf("the bad one was tried %d times, want once in the group and once alone", n)
	}
}

// openFiles returns the names of the files that this process has open under dir.
func openFiles(t *testing.T, dir string) (names []string) {
	t.Helper()
	fds, err := os.ReadDir("/proc/self/fd")
	if err != nil {
		t.Skip("no /proc here")
	}
	for _, fd := range fds {
		if name, err := os.Readlink("/proc/self/fd/" + fd.Name()); err == nil && strings.HasPrefix(name, dir) {
			names = append(names, name)
		}
	}
	return names
}

// TestCloseUnderLoad: what was acknowledged is there, everything else got ErrClosed, nothing hangs, and no goroutine or
// open file is left.
func TestCloseUnderLoad(t *testing.T) {
	goroutines := runtime.NumGoroutine()
	dir := t.TempDir()
	path := dir + "/t.db"
	s := openTest(t, path, Options{}, time.Now)
	var wg sync.WaitGroup
	var acknowledged sync.Map
	var writes atomic.Int32
	for g := range 16 {
		wg.Go(func() {
			for i := 0; ; i++ {
				key := fmt.Sprintf("%d-%d", g, i)
				err := s.Set(context.Background(), key, []byte(key), 0)
				if err == nil {
					acknowledged.Store(key, true)
					writes.Add(1)
					_, err = s.Get(context.Background(), key)
				}
				if err != nil {
					if !errors.Is(err, driver.ErrClosed) {
						t.Error(err)
					}
					return
				}
			}
		})
	}
	eventually(t, "500 writes", func() bool { return writes.Load() > 500 })
	for range 3 {
		wg.Go(func() {
			if err := s.Close(); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	if names := openFiles(t, dir); len(names) > 0 {
		t.Errorf("still open: %q", names)
	}
	eventually(t, "the goroutines have ended", func() bool { return runtime.NumGoroutine() <= goroutines })
	if files := snapshot(t, dir); len(files) != 1 {
		t.Errorf("the log was left behind: %d files", len(files))
	}
	again := openTest(t, path, Options{}, time.Now)
	acknowledged.Range(func(key, _ any) bool {
		if _, err := again.Get(context.Background(), key.(string)); err != nil {
			t.Errorf("%v was acknowledged: %v", key, err)
		}
		return true
	})
}

// TestCloseWhileLocked: Close does not wait for another process's lock, and what waits for it gets ErrClosed.
func TestCloseWhileLocked(t *testing.T) {
	path := tempPath(t)
	s := openTest(t, path, Options{}, time.Now)
	unlock := locked(t, path)
	defer unlock()
	done := make(chan error)
	go func() { done <- s.Set(context.Background(), "k", nil, 0) }()
	eventually(t, "the write waits", func() bool { return !s.file.Load().writer.queue.empty() })
	start := time.Now()
	if err := s.Close(); err != nil {
		t.Error(err)
	}
	if took := time.Since(start); took > time.Second {
		t.Errorf("Close took %v", took)
	}
	if err := <-done; !errors.Is(err, driver.ErrClosed) {
		t.Errorf("Set: %v", err)
	}
}
