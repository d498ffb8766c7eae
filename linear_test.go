package larder_test

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"runtime"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/anishathalye/porcupine"

	"github.com/larder-go/larder"
	"github.com/larder-go/larder/driver/drivertest"
	"github.com/larder-go/larder/memory"
)

// A history is linearizable if each call can be given one instant between its beginning and its end, such that the
// answers are those of one caller after the other.

// step is a call of a history, as it was made.
type step struct {
	op       string
	key, arg int
}

// answer is what came back.
type answer struct {
	value int
	yes   bool  // there was an entry; Add: stored
	ran   bool  // GetOrSet: this caller's loader
	began int64 // the instant when it did

	// What the whole history says of a GetOrSet:
	voidable bool // a Set or Delete came meanwhile, and may have voided its right to store
	shared   bool // it may have waited for the load that its value comes from
}

const (
	linearClients = 8
	linearSteps   = 12 // of each client
	linearKeys    = 2
)

var linearOps = []string{"Get", "Get", "Set", "Add", "Delete", "Delete", "Incr", "Touch", "GetOrSet", "GetOrSet", "GetOrSet", "Many"}

func take(ctx context.Context, v *larder.View[int], s step, key string, clock *atomic.Int64) (a answer, err error) {
	load := func(context.Context) (int, error) {
		a.ran, a.began = true, clock.Add(1)
		runtime.Gosched()
		return s.arg, nil
	}
	switch s.op {
	case "Get":
		a.value, err = v.Get(ctx, key)
		a.yes = err == nil
	case "Set":
		err = v.Set(ctx, key, s.arg)
	case "Add":
		a.yes, err = v.Add(ctx, key, s.arg)
	case "Delete":
		a.yes, err = v.Delete(ctx, key)
	case "Touch":
		a.yes, err = v.Touch(ctx, key, larder.TTL(time.Hour))
	case "Incr":
		var n int64
		n, err = v.Incr(ctx, key, int64(s.arg))
		a.value = int(n)
	case "GetOrSet":
		a.value, err = v.GetOrSet(ctx, key, load)
	case "Many":
		var m map[string]int
		m, err = v.GetOrSetMany(ctx, []string{key}, func(ctx context.Context, missing []string) (map[string]int, error) {
			n, err := load(ctx)
			return map[string]int{missing[0]: n}, err
		})
		a.value = m[key]
	}
	if errors.Is(err, larder.ErrMiss) {
		err = nil
	}
	return a, err
}

// absent is the state of no entry. Loaded values are unique, so that a value tells which load it came from.
const absent = -1 << 40

// entryModel is one entry. It is nondeterministic for one call: a load that a write has voided gives its value to those
// who asked before the write, and does not store it.
var entryModel = sync.OnceValue(func() porcupine.Model {
	m := porcupine.NondeterministicModel{
		Partition: func(history []porcupine.Operation) [][]porcupine.Operation {
			parts := make([][]porcupine.Operation, linearKeys)
			for _, o := range history {
				key := o.Input.(step).key
				parts[key] = append(parts[key], o)
			}
			return parts
		},
		Init:  func() []any { return []any{absent} },
		Step:  func(state, input, output any) []any { return after(state.(int), input.(step), output.(answer)) },
		Equal: func(a, b any) bool { return a == b },
	}
	return m.ToModel()
})

// after returns the states that an entry may have after a call with this answer; none if it cannot answer so.
func after(old int, s step, a answer) []any {
	there := old != absent
	states := func(possible bool, next int) []any {
		if possible {
			return []any{next}
		}
		return nil
	}
	switch s.op {
	case "Set":
		return states(true, s.arg)
	case "Add":
		if there {
			return states(!a.yes, old)
		}
		return states(a.yes, s.arg)
	case "Delete":
		return states(a.yes == there, absent)
	case "Touch":
		return states(a.yes == there, old)
	case "Incr":
		if !there {
			return states(a.value == s.arg, s.arg)
		}
		return states(a.value == old+s.arg, old+s.arg)
	case "GetOrSet", "Many":
		return afterLoad(old, s, a)
	}
	return states(a.yes == there && (!there || a.value == old), old)
}

