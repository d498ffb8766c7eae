package celery

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/larder-go/larder/driver"
)

// end stores a part's result and reports it.
func (r *Results) end(ctx context.Context, p Part) (*Chord, error) {
	if _, err := r.Store(ctx, p.TaskID, p.State, p.Result, &Request{GroupID: p.GroupID}); err != nil {
		return nil, err
	}
	return r.ChordPart(ctx, p)
}

// TestChordHundred: of a hundred parts that eight workers do, one is the last, and gets all results in order.
func TestChordHundred(t *testing.T) {
	const parts, workers = 100, 8
	each(t, func(t *testing.T, r *Results) {
		ctx := soon(t)
		header := Group("g", ids("t", parts)...)
		must(t, r.StartChord(ctx, header))
		var last atomic.Pointer[Chord]
		todo := make(chan int, parts)
		for _, i := range rand.Perm(parts) {
			todo <- i
		}
		close(todo)
		var working sync.WaitGroup
		for range workers {
			working.Go(func() {
				for i := range todo {
					chord, err := r.end(ctx, Part{GroupID: "g", TaskID: header.Nodes[i].ID, Index: i, State: Success, Result: i})
					if err != nil {
						t.Error(err)
					}
					if chord != nil && last.Swap(chord) != nil {
						t.Error("two parts were the last")
					}
				}
			})
		}
		working.Wait()
		chord := last.Load()
		if chord == nil {
			t.Fatal("no part was the last")
		}
		for i, v := range chord.Results {
			if v.Repr() != fmt.Sprint(i) {
				t.Fatalf("results %s", reprs(chord.Results))
			}
		}
		if len(chord.Results) != parts || chord.Err != nil {
			t.Errorf("%d results, %v", len(chord.Results), chord.Err)
		}
		if p, err := r.ChordProgress(ctx, "g"); err != nil || p.Done != parts || p.Size != parts || !p.Known {
			t.Errorf("%+v, %v", p, err)
		}
		must(t, chord.Started(ctx))
		must(t, chord.Started(ctx))
		if p, err := r.ChordProgress(ctx, "g"); err != nil || p.Known || p.Done != 0 {
			t.Errorf("after it was started: %+v, %v", p, err)
		}
	})
}

// TestChordFails: a part that has failed fails the body, with Celery's text.
func TestChordFails(t *testing.T) {
	each(t, func(t *testing.T, r *Results) {
		ctx := soon(t)
		must(t, r.StartChord(ctx, Group("g", "a", "b")))
		chord, err := r.end(ctx, Part{GroupID: "g", TaskID: "a", Index: 0, State: Failure, Result: Exception(builtins, "ValueError", "boom")})
		if err != nil || chord != nil {
			t.Fatalf("%+v, %v", chord, err)
		}
		chord, err = r.end(ctx, Part{GroupID: "g", TaskID: "b", Index: 1, State: Success, Result: 1})
		must(t, err)
		want := "celery.exceptions.ChordError: ValueError('boom')"
		if !r.b.ImplementsIncr() {
			want = "celery.exceptions.ChordError: Dependency a raised ValueError('boom')"
		}
		if chord == nil || chord.Err == nil || chord.Err.Error() != want || !errors.Is(chord.Err, ErrChord) {
			t.Fatalf("%+v, want %s", chord, want)
		}
		must(t, r.MarkFailed(ctx, "body", chord.Err, nil))
		if got := result(t, r, "body").Err(); got == nil || got.Error() != want {
			t.Errorf("the body: %v", got)
		}
		p, err := r.ChordProgress(ctx, "g")
		if err != nil || p.Known == r.b.ImplementsIncr() {
			t.Errorf("on Redis what was collected stays, elsewhere nothing does: %+v, %v", p, err)
		}
		if got := chord.CallbackError(errors.New("no broker")).Error(); got != "celery.exceptions.ChordError: Callback error: RuntimeError('no broker')" {
			t.Error(got)
		}
	})
}

