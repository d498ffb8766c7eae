package sqlite

import (
	"bytes"
	"context"
	"errors"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"
)

// makeDB makes an SQLite database by the given statements.
func makeDB(t *testing.T, path string, statements ...string) {
	t.Helper()
	c, err := dialWith(t.Context(), dsn(path, "rwc"), statements...)
	if err == nil {
		err = c.close()
	}
	if err != nil {
		t.Fatal(err)
	}
}

// snapshot returns the contents of all files in a directory.
func snapshot(t *testing.T, dir string) map[string]string {
	t.Helper()
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	files := map[string]string{}
	for _, e := range entries {
		if e.Type().IsRegular() {
			b, err := os.ReadFile(filepath.Join(dir, e.Name()))
			if err != nil {
				t.Fatal(err)
			}
			files[e.Name()] = string(b)
		}
	}
	return files
}

// TestForeignFiles: whatever is not a larder database is refused with an error that names the file and says what to
// do, and neither it nor its directory is changed.
func TestForeignFiles(t *testing.T) {
	write := func(content string) func(*testing.T, string) {
		return func(t *testing.T, path string) {
			if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
				t.Fatal(err)
			}
		}
	}
	db := func(statements ...string) func(*testing.T, string) {
		return func(t *testing.T, path string) { makeDB(t, path, statements...) }
	}
	// edit makes a larder database with some entries and changes its bytes.
	edit := func(change func([]byte) []byte) func(*testing.T, string) {
		return func(t *testing.T, path string) {
			s := openTest(t, path, Options{}, time.Now)
			for i := range 100 {
				mustSet(t, s, benchKey(i), make([]byte, 500), 0)
			}
			if err := s.Close(); err != nil {
				t.Fatal(err)
			}
			b, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			write(string(change(b)))(t, path)
		}
	}
	cases := map[string]struct {
		make func(*testing.T, string)
		want string
	}{
		"text":              {write("name,price\napple,1\n"), "no SQLite database"},
		"long text":         {write(strings.Repeat("a line of text\n", 1000)), "no SQLite database"},
		"one byte":          {write("x"), "no SQLite database"},
		"another program's": {db("CREATE TABLE users (name)", "INSERT INTO users VALUES ('ann')"), "another program"},
		"another's in WAL":  {db("PRAGMA journal_mode = WAL", "CREATE TABLE users (name)"), "another program"},
		"another's id":      {db("PRAGMA application_id = 7"), "another program"},
		"our id, no tables": {db("PRAGMA application_id = 1819436146", "PRAGMA user_version = 2"), "delete it"},
		"newer":             {db("PRAGMA application_id = 1819436146", "PRAGMA user_version = 3"), "newer version of larder"},
		"older":             {db("PRAGMA application_id = 1819436146", "PRAGMA user_version = 1"), "format 1, this one knows 2, and a cache is not converted: stop the programs that use it, and delete it"},
		"no format":         {db("PRAGMA application_id = 1819436146"), "format 0"},
		"cut off":           {edit(func(b []byte) []byte { return b[:len(b)/2] }), "damaged"},
		"overwritten":       {edit(func(b []byte) []byte { return append(b[:100:100], bytes.Repeat([]byte{0xa5}, len(b)-100)...) }), "damaged"},
		"header overwritten": {edit(func(b []byte) []byte { copy(b, "This is no longer a database."); return b }),
			"no SQLite database"},
		"directory": {func(t *testing.T, path string) {
			if err := os.Mkdir(path, 0o700); err != nil {
				t.Fatal(err)
			}
		}, "larder.db"},
		"pipe": {func(t *testing.T, path string) {
			if err := syscall.Mkfifo(path, 0o600); err != nil {
				t.Fatal(err)
			}
		}, "not a regular file"},
	}
	for _, name := range slices.Sorted(maps.Keys(cases)) {
		t.Run(name, func(t *testing.T) {
			path := tempPath(t)
			cases[name].make(t, path)
			before := snapshot(t, filepath.Dir(path))
			for _, o := range []Options{{}, {MaxBytes: 1 << 20}} {
				s, err := Open(t.Context(), path, o)
				if err == nil {
					_ = s.Close()
					t.Fatal("Open took it")
				}
				if !strings.Contains(err.Error(), path) || !strings.Contains(err.Error(), cases[name].want) {
					t.Errorf("the error should name the file and say %q: %v", cases[name].want, err)
				}
			}
			if after := snapshot(t, filepath.Dir(path)); !maps.Equal(before, after) {
				t.Errorf("files changed: %q before, %q after", slices.Sorted(maps.Keys(before)), slices.Sorted(maps.Keys(after)))
			}
		})
	}
}

