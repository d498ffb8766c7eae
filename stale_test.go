package larder_test

import (
	"context"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/larder-go/larder"
	"github.com/larder-go/larder/driver"
	"github.com/larder-go/larder/memory"
)

// gated stops a Get after it has read, a Set after it has stored, and a Delete before it removes.
type gated struct {
	driver.Store
	gets      atomic.Int64
	afterGet  map[int64]chan struct{} // by the number of the call
	afterSet  chan struct{}
	beforeDel chan struct{}
}

func (g *gated) Get(ctx context.Context, key string) ([]byte, error) {
	n := g.gets.Add(1)
	data, err := g.Store.Get(ctx, key)
	if gate := g.afterGet[n]; gate != nil {
		<-gate
	}
	return data, err
}

func (g *gated) Set(ctx context.Context, key string, value []byte, ttl time.Duration) error {
	err := g.Store.Set(ctx, key, value, ttl)
	if g.afterSet != nil {
		<-g.afterSet
	}
	return err
}

func (g *gated) Delete(ctx context.Context, key string) (bool, error) {
	if g.beforeDel != nil {
		<-g.beforeDel
	}
	return g.Store.Delete(ctx, key)
}

// gatedTest runs a test on a store that stops the first two Gets.
func gatedTest(t *testing.T, run func(t *testing.T, g *gated, v *larder.View[string])) {
	synctest.Test(t, func(t *testing.T) {
		store, err := memory.New(memory.Options{Isolate: true})
		ok(t, err)
		g := &gated{Store: store, afterGet: map[int64]chan struct{}{1: make(chan struct{}), 2: make(chan struct{})}}
		c, err := larder.New(g, quiet())
		ok(t, err)
		t.Cleanup(func() { _ = c.Close() })
		run(t, g, larder.Of[string](c, ""))
	})
}

// TestNobodyJoinsWhatBeganDuringADelete: a leader whose second look-up has found the entry that a Delete is about to
// remove does not hand it to those who come after the Delete.
func TestNobodyJoinsWhatBeganDuringADelete(t *testing.T) {
	gatedTest(t, func(t *testing.T, g *gated, v *larder.View[string]) {
		g.beforeDel = make(chan struct{})
		go func() { _, _ = v.GetOrSet(t.Context(), "k", larder.Value("fresh")) }()
		synctest.Wait() // its first look-up has missed
		ok(t, v.Set(t.Context(), "k", "old"))
		deleted := make(chan struct{})
		go func() { defer close(deleted); _, _ = v.Delete(t.Context(), "k") }()
		synctest.Wait()
		close(g.afterGet[1])
		synctest.Wait() // it leads, and its second look-up has found "old"
		close(g.beforeDel)
		<-deleted
		got := make(chan string)
		go func() { s, _ := v.GetOrSet(t.Context(), "k", larder.Value("fresh")); got <- s }()
		synctest.Wait()
		close(g.afterGet[2])
		if s := <-got; s != "fresh" {
			t.Errorf("GetOrSet after the Delete = %q", s)
		}
	})
}

// TestALookUpIsNotShared: the same with a Delete by another process, of which this one knows nothing.
func TestALookUpIsNotShared(t *testing.T) {
	gatedTest(t, func(t *testing.T, g *gated, v *larder.View[string]) {
		go func() { _, _ = v.GetOrSet(t.Context(), "k", larder.Value("fresh")) }()
		synctest.Wait()
		ok(t, g.Set(t.Context(), "::k", []byte(`"old"`), 0))
		close(g.afterGet[1])
		synctest.Wait() // it leads, and its second look-up has found "old"
		_, err := g.Store.Delete(t.Context(), "::k")
		ok(t, err)
		got := make(chan string)
		go func() { s, _ := v.GetOrSet(t.Context(), "k", larder.Value("fresh")); got <- s }()
		synctest.Wait() // it has joined
		close(g.afterGet[2])
		if s := <-got; s != "fresh" {
			t.Errorf("GetOrSet after the Delete = %q", s)
		}
	})
}

// TestNobodyJoinsWhatADeleteHasRemoved: a load that began while a Delete was under way, and whose value the Delete has
// removed, is not handed to those who come after.
func TestNobodyJoinsWhatADeleteHasRemoved(t *testing.T) {
	gatedTest(t, func(t *testing.T, g *gated, v *larder.View[string]) {
		close(g.afterGet[1])
		close(g.afterGet[2])
		g.beforeDel, g.afterSet = make(chan struct{}), make(chan struct{})
		deleted := make(chan struct{})
		go func() { defer close(deleted); _, _ = v.Delete(t.Context(), "k") }()
		synctest.Wait() // it has told the loads, and not removed yet
		go func() { _, _ = v.GetOrSet(t.Context(), "k", larder.Value("removed")) }()
		synctest.Wait() // it has stored
		close(g.beforeDel)
		<-deleted
		got := make(chan string)
		go func() { s, _ := v.GetOrSet(t.Context(), "k", larder.Value("fresh")); got <- s }()
		synctest.Wait()
		close(g.afterSet)
		if s := <-got; s != "fresh" {
			t.Errorf("GetOrSet after the Delete = %q", s)
		}
	})
}
