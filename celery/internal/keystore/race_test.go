package keystore_test

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/larder-go/larder/celery/internal/enginetest"
	"github.com/larder-go/larder/celery/internal/keystore"
	"github.com/larder-go/larder/driver"
	"github.com/larder-go/larder/memcached"
	"github.com/larder-go/larder/redis"
)

// rounds is how often each race is run.
var rounds = map[bool]int{false: 10_000, true: 2_000}[enginetest.Race]

// TestSuccessStays: of writers that race on one key, the one that stores a success is the last.
func TestSuccessStays(t *testing.T) {
	enginetest.Each(t, func(t *testing.T, open enginetest.Open) {
		for _, writers := range []int{2, 16} {
			t.Run(fmt.Sprint(writers), func(t *testing.T) {
				race(t, open(t, 2), writers, 2*rounds/writers)
			})
		}
	})
}

// race has all writers write to one key at once, in each round another one. Half of them, at most three, have
// a success.
func race(t *testing.T, stores []driver.Store, writers, rounds int) {
	successes := min(3, writers/2)
	won, beaten := make([]bool, writers), make([]int, writers)
	value := func(i int) string {
		if i < successes {
			return fmt.Sprint("SUCCESS ", i)
		}
		return fmt.Sprint("STARTED ", i)
	}
	at := newMeeting(writers)
	var all sync.WaitGroup
	for i := range writers {
		all.Go(func() {
			for round := range rounds {
				key := fmt.Sprint("key", round)
				at.meet()
				stored, err := keystore.Put(context.Background(), stores[i%len(stores)], key, []byte(value(i)), time.Hour, succeeded)
				if err != nil {
					t.Error(err)
				}
				if won[i] = stored; !stored {
					beaten[i]++
				}
				at.meet()
				if i == 0 {
					check(t, stores[0], key, won[:successes])
				}
			}
		})
	}
	all.Wait()
	if n := beaten[writers-1]; n == 0 || n == rounds {
		t.Errorf("it is no race: a success was quicker in %d rounds of %d", n, rounds)
	}
}

// check makes sure that one success was stored, and is there.
func check(t *testing.T, store driver.Store, key string, won []bool) {
	winner := -1
	for i, stored := range won {
		if stored && winner >= 0 {
			t.Errorf("%s: two successes are stored", key)
		}
		if stored {
			winner = i
		}
	}
	if there, want := enginetest.Get(t, store, key), fmt.Sprint("SUCCESS ", winner); there != want {
		t.Errorf("%s: %q is there and not %q", key, there, want)
	}
}

// meeting lets a number of goroutines go on together.
type meeting struct {
	mu      sync.Mutex
	missing int
	of      int
	open    chan struct{}
}

func newMeeting(of int) *meeting {
	return &meeting{missing: of, of: of, open: make(chan struct{})}
}

func (m *meeting) meet() {
	m.mu.Lock()
	open := m.open
	if m.missing--; m.missing == 0 {
		close(open)
		m.missing, m.open = m.of, make(chan struct{})
	}
	m.mu.Unlock()
	<-open
}

// TestLostRace is the schedule that loses a success where the read and the write are not one step:
//
//	A reads
//	        B reads
//	        B stores a success
//	A stores what it has
//
// It is played on every engine as it is, and on one that forgets the condition under which it is to store:
// there the success is lost.
func TestLostRace(t *testing.T) {
	enginetest.Each(t, func(t *testing.T, open enginetest.Open) {
		for name, begin := range beginnings {
			for _, blinded := range []bool{false, true} {
				store := open(t, 1)[0]
				if !begin(t, store) {
					continue
				}
				stored, there := lose(t, store, blinded)
				if lost := stored || there != "SUCCESS"; lost != blinded {
					t.Errorf("%s, blinded %v: stored %v, and %q is there", name, blinded, stored, there)
				}
			}
		}
	})
}

// beginnings are what A may read. They tell whether the engine knows such a thing.
var beginnings = map[string]func(t *testing.T, store driver.Store) bool{
	"nothing": func(*testing.T, driver.Store) bool { return true },
	"a value": func(t *testing.T, store driver.Store) bool {
		mustPut(t, store, "key", "PENDING")
		return true
	},
	"nothing readable": func(t *testing.T, store driver.Store) bool {
		switch store.(type) {
		case *redis.Store, *memcached.Store:
			enginetest.MakeUnreadable(t, store, "key")
			return true
		}
		return false
	},
}

