package main

import (
	"context"
	"errors"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/larder-go/larder/celery"
	"github.com/larder-go/larder/celery/py"
	_ "github.com/larder-go/larder/memory"
)

// TestSettings: the file that Python reads too says all that is needed.
func TestSettings(t *testing.T) {
	f, err := os.Open("celery.json")
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	cfg, warnings, err := celery.ReadConfig(f)
	if err != nil || len(warnings) > 0 || cfg.ResultBackend != "redis://localhost:6379/1" || *cfg.ResultExpires != time.Hour || !cfg.ResultExtended {
		t.Errorf("%v %v %v", cfg, warnings, err)
	}
}

// TestStoreAndWait: what one half of the program stores the other one waits for.
func TestStoreAndWait(t *testing.T) {
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	defer cancel()
	results, err := celery.Open(ctx, "memory://")
	if err != nil {
		t.Fatal(err)
	}
	defer results.Close()
	stored := make(chan error, 1)
	go func() { stored <- store(ctx, results, "good", `{"total": 42}`) }()
	var out strings.Builder
	if err := wait(ctx, &out, results, "good"); err != nil || !strings.HasPrefix(out.String(), "SUCCESS {'total': 42}\n") {
		t.Errorf("%q %v", out.String(), err)
	}
	if err := <-stored; err != nil {
		t.Error(err)
	}
	made := time.Date(2026, 11, 22, 5, 34, 20, 0, time.UTC)
	_, err = results.StoreMeta(ctx, &celery.Meta{TaskID: "report", Status: celery.Success, Extended: true, Name: "tasks.report", Result: reportValue(t, made)})
	if err != nil {
		t.Fatal(err)
	}
	out.Reset()
	if err := wait(ctx, &out, results, "report"); err != nil || !strings.HasSuffix(out.String(), "3 pages, made at 05:34:20\n") {
		t.Errorf("%q %v", out.String(), err)
	}
	if err := results.MarkFailed(ctx, "bad", celery.Exception("builtins", "ValueError", "boom"), nil); err != nil {
		t.Fatal(err)
	}
	var failed *celery.TaskError
	if err := wait(ctx, &out, results, "bad"); !errors.As(err, &failed) || failed.Type != "ValueError" {
		t.Error(err)
	}
	if err := store(ctx, results, "bad", "{"); err == nil {
		t.Error("half an object was stored")
	}
}

func reportValue(t *testing.T, made time.Time) py.Value {
	t.Helper()
	v, err := py.Of(report{Pages: 3, Made: made})
	if err != nil {
		t.Fatal(err)
	}
	return v
}
