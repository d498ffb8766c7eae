package main

import (
	"fmt"
	"strings"
	"testing"

	"github.com/larder-go/larder/celery"
)

func TestResultsAudit(t *testing.T) {
	resultEngines(t, func(w workers) {
		w.put(celery.Meta{TaskID: "good", Status: celery.Success})
		w.want("looked at: 1, all is well\n", 0, "results", "audit")
		w.want("", 0, "results", "audit", "--json")
		w.store("bad\x1b"[:3], "{")
		w.put(celery.Meta{TaskID: "old", Status: celery.Success})
		w.age("celery-task-meta-old", 0)
		w.want("~findings: 2\n", 1, "results", "audit")
		w.want("~no-ttl       celery-task-meta-old  it has no lifetime, ~", 1, "results", "audit")
		w.want("~unreadable   celery-task-meta-bad  malformed json at byte 1~", 1, "results", "audit")
		w.age("celery-task-meta-bad", 0)
		w.want("~unreadable   celery-task-meta-bad  malformed json at byte 1~; it has no lifetime, and stays until it is deleted\n~findings: 2\n",
			1, "results", "audit")
		w.want("~no-ttl       celery-task-meta-old  repaired: it has a lifetime now\n~looked at: 3, findings: 1, repaired: 2\n",
			1, "results", "audit", "--fix-ttl", "2h")
		w.age("celery-task-meta-bad", 0)
		if r := w.run("results", "audit", "--json"); r.status != 1 || strings.Count(r.out, "\n") != 2 || !strings.Contains(r.out, `"no-ttl"`) {
			t.Errorf("%+v", r)
		}
		w.want("unreadable   celery-task-meta-bad  malformed json at byte 1~; repaired: it has a lifetime now\nlooked at: 3, findings: 1, repaired: 1\n",
			1, "results", "audit", "--fix-ttl", "2h")
		w.want(`{"task_id":"old","ttl":7~,~`, 0, "results", "list", "old", "--json")
		w.want(`{"kind":"unreadable","id":"bad","key":"celery-task-meta-bad","text":"malformed json at byte 1~","repaired":false}`+"\n",
			1, "results", "audit", "--json")
		w.want("1\n", 0, "results", "forget", "bad")

		w.ok(w.r.StartChord(t.Context(), celery.Group("g", "x", "y")))
		w.want("~all is well\n", 0, "results", "audit")
		key := "chord-unlock-g"
		if !w.r.Backend().ImplementsIncr() {
			key = "celery-taskset-meta-g.s"
		}
		w.age(key, 86400-7200)
		w.want("stuck-chord  "+key+"  done: 0 of 2 parts; untouched for 2h0m~", 1, "results", "audit")
		w.want("~all is well\n", 0, "results", "audit", "--stuck-after", "3h")
		w.fails("--fix-ttl", "results", "audit", "--fix-ttl", "0")
		w.fails("would repair nothing", "results", "audit", "--fix-ttl", "never")
	})
}

func TestResultsAuditBar(t *testing.T) {
	w := workersOn(sqliteShell(t))
	for i := range 1200 {
		w.store(fmt.Sprint(i), "{")
	}
	w.tty = true
	r := w.run("results", "audit")
	if r.status != 1 || r.out != "looked at: 1200, findings: 1200\n" || !strings.Contains(r.err, "1200 entries, ") || strings.Count(r.err, "unreadable   ") != 1200 {
		t.Errorf("%d %q %.300q", r.status, r.out, r.err)
	}
	r = w.run("results", "audit", "--quiet")
	if r.status != 1 || strings.Count(r.out, "\n") != 1201 || r.err != "" {
		t.Errorf("%d %.300q %.300q", r.status, r.out, r.err)
	}
}
