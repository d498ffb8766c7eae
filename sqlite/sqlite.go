package sqlite

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/larder-go/larder/driver"
)

// Sync is how much is done before a write counts as done: see the table in the package comment.
type Sync string

// The levels of Sync.
const (
	SyncOff    Sync = "off"
	SyncNormal Sync = "normal" // the default
	SyncFull   Sync = "full"
)

// DefaultBusyTimeout is how long a call waits for other processes unless Options says otherwise.
const DefaultBusyTimeout = 5 * time.Second

// Options are what the URL's parameters say, in Go. The zero value has the defaults.
type Options struct {
	// MaxBytes bounds the sum of the entries' keys, values and RowOverhead each, in bytes. 0: no limit.
	MaxBytes int64
	// Sync is "" for SyncNormal.
	Sync Sync
	// BusyTimeout bounds the wait for other processes that write. A call whose context ends earlier ends
	// then. 0: DefaultBusyTimeout.
	BusyTimeout time.Duration
	// MustExist makes a missing file an error that errors.Is fs.ErrNotExist, and creates nothing. A file
	// that is there but empty is made into a database all the same.
	MustExist bool
	// Lazy opens the file at the first call, and again at the next if that fails.
	Lazy bool
}

// Store is a cache in an SQLite file. It has every interface of package driver that an engine on a
// disk can have.
type Store struct {
	path    string
	options Options
	now     func() time.Time

	opening chan struct{} // held while the file is being opened
	file    atomic.Pointer[file]
	closed  atomic.Bool
	closing chan struct{}
	close   sync.Once
	err     error // of Close

	mu sync.Mutex
	db *sql.DB // for Unwrap
}

var _ interface {
	driver.Store
	driver.Batcher
	driver.Adder
	driver.Toucher
	driver.Counter
	driver.Swapper
	driver.Scanner
	driver.Clearer
	driver.Inspector
	driver.Pinger
	driver.Reporter
	driver.Named
	driver.Unwrapper
} = (*Store)(nil)

func init() {
	driver.Register(driver.Engine{
		Name:    "sqlite",
		Schemes: []string{"sqlite"},
		Params:  []string{"max_bytes", "sync", "busy_timeout", "mode"},
		Open:    openURL,
	})
}

// EngineName returns "sqlite".
func (s *Store) EngineName() string { return "sqlite" }

func openURL(ctx context.Context, c driver.Config) (driver.Store, error) {
	u := c.URL
	if len(u.Hosts) > 0 || u.User != "" || u.HasPassword {
		return nil, fmt.Errorf("sqlite has no server and no user in its URL: write sqlite:///absolute/file.db (three slashes) or sqlite:relative.db")
	}
	sync, err := u.OneOf("sync", string(SyncNormal), string(SyncOff), string(SyncFull))
	if err != nil {
		return nil, err
	}
	mode, err := u.OneOf("mode", "rwc", "rw")
	if err != nil {
		return nil, err
	}
	o := Options{Sync: Sync(sync), MustExist: mode == "rw", Lazy: c.Lazy}
	if o.MaxBytes, err = u.Bytes("max_bytes", 0); err != nil {
		return nil, err
	}
	if o.BusyTimeout, err = u.Duration("busy_timeout", DefaultBusyTimeout); err != nil {
		return nil, err
	}
	s, err := Open(ctx, u.Path, o)
	if err != nil {
		return nil, err
	}
	return s, nil
}

// Open opens the file at path, a name in the file system, and creates it if it is missing or empty, but see
// o.MustExist. Its directory must exist. Unless o.Lazy it does so within ctx.
func Open(ctx context.Context, path string, o Options) (*Store, error) {
	return open(ctx, path, o, time.Now)
}

func open(ctx context.Context, path string, o Options, now func() time.Time) (*Store, error) {
	if err := o.complete(); err != nil {
		return nil, err
	}
	switch {
	case strings.Trim(path, "/\\") == "":
		return nil, errors.New("no file is named: write sqlite:///absolute/file.db or sqlite:relative.db")
	case strings.HasPrefix(path, ":memory:"):
		return nil, errors.New("for a cache in memory write memory://, this engine keeps a file")
	case strings.ContainsRune(path, 0):
		return nil, fmt.Errorf("the file name %q has a NUL byte in it", path)
	}
	// The working directory may change before a lazy store opens, or a connection is opened again.
	absolute, err := filepath.Abs(path)
	if err != nil {
		return nil, err
	}
	s := &Store{path: absolute, options: o, now: now, opening: make(chan struct{}, 1), closing: make(chan struct{})}
	if o.Lazy {
		return s, nil
	}
	if _, err := s.ready(ctx); err != nil {
		return nil, err
	}
	return s, nil
}

func (o *Options) complete() error {
	if o.Sync == "" {
		o.Sync = SyncNormal
	}
	if o.BusyTimeout == 0 {
		o.BusyTimeout = DefaultBusyTimeout
	}
	switch {
	case o.Sync != SyncOff && o.Sync != SyncNormal && o.Sync != SyncFull:
		return fmt.Errorf("sync=%s: not one of off, normal, full", o.Sync)
	case o.MaxBytes < 0:
		return fmt.Errorf("max_bytes=%d: below zero", o.MaxBytes)
	case o.BusyTimeout < 0:
		return fmt.Errorf("busy_timeout=%v: below zero", o.BusyTimeout)
	}
	return nil
}

// ready returns the open file for a call, after opening it if need be.
func (s *Store) ready(ctx context.Context) (*file, error) {
	if s.closed.Load() {
		return nil, driver.ErrClosed
	}
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	if f := s.file.Load(); f != nil {
		return f, nil
	}
	select {
	case s.opening <- struct{}{}:
		defer func() { <-s.opening }()
	case <-ctx.Done():
		return nil, ctx.Err()
	case <-s.closing:
		return nil, driver.ErrClosed
	}
	if s.closed.Load() {
		return nil, driver.ErrClosed
	}
	if f := s.file.Load(); f != nil {
		return f, nil
	}
	f, err := openFile(ctx, s.path, s.options, s.now)
	if err != nil {
		return nil, err
	}
	s.file.Store(f)
	return f, nil
}

// Close ends the store's goroutines and connections. A write that is being committed is finished, one
// that waits gives driver.ErrClosed; reads that are under way are waited for. The last one to
// close the file, of all processes, moves the write-ahead log into it and removes the log.
func (s *Store) Close() error {
	s.close.Do(func() {
		s.closed.Store(true)
		close(s.closing)
		s.opening <- struct{}{} // whoever is opening the file finishes, and nobody begins to
		defer func() { <-s.opening }()
		s.mu.Lock()
		db := s.db
		s.mu.Unlock()
		if db != nil {
			s.err = db.Close()
		}
		if f := s.file.Load(); f != nil {
			f.writer.close()
			f.checkpointer.close()
			s.err = errors.Join(s.err, f.pool.close())
		}
	})
	return s.err
}