// afterLoad is a read of what is there; or a load of an absent entry, which it then is; or one that a write has voided,
// which leaves everything as it is.
func afterLoad(old int, s step, a answer) []any {
	own := a.ran && a.value == s.arg
	switch {
	case own && old == absent && a.voidable:
		return []any{s.arg, absent}
	case own && old == absent:
		return []any{s.arg}
	case old == a.value, own && a.voidable, a.shared:
		return []any{old}
	}
	return nil
}

// loaded is where the values of loaders begin, far above what the other calls can add up to.
const loaded = 1 << 20

// arena is what the clients of a history have in common. Those of several processes keep it in memory that they share: instants of
// one process are instants of all.
type arena struct{ clock, unique *atomic.Int64 }

func record(t *testing.T, views []*larder.View[int], round int, seed uint64) []porcupine.Operation {
	t.Helper()
	at := arena{new(atomic.Int64), new(atomic.Int64)}
	var mu sync.Mutex
	var all []porcupine.Operation
	var wg sync.WaitGroup
	start := make(chan struct{})
	for client := range linearClients {
		wg.Go(func() {
			<-start
			own, err := at.play(t.Context(), views[client%len(views)], client, round, seed)
			if err != nil {
				t.Error(err)
			}
			mu.Lock()
			defer mu.Unlock()
			all = append(all, own...)
		})
	}
	close(start)
	wg.Wait()
	return all
}

// play makes the calls of one client.
func (at arena) play(ctx context.Context, v *larder.View[int], client, round int, seed uint64) (own []porcupine.Operation, err error) {
	r := rand.New(rand.NewPCG(seed, uint64(round*linearClients+client)))
	for range linearSteps {
		s := step{linearOps[r.IntN(len(linearOps))], r.IntN(linearKeys), 1 + r.IntN(9)}
		if s.op == "GetOrSet" || s.op == "Many" {
			s.arg = loaded + int(at.unique.Add(1))*1000
		}
		called := at.clock.Add(1)
		a, err := take(ctx, v, s, fmt.Sprint(round, ".", s.key), at.clock)
		done := at.clock.Add(1)
		if err != nil {
			return own, fmt.Errorf("%s: %w", s.op, err)
		}
		own = append(own, porcupine.Operation{ClientId: client, Input: s, Call: called, Output: a, Return: done})
	}
	return own, nil
}

func checkHistories(t *testing.T, rounds int, views ...*larder.View[int]) {
	t.Helper()
	checkLossy(t, rounds, false, views...)
}

// checkLossy is for engines that may fail to store what was loaded.
func checkLossy(t *testing.T, rounds int, lossy bool, views ...*larder.View[int]) {
	t.Helper()
	seed := rand.Uint64()
	for round := range rounds {
		all := record(t, views, round, seed)
		if problem := unexplained(all, lossy); problem != "" {
			t.Fatalf("round %d, seed %d: %s", round, seed, problem)
		}
	}
}

// unexplained says what is wrong with a history, or nothing.
func unexplained(all []porcupine.Operation, lossy bool) string {
	judge(all, lossy)
	if problem := disorder(all); problem != "" {
		return problem
	}
	if problem := undone(all); problem != "" {
		return problem + ":\n" + describe(all)
	}
	return ""
}

// disorder says that no order explains the calls, or nothing.
func disorder(all []porcupine.Operation) string {
	result := porcupine.CheckOperationsTimeout(entryModel(), all, 20*time.Second)
	if result == porcupine.Ok {
		return ""
	}
	return fmt.Sprintf("no order of these calls explains their answers (%s):\n%s", result, describe(all))
}

