package main

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/larder-go/larder/driver"
)

// checkCopy refuses to copy a cache onto itself, or into the keys that are being read, which would go on for
// ever. It compares URLs: two names of one server it does not see through.
func (a *app) checkCopy(from, to string) error {
	f, err := driver.ParseURL(from)
	if err != nil {
		return fmt.Errorf("--from: %w", err)
	}
	t, err := driver.ParseURL(to)
	if err != nil {
		return fmt.Errorf("--to: %w", err)
	}
	if sameStore(f, t) && strings.HasPrefix(a.wirePrefix(t), a.wirePrefix(f)) {
		return fmt.Errorf("copy: --to %s would be written into what --from reads: give another database, or another key_prefix or version", t)
	}
	return nil
}

// wirePrefix is what stands before every key of the cache at u.
func (a *app) wirePrefix(u *driver.URL) string {
	if layout, _ := u.Param("layout"); layout == "bare" {
		return ""
	}
	prefix, _ := u.Param("key_prefix")
	version, _ := u.Param("version")
	if a.KeyPrefix != nil {
		prefix = *a.KeyPrefix
	}
	if a.KeyVersion != nil {
		version = *a.KeyVersion
	}
	return prefix + ":" + version + ":"
}

func sameStore(a, b *driver.URL) bool {
	ea, errA := driver.Lookup(a.Scheme)
	eb, errB := driver.Lookup(b.Scheme)
	switch {
	case errA != nil || errB != nil || ea.Name != eb.Name:
		return false
	case ea.Name == "sqlite":
		return sameFile(a.Path, b.Path)
	case ea.Name == "memory":
		name := strings.Join(a.Hosts, "") + a.Path
		return name != "" && name == strings.Join(b.Hosts, "")+b.Path
	}
	return slices.Equal(servers(a), servers(b)) && database(a) == database(b)
}

func sameFile(a, b string) bool {
	infoA, errA := os.Stat(a)
	infoB, errB := os.Stat(b)
	if errA == nil && errB == nil {
		return os.SameFile(infoA, infoB)
	}
	return realPath(a) == realPath(b)
}

// realPath is the path of a file, which need not be there, without links to its directory.
func realPath(path string) string {
	path, _ = filepath.Abs(path)
	if dir, err := filepath.EvalSymlinks(filepath.Dir(path)); err == nil {
		path = filepath.Join(dir, filepath.Base(path))
	}
	return path
}

// isMadeOf tells whether a file is one of the database's.
func (c *client) isMadeOf(name string) bool {
	u, err := driver.ParseURL(c.url)
	if err != nil {
		return false
	}
	if engine, err := driver.Lookup(u.Scheme); err != nil || engine.Name != "sqlite" {
		return false
	}
	paths := []string{u.Path}
	if path, err := filepath.EvalSymlinks(u.Path); err == nil {
		paths = append(paths, path) // its other files stand there
	}
	for _, path := range paths {
		for _, suffix := range []string{"", "-wal", "-shm", "-journal"} {
			if sameFile(path+suffix, name) {
				return true
			}
		}
	}
	return false
}

// servers returns the servers in a form that can be compared.
func servers(u *driver.URL) []string {
	var all []string
	for _, h := range u.Hosts {
		h = strings.ToLower(h)
		for _, local := range []string{"127.0.0.1", "[::1]"} {
			if rest, ok := strings.CutPrefix(h, local); ok {
				h = "localhost" + rest
			}
		}
		h = strings.TrimSuffix(strings.TrimSuffix(h, ":6379"), ":11211")
		all = append(all, h)
	}
	slices.Sort(all)
	return all
}

// database is the part of the URL that names one of a server's databases.
func database(u *driver.URL) string {
	db, _ := u.Param("db")
	name := strings.Trim(u.Path, "/")
	if name == "" && db == "" {
		name = "0"
	}
	return name + "?" + db
}
