package celery

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/larder-go/larder/driver"
)

// kvPlain is a backend on an engine that has nothing but the four methods of a driver.Store.
func kvPlain(t *testing.T) *Backend {
	t.Helper()
	b := kvOpen(t, "memory://")
	b.engine = resolve("plain", struct{ driver.Store }{b.engine.store})
	return b
}

func TestBackendOnAnEngineOfFourMethods(t *testing.T) {
	b := kvPlain(t)
	ctx := t.Context()
	kvWant(t, b, "k", "v")
	kvWant(t, b, "large", strings.Repeat("x", largeValue))
	entries, err := b.MGet(ctx, []string{"absent", "k"})
	if err != nil || !errors.Is(entries[0].Err, ErrMiss) || string(entries[1].Value) != "v" {
		t.Errorf("%v, %v", entries, err)
	}
	if err := b.Ping(ctx); err != nil {
		t.Errorf("ping: %v", err)
	}
	_, err1 := b.Incr(ctx, "n")
	_, err2 := b.Incr(ctx, "chord-unlock-n")
	_, err3 := b.Expire(ctx, "k", 5)
	for i, err := range []error{err1, err2, err3} {
		if !errors.Is(err, errors.ErrUnsupported) || !strings.Contains(err.Error(), "celery: plain: ") {
			t.Errorf("call %d: %v", i, err)
		}
	}
	ended, cancel := context.WithCancel(ctx)
	cancel()
	if _, err := b.engine.getMany(ended, []string{"k"}); !errors.Is(err, context.Canceled) {
		t.Errorf("an ended context: %v", err)
	}
}

func TestLocation(t *testing.T) {
	warsaw := time.FixedZone("Europe/Warsaw", 3600)
	for want, cfg := range map[*time.Location]Config{
		time.UTC: {}, time.Local: {LocalTime: true}, warsaw: {Timezone: warsaw, LocalTime: true},
	} {
		if got := cfg.Location(); got != want {
			t.Errorf("%v, want %v", got, want)
		}
	}
}

// What is wrong may hold a password too.
func TestConfigIsPrintedWithoutPasswords(t *testing.T) {
	for raw, want := range map[string]string{
		"":                           "celery.Config{}",
		"redis://u:s3cret@h/x":       "celery.Config{redis:…}",
		"redis:://u:s3cret@h":        "celery.Config{redis:…}",
		"u:s3cret@h":                 "celery.Config{u:…}",
		"s3cret":                     "celery.Config{}",
		"sentinel://:s3cret@a":       "celery.Config{sentinel:…}", // no master_name
		"rediss://:s3cret@h":         "celery.Config{rediss://:**@h/}",
		"cache+pylibmc://u:s3cret@h": "celery.Config{pylibmc://u:**@h/}",
	} {
		cfg := Config{ResultBackend: raw}
		if got := cfg.String(); got != want || cfg.GoString() != got {
			t.Errorf("%s: %s, want %s", raw, got, want)
		}
	}
	b := kvOpen(t, "memory://")
	if b.Config().ResultBackend != "memory://" {
		t.Errorf("%+v", b.Config())
	}
}

func TestQuietBehaviors(t *testing.T) {
	behaviors := map[string]any{"tcp_nodelay": true, "verify_keys": true, "no_block": true, "connect_timeout": 1500, "cas": true}
	a, err := translate(Config{ResultBackend: "memcached://a", CacheBackendOptions: map[string]any{"behaviors": behaviors, "binary": true}})
	if err != nil || len(a.warnings) != 3 || a.engine != "memcached://a/?hash=modula&dial_timeout=1500ms&keys=verbatim" {
		t.Errorf("%s, %v, %v", a.engine, a.warnings, err)
	}
}
