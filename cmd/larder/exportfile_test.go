package main

import (
	"bytes"
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/larder-go/larder/driver"
)

// An export is not written over what it reads.
func TestExportRefusesTheDatabase(t *testing.T) {
	sh := sqliteShell(t)
	sh.want("", 0, "set", "a", "1")
	u, err := driver.ParseURL(sh.url)
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	link, away := filepath.Join(dir, "link"), filepath.Join(dir, "away")
	if err := os.Symlink(u.Path, link); err != nil {
		t.Skip(err)
	}
	if err := os.Symlink(filepath.Dir(u.Path), away); err != nil {
		t.Fatal(err)
	}
	for _, file := range []string{u.Path, u.Path + "-wal", u.Path + "-shm", u.Path + "-journal", link, filepath.Join(away, filepath.Base(u.Path)+"-journal")} {
		sh.fails("is a file of the database", "export", file)
	}
	sh.fails("is a file of the database", "export", u.Path+"-journal", "--url", fileURL(link))
	sh.want("1\n", 0, "get", "a")
}

func TestExportKeepsPermissions(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("Windows has no such permissions")
	}
	sh := sqliteShell(t)
	sh.want("", 0, "set", "a", "1")
	for _, perm := range []os.FileMode{0o600, 0o640, 0o666} {
		file := filepath.Join(t.TempDir(), "out")
		if err := os.WriteFile(file, nil, 0o600); err != nil {
			t.Fatal(err)
		}
		if err := os.Chmod(file, perm); err != nil {
			t.Fatal(err)
		}
		sh.want("", 0, "export", file)
		info, err := os.Stat(file)
		if err != nil || info.Mode().Perm() != perm || info.Size() == 0 {
			t.Errorf("%v became %v %v", perm, info, err)
		}
	}
}

// An entry that import would not take is named, and the others are exported.
func TestExportOfTooLongLines(t *testing.T) {
	sh := sqliteShell(t)
	sh.want("", 0, "set-many", "a=1", "b=2", `long="0123456789"`)
	for _, c := range []struct {
		max  int
		want string
	}{
		{47, ""},
		{46, "larder: export \"long\": left out: its line of 47 bytes is longer than the 46 that import takes (larder copy has no such bound)\n"},
	} {
		var out, stderr bytes.Buffer
		a := &app{world: world{stderr: &stderr}, ctx: context.Background(), secrets: secretsIn(nil)}
		e := exporter{app: a, c: sh.client(), max: c.max}
		err := e.to(&out)
		if err != nil || stderr.String() != c.want || strings.Count(out.String(), "\n") != int(e.n) || int(e.n+e.left) != 3 {
			t.Errorf("%d: %v %q %q", c.max, err, stderr.String(), out.String())
		}
		if err := e.end(); (err != nil) != (c.want != "") {
			t.Error(err)
		}
	}
}

func (sh *shell) client() *client {
	c := &client{Cache: sh.cache()}
	var err error
	if c.values, err = c.view("", rawText{}); err != nil {
		sh.t.Fatal(err)
	}
	return c
}

// A named pipe with nobody at its other end holds nobody up, nor does one where somebody is and does nothing.
func TestLonelyPipe(t *testing.T) {
	needs(t, "mkfifo")
	sh := sqliteShell(t)
	sh.want("", 0, "set", "large", `"`+strings.Repeat("x", 1_000_000)+`"`)
	for _, command := range []string{"import", "export"} {
		for _, lonely := range []bool{true, false} {
			pipe := filepath.Join(t.TempDir(), "pipe")
			if out, err := exec.Command("mkfifo", pipe).CombinedOutput(); err != nil {
				t.Fatal(err, string(out))
			}
			if !lonely {
				openBoth(t, pipe)
			}
			ctx, cancel := context.WithCancel(context.Background())
			time.AfterFunc(50*time.Millisecond, cancel)
			ended := make(chan result, 1)
			go func() { ended <- sh.runContext(ctx, command, pipe) }()
			select {
			case r := <-ended:
				if r.status != 2 || r.err != "larder: interrupted\n" {
					t.Errorf("%s, lonely %t: %+v", command, lonely, r)
				}
			case <-time.After(10 * time.Second):
				t.Errorf("%s, lonely %t: goes on", command, lonely)
			}
			openBoth(t, pipe) // ends what waits for it
		}
	}
}

// openBoth opens a pipe at both ends, which waits for nobody.
func openBoth(t *testing.T, pipe string) {
	f, err := os.OpenFile(pipe, os.O_RDWR, 0)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { f.Close() })
}
