package main

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/larder-go/larder/celery"
)

// workers is what a test stores results with, on the shell's engine.
type workers struct {
	*shell
	r *celery.Results
}

// resultEngines runs a test on each engine.
func resultEngines(t *testing.T, test func(w workers)) {
	for name, make := range map[string]func(*testing.T) *shell{
		"memory": memoryShell, "sqlite": sqliteShell, "redis": redisShell, "memcached": twoMemcached,
	} {
		t.Run(name, func(t *testing.T) { test(workersOn(make(t))) })
	}
}

func workersOn(sh *shell, opts ...celery.Option) workers {
	sh.t.Helper()
	return workersWith(sh, celery.Config{}, opts...)
}

// workersWith are those of an application that is configured so.
func workersWith(sh *shell, cfg celery.Config, opts ...celery.Option) workers {
	sh.t.Helper()
	cfg.ResultBackend = sh.url
	r, err := celery.OpenConfig(context.Background(), cfg, opts...)
	if err != nil {
		sh.t.Fatal(err)
	}
	sh.t.Cleanup(func() { _ = r.Close() })
	return workers{sh, r}
}

// twoMemcached is two servers, as Celery names them.
func twoMemcached(t *testing.T) *shell {
	needs(t, "memcached")
	servers := memcachedPool().Take(t, 2)
	return &shell{t: t, url: fmt.Sprintf("cache+memcached://%s;%s/", servers[0].Addr(), servers[1].Addr())}
}

// store stores text as another program would.
func (w workers) store(id, text string) {
	w.t.Helper()
	w.ok(w.r.Backend().Set(w.t.Context(), "celery-task-meta-"+id, []byte(text)))
}

// age gives a key what is left of a day's lifetime, in seconds.
func (w workers) age(key string, left int) {
	w.t.Helper()
	there, err := w.r.Backend().Expire(w.t.Context(), key, left)
	if err != nil || !there {
		w.t.Fatalf("%q: %t %v", key, there, err)
	}
}

func (w workers) ok(err error) {
	w.t.Helper()
	if err != nil {
		w.t.Fatal(err)
	}
}

// at is a moment that tests know.
var at = time.Date(2026, 11, 21, 20, 35, 7, 776047000, time.UTC)

// put stores a result that was done at that moment.
func (w workers) put(m celery.Meta) {
	w.t.Helper()
	m.DateDone = at
	_, err := w.r.StoreMeta(w.t.Context(), &m)
	w.ok(err)
}

// golden is rows as a test writes them: columns by |.
func golden(rows ...string) string {
	var b strings.Builder
	for _, row := range rows {
		c := strings.SplitN(row, "|", 4)
		for len(c) < 4 {
			c = append(c, "")
		}
		b.WriteString(strings.TrimRight(fmt.Sprintf("%-36s  %-8s  %-19s  %s", c[0], c[1], c[2], c[3]), " ") + "\n")
	}
	return b.String()
}

const done = "2026-11-21 20:35:07"

// wantOneNote is want of a command that adds one note to its answer.
func (sh *shell) wantOneNote(note, out string, status int, args ...string) {
	sh.t.Helper()
	r := sh.run(args...)
	if r.status != status || !matches(r.out, out) || strings.Count(r.err, "\n") != 1 || !strings.HasPrefix(r.err, "larder: note: ") ||
		!strings.Contains(r.err, note) {
		sh.t.Errorf("larder %q: %+v\nwant %d %q, and %q", args, r, status, out, note)
	}
	sh.want(out, status, append(args, "--quiet")...)
}
