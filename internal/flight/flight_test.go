package flight_test

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"runtime"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"

	"go.uber.org/goleak"

	"github.com/larder-go/larder/driver"
	"github.com/larder-go/larder/internal/flight"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

var open = make(chan struct{}) // a cache that is never closed

func join(t *testing.T, g *flight.Group, key string, wantLead bool) *flight.Flight {
	t.Helper()
	f, leads, err := g.Join(t.Context(), key)
	if err != nil || leads != wantLead {
		t.Fatalf("Join = leads %v, %v; want %v", leads, err, wantLead)
	}
	return f
}

func result(text string) flight.Result { return flight.Result{Value: driver.Bytes(text)} }

func wantWait(t *testing.T, f *flight.Flight, want flight.Outcome, value string) {
	t.Helper()
	r, outcome, err := f.Wait(t.Context(), open, 0)
	if err != nil || outcome != want || (value != "" && r.Value != driver.Bytes(value)) {
		t.Errorf("Wait = %v, %v, %v; want %v, %q", r, outcome, err, want, value)
	}
}

func TestFinishTellsAll(t *testing.T) {
	g := flight.New()
	f := join(t, g, "k", true)
	a, b := join(t, g, "k", false), join(t, g, "k", false)
	if !f.BeginStore() {
		t.Error("a load that nobody voids may not store")
	}
	f.Finish(result("1"))
	wantWait(t, a, flight.Done, "1")
	wantWait(t, b, flight.Done, "1")
	join(t, g, "k", true).Finish(result("2"))
}

func TestOtherKeysAreOtherLoads(t *testing.T) {
	g := flight.New()
	for i := range 1000 {
		defer join(t, g, fmt.Sprint(i), true).Finish(result(""))
	}
}

func TestBatonGoesOn(t *testing.T) {
	g := flight.New()
	f := join(t, g, "k", true)
	a, b := join(t, g, "k", false), join(t, g, "k", false)
	f.Abandon()
	wantWait(t, a, flight.Lead, "")
	a.Abandon()
	wantWait(t, b, flight.Lead, "")
	late := join(t, g, "k", false)
	b.Finish(result("1"))
	wantWait(t, late, flight.Done, "1")
}

func TestBatonThatNobodyTakes(t *testing.T) {
	g := flight.New()
	f := join(t, g, "k", true)
	a, b := join(t, g, "k", false), join(t, g, "k", false)
	f.Abandon()
	a.Leave()
	b.Leave()
	join(t, g, "k", true).Abandon()
	join(t, g, "k", true).Finish(result(""))
}

func TestVoidedBaton(t *testing.T) {
	g := flight.New()
	f := join(t, g, "k", true)
	a, b := join(t, g, "k", false), join(t, g, "k", false)
	f.Abandon()
	if err := g.Void(t.Context(), "", "k"); err != nil {
		t.Fatal(err)
	}
	fresh := join(t, g, "k", true) // who comes later is not held up
	wantWait(t, a, flight.Again, "")
	wantWait(t, b, flight.Again, "")
	if !fresh.BeginStore() {
		t.Error("the load that began after the write is void")
	}
	fresh.Finish(result(""))
}

func TestVoid(t *testing.T) {
	g := flight.New()
	for name, void := range map[string]func() error{
		"Void":          func() error { return g.Void(t.Context(), "pre", "fix:k") },
		"VoidPrefix":    func() error { return g.VoidPrefix(t.Context(), "pref") },
		"VoidPrefix ''": func() error { return g.VoidPrefix(t.Context(), "") },
	} {
		f, waiter := join(t, g, "prefix:k", true), join(t, g, "prefix:k", false)
		other := join(t, g, "pre", true)
		if err := void(); err != nil {
			t.Fatal(err)
		}
		if f.BeginStore() {
			t.Errorf("%s: the load may store", name)
		}
		if other.BeginStore() == (name == "VoidPrefix ''") {
			t.Errorf("%s: wrong of a key that does not begin with the prefix", name)
		}
		fresh := join(t, g, "prefix:k", true)
		f.Finish(result("old"))
		wantWait(t, waiter, flight.Done, "old")
		second := join(t, g, "prefix:k", false)
		fresh.Finish(result("new"))
		wantWait(t, second, flight.Done, "new")
		other.Finish(result(""))
	}
}

