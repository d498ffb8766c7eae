package keywait_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/larder-go/larder/celery/internal/enginetest"
	"github.com/larder-go/larder/celery/internal/keywait"
	"github.com/larder-go/larder/driver"
	"github.com/larder-go/larder/internal/memcachetest"
	"github.com/larder-go/larder/memcached"
)

// pair is a store on two servers. The one with the keys that begin with b may be frozen: its keys fail when
// the store's patience is over, or the caller's, and those of the other are answered together with them. It
// makes sure that no key is read by two at once.
type pair struct {
	*script
	t       *testing.T
	patient time.Duration // 0: b is well
	reading map[string]bool
	now     int // requests under way
	most    int
}

var errSilent = errors.New("no answer")

func (p *pair) GetMany(ctx context.Context, keys []string) ([]driver.Result, error) {
	p.begin(keys)
	defer p.end(keys)
	p.mu.Lock()
	patient := p.patient
	p.mu.Unlock()
	results, _ := p.script.GetMany(ctx, keys)
	if !strings.Contains(" "+strings.Join(keys, " "), " b") || patient == 0 {
		return results, nil
	}
	silent := errSilent
	select {
	case <-ctx.Done():
		silent = ctx.Err()
	case <-time.After(patient): // virtual
	}
	for i, key := range keys {
		if strings.HasPrefix(key, "b") {
			results[i] = driver.Result{Err: silent}
		}
	}
	return results, nil
}

func (p *pair) freeze(patient time.Duration) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.patient = patient
}

func (p *pair) begin(keys []string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, key := range keys {
		if p.reading[key] {
			p.t.Errorf("%s is read by two at once", key)
		}
		p.reading[key] = true
	}
	p.now++
	p.most = max(p.most, p.now)
}

func (p *pair) end(keys []string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, key := range keys {
		delete(p.reading, key)
	}
	p.now--
}

// delays are from a value being there to its being told: on average, and the longest.
type delays struct{ mean, most, begins time.Duration }

// live plays some 15 seconds in virtual time: more than ten callers a second begin to wait for keys of b, one
// always waits for a key of a whose value changes, and one after the other begins to wait for a key of a that
// has a value.
func (p *pair) live(w *keywait.Waiter) (d delays) {
	ctx, cancel := context.WithCancel(context.Background())
	var all sync.WaitGroup
	defer all.Wait()
	defer cancel()
	told := make(chan string)
	all.Go(func() {
		_ = w.Watch(ctx, []string{"a"}, func(_ string, value []byte, _ error) bool { told <- string(value); return false })
	})
	time.Sleep(time.Second)
	for i := range 200 {
		all.Go(func() {
			_ = w.Watch(ctx, []string{fmt.Sprint("b", i)}, func(string, []byte, error) bool { return false })
		})
		phase := time.Duration(i*13%37) * time.Millisecond
		time.Sleep(phase)
		value, began := fmt.Sprint(i), time.Now()
		p.set("a", value)
		for got := <-told; got != value; {
			got = <-told
		}
		d.mean += time.Since(began) / 200
		d.most = max(d.most, time.Since(began))
		key, began := fmt.Sprint("a", i), time.Now()
		p.set(key, "x")
		_ = w.Watch(ctx, []string{key}, func(string, []byte, error) bool { return true })
		d.begins = max(d.begins, time.Since(began))
		time.Sleep(60*time.Millisecond - phase)
	}
	return d
}

// TestFrozenNeighbour: whoever waits for keys of a server that is well does not notice that others begin to
// wait for keys of one that is frozen. When that goes on its keys are told.
func TestFrozenNeighbour(t *testing.T) {
	run := func(patient time.Duration) (d delays) {
		synctest.Test(t, func(t *testing.T) {
			p := &pair{script: newScript(), t: t, patient: patient, reading: map[string]bool{}}
			w := keywait.New(p, keywait.Options{})
			defer w.Close()
			d = p.live(w)
			p.freeze(0)
			p.set("b", "x")
			_ = w.Watch(context.Background(), []string{"b"}, func(string, []byte, error) bool { return true })
			if p.most > 16 {
				t.Errorf("%d requests at a time", p.most)
			}
		})
		return d
	}
	control, frozen := run(0), run(4*time.Second)
	t.Logf("control %v, frozen %v", control, frozen)
	if frozen.mean > control.mean+2*time.Millisecond || frozen.most > 20*time.Millisecond { // a poll is 16 ms, or a quarter longer
		t.Errorf("who waits is told after %v, and after %v without the other server", frozen.mean, control.mean)
	}
	if frozen.begins > control.begins+10*time.Millisecond {
		t.Errorf("who begins to wait is told after %v, and after %v without the other server", frozen.begins, control.begins)
	}
}

