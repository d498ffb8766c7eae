package sqlite

import (
	"errors"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/larder-go/larder/driver"
)

func openRaw(t *testing.T, raw string) (*Store, error) {
	t.Helper()
	u, err := driver.ParseURL(raw)
	if err != nil {
		t.Fatal(err)
	}
	e, err := driver.Lookup("sqlite")
	if err != nil {
		t.Fatal(err)
	}
	s, err := e.OpenURL(t.Context(), u, nil, true, slog.Default())
	if err != nil {
		return nil, err
	}
	t.Cleanup(func() { _ = s.Close() })
	return s.(*Store), nil
}

func TestURL(t *testing.T) {
	t.Chdir(t.TempDir())
	here, err := filepath.Abs(".")
	if err != nil {
		t.Fatal(err)
	}
	for raw, want := range map[string]struct {
		path string
		o    Options
	}{
		"sqlite:///tmp/a.db":    {"/tmp/a.db", Options{Sync: SyncNormal, BusyTimeout: DefaultBusyTimeout}},
		"sqlite:a%3F.db":        {filepath.Join(here, "a?.db"), Options{Sync: SyncNormal, BusyTimeout: DefaultBusyTimeout}},
		"sqlite:a.db?sync=full": {filepath.Join(here, "a.db"), Options{Sync: SyncFull, BusyTimeout: DefaultBusyTimeout}},
		"sqlite:a.db?sync=off&max_bytes=2gb&busy_timeout=0.5": {filepath.Join(here, "a.db"),
			Options{Sync: SyncOff, MaxBytes: 2 << 30, BusyTimeout: 500 * time.Millisecond}},
		"sqlite:a.db?mode=rwc": {filepath.Join(here, "a.db"), Options{Sync: SyncNormal, BusyTimeout: DefaultBusyTimeout}},
		"sqlite:a.db?mode=rw":  {filepath.Join(here, "a.db"), Options{Sync: SyncNormal, BusyTimeout: DefaultBusyTimeout, MustExist: true}},
	} {
		s, err := openRaw(t, raw)
		if err != nil {
			t.Errorf("%s: %v", raw, err)
			continue
		}
		want.o.Lazy = true
		if s.path != want.path || s.options != want.o {
			t.Errorf("%s: %s %+v", raw, s.path, s.options)
		}
	}
}

func TestBadURL(t *testing.T) {
	for raw, want := range map[string]string{
		"sqlite://cache.db":          "sqlite:///absolute/file.db",
		"sqlite://localhost/a.db":    "sqlite:///absolute/file.db",
		"sqlite://u:secret@/a.db":    "no user",
		"sqlite:":                    "no file is named",
		"sqlite://":                  "no file is named",
		"sqlite:///":                 "no file is named",
		"sqlite::memory:":            "memory://",
		"sqlite:a.db?sync=sometimes": "off",
		"sqlite:a.db?max_bytes=0":    "max_bytes=0",
		"sqlite:a.db?busy_timeout=0": "busy_timeout=0",
		"sqlite:a.db?cache=shared":   "busy_timeout, max_bytes, mode, sync",
		"sqlite:a.db?mode=ro":        "rwc, rw",
	} {
		_, err := openRaw(t, raw)
		if err == nil || !strings.Contains(err.Error(), want) || strings.Contains(err.Error(), "secret") {
			t.Errorf("%s: want an error with %q: %v", raw, want, err)
		}
	}
}

// TestModeRW: mode=rw opens what is there, an empty file too, and leaves no trace where there is nothing.
func TestModeRW(t *testing.T) {
	dir := filepath.Dir(tempPath(t))
	link := filepath.Join(dir, "link")
	if err := os.Symlink(dir, link); err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(link, "t.db") // which the error names as it is given
	for _, lazy := range []bool{false, true} {
		s, err := Open(t.Context(), path, Options{MustExist: true, Lazy: lazy})
		if lazy && err == nil {
			_, err = s.Get(t.Context(), "k")
		}
		if !errors.Is(err, fs.ErrNotExist) || err.Error() != path+" does not exist, and mode=rw does not create it" {
			t.Errorf("lazy %t: %v", lazy, err)
		}
	}
	if left := snapshot(t, filepath.Dir(path)); len(left) > 0 {
		t.Errorf("left: %v", left)
	}
	if err := os.WriteFile(path, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	for range 2 {
		s := openTest(t, path, Options{MustExist: true}, time.Now)
		mustSet(t, s, "k", []byte("v"), 0)
		if err := s.Close(); err != nil {
			t.Fatal(err)
		}
	}
	_, err := Open(t.Context(), filepath.Join(path+".d", "x.db"), Options{MustExist: true})
	if err == nil || !strings.Contains(err.Error(), "its directory") {
		t.Error(err)
	}
}