func TestVoidWaitsForTheStore(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g := flight.New()
		f := join(t, g, "k", true)
		if !f.BeginStore() {
			t.Fatal("void")
		}
		var voided, joined atomic.Int64
		for range 2 {
			go func() {
				if err := g.Void(t.Context(), "", "k"); err == nil {
					voided.Add(1)
				}
				if err := g.VoidPrefix(t.Context(), "k"); err == nil {
					voided.Add(1)
				}
			}()
		}
		synctest.Wait()
		ctx, cancel := context.WithCancel(t.Context())
		go func() {
			_, _, err := g.Join(ctx, "k")
			if !errors.Is(err, context.Canceled) {
				t.Errorf("Join: %v", err)
			}
		}()
		go func() {
			f, leads, err := g.Join(t.Context(), "k")
			if err != nil || !leads {
				t.Errorf("Join after a voided store = leads %v, %v", leads, err)
			}
			joined.Add(1)
			f.Finish(result(""))
		}()
		synctest.Wait()
		cancel()
		synctest.Wait()
		if voided.Load() != 0 || joined.Load() != 0 {
			t.Error("somebody does not wait for the store")
		}
		f.Finish(result(""))
		synctest.Wait()
		if voided.Load() != 4 || joined.Load() != 1 {
			t.Errorf("%d writes and %d callers have gone on", voided.Load(), joined.Load())
		}
	})
}

func TestWaitEnds(t *testing.T) {
	g, closed := flight.New(), make(chan struct{})
	f := join(t, g, "k", true)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, _, err := join(t, g, "k", false).Wait(ctx, open, 0); !errors.Is(err, context.Canceled) {
		t.Errorf("Wait: %v", err)
	}
	close(closed)
	if _, _, err := join(t, g, "k", false).Wait(t.Context(), closed, 0); !errors.Is(err, driver.ErrClosed) {
		t.Errorf("Wait: %v", err)
	}
	f.Abandon() // nobody waits any more
	join(t, g, "k", true).Finish(result(""))
}

// TestFinishEarly: who asked before the load began gets its result, whoever came later looks for himself, once.
func TestFinishEarly(t *testing.T) {
	g := flight.New()
	f := join(t, g, "k", true)
	before, early := g.Now(), join(t, g, "k", false)
	f.Begin()
	after, late := g.Now(), join(t, g, "k", false)
	if !f.Seal() {
		t.Error("a load that nobody voids may not store")
	}
	f.FinishEarly(result("1"))
	waitSince(t, early, before, flight.Done, "1")
	waitSince(t, late, after, flight.Again, "")
	next := join(t, g, "k", true)
	again := join(t, g, "k", false)
	next.Begin()
	next.FinishEarly(result("2"))
	waitSince(t, again, after, flight.Done, "2")
}

// TestFinishEarlyOfWhatHasNotBegun: a leader that says nothing hands on nothing.
func TestFinishEarlyOfWhatHasNotBegun(t *testing.T) {
	g := flight.New()
	f, waiter := join(t, g, "k", true), join(t, g, "k", false)
	f.FinishEarly(result("1"))
	waitSince(t, waiter, g.Now(), flight.Again, "")
}

func waitSince(t *testing.T, f *flight.Flight, asked flight.Moment, want flight.Outcome, value string) {
	t.Helper()
	r, outcome, err := f.Wait(t.Context(), open, asked)
	if err != nil || outcome != want || (value != "" && r.Value != driver.Bytes(value)) {
		t.Errorf("Wait = %v, %v, %v; want %v, %q", r, outcome, err, want, value)
	}
}

// TestSealed: nobody joins what is being stored, or is on its way to be given up.
func TestSealed(t *testing.T) {
	for name, end := range map[string]func(f *flight.Flight){
		"Finish":      func(f *flight.Flight) { f.Finish(result("old")) },
		"FinishEarly": func(f *flight.Flight) { f.FinishEarly(result("old")) },
		"Retry":       func(f *flight.Flight) { f.Retry() },
	} {
		synctest.Test(t, func(t *testing.T) {
			g := flight.New()
			f := join(t, g, "k", true)
			f.Seal()
			leads := make(chan bool)
			go func() {
				next, l, err := g.Join(t.Context(), "k")
				if err == nil {
					next.Finish(result("new"))
				}
				leads <- l && err == nil
			}()
			synctest.Wait()
			select {
			case <-leads:
				t.Errorf("%s: somebody has joined, or begun beside it", name)
			default:
			}
			end(f)
			if !<-leads {
				t.Errorf("%s: the next one does not lead", name)
			}
		})
	}
}

