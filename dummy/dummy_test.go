// Package dummy_test is the dummy engine's own subject: the conformance suite asks for what it does not do.
package dummy_test

import (
	"context"
	"errors"
	"strings"
	"testing"

	"go.uber.org/goleak"

	"github.com/larder-go/larder/driver"
	"github.com/larder-go/larder/dummy"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func TestNothingIsStored(t *testing.T) {
	ctx, s := t.Context(), dummy.New()
	if err := s.Set(ctx, "k", []byte("1"), 0); err != nil {
		t.Fatal(err)
	}
	if err := s.SetMany(ctx, []driver.Item{{Key: "k", Value: []byte("1")}}, 0); err != nil {
		t.Fatal(err)
	}
	if _, err := s.Get(ctx, "k"); !errors.Is(err, driver.ErrMiss) {
		t.Errorf("Get: %v", err)
	}
	results, err := s.GetMany(ctx, []string{"k", "l"})
	if err != nil || len(results) != 2 || !errors.Is(results[0].Err, driver.ErrMiss) || !errors.Is(results[1].Err, driver.ErrMiss) {
		t.Errorf("GetMany = %v, %v", results, err)
	}
	if _, _, err := s.GetVersion(ctx, "k"); !errors.Is(err, driver.ErrMiss) {
		t.Errorf("GetVersion: %v", err)
	}
	if infos, err := s.Inspect(ctx, []string{"k"}); len(infos) != 0 || err != nil {
		t.Errorf("Inspect = %v, %v", infos, err)
	}
	for key, err := range s.Scan(ctx, "") {
		t.Errorf("Scan yields %q, %v", key, err)
	}
}

func TestEveryAnswerIsNo(t *testing.T) {
	ctx, s := t.Context(), dummy.New()
	add, err1 := s.Add(ctx, "k", []byte("1"), 0)
	touch, err2 := s.Touch(ctx, "k", 0)
	was, err3 := s.Delete(ctx, "k")
	swapped, err4 := s.Swap(ctx, "k", nil, []byte("1"), 0)
	if add || touch || was || swapped {
		t.Errorf("Add, Touch, Delete, Swap = %v, %v, %v, %v", add, touch, was, swapped)
	}
	n1, err5 := s.DeleteMany(ctx, []string{"k"})
	n2, err6 := s.Clear(ctx, "k")
	n3, err7 := s.ClearAll(ctx)
	if n1+n2+n3 != 0 {
		t.Errorf("DeleteMany, Clear, ClearAll = %d, %d, %d", n1, n2, n3)
	}
	if err := errors.Join(err1, err2, err3, err4, err5, err6, err7); err != nil {
		t.Error(err)
	}
}

func TestCountersGiveDelta(t *testing.T) {
	ctx, s := t.Context(), dummy.New()
	for range 2 {
		if n, err := s.Incr(ctx, "n", -3, 0); n != -3 || err != nil {
			t.Errorf("Incr = %d, %v", n, err)
		}
		if f, err := s.IncrFloat(ctx, "n", 0.5, 0); f != 0.5 || err != nil {
			t.Errorf("IncrFloat = %v, %v", f, err)
		}
	}
}

// calls is every method that can fail.
func calls(ctx context.Context, s *dummy.Store) map[string]error {
	errs := map[string]error{}
	_, errs["Get"] = s.Get(ctx, "k")
	errs["Set"] = s.Set(ctx, "k", nil, 0)
	_, errs["Delete"] = s.Delete(ctx, "k")
	_, errs["GetMany"] = s.GetMany(ctx, []string{"k"})
	errs["SetMany"] = s.SetMany(ctx, nil, 0)
	_, errs["DeleteMany"] = s.DeleteMany(ctx, nil)
	_, errs["Add"] = s.Add(ctx, "k", nil, 0)
	_, errs["Touch"] = s.Touch(ctx, "k", 0)
	_, errs["Incr"] = s.Incr(ctx, "k", 1, 0)
	_, errs["IncrFloat"] = s.IncrFloat(ctx, "k", 1, 0)
	_, _, errs["GetVersion"] = s.GetVersion(ctx, "k")
	_, errs["Swap"] = s.Swap(ctx, "k", nil, nil, 0)
	for _, err := range s.Scan(ctx, "") {
		errs["Scan"] = err
	}
	_, errs["Clear"] = s.Clear(ctx, "k")
	_, errs["ClearAll"] = s.ClearAll(ctx)
	_, errs["Inspect"] = s.Inspect(ctx, nil)
	_, errs["Ping"] = s.Ping(ctx)
	return errs
}

func TestClosedAndCancelled(t *testing.T) {
	cancelled, cancel := context.WithCancel(t.Context())
	cancel()
	s := dummy.New()
	for name, err := range calls(cancelled, s) {
		if !errors.Is(err, context.Canceled) {
			t.Errorf("%s with a context that has ended: %v", name, err)
		}
	}
	for range 2 {
		if err := s.Close(); err != nil {
			t.Errorf("Close: %v", err)
		}
	}
	errs := calls(t.Context(), s)
	if len(errs) != 17 {
		t.Errorf("%d methods; want 17", len(errs))
	}
	for name, err := range errs {
		if !errors.Is(err, driver.ErrClosed) {
			t.Errorf("%s after Close: %v", name, err)
		}
	}
}

func TestURLs(t *testing.T) {
	e, err := driver.Lookup("dummy")
	if err != nil || e.Name != "dummy" {
		t.Fatalf("Lookup = %s, %v", e.Name, err)
	}
	for rawURL, ok := range map[string]bool{
		"dummy://": true, "dummy:": true, "dummy:///": true, "dummy://host": false, "dummy://:secret@": false, "dummy:path": false,
	} {
		u, err := driver.ParseURL(rawURL)
		if err != nil {
			t.Fatal(err)
		}
		_, err = e.Open(t.Context(), driver.Config{URL: u})
		if (err == nil) != ok || (err != nil && strings.Contains(err.Error(), "secret")) {
			t.Errorf("%s: %v", rawURL, err)
		}
	}
}
