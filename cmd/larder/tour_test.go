package main

import (
	"os"
	"strings"
	"testing"
	"time"
)

func TestTour(t *testing.T) {
	for _, c := range []struct {
		name string
		args []string
		ada  string
	}{
		{"sqlite by default", nil, "{Ada 36}, <nil>"},
		{"memory", []string{"--url", "memory://"}, "{Ada 36}, <nil>"},
		{"dummy", []string{"--url", "dummy://"}, "{ 0}, larder: no such entry"},
	} {
		t.Run(c.name, func(t *testing.T) {
			shortRates(t)
			dir := t.TempDir()
			t.Setenv("TMPDIR", dir)
			r := (&shell{t: t}).run(append([]string{"tour"}, c.args...)...)
			if r.status != 0 || r.err != "" {
				t.Fatalf("%d %s", r.status, r.err)
			}
			for _, want := range []string{c.ada, "\n1000 callers, 1 load(s)\n", "\ncache.Incr(", "\nSet ", "\nDelete "} {
				if !strings.Contains(r.out, want) {
					t.Errorf("no %q in\n%s", want, r.out)
				}
			}
			if left, _ := os.ReadDir(dir); len(left) > 0 {
				t.Errorf("left: %v", left)
			}
		})
	}
}

func shortRates(t *testing.T) {
	beforeTime, beforeVictims := rateTime, victims
	rateTime, victims = 5*time.Millisecond, 1000
	t.Cleanup(func() { rateTime, victims = beforeTime, beforeVictims })
}

// A tour on somebody's cache leaves it as it was.
func TestTourCleansUp(t *testing.T) {
	shortRates(t)
	sh := sqliteShell(t)
	sh.want("", 0, "set", "user:ada", "1")
	r := sh.want("~\"callers\":1000,\"loads\":1}~", 0, "tour", "--url", sh.url, "--json")
	if strings.Count(r.out, `{"call":`) < 20 || strings.Count(r.out, `{"verb":`) < 10 {
		t.Error(r.out)
	}
	sh.want("user:ada\n", 0, "keys")
}
