package memcached_test

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/anishathalye/porcupine"

	"github.com/larder-go/larder"
	"github.com/larder-go/larder/driver"
	"github.com/larder-go/larder/internal/memcachetest"
	"github.com/larder-go/larder/memcached"
)

func openGenerations(t *testing.T, servers ...*memcachetest.Server) *memcached.Store {
	t.Helper()
	o := memcached.Options{Generations: true}
	for _, s := range servers {
		o.Addresses = append(o.Addresses, s.Addr())
	}
	return open(t, o)
}

// past is a history of one key.
type past struct {
	mu     sync.Mutex
	events []porcupine.Event
	open   []porcupine.Event // the ends of calls of which it is not known whether they have happened: they may at any time
	ids    int
}

// step is one call on the key.
type step struct{ verb, arg string }

// unknown is what such a call has said.
const unknown = "?"

// do runs a call and writes down when it began and ended.
func (p *past) do(client int, s step, call func() (string, error)) error {
	p.mu.Lock()
	p.ids++
	id := p.ids
	p.events = append(p.events, porcupine.Event{ClientId: client, Kind: porcupine.CallEvent, Value: s, Id: id})
	p.mu.Unlock()
	got, err := call()
	p.mu.Lock()
	defer p.mu.Unlock()
	end := porcupine.Event{ClientId: client, Kind: porcupine.ReturnEvent, Value: got, Id: id}
	if err != nil && strings.Contains(err.Error(), "cleared twice meanwhile") {
		end.Value = unknown
		p.open = append(p.open, end)
		return nil
	}
	p.events = append(p.events, end)
	return err
}

// keyModel is a key that is set, deleted, added, counted and cleared. Its state is what is there: "" is absent.
var keyModel = (&porcupine.NondeterministicModel{
	Init: func() []any { return []any{""} },
	Step: func(state, input, output any) []any {
		said, next := onKey(state.(string), input.(step))
		switch output.(string) {
		case unknown:
			return []any{state, next}
		case said:
			return []any{next}
		}
		return nil
	},
	DescribeOperation: func(in, out any) string { return fmt.Sprint(in, " = ", out) },
}).ToModel()

// onKey is what a call says, and what is there then.
func onKey(state string, in step) (said, next string) {
	there := fmt.Sprint(state != "")
	switch in.verb {
	case "get":
		return state, state
	case "set":
		return "", in.arg
	case "clear":
		return "", ""
	case "delete":
		return there, ""
	case "add":
		if state != "" {
			return "false", state
		}
		return "true", in.arg
	}
	n, _ := strconv.Atoi(state)
	sum := strconv.Itoa(n + 1)
	return sum, sum
}

// TestClearsAreLinear: several processes set, count, add and delete a key and clear the view that it is in. There is an order of
// the calls that explains what each has said.
func TestClearsAreLinear(t *testing.T) {
	undecided := 0
	for round := range 15 {
		if err := server.Flush(); err != nil {
			t.Fatal(err)
		}
		var p past
		var all sync.WaitGroup
		for client := range 4 {
			s := openGenerations(t, server)
			all.Go(func() {
				for i := range 25 {
					if err := p.random(t.Context(), s, client, i*(client+3)+round); err != nil {
						t.Errorf("%d: %v", client, err)
					}
				}
			})
		}
		all.Wait()
		result, _ := porcupine.CheckEventsVerbose(keyModel, append(p.events, p.open...), 30*time.Second)
		if result == porcupine.Illegal {
			t.Fatalf("round %d: no order explains %v", round, p.events)
		}
		undecided += len(p.open)
	}
	t.Logf("%d calls did not know", undecided)
}

