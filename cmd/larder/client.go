package main

import (
	"context"
	"errors"
	"fmt"
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
	raw    bool // values need not be JSON
	packed bool // values are compressed
}

// use opens the cache, runs fn and closes it.
func (a *app) use(fn func(c *client) error) error {
	url, err := a.url()
	if err != nil {
		return err
	}
	c, err := a.open(url)
	if err != nil {
		return err
	}
	err = fn(c)
	if closing := c.Close(); err == nil {
		err = closing
	}
	return err
}

// url is --url, LARDER_URL or the default.
func (a *app) url() (string, error) {
	if a.URL != "" {
		return a.URL, nil
	}
	if url := a.env("LARDER_URL"); url != "" {
		return url, nil
	}
	return defaultURL()
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
func (a *app) open(url string) (*client, error) {
	u, err := driver.ParseURL(url)
	if err != nil {
		return nil, err
	}
	opts, timeout := a.options(u)
	ctx, cancel := context.WithTimeoutCause(a.ctx, timeout, fmt.Errorf("no answer within %v", timeout))
	defer cancel()
	c := &client{}
	if c.Cache, err = larder.Open(ctx, url, opts...); err != nil {
		if a.ctx.Err() == nil && ctx.Err() != nil {
			err = fmt.Errorf("%s: open: %w", u.Scheme, context.Cause(ctx))
		}
		return nil, err
	}
	// Open has checked it; a + in a URL may have come as a space.
	name, _ := u.Param("codec")
	c.raw, c.packed = strings.HasPrefix(name, "raw"), strings.HasSuffix(name, "zstd")
	if c.values, err = c.view("", codec.Raw); err != nil {
		return nil, errors.Join(err, c.Close())
	}
	return c, nil
}

// options are the library's for the global flags, which beat the URL, and the time for one call.
func (a *app) options(u *driver.URL) ([]larder.Option, time.Duration) {
	opts := []larder.Option{larder.WithLogger(slog.New(noteHandler{a: a}))}
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