// load is a call of GetOrSet whose own loader gave its value.
type load struct {
	porcupine.Operation
	step
	answer
}

func loads(all []porcupine.Operation) map[int]load {
	byValue := map[int]load{}
	for _, o := range all {
		if l := (load{o, o.Input.(step), o.Output.(answer)}); l.ran && l.value == l.arg {
			byValue[l.arg] = l
		}
	}
	return byValue
}

// write tells whether the call is a Set or Delete of this key.
func write(o porcupine.Operation, key int) bool {
	s := o.Input.(step)
	return s.key == key && (s.op == "Set" || s.op == "Delete")
}

// judge notes with each GetOrSet what may have become of it.
func judge(all []porcupine.Operation, lossy bool) {
	byValue := loads(all)
	for i, o := range all {
		a, s := o.Output.(answer), o.Input.(step)
		l, is := byValue[a.value]
		if !is || (s.op != "GetOrSet" && s.op != "Many") {
			continue
		}
		a.voidable = lossy || slices.ContainsFunc(all, func(w porcupine.Operation) bool {
			return write(w, s.key) && w.Call < o.Return && w.Return > o.Call
		})
		// Who asks after a write does not get what was loaded before it.
		a.shared = a.value != s.arg && o.Call < l.Return && l.began < o.Return && !slices.ContainsFunc(all, func(w porcupine.Operation) bool {
			return write(w, s.key) && w.Call > l.began && w.Return < o.Call
		})
		all[i].Output = a
	}
}

// undone finds a load that began before a Set or Delete of its key, and whose value was there after both: the model lets
// such loads store or not, because it does not know when they began.
func undone(all []porcupine.Operation) string {
	for value, l := range loads(all) {
		for _, w := range all {
			if !write(w, l.key) || w.Call < l.began || w.Return > l.Return {
				continue
			}
			for _, read := range all {
				if read.Call > l.Return && read.Output.(answer).value == value {
					return fmt.Sprintf("the load of %d was stored in spite of a %s that came during it", value, w.Input.(step).op)
				}
			}
		}
	}
	return ""
}

func describe(history []porcupine.Operation) string {
	var out strings.Builder
	for _, o := range history {
		fmt.Fprintf(&out, "  client %d, instants %d to %d: %+v = %+v\n", o.ClientId, o.Call, o.Return, o.Input, o.Output)
	}
	return out.String()
}

func TestLinearizable(t *testing.T) {
	for _, s := range settings() {
		name, form, _ := strings.Cut(s.name, "/")
		if form != "both" || strings.HasSuffix(name, "zstd") {
			continue
		}
		t.Run(name, func(t *testing.T) {
			checkHistories(t, linearRounds, of[int](env{t, s, s.open(t)}))
		})
	}
}

// TestLinearizableOverCaches: two caches on one named store are as one, live or not.
func TestLinearizableOverCaches(t *testing.T) {
	checkHistories(t, linearRounds, larder.Of[int](openCache(t, "memory://linear"), ""),
		larder.Of[int](openCache(t, "memory://linear?isolate=true"), ""))
}

// TestLinearizableOnASlowEngine: between looking and storing there is time for everybody else.
func TestLinearizableOnASlowEngine(t *testing.T) {
	store, err := memory.New(memory.Options{Isolate: true})
	ok(t, err)
	f := drivertest.NewFaulty(store)
	for _, op := range []drivertest.Op{drivertest.OpGet, drivertest.OpAdd, drivertest.OpSet, drivertest.OpDelete, drivertest.OpGetMany} {
		f.Intercept(op, func(context.Context, drivertest.Call) error {
			for range rand.IntN(4) {
				runtime.Gosched()
			}
			return nil
		})
	}
	c, err := larder.New(f, quiet())
	ok(t, err)
	t.Cleanup(func() { _ = c.Close() })
	checkHistories(t, linearRounds, larder.Of[int](c, ""))
}
