package celery

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"strings"
	"sync"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"github.com/larder-go/larder/internal/redistest"
)

var errRefused = &net.OpError{Op: "dial", Err: syscall.ECONNREFUSED}

// kvRetries makes a backend without an engine, to look at when it repeats.
func kvRetries(engineName string, cfg Config) *Backend {
	return &Backend{cfg: cfg, engine: engine{name: engineName}, logger: kvDiscard}
}

// attempts counts calls, and how long they took, in virtual time.
func attempts(t *testing.T, ctx context.Context, b *Backend, failures int, fault error) (calls int, took time.Duration, err error) {
	t.Helper()
	start := time.Now()
	err = b.always(ctx, "set", func() error {
		return b.byPolicy(ctx, "set", func() error {
			if calls++; calls <= failures {
				return fault
			}
			return nil
		})
	})
	return calls, time.Since(start), err
}

func TestRetryPolicy(t *testing.T) {
	policy := func(p RetryPolicy) Config {
		return Config{ResultBackendTransportOptions: TransportOptions{RetryPolicy: &p}}
	}
	for name, tt := range map[string]struct {
		engine   string
		cfg      Config
		failures int
		fault    error
		calls    int
		took     time.Duration
	}{
		"Celery's own":               {"redis", Config{}, 1000, errRefused, 21, 19 * time.Second},
		"it comes back":              {"redis", Config{}, 3, errRefused, 4, 2 * time.Second},
		"none":                       {"redis", policy(RetryPolicy{}), 1000, errRefused, 1, 0},
		"two":                        {"redis", policy(RetryPolicy{MaxRetries: 2, IntervalStep: time.Second, IntervalMax: time.Second}), 1000, errRefused, 3, time.Second},
		"it has a time":              {"redis", policy(RetryPolicy{MaxRetries: 100, IntervalStart: time.Second, Timeout: 5 * time.Second}), 1000, errRefused, 7, 6 * time.Second},
		"growing":                    {"redis", policy(RetryPolicy{MaxRetries: 4, IntervalStart: 1, IntervalStep: time.Second, IntervalMax: 3 * time.Second}), 1000, errRefused, 5, 6*time.Second + 4},
		"another engine":             {"memcached", Config{}, 1000, errRefused, 1, 0},
		"no fault of the connection": {"redis", Config{}, 1000, ErrTooLarge, 1, 0},
		"always":                     {"memcached", Config{ResultBackendAlwaysRetry: true, ResultBackendMaxRetries: 5}, 1000, io.EOF, 6, -1},
		"always, at no cost":         {"memcached", Config{ResultBackendAlwaysRetry: true, ResultBackendMaxRetries: NoRetries}, 1000, io.EOF, 1, 0},
		"always, it comes back":      {"memcached", Config{ResultBackendAlwaysRetry: true}, 300, io.EOF, 301, -1},
		"both":                       {"redis", Config{ResultBackendAlwaysRetry: true, ResultBackendMaxRetries: 1, ResultBackendMaxSleep: 1, ResultBackendTransportOptions: TransportOptions{RetryPolicy: &RetryPolicy{MaxRetries: 1}}}, 1000, errRefused, 4, -1},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				calls, took, err := attempts(t, t.Context(), kvRetries(tt.engine, tt.cfg), tt.failures, tt.fault)
				if calls != tt.calls || took != tt.took && tt.took >= 0 {
					t.Errorf("%d calls in %v, want %d in %v", calls, took, tt.calls, tt.took)
				}
				if failed := tt.calls <= tt.failures; failed != (err != nil) || failed && !errors.Is(err, tt.fault) {
					t.Errorf("%v", err)
				}
			})
		})
	}
}

func TestRetriesEndWithTheContext(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithTimeout(t.Context(), 90*time.Second)
		defer cancel()
		cfg := Config{ResultBackendAlwaysRetry: true, ResultBackendTransportOptions: TransportOptions{RetryPolicy: &RetryPolicy{
			MaxRetries: -1, IntervalStart: time.Hour,
		}}}
		calls, took, err := attempts(t, ctx, kvRetries("redis", cfg), 1000, errRefused)
		if calls != 1 || took != 90*time.Second || !errors.Is(err, context.DeadlineExceeded) || !errors.Is(err, syscall.ECONNREFUSED) {
			t.Errorf("%d calls in %v: %v", calls, took, err)
		}
	})
}

