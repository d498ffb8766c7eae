package celery

import (
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"
	"testing"

	"github.com/larder-go/larder/driver"
)

// TestFollow hears of every task, and of its end.
func TestFollow(t *testing.T) {
	url := kvURL(t, "redis")
	r, other := open(t, url, configured(Config{ResultCacheMax: 10})), open(t, url)
	begun, done := make(chan struct{}), make(chan struct{})
	last := map[string]string{}
	go func() {
		defer close(done)
		for c, err := range r.Follow(soon(t), "f-") {
			switch {
			case err != nil:
				t.Errorf("follow: %v", err)
				return
			case c.Gap && len(last) == 0:
				close(begun)
			case c.Err != nil:
				last[c.ID] = "unreadable"
			default:
				last[c.ID] = string(c.Meta.Status)
			}
			if last["f-end"] == "SUCCESS" {
				return
			}
		}
	}()
	<-begun
	ctx := t.Context()
	must(t, other.MarkStarted(ctx, "f-1", nil, nil))
	must(t, other.MarkDone(ctx, "not", 1, nil))
	must(t, other.MarkDone(ctx, "f-1", 1, nil))
	must(t, other.MarkDone(ctx, "f-2", 1, nil))
	result(t, r, "f-2") // which it keeps, until it is told
	must(t, other.Forget(ctx, "f-2"))
	other.raw(t, "f-3", "{")
	must(t, other.MarkDone(ctx, "f-end", 1, nil))
	<-done
	want := map[string]string{"f-1": "SUCCESS", "f-2": "PENDING", "f-3": "unreadable", "f-end": "SUCCESS"}
	if !maps.Equal(last, want) {
		t.Errorf("%v", last)
	}
}

func TestFollowEnds(t *testing.T) {
	for _, name := range []string{"memory", "sqlite", "memcached"} {
		for _, err := range open(t, kvURL(t, name)).Follow(t.Context(), "") {
			if !errors.Is(err, errors.ErrUnsupported) {
				t.Errorf("%s: %v", name, err)
			}
		}
	}
	r := open(t, kvURL(t, "redis"))
	for c, err := range r.Follow(soon(t), "") {
		switch {
		case c.Gap:
			must(t, r.Close())
		case !errors.Is(err, ErrClosed):
			t.Errorf("closed: %v", err)
		}
	}
}

// lossy is an engine whose next reads of many fail.
type lossy struct {
	driver.Batcher
	failures int
	err      error
}

func (l *lossy) GetMany(ctx context.Context, keys []string) ([]driver.Result, error) {
	if l.failures > 0 {
		l.failures--
		return nil, l.err
	}
	return l.Batcher.GetMany(ctx, keys)
}

// TestFollowLosesTheConnection: what could not be read because of that is a gap, and it goes on; any
// other fault ends it.
func TestFollowLosesTheConnection(t *testing.T) {
	r := open(t, kvURL(t, "redis"))
	l := &lossy{Batcher: r.b.engine.batch, failures: 1, err: io.ErrUnexpectedEOF}
	r.b.engine.batch = l
	ctx := soon(t)
	var told []string
	for c, err := range r.Follow(ctx, "") {
		switch {
		case err != nil:
			told = append(told, err.Error())
		case c.Gap:
			told = append(told, "gap")
		default:
			told = append(told, c.ID)
			l.failures, l.err = 1, errors.New("NOPERM")
		}
		if len(told) < 4 {
			must(t, r.MarkDone(ctx, fmt.Sprint("t", len(told)), 1, nil))
		}
	}
	if want := []string{"gap", "gap", "t2", "celery: redis: follow: NOPERM"}; !slices.Equal(told, want) {
		t.Errorf("%q, want %q", told, want)
	}
}
