package larder_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/larder-go/larder"
	"github.com/larder-go/larder/driver/drivertest"
)

func TestErrorText(t *testing.T) {
	err := error(&larder.Error{Op: "get", Engine: "redis", Key: "user:42", Err: errors.New("connection refused")})
	if got := err.Error(); got != `larder: redis: get "user:42": connection refused` {
		t.Errorf("%s", got)
	}
	err = &larder.Error{Op: "ping", Engine: "redis", Err: io.EOF}
	if got := err.Error(); got != "larder: redis: ping: EOF" || !errors.Is(err, io.EOF) {
		t.Errorf("%s", got)
	}
	err = &larder.Error{Op: "set", Engine: "x", Key: strings.Repeat("k\n", 1000), Err: io.EOF}
	if got := err.Error(); len(got) > 400 || strings.Contains(got, "\n") || !strings.Contains(got, "2000 bytes") {
		t.Errorf("a long key: %s", got)
	}
}

// TestErrorsName the operation, the engine and the key without key prefix and version.
func TestErrorsName(t *testing.T) {
	crossed(t, func(e env) {
		ok(e, of[string](e).Set(e.Context(), "k", "text"))
		_, err := of[int](e).Get(e.Context(), "k")
		var inner *larder.Error
		if !errors.As(err, &inner) {
			e.Fatalf("the error is %T", err)
		}
		engine, _, _ := strings.Cut(strings.NewReplacer("named", "memory", "isolated", "memory", "max_bytes", "memory", "+zstd", "").Replace(e.name), "/")
		if inner.Op != "get" || inner.Key != e.prefix+"k" || inner.Engine != engine {
			e.Errorf("%+v", inner)
		}
		if text := fmt.Sprintf("larder: %s: get %q: codec: ", engine, e.prefix+"k"); !strings.HasPrefix(err.Error(), text) {
			e.Errorf("%q; want %q", err, text)
		}
		err = of[int](e).Set(e.Context(), "k", 1, larder.TTL(-1))
		if !strings.HasPrefix(err.Error(), fmt.Sprintf("larder: %s: set %q: bad ttl: ", engine, e.prefix+"k")) {
			e.Error(err)
		}
	})
}

func TestBatchError(t *testing.T) {
	other := errors.New("other")
	err := error(&larder.BatchError{Op: "get-many", Engine: "x", Keys: map[string]error{
		"b": fmt.Errorf("%w: deep", larder.ErrCodec), "a": &os.PathError{Op: "open", Path: "p", Err: other}, "c": io.EOF,
	}})
	for _, target := range []error{larder.ErrCodec, other, io.EOF} {
		wantErr(t, "errors.Is", err, target)
	}
	var path *os.PathError
	if !errors.As(err, &path) || errors.Is(err, larder.ErrMiss) {
		t.Errorf("errors.As finds %v", path)
	}
	if got := err.Error(); got != `larder: x: get-many "a": open p: other (and 2 more)` {
		t.Errorf("%s", got)
	}
}

// TestContextErrorsAreNotHidden, wherever the context ends.
func TestContextErrorsAreNotHidden(t *testing.T) {
	liveOrNot(t, func(t *testing.T, live bool) {
		c, f := faulty(t, live)
		v := larder.Of[int](c, "")
		for _, op := range drivertest.AllOps() {
			f.Fail(op, fmt.Errorf("read tcp: %w", context.DeadlineExceeded))
		}
		for name, err := range everyVerb(t.Context(), c, v) {
			if !strings.HasPrefix(name, "GetOrSet") {
				wantErr(t, name, err, context.DeadlineExceeded)
			}
		}
	})
}

func TestUnknownEngine(t *testing.T) {
	for url, says := range map[string]string{
		"mongodb://localhost":    "known: ",
		"":                       "scheme",
		"localhost:6379":         "unknown scheme",
		"/a/path":                "scheme",
		"memory://?unknown=1":    "known: codec, isolate, key_prefix, layout, lazy, max_bytes, max_entries, timeout, ttl, version",
		"memory://?ttl=1&ttl=2":  "twice",
		"memory://?ttl":          "name=value",
		"memory://?codec=pickle": "json+zstd",
		"memory://?layout=odd":   "bare",
		"memory://?lazy=maybe":   "lazy=maybe",
		"memory://?timeout=0":    "timeout=0",
		"memory://?a=%zz":        "hexadecimal",
		"memory://a b":           "server 1",
	} {
		c, err := larder.Open(t.Context(), url)
		if err == nil {
			_ = c.Close()
			t.Errorf("Open(%q): no error", url)
			continue
		}
		if !strings.Contains(err.Error(), says) || !strings.HasPrefix(err.Error(), "larder: ") || strings.Count(err.Error(), "\n") > 0 {
			t.Errorf("Open(%q): %q; want %q in it, and one line", url, err, says)
		}
	}
}

// TestNoPasswordIsPrinted in any error, URI or log, however the URL is wrong.
func TestNoPasswordIsPrinted(t *testing.T) {
	const secret = "Tr0ub4dor"
	for _, url := range []string{
		"redis://user:" + secret + "@localhost/0", "memory://user:" + secret + "@name", "dummy://:" + secret + "@", "memory://:" + secret + "@h:99999999",
		"sqlite://user:" + secret + "@/file.db", "nosuch://user:" + secret + "@host", "memory://user:" + secret + "/slash@host",
		"memory://user:" + secret + "%zz@host", "memory://user:" + secret + " @host", "memory://user:" + secret + "@host?ttl=-1",
		"memory://user:" + secret + "@host?nosuch=1", "memory://user:" + secret + "#@host", "memory://user:" + secret + "\x01@host",
		"memory://user:a@b" + secret + "@host", "redis://h?sentinel_password=" + secret, "memory://?password=" + secret,
		"memory://?sentinel_password=" + secret + "&sentinel_password=" + secret, "memory://user:" + secret + "@[::1", "memory://user:" + secret + "?x@host",
		"user:" + secret + "@localhost", "memory://u:" + secret + ";h2@h1;h2/path",
	} {
		c, err := larder.Open(t.Context(), url)
		if err == nil {
			if strings.Contains(c.URI(), secret) {
				t.Errorf("the URI of %q is %q", url, c.URI())
			}
			_ = c.Close()
			continue
		}
		for _, text := range []string{err.Error(), fmt.Sprintf("%+v", err), fmt.Sprintf("%#v", err)} {
			if strings.Contains(text, secret) {
				t.Errorf("Open(%q): the error prints the password: %s", url, text)
			}
		}
	}
}

func TestBadFiles(t *testing.T) {
	dir := t.TempDir()
	notOurs := filepath.Join(dir, "notes.txt")
	ok(t, os.WriteFile(notOurs, []byte(strings.Repeat("not a database\n", 1000)), 0o600))
	for _, path := range []string{dir, filepath.Join(dir, "no", "such", "dir", "f.db"), notOurs} {
		_, err := larder.Open(t.Context(), "sqlite:"+path)
		if err == nil || !strings.Contains(err.Error(), filepath.Base(path)) {
			t.Errorf("Open of %s: %v", path, err)
		}
	}
	if data, err := os.ReadFile(notOurs); err != nil || !strings.HasPrefix(string(data), "not a database") {
		t.Errorf("a file of others was changed: %.20q, %v", data, err)
	}
}
