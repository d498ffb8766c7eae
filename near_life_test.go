package larder_test

import (
	"context"
	"errors"
	"math/rand/v2"
	"runtime"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/larder-go/larder"
	"github.com/larder-go/larder/driver"
	"github.com/larder-go/larder/driver/drivertest"
	"github.com/larder-go/larder/memory"
)

// TestNearMany: a batch asks for what is not near, and keeps it.
func TestNearMany(t *testing.T) {
	r := newRemote(t)
	v := larder.Of[int](nearCache(t, r), "")
	for _, key := range []string{"a", "b", "c"} {
		r.put(t, "k:1:"+key, "1", 0)
	}
	want(t, v, "a", 1)
	r.asked(t, 1)
	all := map[string]int{"a": 1, "b": 1, "c": 1}
	for _, n := range []int{3, 0} {
		said(t, "GetMany", all)(v.GetMany(t.Context(), []string{"a", "b", "none", "c"}))
		r.asked(t, n)
	}
	said(t, "GetOrSetMany", all)(v.GetOrSetMany(t.Context(), []string{"a", "b", "c"}, nil))
	r.asked(t, 0)

	r.changed("k:1:b")
	gate := r.Block(drivertest.OpInspect)
	done := make(chan error)
	go func() { _, err := v.GetMany(context.Background(), []string{"a", "b"}); done <- err }()
	_, err := gate.Wait(t.Context())
	ok(t, err)
	r.put(t, "k:1:b", "2", 0)
	r.changed("k:1:b")
	gate.Release()
	ok(t, <-done)
	said(t, "GetMany", map[string]int{"a": 1, "b": 2})(v.GetMany(t.Context(), []string{"a", "b"}))
}

// TestNearMissIsNoReasonToLoad: what another process has stored is found though a copy says that there is nothing.
func TestNearMissIsNoReasonToLoad(t *testing.T) {
	r := newRemote(t)
	v := larder.Of[int](nearCache(t, r), "")
	wantMiss(t, v, "a")
	wantMiss(t, v, "b")
	r.put(t, "k:1:a", "1", 0) // and nobody has been told yet
	r.put(t, "k:1:b", "2", 0)
	said(t, "GetOrSet", 1)(v.GetOrSet(t.Context(), "a", never[int](t)))
	want(t, v, "a", 1)
	said(t, "GetOrSetMany", map[string]int{"a": 1, "b": 2})(v.GetOrSetMany(t.Context(), []string{"a", "b"},
		func(context.Context, []string) (map[string]int, error) { t.Error("the loader runs"); return nil, nil }))
	want(t, v, "b", 2)
}

// TestNearFaults: neither a fault nor what does not decode is kept.
func TestNearFaults(t *testing.T) {
	r := newRemote(t)
	v := larder.Of[int](nearCache(t, r), "")
	r.put(t, "k:1:a", "no number", 0)
	_, err := v.Get(t.Context(), "a")
	wantErr(t, "Get", err, larder.ErrCodec)
	r.put(t, "k:1:a", "1", 0)
	want(t, v, "a", 1)
	r.changed("k:1:a")
	r.Fail(drivertest.OpGet, errOrigin)
	_, err = v.Get(t.Context(), "a")
	wantErr(t, "Get", err, errOrigin)
	r.Heal()
	want(t, v, "a", 1)
	ended, cancel := context.WithCancel(t.Context())
	cancel()
	_, err = v.Get(ended, "a")
	wantErr(t, "Get with an ended context", err, context.Canceled)
	_, err = v.Get(t.Context(), strings.Repeat("x", driver.MaxKeyLen))
	wantErr(t, "Get", err, larder.ErrBadKey)
}

// TestNearUntilThereIsAWatch: as long as the server cannot be reached there are no copies, and then there are.
func TestNearUntilThereIsAWatch(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRemote(t)
		r.refusal = errOrigin
		c, err := larder.New(r, larder.WithNear(larder.Near{MaxEntries: 10}), larder.WithKeyPrefix("k"), larder.WithVersion("1"))
		ok(t, err)
		wantErr(t, "the first attempt", larder.AwaitNear(t.Context(), c), errOrigin)
		v := larder.Of[int](c, "")
		r.put(t, "k:1:a", "1", 0)
		want(t, v, "a", 1)
		want(t, v, "a", 1)
		r.asked(t, 2)
		time.Sleep(time.Minute)
		r.mu.Lock()
		if r.refusal = nil; r.watches < 5 || r.watches > 30 {
			t.Errorf("%d attempts to watch in a minute", r.watches)
		}
		r.mu.Unlock()
		time.Sleep(10 * time.Second)
		r.alive()
		want(t, v, "a", 1)
		want(t, v, "a", 1)
		r.asked(t, 1)
		ok(t, c.Close())
		if r.stops != 1 {
			t.Errorf("Close has stopped %d watches", r.stops)
		}
		_, err = v.Get(t.Context(), "a")
		wantErr(t, "Get after Close", err, larder.ErrClosed)
	})
}

// TestNearClosesWhileItTries: Close does not wait for a watch that cannot be had.
func TestNearClosesWhileItTries(t *testing.T) {
	r := newRemote(t)
	gate := r.Block(drivertest.OpWatch)
	c, err := larder.New(blocked{r}, larder.WithNear(larder.Near{MaxEntries: 10}))
	ok(t, err)
	_, err = gate.Wait(t.Context())
	ok(t, err)
	ok(t, c.Close())
}