// TestChordNested: a header with groups inside gives results of its form.
func TestChordNested(t *testing.T) {
	each(t, func(t *testing.T, r *Results) {
		ctx := soon(t)
		header := Group("g", "a")
		header.Nodes = append(header.Nodes, Group("inner", "b", "c"))
		must(t, r.StartChord(ctx, header))
		var last *Chord
		for i, id := range []string{"c", "a", "b"} {
			chord, err := r.end(ctx, Part{GroupID: "g", TaskID: id, Index: -1, State: Success, Result: id, Size: 3})
			must(t, err)
			if (chord != nil) != (i == 2) {
				t.Errorf("part %d: %+v", i, chord)
			}
			last = chord
		}
		if got, want := reprs(last.Results), "['a', ['b', 'c']]"; got != want {
			t.Errorf("%s, want %s", got, want)
		}
	})
}

// TestChordProgress shows what is missing.
func TestChordProgress(t *testing.T) {
	each(t, func(t *testing.T, r *Results) {
		ctx := soon(t)
		must(t, r.StartChord(ctx, Group("g", "a", "b")))
		_, err := r.end(ctx, Part{GroupID: "g", TaskID: "b", Index: 1, State: Failure, Result: errors.New("x")})
		must(t, err)
		p, err := r.ChordProgress(ctx, "g")
		must(t, err)
		if p.Done != 1 || p.Size != 2 || !p.Known || (p.Header != nil) != r.b.ImplementsIncr() {
			t.Errorf("%+v", p)
		}
		failed := slices.IndexFunc(p.Parts, func(m *Meta) bool { return m.TaskID == "b" })
		if failed < 0 || p.Parts[failed].Err() == nil || p.Parts[failed].Err().Error() != "RuntimeError: x" {
			t.Errorf("%+v", p.Parts)
		}
	})
}

// TestChordCounterGone: a chord whose counter has been lost would count from 1, and hang for ever.
func TestChordCounterGone(t *testing.T) {
	for _, name := range []string{"memcached", "memory", "sqlite"} {
		t.Run(name, func(t *testing.T) {
			r := open(t, kvURL(t, name))
			ctx := t.Context()
			must(t, r.StartChord(ctx, Group("g", "a")))
			if _, err := r.b.Delete(ctx, string(chordKey)+"g"); err != nil {
				t.Fatal(err)
			}
			if chord, err := r.end(ctx, Part{GroupID: "g", TaskID: "a", State: Success}); chord != nil || !errors.Is(err, ErrChordLost) || errors.Is(err, ErrMiss) {
				t.Errorf("%v, %v", chord, err)
			}
		})
	}
}

// TestChordJoinTimeout: a part whose result is not there does not hold the body for ever.
func TestChordJoinTimeout(t *testing.T) {
	r := inMemory(t, configured(Config{ResultChordJoinTimeout: time.Millisecond}))
	ctx := soon(t)
	must(t, r.StartChord(ctx, Group("g", "a")))
	chord, err := r.ChordPart(ctx, Part{GroupID: "g", TaskID: "a", State: Success})
	if want := "celery.exceptions.ChordError: TimeoutError('The operation timed out.')"; err != nil || chord == nil || chord.Err == nil || chord.Err.Error() != want {
		t.Fatalf("%+v, %v", chord, err)
	}
}

// noticing is a store that tells when a key is read.
type noticing struct {
	driver.Store
	key     string
	noticed func()
}

func (s *noticing) Get(ctx context.Context, key string) ([]byte, error) {
	if key == s.key {
		s.noticed()
	}
	return s.Store.Get(ctx, key)
}

// TestChordJoinAgain: whoever was last can try again, if its time is over while it reads the results; nobody else will.
func TestChordJoinAgain(t *testing.T) {
	r := inMemory(t, configured(Config{ResultChordJoinTimeout: time.Hour}))
	must(t, r.StartChord(t.Context(), Group("g", "a")))
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	r.b.engine.store = &noticing{r.b.engine.store, string(taskKey) + "a", cancel}
	chord, err := r.ChordPart(ctx, Part{GroupID: "g", TaskID: "a", State: Success})
	if !errors.Is(err, context.Canceled) || chord == nil || chord.Err != nil {
		t.Fatalf("%+v, %v", chord, err)
	}
	r.b.engine.store = r.b.engine.store.(*noticing).Store
	must(t, r.MarkDone(t.Context(), "a", 1, nil))
	if err := chord.Join(soon(t)); err != nil || reprs(chord.Results) != "[1]" {
		t.Errorf("%+v, %v", chord, err)
	}
}

