package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"sync"
	"sync/atomic"
	"time"

	"github.com/larder-go/larder"
)

type tourCmd struct{}

func (tourCmd) Help() string {
	return `Shows each verb with its real result, then how many loads a thousand concurrent callers of one cold key
cause, then how fast the verbs are here. It takes some seconds.

It works on a temporary SQLite file. With --url it works on that cache, under keys of its own, and removes
them at the end.

Examples:

    larder tour
    larder tour --url memory://`
}

// Run is called by kong.
func (tourCmd) Run(a *app) error {
	if a.URL == "" {
		dir, err := os.MkdirTemp("", "larder-tour-")
		if err != nil {
			return err
		}
		defer func() { _ = os.RemoveAll(dir) }()
		a.URL = fileURL(filepath.Join(dir, "tour.db"))
	}
	return a.use(func(c *client) error {
		t := newTour(a, c.Cache)
		err := t.run()
		// Also when the run was interrupted. A second signal ends this too.
		ctx, cancel := context.WithTimeout(context.WithoutCancel(a.ctx), tourCleanUp)
		defer cancel()
		_, closing := larder.Of[any](c.Cache, t.prefix).Clear(ctx)
		if errors.Is(closing, errors.ErrUnsupported) {
			closing = nil
		}
		return errors.Join(err, closing)
	})
}

// tourCleanUp is how long a tour may take to remove its keys.
const tourCleanUp = time.Minute

// user is what the tour stores.
type user struct {
	Name string `json:"name"`
	Age  int    `json:"age"`
}

type tour struct {
	a      *app
	ctx    context.Context
	cache  *larder.Cache
	prefix string
	users  *larder.View[user]
	texts  *larder.View[string]
}

func newTour(a *app, c *larder.Cache) *tour {
	prefix := fmt.Sprintf("larder-tour-%d:", os.Getpid())
	return &tour{a, a.ctx, c, prefix, larder.Of[user](c, prefix+"user:"), larder.Of[string](c, prefix+"rate:")}
}

func (t *tour) run() error {
	for _, s := range t.steps() {
		if err := t.show(s); err != nil {
			return err
		}
	}
	if err := t.stampede(); err != nil {
		return err
	}
	return t.rates()
}

// show runs one step and prints it.
func (t *tour) show(s step) error {
	result, err := s.run(t.ctx)
	// A miss is an answer; so is what an engine cannot do.
	if err != nil && !errors.Is(err, larder.ErrMiss) && !errors.Is(err, errors.ErrUnsupported) {
		return err
	}
	if t.a.JSON {
		t.a.answer("", "call", s.call, "result", result)
	} else {
		fmt.Fprintf(t.a.out, "%-70s  %s\n", s.call, escapeKey(result))
	}
	return t.a.out.Flush()
}

// callers is how many ask for one cold key at the same time.
const callers = 1000

// stampede shows that one load serves all.
func (t *tour) stampede() error {
	var loads atomic.Int64
	var asking sync.WaitGroup
	asking.Add(callers)
	load := func(context.Context) (user, error) {
		loads.Add(1)
		asking.Wait()                     // a busy machine takes its time to start them all
		time.Sleep(50 * time.Millisecond) // a slow origin
		return user{"Ada", 36}, nil
	}
	errs := make([]error, callers)
	start := make(chan struct{})
	var wg sync.WaitGroup
	for i := range callers {
		wg.Go(func() {
			<-start
			asking.Done()
			_, errs[i] = t.users.GetOrSet(t.ctx, "cold", load, larder.TTL(time.Minute))
		})
	}
	close(start)
	wg.Wait()
	if err := errors.Join(errs...); err != nil {
		return err
	}
	if t.a.JSON {
		t.a.answer("", "callers", callers, "loads", loads.Load())
	} else {
		fmt.Fprintf(t.a.out, "\n%d callers, %d load(s)\n\n", callers, loads.Load())
	}
	return t.a.out.Flush()
}
