package celery

import (
	"errors"
	"fmt"
	"strings"
	"testing"
)

// TestChordNeverStarted: whoever forgets StartChord is told, and not left with a chord that hangs. On Redis the
// last part finds out, and is the last after all when it is reported again.
func TestChordNeverStarted(t *testing.T) {
	each(t, func(t *testing.T, r *Results) {
		ctx := soon(t)
		header := Group("g", "a", "b")
		must(t, r.SaveGroup(ctx, header))
		report := func(i int) (*Chord, error) {
			return r.end(ctx, Part{GroupID: "g", TaskID: header.Nodes[i].ID, Index: i, State: Success, Result: i, Size: 2})
		}
		counted := r.b.ImplementsIncr()
		if chord, err := report(0); chord != nil || errors.Is(err, ErrChordLost) != counted || err != nil && !counted {
			t.Errorf("the first part: %+v, %v", chord, err)
		}
		chord, err := report(1)
		if chord != nil || !errors.Is(err, ErrChordLost) || !strings.Contains(err.Error(), "StartChord was never called") {
			t.Errorf("the last part: %+v, %v", chord, err)
		}
		if counted {
			return
		}
		must(t, r.StartChord(ctx, header))
		if chord, err := report(1); err != nil || chord == nil || reprs(chord.Results) != "[0, 1]" {
			t.Errorf("after StartChord: %+v, %v", chord, err)
		}
	})
}

// TestChordGrowsUnstarted: Python says how many tasks a header has just before it sends the last one. Until then a part
// that adds others is no sign that this is missing.
func TestChordGrowsUnstarted(t *testing.T) {
	r := open(t, kvURL(t, "redis"))
	ctx := soon(t)
	report := func(i int) (*Chord, error) {
		return r.end(ctx, Part{GroupID: "g", TaskID: fmt.Sprint("t", i), Index: i, State: Success, Size: 2})
	}
	must(t, r.AddToChord(ctx, "g"))
	for i := range 2 {
		if chord, err := report(i); chord != nil || err != nil {
			t.Errorf("part %d: %+v, %v", i, chord, err)
		}
	}
	if p, err := r.ChordProgress(ctx, "g"); err != nil || p.Size != 0 || p.Done != 2 {
		t.Errorf("%+v, %v", p, err)
	}
	must(t, r.StartChord(ctx, Group("g", "t0", "t2")))
	if chord, err := report(2); err != nil || chord == nil || len(chord.Results) != 3 {
		t.Errorf("the last part: %+v, %v", chord, err)
	}
}