// TestSealedIsVoided: a write of this process waits for what is being stored, and is seen before that.
func TestSealedIsVoided(t *testing.T) {
	g := flight.New()
	f := join(t, g, "k", true)
	if err := g.Void(t.Context(), "", "k"); err != nil {
		t.Fatal(err)
	}
	if f.Seal() {
		t.Error("the load may store")
	}
	f.FinishEarly(result("old"))
}

// TestStress: at any moment one leader a key and generation, nobody is left waiting, nothing is left behind, and no load
// stores after a write has returned that began while it loaded.
func TestStress(t *testing.T) {
	s := &stress{g: flight.New()}
	var wg sync.WaitGroup
	for i := range 16 {
		wg.Go(func() { s.run(t, rand.New(rand.NewPCG(uint64(i), 42))) })
	}
	wg.Wait()
	for _, key := range stressKeys {
		join(t, s.g, key, true).Finish(result(""))
	}
}

var stressKeys = []string{"a", "b", "ab"}

type stress struct {
	g             *flight.Group
	begun, passed [3]atomic.Int64 // writes, by key: before and after Void
	foreign       [3]atomic.Int64 // writes of another process, by key: nobody is told
}

func (s *stress) run(t *testing.T, r *rand.Rand) {
	for range 3000 {
		k := r.IntN(len(stressKeys))
		switch r.IntN(7) {
		case 0:
			s.write(t, k)
		case 6:
			s.foreign[k].Add(1)
		case 1:
			s.impatient(r, k)
		default:
			s.load(t, r, k)
		}
	}
}

func (s *stress) write(t *testing.T, k int) {
	s.begun[k].Add(1)
	if err := s.g.Void(context.Background(), "", stressKeys[k]); err != nil {
		t.Error(err)
	}
	s.passed[k].Add(1)
}

// impatient joins, and mostly leaves at once.
func (s *stress) impatient(r *rand.Rand, k int) {
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	f, leads, err := s.g.Join(ctx, stressKeys[k])
	if err != nil {
		return
	}
	if leads {
		runtime.Gosched()
		f.Abandon()
		return
	}
	if r.IntN(2) == 0 {
		f.Leave()
		return
	}
	cancel()
	if _, outcome, err := f.Wait(ctx, open, 0); err == nil && outcome == flight.Lead {
		f.Abandon()
	}
}

func (s *stress) load(t *testing.T, r *rand.Rand, k int) {
	foreign := s.foreign[k].Load()
	asked := s.g.Now()
	for {
		f, leads, err := s.g.Join(context.Background(), stressKeys[k])
		if err != nil {
			t.Error(err)
			return
		}
		if leads {
			s.lead(t, r, f, k)
			return
		}
		got, outcome, err := f.Wait(context.Background(), open, asked)
		switch {
		case err != nil:
			t.Error(err)
			return
		case outcome == flight.Lead:
			s.lead(t, r, f, k)
			return
		case outcome == flight.Done:
			if seen := got.Value.(loadedAt); seen.key != k || int64(seen.foreign) < foreign {
				t.Errorf("the result of %d is %+v; %d foreign writes were over", k, got, foreign)
			}
			return
		}
	}
}

// loadedAt is the value of a load: what it saw.
type loadedAt struct{ key, foreign int }

func (loadedAt) Encode() ([]byte, error) { return nil, nil }
func (loadedAt) Weight() int             { return 0 }

func (s *stress) lead(t *testing.T, r *rand.Rand, f *flight.Flight, k int) {
	f.Begin()
	begun := s.begun[k].Load()
	seen := loadedAt{k, int(s.foreign[k].Load())}
	for range r.IntN(4) {
		runtime.Gosched()
	}
	// More writes have passed than had begun when this load did: one of them both began and passed during it.
	voided := s.passed[k].Load() > begun
	if f.Seal() && voided {
		t.Error("a load may store in spite of a write that came during it")
	}
	if int(s.foreign[k].Load()) == seen.foreign {
		f.Finish(flight.Result{Value: seen})
	} else {
		f.FinishEarly(flight.Result{Value: seen})
	}
}