// TestForeignFileInUse: another program's database with a log that has not been moved into it keeps the log.
func TestForeignFileInUse(t *testing.T) {
	path := tempPath(t)
	c, err := dialWith(t.Context(), dsn(path, "rwc"), "PRAGMA journal_mode = WAL", "CREATE TABLE users (name)")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = c.close() }()
	before := snapshot(t, filepath.Dir(path))
	if _, err := Open(t.Context(), path, Options{}); !errors.Is(err, errNotOurs) {
		t.Fatalf("Open: %v", err)
	}
	after := snapshot(t, filepath.Dir(path))
	for _, name := range []string{"t.db", "t.db-wal"} {
		if before[name] != after[name] {
			t.Errorf("%s has changed", name)
		}
	}
}

// TestForeignFileAfterCrash: another program's log or journal that a crash has left is not touched.
func TestForeignFileAfterCrash(t *testing.T) {
	for _, mode := range []string{"WAL", "DELETE"} {
		t.Run(mode, func(t *testing.T) { foreignAfterCrash(t, mode, func(path string) string { return path }) })
		t.Run(mode+"/symlink", func(t *testing.T) {
			foreignAfterCrash(t, mode, func(path string) string {
				link := filepath.Join(t.TempDir(), "link.db")
				if err := os.Symlink(path, link); err != nil {
					t.Fatal(err)
				}
				return link
			})
		})
	}
}

