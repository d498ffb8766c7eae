package celery

import (
	"encoding/json"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	_ "github.com/larder-go/larder/dummy"
	"github.com/larder-go/larder/internal/memcachetest"
	"github.com/larder-go/larder/internal/redistest"
	_ "github.com/larder-go/larder/memcached"
	_ "github.com/larder-go/larder/memory"
	_ "github.com/larder-go/larder/redis"
	_ "github.com/larder-go/larder/sqlite"
)

// kvVectors reads a file of what real programs did.
func kvVectors[T any](t testing.TB, name string) []T {
	t.Helper()
	text, err := os.ReadFile(filepath.Join("testdata", name+".json"))
	if err != nil {
		t.Fatal(err)
	}
	var all []T
	if err := json.Unmarshal(text, &all); err != nil {
		t.Fatal(err)
	}
	return all
}

// kvDiscard logs nothing.
var kvDiscard = slog.New(slog.DiscardHandler)

// kvQuiet is for backends whose warnings nobody has to read.
var kvQuiet = WithLogger(kvDiscard)

// kvOpen opens a backend for a test.
func kvOpen(t testing.TB, rawURL string, opts ...Option) *Backend {
	t.Helper()
	b, err := OpenBackend(t.Context(), rawURL, append([]Option{kvQuiet}, opts...)...)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := b.Close(); err != nil {
			t.Errorf("close: %v", err)
		}
	})
	return b
}

// kvLog keeps what a backend logs.
type kvLog struct {
	mu   sync.Mutex
	text strings.Builder
}

func (l *kvLog) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.Write(p)
}

func (l *kvLog) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.String()
}

func (l *kvLog) option() Option {
	return WithLogger(slog.New(slog.NewTextHandler(l, &slog.HandlerOptions{Level: slog.LevelDebug})))
}

// kvEach runs a test on every engine, with several servers where there can be.
func kvEach(t *testing.T, test func(t *testing.T, b *Backend)) {
	t.Helper()
	for _, name := range []string{"redis", "memcached", "memcached2", "memory", "sqlite"} {
		t.Run(name, func(t *testing.T) { test(t, kvOpen(t, kvURL(t, name))) })
	}
}

// kvURL starts what an engine needs, and returns its URL.
func kvURL(t testing.TB, name string) string {
	t.Helper()
	switch name {
	case "redis":
		return redistest.Start(t).URL(1)
	case "memcached":
		return "cache+memcached://" + memcachetest.Start(t).Addr() + "/"
	case "memcached2":
		return "cache+pylibmc://" + memcachetest.Start(t).Addr() + ";" + memcachetest.Start(t).Addr() + "/"
	case "sqlite":
		return "sqlite://" + filepath.Join(t.TempDir(), "results.db")
	}
	return "memory://"
}