// random does something with the key.
func (p *past) random(ctx context.Context, s *memcached.Store, client, i int) error {
	const key = "a:b:k"
	value := fmt.Sprint(1000*(client+1) + 100_000*i)
	switch i % 8 {
	case 0, 1:
		return p.do(client, step{"get", ""}, func() (string, error) {
			v, err := s.Get(ctx, key)
			if errors.Is(err, driver.ErrMiss) {
				return "", nil
			}
			return string(v), err
		})
	case 2:
		return p.do(client, step{"set", value}, func() (string, error) {
			return "", s.SetMany(ctx, []driver.Item{{Key: key, Value: []byte(value)}, {Key: "a:other", Value: nil}, {Key: "c", Value: nil}}, time.Hour)
		})
	case 3:
		return p.do(client, step{"delete", ""}, func() (string, error) {
			n, err := s.DeleteMany(ctx, []string{key})
			return fmt.Sprint(n == 1), err
		})
	case 4:
		return p.do(client, step{"add", value}, func() (string, error) {
			added, err := s.Add(ctx, key, []byte(value), time.Hour)
			return fmt.Sprint(added), err
		})
	case 5, 6:
		return p.do(client, step{"incr", ""}, func() (string, error) {
			n, err := s.Incr(ctx, key, 1, time.Hour)
			return fmt.Sprint(n), err
		})
	}
	prefix := []string{"a:", "a:b:", "a:b:k", "a", "z:"}[i/8%5]
	if prefix == "z:" { // names change, this one does not
		_, err := s.Clear(ctx, fmt.Sprint(prefix, i, ":"))
		return err
	}
	return p.do(client, step{"clear", ""}, func() (string, error) { _, err := s.Clear(ctx, prefix); return "", err })
}

// TestNothingIsCountedTwice: a counter outside the prefix that is cleared all the time loses nothing and gains nothing.
func TestNothingIsCountedTwice(t *testing.T) {
	if err := server.Flush(); err != nil {
		t.Fatal(err)
	}
	stop := make(chan struct{})
	var clearing, counting sync.WaitGroup
	s := openGenerations(t, server)
	clearing.Go(func() {
		for {
			select {
			case <-stop:
				return
			default:
			}
			if _, err := s.Clear(t.Context(), "a:"); err != nil {
				t.Error(err)
				return
			}
		}
	})
	var sum, failed atomic.Int64
	for range 4 {
		s := openGenerations(t, server)
		counting.Go(func() {
			for range 500 {
				if _, err := s.Incr(t.Context(), "n", 1, 0); err != nil {
					failed.Add(1)
				} else {
					sum.Add(1)
				}
			}
		})
	}
	counting.Wait()
	close(stop)
	clearing.Wait()
	got, err := s.Incr(t.Context(), "n", 0, 0)
	if err != nil || got != sum.Load() || failed.Load() > 0 {
		t.Errorf("%d, %v after %d counts; %d failed", got, err, sum.Load(), failed.Load())
	}
}

// TestLostGenerations: a server that forgets its list has forgotten the keys, whatever comes after.
func TestLostGenerations(t *testing.T) {
	s := openGenerations(t, emptiedServer(t))
	ctx := t.Context()
	for name, lose := range map[string]func(){
		"evicted":     func() { server.MustAsk(t, "delete larder:generations") },
		"overwritten": func() { server.MustAsk(t, "set larder:generations 0 0 3\r\nfoo") },
	} {
		for _, clearAfter := range []bool{false, true} {
			if err := s.Set(ctx, "a:k", []byte("old"), 0); err != nil {
				t.Fatal(err)
			}
			lose()
			if clearAfter {
				if _, err := s.Clear(ctx, "b:"); err != nil {
					t.Fatal(err)
				}
			}
			for range 3 {
				if got, err := s.Get(ctx, "a:k"); !errors.Is(err, driver.ErrMiss) {
					t.Fatalf("%s: Get = %q, %v", name, got, err)
				}
			}
			if added, err := s.Add(ctx, "a:k", []byte("new"), 0); !added || err != nil {
				t.Errorf("%s: Add = %t, %v", name, added, err)
			}
		}
	}
}

func emptiedServer(t *testing.T) *memcachetest.Server {
	t.Helper()
	if err := server.Flush(); err != nil {
		t.Fatal(err)
	}
	return server
}

// TestGenerationsAfterARestart: the list of another life of the server has the CAS of the one before, and is not taken for it.
func TestGenerationsAfterARestart(t *testing.T) {
	own := memcachetest.Start(t)
	a, b := openGenerations(t, own), openGenerations(t, own)
	ctx := t.Context()
	if err := a.Set(ctx, "k", []byte("1"), 0); err != nil {
		t.Fatal(err)
	}
	own.Restart(t)
	eventually(t, func() error { return b.Set(ctx, "k", []byte("2"), 0) })
	eventually(t, func() error { _, err := a.GetMany(ctx, []string{"k"}); return err })
	if got, err := a.Get(ctx, "k"); string(got) != "2" || err != nil {
		t.Errorf("Get = %q, %v; want what the other has set", got, err)
	}
}