func foreignAfterCrash(t *testing.T, mode string, name func(path string) string) {
	path := tempPath(t)
	c, err := dialWith(t.Context(), dsn(path, "rwc"), "PRAGMA cache_size = 1", "CREATE TABLE users (name)",
		"PRAGMA journal_mode = "+mode, "INSERT INTO users VALUES ('ann')", "BEGIN IMMEDIATE",
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
	before := snapshot(t, dir)
	if _, err := Open(t.Context(), name(filepath.Join(dir, "t.db")), Options{}); err == nil || !strings.Contains(err.Error(), ".db") {
		t.Fatalf("Open: %v", err)
	}
	after := snapshot(t, dir)
	for _, name := range []string{"t.db", "t.db-wal", "t.db-journal"} {
		if before[name] != after[name] {
			t.Errorf("%s has changed", name)
		}
	}
}

// TestOpenWhileExclusive: Open waits for a connection that lets no other in, but not longer than its context.
func TestOpenWhileExclusive(t *testing.T) {
	path := tempPath(t)
	s := openTest(t, path, Options{}, time.Now)
	mustSet(t, s, "k", []byte("1"), 0)
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	c, err := dialWith(t.Context(), dsn(path, "rw"), "PRAGMA locking_mode = EXCLUSIVE", "BEGIN IMMEDIATE", "COMMIT")
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	start := time.Now()
	if _, err := Open(ctx, path, Options{}); !errors.Is(err, context.DeadlineExceeded) || time.Since(start) > time.Second {
		t.Errorf("Open: %v after %v", err, time.Since(start))
	}
	time.AfterFunc(50*time.Millisecond, func() { _ = c.close() })
	s = openTest(t, path, Options{}, time.Now)
	if v, err := s.Get(t.Context(), "k"); string(v) != "1" {
		t.Errorf("Get: %q, %v", v, err)
	}
}

func TestNoSuchDirectory(t *testing.T) {
	path := filepath.Join(t.TempDir(), "missing", "t.db")
	if _, err := Open(t.Context(), path, Options{}); err == nil || !strings.Contains(err.Error(), path) ||
		!strings.Contains(err.Error(), "create it") {
		t.Errorf("Open: %v", err)
	}
}

// TestEmptyFile: a file without a byte is made into a database, and one that has only begun to be one too.
func TestEmptyFile(t *testing.T) {
	for name, make := range map[string]func(string){
		"no byte":       func(path string) { _ = os.WriteFile(path, nil, 0o600) },
		"just switched": func(path string) { makeDB(t, path, "PRAGMA auto_vacuum = 2", "PRAGMA journal_mode = WAL") },
	} {
		t.Run(name, func(t *testing.T) {
			path := tempPath(t)
			make(path)
			s := openTest(t, path, Options{}, time.Now)
			mustSet(t, s, "k", []byte("1"), 0)
			if id := s.query(t, "PRAGMA application_id"); id != applicationID {
				t.Errorf("application_id = %x", id)
			}
		})
	}
}

// TestCreatedByMany: all who open a missing file at once get the same database.
func TestCreatedByMany(t *testing.T) {
	path := tempPath(t)
	stores := make(chan *Store)
	for i := range 8 {
		go func() {
			s, err := Open(context.Background(), path, Options{MaxBytes: int64(i%2) << 20})
			if err != nil {
				t.Error(err)
			} else if _, err := s.Incr(context.Background(), "n", 1, 0); err != nil {
				t.Error(err)
			}
			stores <- s
		}()
	}
	var list []*Store
	for range 8 {
		list = append(list, <-stores)
	}
	for _, s := range list {
		if s == nil {
			continue
		}
		if v, err := s.Get(t.Context(), "n"); string(v) != "8" {
			t.Errorf("n = %q, %v", v, err)
		}
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	}
}

// TestStrangeNames: a file name may have any characters that the system allows.
func TestStrangeNames(t *testing.T) {
	for _, name := range []string{"a b.db", "100%.db", "q?mode=ro.db", "#1.db", "ü&=+;.db", "%41.db", "\xff.db"} {
		dir := t.TempDir()
		s := openTest(t, filepath.Join(dir, name), Options{}, time.Now)
		mustSet(t, s, "k", nil, 0)
		if _, err := os.Stat(filepath.Join(dir, name)); err != nil {
			t.Error(err)
		}
		_ = s.Close()
		if files := snapshot(t, dir); len(files) != 1 {
			t.Errorf("%q: files %q", name, slices.Sorted(maps.Keys(files)))
		}
	}
}

// TestLazy: no file is touched before the first call, and a failed first call can be repeated.
func TestLazy(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "later")
	path := filepath.Join(dir, "t.db")
	s := openTest(t, path, Options{Lazy: true}, time.Now)
	if err := s.Set(t.Context(), "k", nil, 0); err == nil || !strings.Contains(err.Error(), path) {
		t.Fatalf("Set without a directory: %v", err)
	}
	if err := os.Mkdir(dir, 0o700); err != nil {
		t.Fatal(err)
	}
	if files := snapshot(t, dir); len(files) != 0 {
		t.Fatalf("files before the first call: %v", files)
	}
	mustSet(t, s, "k", []byte("1"), 0)
	if v, err := s.Get(t.Context(), "k"); string(v) != "1" {
		t.Errorf("Get: %q, %v", v, err)
	}
	unused := openTest(t, filepath.Join(dir, "unused.db"), Options{Lazy: true}, time.Now)
	if err := unused.Close(); err != nil {
		t.Error(err)
	}
	if _, err := os.Stat(filepath.Join(dir, "unused.db")); err == nil {
		t.Error("a store that was never used has made its file")
	}
}
