package drivertest

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/larder-go/larder/driver"
)

// patience is how long, in real time, a case waits for what has to happen at once. Only tests of the suite change it.
var patience = 30 * time.Second

// env is what one case works with: its store and the words to talk about it. Keys in its methods are
// without the prefix of the run.
type env struct {
	*testing.T
	h       *Harness
	prefix  string
	virtual bool // time stands still while a goroutine of the case runs
	ctx     context.Context

	store driver.Store
	parts

	someVersion driver.Version // of an entry, for calls that want any
}

func newEnv(t *testing.T, h *Harness, prefix string, virtual bool) *env {
	e := &env{T: t, h: h, prefix: prefix, virtual: virtual, ctx: t.Context()}
	if !virtual {
		// A store that hangs fails its own case, by name.
		ctx, cancel := context.WithTimeout(e.ctx, 2*time.Minute)
		t.Cleanup(cancel)
		e.ctx = ctx
	}
	return e
}

// open takes a store into use until the end of the case.
func (e *env) open(s driver.Store, needs []Capability) {
	e.Helper()
	if s == nil {
		e.Fatal("Harness.Open returned no store")
	}
	e.use(s)
	e.Cleanup(func() { e.closeInTime(s) })
	for _, c := range needs {
		if !e.has(c) {
			e.Fatalf("the harness declares %s, and the store does not have it (any more)", c)
		}
	}
}

// closeInTime ends a case whose store does not come back from Close.
func (e *env) closeInTime(s driver.Store) {
	closed := make(chan struct{})
	go func() {
		defer close(closed)
		_ = s.Close()
	}()
	hung := time.NewTimer(patience)
	defer hung.Stop()
	select {
	case <-closed:
	case <-hung.C:
		e.Errorf("Close has not come back for %v", patience)
	}
}

// able tells whether a capability is both declared and there. That a declared one is not there is a failure of
// its own; the cases that only use it in passing go on.
func (e *env) able(c Capability) bool {
	return e.h.declares([]Capability{c}) && e.has(c)
}

func (e *env) use(s driver.Store) { e.store, e.parts = s, partsOf(s) }

// on returns the same words for another store.
func (e *env) on(s driver.Store) *env {
	other := *e
	other.use(s)
	return &other
}

// k is the key as the store knows it.
func (e *env) k(key string) string { return e.prefix + key }

func (e *env) ks(keys ...string) []string {
	full := make([]string, len(keys))
	for i, k := range keys {
		full[i] = e.k(k)
	}
	return full
}

func (e *env) set(key, value string, ttl time.Duration) {
	e.Helper()
	if err := e.store.Set(e.ctx, e.k(key), []byte(value), ttl); err != nil {
		e.Fatalf("Set %s: %v", brief(e.k(key)), err)
	}
}

// want fails unless key holds value.
func (e *env) want(key, value string) {
	e.Helper()
	got, err := e.store.Get(e.ctx, e.k(key))
	if err != nil {
		e.Errorf("Get %s: %v; want %s", brief(e.k(key)), err, brief(value))
	} else if string(got) != value {
		e.Errorf("Get %s = %s; want %s", brief(e.k(key)), brief(string(got)), brief(value))
	}
}

// wantMiss fails unless nothing is at key.
func (e *env) wantMiss(key string) {
	e.Helper()
	if got, err := e.store.Get(e.ctx, e.k(key)); !errors.Is(err, driver.ErrMiss) {
		e.Errorf("Get %s = %s, %v; want ErrMiss", brief(e.k(key)), brief(string(got)), err)
	}
}

func (e *env) wantDelete(key string, want bool) {
	e.Helper()
	if got, err := e.store.Delete(e.ctx, e.k(key)); err != nil || got != want {
		e.Errorf("Delete %s = %v, %v; want %v", brief(e.k(key)), got, err, want)
	}
}

// wantErr fails unless err is target.
func (e *env) wantErr(what string, err, target error) {
	e.Helper()
	if !errors.Is(err, target) {
		e.Errorf("%s: error %v; want %v", what, err, target)
	}
}

// ok fails if a call that must work gave an error.
func (e *env) ok(what string, err error) {
	e.Helper()
	if err != nil {
		e.Fatalf("%s: %v", what, err)
	}
}

// decoys are entries of others: keys that a careless prefix would take along.
var decoys = map[string]string{
	"p":        "decoy 1",
	"p:1":      "decoy 2",
	"p:10:a":   "decoy 3",
	"p:2:a":    "decoy 4",
	"P:1:a":    "decoy 5",
	"q:p:1:a":  "decoy 6",
	"p:1\x00a": "decoy 7",
	"p_1:a":    "decoy 8",
}

// plantDecoys stores the entries of others, and looks at the end of the case whether they are as they were.
func (e *env) plantDecoys() {
	if e.prefix == "" {
		return
	}
	others := *e
	others.prefix = ""
	for k, v := range decoys {
		others.set(k, v, 0)
	}
	e.Cleanup(func() {
		others.ctx = context.WithoutCancel(e.ctx)
		for k, v := range decoys {
			others.want(k, v)
		}
	})
}
