package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/larder-go/larder"
	"github.com/larder-go/larder/codec"
	"github.com/larder-go/larder/driver"
)

// client is an open cache with a view on its values as the bytes they are.
type client struct {
	*larder.Cache
	values *larder.View[[]byte]
	url    string // as it was given, passwords masked
	whole  string // as it was given; not to be printed
	scheme string
	raw    bool // values need not be JSON
	packed bool // values are compressed
}

// use opens the cache, which may be made by that, runs fn and closes it.
func (a *app) use(fn func(c *client) error) error {
	url, _, err := a.url()
	if err != nil {
		return err
	}
	return a.with(url, mayCreate, fn)
}

// useExisting is use for commands that only look at what is there already, or remove it. A database that is not there
// counts as an empty one; it is not made, and a note says so, because the URL may be mistyped. The default one cannot be.
func (a *app) useExisting(fn func(c *client) error) error {
	url, given, err := a.url()
	if err != nil {
		return err
	}
	if !given {
		return a.with(url, mayCreate, fn)
	}
	c, err := a.open(url, mustExist)
	if isMissing(url, err) {
		a.note(strings.TrimPrefix(err.Error(), "larder: "))
		c, err = a.open(nowhere, mayCreate)
	}
	if err != nil {
		return err
	}
	return c.close(fn(c))
}

// nowhere is an empty cache.
const nowhere = "memory://?lazy=true"

// isMissing tells whether err says that the file is not there, and the URL does not forbid that.
func isMissing(url string, err error) bool {
	return errors.Is(err, fs.ErrNotExist) && strings.Contains(err.Error(), "mode=rw does not create it") && !strings.Contains(url, "mode=rw")
}

// creation tells whether a database that is not there may be made.
type creation bool

const (
	mayCreate creation = true
	mustExist creation = false
)

func (a *app) with(url string, create creation, fn func(c *client) error) error {
	c, err := a.open(url, create)
	if err != nil {
		return err
	}
	return c.close(fn(c))
}

// close ends the use of c, which gave err.
func (c *client) close(err error) error {
	if closing := c.Close(); err == nil {
		err = closing
	}
	return err
}

// url is --url or LARDER_URL, which are given by the user, or the default.
func (a *app) url() (url string, given bool, err error) {
	if a.URL != "" {
		return a.URL, true, nil
	}
	if url := a.env("LARDER_URL"); url != "" {
		return url, true, nil
	}
	url, err = defaultURL()
	return url, false, err
}

// defaultURL names a file in the user's cache directory, and makes its directory.
func defaultURL() (string, error) {
	dir, err := os.UserCacheDir()
	if err != nil {
		return "", fmt.Errorf("there is no place for the default database (%w): give --url or LARDER_URL", err)
	}
	dir = filepath.Join(dir, "larder")
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return "", fmt.Errorf("the directory of the default database: %w; --url or LARDER_URL name another one", err)
	}
	return fileURL(filepath.Join(dir, "cache.db")), nil
}

// fileURL is the address of an SQLite file.
func fileURL(path string) string {
	return (&driver.URL{Scheme: "sqlite", Path: filepath.ToSlash(path)}).String()
}

// defaultTimeout bounds each call to the engine, unless the flag or the URL says otherwise.
const defaultTimeout = 2 * time.Second

// open connects to url, within the time of one call.
func (a *app) open(url string, create creation) (*client, error) {
	u, err := driver.ParseURL(url)
	if err != nil {
		return nil, err
	}
	opts, timeout := a.options(u)
	a.timeout, a.timeoutOf = timeout, "--timeout"
	if d, err := u.Duration("timeout", 0); err == nil && d > 0 && a.Timeout == 0 {
		a.timeout, a.timeoutOf = d, "the URL's timeout" // shorter perhaps than what opening has
	}
	c := &client{url: u.String(), whole: url, scheme: u.Scheme}
	if u.Scheme == "sqlite" {
		url = a.adaptSQLite(url, u, create)
	}
	ctx, cancel := context.WithTimeout(a.ctx, timeout)
	defer cancel()
	if c.Cache, err = larder.Open(ctx, url, opts...); err != nil {
		if a.ctx.Err() == nil && ctx.Err() != nil {
			err = fmt.Errorf("%s: open: no answer within %v%s", u.Scheme, timeout, a.whoseTimeout(u.Scheme))
		}
		return nil, hintAtResults(url, err)
	}
	// Open has checked it; a + in a URL may have come as a space.
	name, _ := u.Param("codec")
	c.raw, c.packed = strings.HasPrefix(name, "raw"), strings.HasSuffix(name, "zstd")
	if c.values, err = c.view("", codec.Raw); err != nil {
		return nil, errors.Join(err, c.Close())
	}
	if u.Scheme == "memory" && url != nowhere && a.command != "tour" && a.command != "ping" && a.command != "doctor" {
		a.note("memory:// lasts only as long as this command")
	}
	return c, nil
}

// adaptSQLite adds to a URL what a command wants and the URL does not say: whether the file may be made, and an end of
// the waiting for other processes that comes before the end of the call's time, because the engine then knows better
// what was in the way.
func (a *app) adaptSQLite(url string, u *driver.URL, create creation) string {
	add := func(name, value string) bool {
		if _, given := u.Param(name); given {
			return false
		}
		url = strings.TrimSuffix(url, "?")
		sep := "?"
		if strings.Contains(url, "?") {
			sep = "&"
		}
		url += sep + name + "=" + value
		return true
	}
	if create == mustExist && add("mode", "rw") {
		a.say(", and mode=rw does not create it", " (larder set, add, import … create it)")
	}
	if add("busy_timeout", max(a.timeout*9/10, time.Millisecond).String()) {
		a.say("raise busy_timeout if", "raise --timeout if")
	}
	return url
}

// options are the library's for the global flags, which beat the URL, and the time for one call.
func (a *app) options(u *driver.URL) ([]larder.Option, time.Duration) {
	opts := []larder.Option{larder.WithLogger(slog.New(noteHandler{a: a}))}
	if a.allKeys {
		opts = append(opts, larder.WithLayout(larder.Bare), larder.WithKeyPrefix(""), larder.WithVersion(""))
	}
	if a.KeyPrefix != nil {
		opts = append(opts, larder.WithKeyPrefix(*a.KeyPrefix))
	}
	if a.KeyVersion != nil {
		opts = append(opts, larder.WithVersion(*a.KeyVersion))
	}
	timeout := time.Duration(a.Timeout)
	if timeout == 0 {
		// A malformed one in the URL is Open's to refuse.
		if d, err := u.Duration("timeout", 0); err != nil || d > 0 {
			return opts, max(d, defaultTimeout)
		}
		timeout = defaultTimeout
	}
	return append(opts, larder.WithTimeout(timeout)), timeout
}

// view makes a view of bytes that inner encodes, compressed if the cache's values are.
func (c *client) view(prefix string, inner codec.Codec) (*larder.View[[]byte], error) {
	if c.packed {
		inner = codec.Zstd(inner, 0)
	}
	return larder.NewView(c.Cache, prefix, larder.Policy[[]byte]{Codec: inner})
}

// viewOfBytes is how the commands see values.
type viewOfBytes = *larder.View[[]byte]