func lose(t *testing.T, store driver.Store, blinded bool) (stored bool, there string) {
	between := sync.OnceFunc(func() { mustPut(t, store, "key", "SUCCESS") })
	victim := &slow{capable: store.(capable), blinded: blinded, between: between}
	stored = mustPut(t, victim.store(), "key", "STARTED")
	return stored, enginetest.Get(t, store, "key")
}

// slow lets something happen between a read and a write. Blinded it writes without looking at the version.
type slow struct {
	capable
	blinded bool
	between func()
}

func (s *slow) GetVersion(ctx context.Context, key string) ([]byte, driver.Version, error) {
	value, v, err := s.capable.GetVersion(ctx, key)
	s.between()
	return value, v, err
}

func (s *slow) Swap(ctx context.Context, key string, v driver.Version, value []byte, ttl time.Duration) (bool, error) {
	if s.blinded {
		return true, s.Set(ctx, key, value, ttl)
	}
	return s.capable.Swap(ctx, key, v, value, ttl)
}

func (s *slow) Add(ctx context.Context, key string, value []byte, ttl time.Duration) (bool, error) {
	if s.blinded {
		return true, s.Set(ctx, key, value, ttl)
	}
	return s.capable.Add(ctx, key, value, ttl)
}

// store is s with as much as its engine can do.
func (s *slow) store() driver.Store {
	if n, ok := s.capable.(driver.Notifier); ok {
		return &slowNotifier{s, n}
	}
	return s
}

// slowed is store that calls between after each read.
func slowed(store driver.Store, between func()) driver.Store {
	return (&slow{capable: store.(capable), between: between}).store()
}

type slowNotifier struct {
	*slow
	driver.Notifier
}

func (s *slowNotifier) SwapNotify(ctx context.Context, key string, v driver.Version, value []byte, ttl time.Duration) (bool, error) {
	if s.blinded {
		return true, s.SetNotify(ctx, key, value, ttl)
	}
	return s.Notifier.SwapNotify(ctx, key, v, value, ttl)
}

// rivalVariable tells a process of this test binary that it is TestTwoProcesses' other one, and on which server.
const rivalVariable = "LARDER_KEYSTORE_RIVAL"

// rival stores a beginning under each key that it reads from its input, and says so.
func rival(addr string) error {
	store, err := memcached.Open(context.Background(), memcached.Options{Addresses: []string{addr}})
	if err != nil {
		return err
	}
	in := bufio.NewScanner(os.Stdin)
	for in.Scan() {
		if _, err := keystore.Put(context.Background(), store, in.Text(), []byte("STARTED"), time.Hour, succeeded); err != nil {
			return err
		}
		fmt.Println("done")
	}
	return store.Close()
}

// TestTwoProcesses: the same between processes.
func TestTwoProcesses(t *testing.T) {
	store := enginetest.Memcached(t, 1)[0]
	cmd := exec.CommandContext(t.Context(), os.Args[0])
	cmd.Env = append(os.Environ(), rivalVariable+"="+enginetest.MemcachedServer.Addr())
	cmd.Stderr = os.Stderr
	in, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	done := bufio.NewReader(out)
	for round := range rounds {
		key := fmt.Sprint("shared", round)
		if _, err := io.WriteString(in, key+"\n"); err != nil {
			t.Fatal(err)
		}
		if !mustPut(t, store, key, "SUCCESS") {
			t.Fatalf("%s: the success is not stored", key)
		}
		if line, err := done.ReadString('\n'); err != nil || strings.TrimSpace(line) != "done" {
			t.Fatalf("the other process says %q, %v", line, err)
		}
		if there := enginetest.Get(t, store, key); there != "SUCCESS" {
			t.Fatalf("%s: %q is there", key, there)
		}
	}
	if err := in.Close(); err != nil {
		t.Fatal(err)
	}
	if err := cmd.Wait(); err != nil {
		t.Error(err)
	}
}
