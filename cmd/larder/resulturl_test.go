package main

import (
	"strings"
	"testing"

	"github.com/larder-go/larder/celery"
)

// TestDoctorOnResults: beside results alone nothing is to be changed, least of all the URL.
func TestDoctorOnResults(t *testing.T) {
	for name, open := range map[string]func(*testing.T) *shell{"sqlite": sqliteShell, "redis": redisShell, "memcached": func(t *testing.T) *shell { return memcachedShell(t) }} {
		t.Run(name, func(t *testing.T) {
			w := workersOn(open(t))
			w.ok(w.r.MarkDone(t.Context(), "one", 1, nil))
			group := celery.Group("g", "one", "two")
			w.ok(w.r.SaveGroup(t.Context(), group))
			w.ok(w.r.StartChord(t.Context(), group))
			keys := strings.Fields(w.run("keys", "--all").out)
			if len(keys) < 2 {
				t.Fatalf("keys: %q", keys)
			}
			for _, key := range keys {
				if !isResult(key) {
					t.Errorf("%s is not known as Celery's", key)
				}
			}
			r := w.run("doctor", "--url", w.url, "--timeout", "5s")
			if !strings.Contains(r.out, "ok    shared database  Celery's results are in it, such as \"c") || strings.Contains(r.out, "key_prefix=") || r.err != "" {
				t.Errorf("%+v", r)
			}
			w.want("", 0, "set", "a", "1", "--key-prefix", "other")
			if r := w.run("doctor", "--url", w.url); !strings.Contains(r.out, `such as "other::a", and the URL has no key_prefix`) {
				t.Errorf("%+v", r)
			}
		})
	}
	if !isResult("shop_celery-task-meta-x") || isResult("shop:1:celery") {
		t.Error("a global_keyprefix")
	}
}

// TestCelerysURLs: who gives the URL of results to a command for caches is told where it belongs.
func TestCelerysURLs(t *testing.T) {
	sh := &shell{t: t}
	const hint = " (it is a result_backend of Celery's, which larder results understands)"
	for url, celerys := range map[string]bool{
		"redis+socket:///run/r.sock?virtual_host=1":       true,
		"sentinel://127.0.0.1:1/0?master_name=m":          true,
		"cache+memory://":                                 true,
		"rediss://:s3cret@127.0.0.1:1?ssl_cert_reqs=none": true,
		"redis://127.0.0.1:1?socket_timeout=3":            true,
		"redis://127.0.0.1:1?socket_timeout=3&lazy=true":  true,
		"redis://127.0.0.1:1?lazy=false&socket_timeout=3": true,
		"redis://127.0.0.1:1?sockettimeout=3":             false,
		"redis://127.0.0.1:1":                             false,
		"amqp://127.0.0.1:1":                              false,
	} {
		for _, args := range [][]string{{"ping", "--url", url}, {"doctor", url}, {"get", "a", "--url", url}} {
			r := sh.run(args...)
			if r.status != 2 || strings.Contains(r.err, hint) != celerys || strings.Contains(r.out+r.err, "s3cret") {
				t.Errorf("%q: %+v", args, r)
			}
		}
		r := sh.run("results", "get", "a", "--url", url)
		if understood := !strings.Contains(r.err, "unknown") && !strings.Contains(r.err, "no URL"); understood != (celerys || url == "redis://127.0.0.1:1") {
			t.Errorf("results %s: %+v", url, r)
		}
	}
}