// TestFreezes: when a server freezes whose keys are read together with others, these wait once for as long as
// a quick answer may take. When it goes on, all of its keys are told.
func TestFreezes(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := &pair{script: newScript(), t: t, reading: map[string]bool{}}
		w := keywait.New(p, keywait.Options{})
		defer w.Close()
		told := make(chan string, 1000)
		var all sync.WaitGroup
		for i := range 100 {
			all.Go(func() {
				_ = w.Watch(context.Background(), []string{fmt.Sprint("a", i), fmt.Sprint("b", i)}, func(key string, _ []byte, _ error) bool {
					told <- key
					return true
				})
			})
		}
		time.Sleep(time.Second)
		p.freeze(4 * time.Second)
		began := time.Now()
		for i := range 100 {
			p.set(fmt.Sprint("a", i), "x")
			p.set(fmt.Sprint("b", i), "x")
		}
		for range 100 {
			if key := <-told; key[0] != 'a' {
				t.Errorf("told %s", key)
			}
		}
		if took := time.Since(began); took > 100*time.Millisecond {
			t.Errorf("it took %v", took)
		}
		time.Sleep(10 * time.Second)
		p.freeze(0)
		all.Wait()
	})
}

// TestFarStore: one that needs long for everything is not asked twice.
func TestFarStore(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newScript()
		s.read = func() { time.Sleep(80 * time.Millisecond) } // virtual
		w := keywait.New(far{s}, keywait.Options{})
		defer w.Close()
		for i := range 20 {
			key := fmt.Sprint("key", i)
			s.set(key, "x")
			began := time.Now()
			_ = w.Watch(context.Background(), []string{key}, func(string, []byte, error) bool { return true })
			if took := time.Since(began); took > 80*time.Millisecond && i >= 5 {
				t.Errorf("the value of %s after %v", key, took)
			}
		}
	})
}

// far is a script that obeys its context.
type far struct{ *script }

func (f far) GetMany(ctx context.Context, keys []string) ([]driver.Result, error) {
	results, err := f.script.GetMany(ctx, keys)
	if ctx.Err() != nil {
		return nil, ctx.Err()
	}
	return results, err
}

// TestFrozenMemcached is TestFrozenNeighbour with servers. What it takes is compared with the same while both
// are well.
func TestFrozenMemcached(t *testing.T) {
	const values = 8
	sound, frozen := memcachetest.Start(t), memcachetest.Start(t)
	store, err := memcached.Open(t.Context(), memcached.Options{Addresses: []string{sound.Addr(), frozen.Addr()}})
	store = enginetest.Closing(t, store, err).(*memcached.Store)
	on := onEach(t, store, frozen, 2*values)
	writer := enginetest.DialMemcached(t, sound.Addr())
	w := start(t, store, keywait.Options{})
	run := func(of [2][]string) time.Duration {
		began := time.Now()
		for i, key := range of[0] {
			watch(t, w, "end", of[1][i])
			h := watch(t, w, "end", key)
			h.expect(key + "=1")
			put(t, writer, key, "end")
			h.expect(key + "=end")
			h.done()
		}
		return time.Since(began)
	}
	control := run([2][]string{on[0][:values], on[1][:values]})
	frozen.Freeze(t)
	defer frozen.Thaw(t)
	took := run([2][]string{on[0][values:], on[1][values:]})
	t.Logf("%d values: %v, and %v while both were well", values, took, control)
	if took > 3*control+3*time.Second {
		t.Error("that is too long")
	}
}

// onEach stores 1 under n keys on each of two servers.
func onEach(t *testing.T, store driver.Store, second *memcachetest.Server, n int) (on [2][]string) {
	for i := 0; len(on[0]) < n || len(on[1]) < n; i++ {
		key := fmt.Sprint("key", i)
		put(t, store, key, "1")
		at := 0
		if _, _, there := second.Value(t, key); there {
			at = 1
		}
		on[at] = append(on[at], key)
	}
	return [2][]string{on[0][:n], on[1][:n]}
}
