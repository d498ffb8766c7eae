package celery

import (
	"context"
	"errors"
	"io"
	"testing"
	"time"

	"github.com/larder-go/larder/driver"
)

// losing is an engine whose answers to a Swap get lost, before it was done or behind it.
type losing struct {
	driver.Swapper
	before, behind int // how many
	between        func()
}

func (l *losing) Swap(ctx context.Context, key string, v driver.Version, value []byte, ttl time.Duration) (bool, error) {
	if l.before > 0 {
		l.before--
		return false, io.ErrUnexpectedEOF
	}
	done, err := l.Swapper.Swap(ctx, key, v, value, ttl)
	if l.behind > 0 {
		l.behind--
		if l.between != nil {
			l.between()
		}
		return false, io.ErrUnexpectedEOF
	}
	return done, err
}

var counting = []string{"memcached", "memory", "sqlite"}

// twoParts is a chord whose two parts are done, and nobody has reported them.
func twoParts(t *testing.T, name string) (*Results, *losing) {
	t.Helper()
	r := open(t, kvURL(t, name))
	must(t, r.StartChord(t.Context(), Group("g", "a", "b")))
	for _, id := range []string{"a", "b"} {
		must(t, r.MarkDone(t.Context(), id, id, nil))
	}
	l := &losing{Swapper: r.b.engine.swap}
	r.b.engine.swap = l
	return r, l
}

func part(r *Results, t *testing.T, id string) (*Chord, error) {
	return r.ChordPart(soon(t), Part{GroupID: "g", TaskID: id, State: Success, Size: 2})
}

// TestLostCountOfTheLastPart: its answer is lost, and it gets the chord all the same, whether it
// was counted or not.
func TestLostCountOfTheLastPart(t *testing.T) {
	for _, name := range counting {
		for _, counted := range []bool{false, true} {
			r, l := twoParts(t, name)
			if chord, err := part(r, t, "a"); chord != nil || err != nil {
				t.Fatal(chord, err)
			}
			if counted {
				l.behind = 1
			} else {
				l.before = 1
			}
			chord, err := part(r, t, "b")
			if err != nil || chord == nil || reprs(chord.Results) != "['a', 'b']" {
				t.Errorf("%s, counted %v: %+v, %v", name, counted, chord, err)
			}
		}
	}
}

// TestLostCountOfAnotherPart: nobody knows whether it counts, which is told, and the chord can be finished.
func TestLostCountOfAnotherPart(t *testing.T) {
	for _, name := range counting {
		r, l := twoParts(t, name)
		l.behind = 1
		chord, err := part(r, t, "a")
		if chord != nil || !errors.Is(err, ErrMaybeCounted) || !errors.Is(err, io.ErrUnexpectedEOF) {
			t.Errorf("%s: %+v, %v", name, chord, err)
		}
		if chord, err = r.FinishChord(soon(t), "g"); err != nil || chord == nil || reprs(chord.Results) != "['a', 'b']" {
			t.Errorf("%s: %+v, %v", name, chord, err)
		}
		must(t, chord.Started(soon(t)))
		if chord, err = r.FinishChord(soon(t), "g"); chord != nil || err != nil {
			t.Errorf("%s, once it was started: %+v, %v", name, chord, err)
		}
	}
}

// TestLostCountOfOneOfTwo: the other part was counted meanwhile, and gets the chord; it alone.
func TestLostCountOfOneOfTwo(t *testing.T) {
	for _, name := range counting {
		r, l := twoParts(t, name)
		l.behind = 1
		var other *Chord
		l.between = func() {
			var err error
			other, err = part(r, t, "b")
			must(t, err)
		}
		if chord, err := part(r, t, "a"); chord != nil || err != nil || other == nil {
			t.Errorf("%s: %+v, %v; %+v", name, chord, err, other)
		}
	}
}

// TestLostCountAgain: two answers in a row are lost, and it is not tried for ever.
func TestLostCountAgain(t *testing.T) {
	r, l := twoParts(t, "memory")
	l.before = 1 << 30
	if chord, err := part(r, t, "a"); chord != nil || !errors.Is(err, ErrMaybeCounted) {
		t.Errorf("%+v, %v", chord, err)
	}
}

// TestFinishChord: one that was reported too often is finished; one that is not done is not.
func TestFinishChord(t *testing.T) {
	for _, name := range counting {
		r, _ := twoParts(t, name)
		for range 3 {
			_, err := part(r, t, "a")
			must(t, err)
		}
		must(t, r.Forget(t.Context(), "b"))
		if chord, err := r.FinishChord(soon(t), "g"); chord != nil || err != nil {
			t.Errorf("%s, without b: %+v, %v", name, chord, err)
		}
		must(t, r.MarkDone(t.Context(), "b", "b", nil))
		if chord, err := r.FinishChord(soon(t), "g"); err != nil || chord == nil || reprs(chord.Results) != "['a', 'b']" {
			t.Errorf("%s: %+v, %v", name, chord, err)
		}
	}
	if _, err := open(t, kvURL(t, "redis")).FinishChord(soon(t), "g"); !errors.Is(err, errors.ErrUnsupported) {
		t.Error(err)
	}
}
