package pause_test

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"github.com/larder-go/larder/driver"
	"github.com/larder-go/larder/internal/pause"
)

// TestFor plays each end in virtual time.
func TestFor(t *testing.T) {
	const d = time.Hour
	for name, c := range map[string]struct {
		ends, closes time.Duration // 0: at once
		want         error
		took         time.Duration
	}{
		"the time is over":     {2 * d, 2 * d, nil, d},
		"the context ends":     {time.Second, 2 * d, context.DeadlineExceeded, time.Second},
		"the context has long": {0, 2 * d, context.DeadlineExceeded, 0},
		"it is closed":         {2 * d, time.Second, driver.ErrClosed, time.Second},
	} {
		synctest.Test(t, func(t *testing.T) {
			ctx, cancel := context.WithTimeout(context.Background(), c.ends)
			defer cancel()
			closed := make(chan struct{})
			closer := time.AfterFunc(c.closes, func() { close(closed) })
			defer closer.Stop()
			began := time.Now()
			err := pause.For(ctx, d, closed)
			if took := time.Since(began); !errors.Is(err, c.want) || took != c.took {
				t.Errorf("%s: %v after %v", name, err, took)
			}
		})
	}
}

// TestEnded: who has no time left does not go on, even if there is nothing to wait for.
func TestEnded(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	for range 100 {
		if err := pause.For(ctx, 0, nil); !errors.Is(err, context.Canceled) {
			t.Fatal(err)
		}
	}
}