// TestChordRestore: a header that cannot be read, or is gone, fails the body.
func TestChordRestore(t *testing.T) {
	r := inMemory(t)
	ctx := t.Context()
	must(t, r.StartChord(ctx, Group("g", "a")))
	must(t, r.DeleteGroup(ctx, "g"))
	chord, err := r.ChordPart(ctx, Part{GroupID: "g", TaskID: "a", State: Success})
	if want := "celery.exceptions.ChordError: GroupResult g no longer exists"; err != nil || chord.Err.Error() != want {
		t.Errorf("%+v, %v", chord, err)
	}
	must(t, chord.Started(ctx))
	must(t, r.b.Set(ctx, string(groupKey)+"g", []byte("{")))
	chord, err = r.ChordPart(ctx, Part{GroupID: "g", TaskID: "a", State: Success})
	if want := "celery.exceptions.ChordError: Cannot restore group: DecodeError("; err != nil || chord.Err.Error()[:len(want)] != want {
		t.Errorf("%+v, %v", chord, err)
	}
}

// TestChordOverCounted: a part that is reported again starts nothing.
func TestChordOverCounted(t *testing.T) {
	each(t, func(t *testing.T, r *Results) {
		ctx := soon(t)
		must(t, r.StartChord(ctx, Group("g", "a")))
		p := Part{GroupID: "g", TaskID: "a", State: Success, Result: 1}
		chord, err := r.end(ctx, p)
		if err != nil || chord == nil {
			t.Fatal(chord, err)
		}
		must(t, chord.Started(ctx))
		again, err := r.end(ctx, p)
		if again != nil && again.Err == nil {
			t.Errorf("%+v, %v", again, err)
		}
	})
}

// TestChordWithoutParts: nobody would ever start its body.
func TestChordWithoutParts(t *testing.T) {
	r := inMemory(t)
	for _, header := range []Node{Group("g"), Task("a"), {ID: "g", Group: true, Nodes: []Node{Group("inner")}}} {
		if err := r.StartChord(t.Context(), header); !errors.Is(err, errNoParts) {
			t.Errorf("%v: %v", header, err)
		}
	}
}

// TestAddToChord: only on Redis may a chord grow.
func TestAddToChord(t *testing.T) {
	each(t, func(t *testing.T, r *Results) {
		ctx := soon(t)
		must(t, r.StartChord(ctx, Group("g", "a")))
		err := r.AddToChord(ctx, "g")
		if r.b.ImplementsIncr() {
			if !errors.Is(err, errors.ErrUnsupported) {
				t.Error(err)
			}
			return
		}
		must(t, err)
		if chord, err := r.end(ctx, Part{GroupID: "g", TaskID: "a", State: Success}); chord != nil || err != nil {
			t.Errorf("%v, %v", chord, err)
		}
		chord, err := r.end(ctx, Part{GroupID: "g", TaskID: "b", Index: 1, State: Success, Result: 2})
		if err != nil || chord == nil || reprs(chord.Results) != "[None, 2]" {
			t.Errorf("%v, %v", chord, err)
		}
	})
}

// TestChordOrder: on Redis parts come in the order of the header, and those without a place behind them;
// unordered, as they were done.
func TestChordOrder(t *testing.T) {
	for _, unordered := range []bool{false, true} {
		r := open(t, kvURL(t, "redis"), configured(Config{ResultBackendTransportOptions: TransportOptions{ChordUnordered: unordered}}))
		ctx := soon(t)
		must(t, r.StartChord(ctx, Group("g", "a", "b", "c")))
		var last *Chord
		for i, index := range []int{-1, 1, 0} {
			chord, err := r.end(ctx, Part{GroupID: "g", TaskID: fmt.Sprint("t", i), Index: index, State: Success, Result: index})
			must(t, err)
			last = chord
		}
		want := map[bool]string{false: "[0, 1, -1]", true: "[-1, 1, 0]"}[unordered]
		if got := reprs(last.Results); got != want {
			t.Errorf("unordered %v: %s, want %s", unordered, got, want)
		}
		if chord, err := r.end(ctx, Part{GroupID: "g", TaskID: "more", Index: 7, State: Success}); chord != nil || err != nil {
			t.Errorf("one too many: %+v, %v", chord, err)
		}
		if chord, err := r.ChordPart(ctx, Part{GroupID: "g", State: Success}); chord != nil || !errors.Is(err, ErrBadID) {
			t.Errorf("a part that is no task: %+v, %v", chord, err)
		}
	}
}
