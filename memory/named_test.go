package memory_test

import (
	"context"
	"errors"
	"strings"
	"testing"

	"github.com/larder-go/larder/driver"
	_ "github.com/larder-go/larder/memory"
)

// open opens a store by URL, as the portable side does.
func open(t *testing.T, rawURL string) (driver.Store, error) {
	t.Helper()
	u, err := driver.ParseURL(rawURL)
	if err != nil {
		t.Fatal(err)
	}
	e, err := driver.Lookup(u.Scheme)
	if err != nil {
		t.Fatal(err)
	}
	return e.Open(t.Context(), driver.Config{URL: u})
}

func mustOpen(t *testing.T, rawURL string) driver.Store {
	t.Helper()
	s, err := open(t, rawURL)
	if err != nil {
		t.Fatalf("open %s: %v", rawURL, err)
	}
	t.Cleanup(func() { _ = s.Close() })
	return s
}

func set(t *testing.T, s driver.Store, key string) {
	t.Helper()
	if err := s.Set(t.Context(), key, []byte("1"), 0); err != nil {
		t.Fatal(err)
	}
}

func has(t *testing.T, s driver.Store, key string) bool {
	t.Helper()
	_, err := s.Get(t.Context(), key)
	if err != nil && !errors.Is(err, driver.ErrMiss) {
		t.Fatal(err)
	}
	return err == nil
}

func TestSameNameIsSameStore(t *testing.T) {
	a, b := mustOpen(t, "memory://same"), mustOpen(t, "locmem://same/")
	set(t, a, "k")
	if !has(t, b, "k") {
		t.Error("two handles of one name have different data")
	}
	if isolated := mustOpen(t, "memory://same?isolate=true"); !has(t, isolated, "k") {
		t.Error("isolate is no limit: it is said per handle, on the same data")
	}
	if other := mustOpen(t, "memory://other"); has(t, other, "k") {
		t.Error("two names have the same data")
	}
}

func TestNoNameIsAStoreOfItsOwn(t *testing.T) {
	a, b := mustOpen(t, "memory://"), mustOpen(t, "memory:")
	set(t, a, "k")
	if has(t, b, "k") {
		t.Error("two stores without a name have the same data")
	}
}

func TestLastCloseDropsTheData(t *testing.T) {
	a, b := mustOpen(t, "memory://counted"), mustOpen(t, "memory://counted")
	set(t, a, "k")
	for range 3 { // a second Close of one handle does not count for the other one
		_ = a.Close()
	}
	if !has(t, b, "k") {
		t.Error("the data is gone with the first of two handles")
	}
	if _, err := a.Get(t.Context(), "k"); !errors.Is(err, driver.ErrClosed) {
		t.Errorf("a closed handle of an open store: %v; want ErrClosed", err)
	}
	_ = b.Close()
	if c := mustOpen(t, "memory://counted"); has(t, c, "k") {
		t.Error("the data has survived the last Close")
	}
}

func TestOtherLimitsAreAnError(t *testing.T) {
	mustOpen(t, "memory://limited?max_entries=10")
	mustOpen(t, "memory://limited?max_entries=10")
	for _, other := range []string{"", "?max_entries=11", "?max_bytes=10mb"} {
		s, err := open(t, "memory://limited"+other)
		if err == nil {
			_ = s.Close()
			t.Errorf("memory://limited%s beside max_entries=10: no error", other)
			continue
		}
		if !strings.Contains(err.Error(), "limited") || !strings.Contains(err.Error(), "max_entries=10") {
			t.Errorf("the error names neither the store nor its limit: %v", err)
		}
	}
}

func TestFailedOpenIsNotCounted(t *testing.T) {
	a := mustOpen(t, "memory://uncounted?max_entries=10")
	set(t, a, "k")
	if _, err := open(t, "memory://uncounted?max_entries=99"); err == nil {
		t.Fatal("no error")
	}
	_ = a.Close()
	if b := mustOpen(t, "memory://uncounted?max_entries=99"); has(t, b, "k") {
		t.Error("a failed Open keeps the data alive")
	}
}

func TestBadURLs(t *testing.T) {
	for rawURL, culprit := range map[string]string{
		"memory://?max_entries=5&max_bytes=1mb": "max_bytes",
		"memory://?max_entries=0":               "max_entries",
		"memory://?max_entries=-1":              "max_entries",
		"memory://?max_entries=many":            "max_entries",
		"memory://?max_bytes=0":                 "max_bytes",
		"memory://?max_bytes=9999999999gb":      "max_bytes",
		"memory://?isolate=perhaps":             "isolate",
		"memory://a;b":                          "memory URL",
		"memory://user@name":                    "memory URL",
		"memory://:secret@name":                 "memory URL",
		"memory:///path":                        "memory URL",
	} {
		s, err := open(t, rawURL)
		if err == nil {
			_ = s.Close()
			t.Errorf("%s: no error", rawURL)
		} else if !strings.Contains(err.Error(), culprit) || strings.Contains(err.Error(), "secret") {
			t.Errorf("%s: the error is %q; want %q named, and no password", rawURL, err, culprit)
		}
	}
}

// TestOpenAndCloseAtOnce: the count does not get lost among many who come and go.
func TestOpenAndCloseAtOnce(t *testing.T) {
	keeper := mustOpen(t, "memory://busy")
	set(t, keeper, "k")
	done := make(chan error)
	for range 8 {
		go func() { done <- comeAndGo("memory://busy") }()
	}
	for range 8 {
		if err := <-done; err != nil {
			t.Error(err)
		}
	}
	if !has(t, keeper, "k") {
		t.Error("the data is gone while a handle is open")
	}
}

func comeAndGo(rawURL string) error {
	u, err := driver.ParseURL(rawURL)
	if err != nil {
		return err
	}
	e, err := driver.Lookup(u.Scheme)
	if err != nil {
		return err
	}
	for range 100 {
		s, err := e.Open(context.Background(), driver.Config{URL: u})
		if err != nil {
			return err
		}
		if _, err := s.Get(context.Background(), "k"); err != nil {
			return err
		}
		_ = s.Close()
	}
	return nil
}