// blocked is a remote whose Watch stands at the gate of OpWatch.
type blocked struct{ *remote }

func (b blocked) Watch(ctx context.Context, prefix string, tell func(driver.Event)) (func(), error) {
	if _, err := b.Faulty.Watch(ctx, prefix, tell); !errors.Is(err, errors.ErrUnsupported) {
		return nil, err
	}
	return b.remote.Watch(ctx, prefix, tell)
}

var registerNearTest = sync.OnceFunc(func() {
	driver.Register(driver.Engine{Name: "neartest", Schemes: []string{"neartest"}, Params: []string{"near", "near_ttl", "own"},
		Open: func(_ context.Context, c driver.Config) (driver.Store, error) {
			if err := c.URL.CheckParams("own"); err != nil {
				return nil, err
			}
			store, err := memory.New(memory.Options{Isolate: true})
			return &remote{Faulty: drivertest.NewFaulty(store)}, err
		}})
})

func TestNearOptions(t *testing.T) {
	registerNearTest()
	for url, says := range map[string]string{
		"neartest://?near=100":             "near_max_entries=100",
		"neartest://?near=64mb&own=1":      "near_max_bytes=67108864",
		"neartest://?near=64kb&near_ttl=5": "near_max_bytes=65536",
	} {
		c := openCache(t, url)
		facts, err := c.Report(t.Context())
		ok(t, err)
		var all []string
		for _, f := range facts {
			all = append(all, f.Name+"="+strings.TrimSpace(toText(f.Value)))
		}
		if text := strings.Join(all, " "); !strings.Contains(text, says) || !strings.Contains(text, "near=watched") {
			t.Errorf("%s: %s", url, text)
		}
	}
	for url, says := range map[string]string{
		"neartest://?near=0":            "near=0",
		"neartest://?near=-1":           "near=-1",
		"neartest://?near=much":         "near=much",
		"neartest://?near=":             "near=",
		"neartest://?near=10&near_ttl=": "near_ttl=",
		"neartest://?near_ttl=5":        "near_ttl without near",
		"memory://?near=10":             `unknown parameter "near"`,
		"dummy://?near_ttl=10":          "near_ttl",
	} {
		c, err := larder.Open(t.Context(), url)
		if err == nil {
			_ = c.Close()
		}
		if err == nil || !strings.Contains(err.Error(), says) {
			t.Errorf("Open %s: %v; want it to say %s", url, err, says)
		}
	}
	for _, n := range []larder.Near{{}, {MaxEntries: 1, MaxBytes: 1}, {MaxEntries: -1}, {MaxEntries: 1, TTL: -1}} {
		r := newRemote(t)
		if _, err := larder.New(r, larder.WithNear(n)); err == nil {
			t.Errorf("New takes %+v", n)
		}
		ok(t, r.Close())
	}
	store, err := memory.New(memory.Options{})
	ok(t, err)
	if _, err := larder.New(store, larder.WithNear(larder.Near{MaxEntries: 1})); err == nil {
		t.Error("New takes a near copy of an engine in this process")
	}
	ok(t, store.Close())
}

func toText(v any) string {
	switch v := v.(type) {
	case string:
		return v
	case int64:
		return strconv.FormatInt(v, 10)
	}
	return ""
}

func TestNearHitAllocatesNothing(t *testing.T) {
	r := newRemote(t)
	v := larder.Of[point](nearCache(t, r), "")
	r.put(t, "k:1:a", `{"X":1,"Label":"text"}`, 0)
	want(t, v, "a", point{X: 1, Label: "text"})
	ctx := t.Context()
	if n := testing.AllocsPerRun(100, func() { _, _ = v.Get(ctx, "a") }); n > 0 && !raceEnabled {
		t.Errorf("a near hit allocates %v times", n)
	}
}

// TestNearRandom: once an invalidation was told, nobody reads what it has voided; with gaps, own writes and evictions.
func TestNearRandom(t *testing.T) {
	r := newRemote(t)
	c := nearCache(t, r, larder.WithNear(larder.Near{MaxEntries: 6}))
	v := larder.Of[int](c, "")
	const keys, rounds = 8, 2000
	var told [keys]atomic.Int64 // the value of which readers have to know
	var wg sync.WaitGroup
	stop := make(chan struct{})
	for range 4 {
		wg.Go(func() {
			for {
				select {
				case <-stop:
					return
				default:
				}
				runtime.Gosched() // to the writer, which would wait for the time slices of all readers
				k := rand.N(keys)
				least := told[k].Load()
				got, err := v.Get(context.Background(), strconv.Itoa(k))
				if err != nil && !errors.Is(err, larder.ErrMiss) || int64(got) < least {
					t.Errorf("read %d, %v; %d was told before", got, err, least)
					return
				}
			}
		})
	}
	for i := 0; i < rounds || c.Stats().Near.Hits < 100; i++ {
		k := rand.N(keys)
		key := strconv.Itoa(k)
		if i%3 == 0 {
			ok(t, v.Set(t.Context(), key, i))
		} else {
			r.put(t, "k:1:"+key, strconv.Itoa(i), 0)
			if i%50 == 1 {
				r.gap()
			} else {
				r.changed("k:1:" + key)
			}
			r.alive()
		}
		told[k].Store(int64(i))
		runtime.Gosched() // to readers
	}
	close(stop)
	wg.Wait()
	if s := c.Stats().Near; s.Flushes == 0 {
		t.Errorf("%+v", s)
	}
}