// TestNamesOfGenerations: keys up to 226 bytes are in their names, and no other program's reader finds them by themselves.
func TestNamesOfGenerations(t *testing.T) {
	s := openGenerations(t, emptiedServer(t))
	short, long := strings.Repeat("k", 226), strings.Repeat("k", 227)
	for _, key := range []string{short, long, "a b"} {
		if err := s.Set(t.Context(), key, []byte(key), 0); err != nil {
			t.Fatal(err)
		}
		if got, err := s.Get(t.Context(), key); string(got) != key || err != nil {
			t.Errorf("%q: %q, %v", key, got, err)
		}
	}
	if _, _, there := server.Value(t, short); there {
		t.Error("it is there under its own name")
	}
	var keys []string
	nameless := new(driver.Nameless)
	walk := func() {
		keys, *nameless = nil, driver.Nameless{}
		for key, err := range s.Scan(t.Context(), "") {
			if err != nil && !errors.As(err, &nameless) {
				t.Fatal(err)
			}
			if err == nil {
				keys = append(keys, key)
			}
		}
	}
	if walk(); !slices.Equal(keys, []string{short}) || nameless.Count != 2 {
		t.Errorf("%q and %d", keys, nameless.Count)
	}
	for _, prefix := range []string{"k", "a"} {
		if _, err := s.Clear(t.Context(), prefix); err != nil {
			t.Fatal(err)
		}
	}
	if walk(); len(keys) != 0 {
		t.Errorf("after the Clear: %q and %d", keys, nameless.Count)
	}
}

// TestTooManyPrefixes: a list that is full is an error, and what was cleared stays cleared.
func TestTooManyPrefixes(t *testing.T) {
	s := openGenerations(t, emptiedServer(t))
	var err error
	n := 0
	for ; err == nil && n < 100; n++ {
		_, err = s.Clear(t.Context(), fmt.Sprintf("%050d%s", n, strings.Repeat(" ", 5000)))
	}
	if err == nil || !strings.Contains(err.Error(), "too many different prefixes") || n < 10 {
		t.Errorf("after %d: %v", n, err)
	}
	if _, err := s.ClearAll(t.Context()); err != nil {
		t.Error(err)
	}
	if _, err := s.Clear(t.Context(), "a"); err != nil {
		t.Error(err)
	}
}

// TestClearOfAView: from the top, on three servers, and with one of them down.
func TestClearOfAView(t *testing.T) {
	servers := []*memcachetest.Server{memcachetest.Start(t), memcachetest.Start(t), memcachetest.Start(t)}
	ctx := t.Context()
	c, err := larder.New(openGenerations(t, servers...))
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	a, ab := larder.Of[int](c, "a:"), larder.Of[int](c, "ab:")
	values := map[string]int{}
	for i := range 100 {
		values[fmt.Sprint(i)] = i
	}
	if err := errors.Join(a.SetMany(ctx, values), ab.SetMany(ctx, values)); err != nil {
		t.Fatal(err)
	}
	if n, err := a.Clear(ctx); n != -1 || err != nil {
		t.Errorf("Clear = %d, %v", n, err)
	}
	keys := slices.Collect(maps.Keys(values))
	if got, err := a.GetMany(ctx, keys); len(got) != 0 || err != nil {
		t.Errorf("%d are left, %v", len(got), err)
	}
	if got, err := ab.GetMany(ctx, keys); len(got) != 100 || err != nil {
		t.Errorf("%d of the other view are left, %v", len(got), err)
	}
	servers[2].Kill()
	if _, err := ab.Clear(ctx); err == nil || !strings.Contains(err.Error(), servers[2].Addr()) {
		t.Errorf("Clear with a server down: %v", err)
	}
	if got, err := ab.GetMany(ctx, keys); len(got) != 0 || err == nil {
		t.Errorf("%d of the servers that are up are left, %v", len(got), err)
	}
}

func TestBadGenerations(t *testing.T) {
	if _, err := tryURL(t, server.URL("generations=true", "keys=verbatim")); err == nil || !strings.Contains(err.Error(), "keys=verbatim") {
		t.Error(err)
	}
	s := openURL(t, server.URL())
	if _, err := s.(driver.Clearer).Clear(t.Context(), "a:"); !errors.Is(err, driver.ErrNoPrefix) {
		t.Error(err)
	}
}