func TestBackoffIsFullJitter(t *testing.T) {
	for _, tt := range []struct {
		cfg   Config
		retry int
		bound time.Duration
	}{
		{Config{}, 0, 10 * time.Millisecond},
		{Config{}, 5, 320 * time.Millisecond},
		{Config{}, 10, 10 * time.Second},
		{Config{}, 1 << 40, 10 * time.Second},
		{Config{ResultBackendBaseSleep: 1, ResultBackendMaxSleep: time.Hour}, 39, 1 << 39},
		{Config{ResultBackendBaseSleep: time.Minute, ResultBackendMaxSleep: time.Second}, 0, time.Second},
	} {
		least, most := time.Duration(1<<62), time.Duration(0)
		for range 2000 {
			d := tt.cfg.backoff(tt.retry)
			least, most = min(least, d), max(most, d)
		}
		if most > tt.bound || most < tt.bound*9/10 || least > tt.bound/10 {
			t.Errorf("retry %d: %v to %v, want 0 to %v", tt.retry, least, most, tt.bound)
		}
	}
}

func TestWhatIsAConnectionFault(t *testing.T) {
	for _, err := range []error{errRefused, io.EOF, io.ErrUnexpectedEOF, fmt.Errorf("a: %w", syscall.ECONNRESET), net.ErrClosed,
		context.DeadlineExceeded, errors.New("LOADING Redis is loading the dataset in memory"), &net.DNSError{}} {
		if !isConnectionFault(t.Context(), err) {
			t.Errorf("%v is one", err)
		}
	}
	for _, err := range []error{ErrMiss, ErrClosed, ErrBadKey, ErrTooLarge, ErrForeign, errors.New("OOM command not allowed"), context.Canceled} {
		if isConnectionFault(t.Context(), err) {
			t.Errorf("%v is none", err)
		}
	}
	ended, cancel := context.WithCancel(t.Context())
	cancel()
	if isConnectionFault(ended, io.EOF) {
		t.Error("the caller has gone")
	}
}

// A server that comes back while Set waits has the value; Get has failed at once, as Celery's.
func TestSetOutlivesARestart(t *testing.T) {
	s := redistest.Start(t)
	log := &kvLog{}
	cfg := Config{ResultBackendTransportOptions: TransportOptions{RetryPolicy: &RetryPolicy{MaxRetries: -1, IntervalStart: 10 * time.Millisecond}}}
	b := kvOpen(t, s.URL(0), configured(cfg), log.option())
	s.Kill()
	if _, err := b.Get(t.Context(), "k"); err == nil || errors.Is(err, ErrMiss) {
		t.Errorf("get: %v", err)
	}
	var wait sync.WaitGroup
	wait.Go(func() {
		if err := b.Set(t.Context(), "k", []byte("v")); err != nil {
			t.Errorf("set: %v", err)
		}
	})
	for deadline := time.Now().Add(10 * time.Second); !strings.Contains(log.String(), "trying again"); time.Sleep(time.Millisecond) {
		if time.Now().After(deadline) {
			t.Error("it does not try again")
			break
		}
	}
	s.Restart(t)
	wait.Wait()
	if got := s.MustDo(t, "GET", "k"); got != "v" {
		t.Errorf("the server has %q", got)
	}
}

func TestAlwaysRetryIsForGetToo(t *testing.T) {
	for _, rawURL := range []string{"redis://127.0.0.1:1", "cache+memcached://127.0.0.1:1/"} {
		log := &kvLog{}
		b := kvOpen(t, rawURL+"?lazy=true", log.option(), configured(Config{ResultBackendAlwaysRetry: true, ResultBackendMaxRetries: 2, ResultBackendMaxSleep: 1}))
		if _, err := b.Get(t.Context(), "k"); err == nil || errors.Is(err, ErrMiss) {
			t.Errorf("%s: %v", rawURL, err)
		}
		if n := strings.Count(log.String(), "trying again"); n != 2 {
			t.Errorf("%s: %d retries, want 2", rawURL, n)
		}
	}
}
