package celery

import (
	"encoding/json"
	"fmt"
	"log/slog"
	"strings"
	"testing"
)

// TestNothingPrintsAPassword: whatever a program prints, logs or marshals of what it was configured with.
func TestNothingPrintsAPassword(t *testing.T) {
	cfg := Config{
		ResultBackend:                 "redis://u:s3cret@127.0.0.1:1/0?lazy=true",
		CacheBackendOptions:           map[string]any{"password": "s3cret"},
		Redis:                         RedisConfig{Host: "h", Password: "s3cret"},
		ResultBackendTransportOptions: TransportOptions{SentinelPassword: "s3cret"},
	}
	backend, err := NewBackend(cfg, kvQuiet)
	if err != nil {
		t.Fatal(err)
	}
	results := NewResults(backend)
	defer func() { _ = results.Close() }()
	var logged strings.Builder
	for _, logger := range []*slog.Logger{slog.New(slog.NewJSONHandler(&logged, nil)), slog.New(slog.NewTextHandler(&logged, nil))} {
		logger.Info("set up", "config", cfg, "redis", cfg.Redis, "options", cfg.ResultBackendTransportOptions)
	}
	for name, v := range map[string]any{
		"Config": cfg, "RedisConfig": cfg.Redis, "TransportOptions": cfg.ResultBackendTransportOptions, "Backend": backend, "Results": results,
	} {
		marshalled, err := json.Marshal(v)
		if err != nil {
			t.Errorf("%s: %v", name, err)
		}
		if text := fmt.Sprintf("%v %+v %#v %s %s", v, v, v, v, marshalled); strings.Contains(text, "s3cret") {
			t.Errorf("%s: %s", name, text)
		}
	}
	if text := logged.String(); strings.Contains(text, "s3cret") || !strings.Contains(text, "127.0.0.1") {
		t.Errorf("logged: %s", text)
	}
}

// TestOddURLsPrintNoPassword: those that are not written as they should be.
func TestOddURLsPrintNoPassword(t *testing.T) {
	for _, raw := range []string{
		"s3cret@h:1/0", "cache+s3cret@h:1/0", "u:s3cret@h:1/0", "sqlite:u:s3cret@h:1/0", "cache+memcached://u:1;s3cret/x@h", "memcached://a;u:s3cret@b;c",
	} {
		a, err := translate(Config{ResultBackend: raw})
		text := fmt.Sprint(Config{ResultBackend: raw}, a.masked, a.servers, err)
		if strings.Contains(text, "s3cret") {
			t.Errorf("%s: %s", raw, text)
		}
	}
}
