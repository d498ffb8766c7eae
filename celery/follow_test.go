package celery

import (
	"errors"
	"fmt"
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

// TestChangesThatDoNotFit become a gap.
func TestChangesThatDoNotFit(t *testing.T) {
	q := &changes{cut: 1, news: make(chan struct{}, 1)}
	for range 2 {
		for i := range followRoom {
			q.told(driver.Event{Kind: driver.Changed, Key: fmt.Sprint("x", i)})
		}
	}
	if ids, gap := q.take(); len(ids) != followRoom || gap || ids[0] != "0" {
		t.Errorf("%d ids, gap %t", len(ids), gap)
	}
	for i := range followRoom + 1 {
		q.told(driver.Event{Kind: driver.Changed, Key: fmt.Sprint("x", i)})
	}
	q.told(driver.Event{Kind: driver.Changed, Key: "xlast"})
	if ids, gap := q.take(); !slices.Equal(ids, []string{"last"}) || !gap {
		t.Errorf("%d ids, gap %t", len(ids), gap)
	}
	q.told(driver.Event{Kind: driver.Changed, Key: "xa"})
	q.told(driver.Event{Kind: driver.Gap})
	q.told(driver.Event{Kind: driver.Gap})
	if ids, gap := q.take(); len(ids) != 0 || !gap {
		t.Errorf("%q, gap %t", ids, gap)
	}
	q.told(driver.Event{Kind: driver.Gap})
	if _, gap := q.take(); gap {
		t.Error("told twice of one gap")
	}
	q.told(driver.Event{Kind: driver.Alive})
	if _, gap := q.take(); !gap {
		t.Error("not told that it works again")
	}
}
