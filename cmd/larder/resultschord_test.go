package main

import (
	"strings"
	"testing"

	"github.com/larder-go/larder/celery"
)

// A chord that nobody has started: what is missing is said, in words.
func TestResultsChordNeverStarted(t *testing.T) {
	resultEngines(t, func(w workers) {
		counted, ctx := w.r.Backend().ImplementsIncr(), t.Context()
		w.put(celery.Meta{TaskID: "a", Status: celery.Success, Result: value(t, 7), GroupID: "g"})
		rows, why := golden("a|SUCCESS|-|7")+"done: 1 parts, of how many is not stored\n",
			"note: how many parts there are is not stored, so that no part will be the last: it is gone, or StartChord was never called"
		if counted {
			rows, why = golden("a|SUCCESS|"+done+"|7", "b|-|-")+"counted: 0 of 2 parts, there is no counter\nmissing: b\n",
				"note: the counter is not stored, so that no part will be the last: it is gone, or StartChord was never called, or this is a group without a body"
			w.ok(w.r.SaveGroup(ctx, celery.Group("g", "a", "b")))
		} else {
			_, err := w.r.ChordPart(ctx, celery.Part{GroupID: "g", TaskID: "a", State: celery.Success, Result: 7})
			w.ok(err)
		}
		r := w.run("results", "chord", "g")
		if r.status != 0 || r.out != rows || !strings.Contains(r.err, why) {
			t.Errorf("%+v", r)
		}
		if r := w.run("results", "chord", "g", "--json"); r.status != 0 || !strings.Contains(r.err, why) {
			t.Errorf("%+v", r)
		}
		w.ok(w.r.StartChord(ctx, celery.Group("g", "a", "b")))
		if r := w.run("results", "chord", "g"); strings.Contains(r.err, "StartChord") || !strings.Contains(r.out, " of 2 parts\n") {
			t.Errorf("after StartChord: %+v", r)
		}
		w.ok(w.r.StartChord(ctx, celery.Group("other", "a", "b")))
		if r := w.run("results", "chord", "other"); strings.Contains(r.err, "StartChord") {
			t.Errorf("before the first part: %+v", r)
		}
	})
}
