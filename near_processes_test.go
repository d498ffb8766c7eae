//go:build unix

package larder_test

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/larder-go/larder"
	"github.com/larder-go/larder/driver"
	"github.com/larder-go/larder/internal/faultproxy"
	"github.com/larder-go/larder/internal/redistest"
	"github.com/larder-go/larder/redis"
)

// Several processes with near copies read and write the same keys, while their connections are disturbed. Each key has one
// writer, which writes growing numbers; when a number was acknowledged stands in memory that all of them share. Who reads n in
// a call that began at t is wrong if n+1 was acknowledged more than the bound before t.

// LARDER_NEAR_OPS is the number of operations of all processes together; the long run takes 1000000.
const (
	nearOpsVariable  = "LARDER_NEAR_OPS"
	nearTaskVariable = "LARDER_NEAR_TASK"
	nearProcesses    = 4
	nearShortest     = 4 * time.Second // a run that is shorter than the bound proves nothing
)

// nearTask is what one process is told to do.
type nearTask struct {
	Address string // of its own proxy
	Ledger  string
	Index   int
	Ops     int64
	Deaf    bool // changes are not told
}

// nearTally is what it tells when it has done that.
type nearTally struct {
	Ops, Failed, Writes, Hits, Flushes int64
	Stale                              int64         // reads beyond the bound
	Oldest                             time.Duration // how long ago a value had been replaced that was still read, at most
	Example                            string
}

func TestNearProcesses(t *testing.T) {
	ops := int64(60_000)
	if text := os.Getenv(nearOpsVariable); text != "" {
		n, err := strconv.ParseInt(text, 10, 64)
		ok(t, err)
		ops = n
	}
	sum := runNear(t, ops, false)
	t.Logf("%+v", sum)
	if sum.Stale > 0 {
		t.Errorf("%d reads of values that had been replaced more than %v before: %s", sum.Stale, driver.AliveWithin, sum.Example)
	}
	if sum.Hits < sum.Ops/10 || sum.Flushes == 0 || sum.Writes < sum.Ops/100 {
		t.Errorf("too little happened: %+v", sum)
	}
}

// TestNearProcessesDeaf is the same with invalidation switched off, and shows that the test would see it.
func TestNearProcessesDeaf(t *testing.T) {
	if sum := runNear(t, 20_000, true); sum.Stale == 0 {
		t.Errorf("nobody is told of changes, and the test does not see it: %+v", sum)
	}
}

// runNear runs the processes, and disturbs them.
func runNear(t *testing.T, ops int64, deaf bool) (sum nearTally) {
	t.Helper()
	server := redistest.Start(t)
	path := filepath.Join(t.TempDir(), "ledger")
	newLedger(t, path)
	var proxies []*faultproxy.Proxy
	tallies := make(chan nearTally, nearProcesses)
	var wg sync.WaitGroup
	for i := range nearProcesses {
		p := faultproxy.New(t, "tcp", server.Addr())
		proxies = append(proxies, p)
		wg.Go(func() { tallies <- startNear(t, nearTask{p.Addr(), path, i, ops / nearProcesses, deaf}) })
	}
	stop := make(chan struct{})
	disturbed := make(chan struct{})
	go func() { defer close(disturbed); disturb(proxies, stop) }()
	wg.Wait()
	close(stop)
	<-disturbed
	for range nearProcesses {
		sum.add(<-tallies)
	}
	return sum
}

func (s *nearTally) add(o nearTally) {
	s.Ops += o.Ops
	s.Failed += o.Failed
	s.Writes += o.Writes
	s.Hits += o.Hits
	s.Flushes += o.Flushes
	s.Stale += o.Stale
	s.Oldest = max(s.Oldest, o.Oldest)
	if o.Example != "" {
		s.Example = o.Example
	}
}

// disturb cuts, resets and freezes connections until it is stopped.
func disturb(proxies []*faultproxy.Proxy, stop <-chan struct{}) {
	pause := func(d time.Duration) bool {
		select {
		case <-stop:
			return false
		case <-time.After(d):
			return true
		}
	}
	for pause(rand.N(300 * time.Millisecond)) {
		p := proxies[rand.N(len(proxies))]
		switch rand.N(4) {
		case 0:
			p.Cut()
		case 1:
			p.Reset()
		case 2:
			p.Freeze(true)
			pause(rand.N(1500 * time.Millisecond))
			p.Freeze(false)
		case 3:
			p.HalfClose(faultproxy.Side(rand.N(2)))
		}
	}
}

// startNear runs one process.
func startNear(t *testing.T, task nearTask) (tally nearTally) {
	told, err := json.Marshal(task)
	if err != nil {
		t.Error(err)
	}
	cmd := exec.CommandContext(t.Context(), os.Args[0], "-test.run=^$")
	cmd.Env = append(os.Environ(), nearTaskVariable+"="+string(told), "GORACE=exitcode=0")
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Errorf("process %d: %v\n%s", task.Index, err, out)
	}
	for _, race := range ownRaces(string(out)) {
		t.Error(race)
	}
	for lines := bufio.NewScanner(strings.NewReader(string(out))); lines.Scan(); {
		if text, ok := strings.CutPrefix(lines.Text(), "tally "); ok {
			if err := json.Unmarshal([]byte(text), &tally); err != nil {
				t.Error(err)
			}
			return tally
		}
	}
	t.Errorf("process %d says nothing:\n%s", task.Index, out)
	return tally
}

func init() { children[nearTaskVariable] = nearProcess }

// nearProcess is one of the processes. It is no test: rueidis uses the memory of a command again that is still being written, as
// the race detector sees it, when its connection breaks.
func nearProcess(text string) error {
	var task nearTask
	if err := json.Unmarshal([]byte(text), &task); err != nil {
		return err
	}
	store, err := redis.Open(context.Background(), redis.Options{Addresses: []string{task.Address}, Lazy: true})
	if err != nil {
		return err
	}
	var s driver.Store = store
	if task.Deaf {
		s = deafStore{store}
	}
	c, err := larder.New(s, larder.WithNear(larder.Near{MaxEntries: ledgerKeys * 2}), larder.WithTimeout(2*time.Second), quiet())
	if err != nil {
		return err
	}
	w := nearWorker{task: task, store: store, c: c, v: larder.Of[int](c, "")}
	if w.ledger, err = openLedger(task.Ledger); err != nil {
		return err
	}
	w.work()
	if err := c.Close(); err != nil {
		return err
	}
	told, err := json.Marshal(w.tally)
	fmt.Printf("tally %s\n", told)
	return err
}

// ownRaces returns what the race detector has said of code that is not rueidis' alone.
func ownRaces(out string) (races []string) {
	for part := range strings.SplitSeq(out, "==================\n") {
		if strings.Contains(part, "DATA RACE") && !strings.Contains(part, "rueidis/internal/cmds.") {
			races = append(races, part)
		}
	}
	return races
}

// deafStore does not tell of changes.
type deafStore struct{ *redis.Store }

func (d deafStore) Watch(ctx context.Context, prefix string, tell func(driver.Event)) (func(), error) {
	return d.Store.Watch(ctx, prefix, func(e driver.Event) {
		if e.Kind == driver.Alive {
			tell(e)
		}
	})
}

// nearWorker is one process.
type nearWorker struct {
	task   nearTask
	ledger *ledger
	store  *redis.Store
	c      *larder.Cache
	v      *larder.View[int]
	mu     sync.Mutex
	tally  nearTally
	ops    atomic.Int64
}

// work does the operations of the task from several goroutines, and goes on for a while at least. Two more read all the time: they
// do not count.
func (w *nearWorker) work() {
	began := time.Now()
	due := func() bool { return w.ops.Load() < w.task.Ops || time.Since(began) < nearShortest }
	var wg sync.WaitGroup
	for g := range nearWriters {
		wg.Go(func() {
			for due() {
				if w.operation(g) {
					w.ops.Add(1)
				}
			}
		})
	}
	for range 2 {
		wg.Go(func() {
			for due() {
				w.read(rand.N(ledgerKeys))
			}
		})
	}
	wg.Wait()
	s := w.c.Stats().Near
	w.tally.Ops, w.tally.Hits, w.tally.Flushes = w.ops.Load(), s.Hits, s.Flushes
}

// nearWriters are the goroutines of a process that write. Each has keys of its own.
const nearWriters = 4

// operation tells whether it could be done.
func (w *nearWorker) operation(g int) bool {
	switch n := rand.N(100); {
	case n < 10:
		return w.write(g)
	case n < 15:
		return w.readMany()
	}
	return w.read(rand.N(ledgerKeys))
}

// write writes the next number of one of its own keys, until it is acknowledged: it may have been written several times.
func (w *nearWorker) write(g int) bool {
	const writers = nearProcesses * nearWriters
	key := rand.N(ledgerKeys/writers)*writers + w.task.Index*nearWriters + g
	n := w.ledger.last(key) + 1
	if n >= ledgerRoom {
		return true
	}
	for {
		ctx, cancel := context.WithTimeout(context.Background(), 500*time.Millisecond)
		err := w.writeOnce(ctx, strconv.Itoa(key), n)
		cancel()
		if err == nil {
			w.ledger.acknowledged(key, n)
			w.count(func(t *nearTally) { t.Writes++ })
			return true
		}
		w.count(func(t *nearTally) { t.Failed++ })
	}
}

// writeOnce writes in one of several ways; the last of them is not seen by the near copy of this process itself.
func (w *nearWorker) writeOnce(ctx context.Context, key string, n int) error {
	switch rand.N(4) {
	case 0:
		return w.v.SetMany(ctx, map[string]int{key: n})
	case 1:
		return w.v.Set(ctx, key, n, larder.TTL(time.Hour))
	case 2:
		return w.v.Set(ctx, key, n)
	default:
		return w.store.Set(ctx, "::"+key, []byte(strconv.Itoa(n)), 0)
	}
}

func (w *nearWorker) count(do func(*nearTally)) {
	w.mu.Lock()
	defer w.mu.Unlock()
	do(&w.tally)
}

func (w *nearWorker) read(key int) bool {
	ctx, cancel := context.WithTimeout(context.Background(), 200*time.Millisecond)
	defer cancel()
	began := time.Now()
	n, err := w.v.Get(ctx, strconv.Itoa(key))
	if err != nil && !errors.Is(err, larder.ErrMiss) {
		w.count(func(t *nearTally) { t.Failed++ })
		return false
	}
	w.check(key, n, began)
	return true
}

func (w *nearWorker) readMany() bool {
	ctx, cancel := context.WithTimeout(context.Background(), 200*time.Millisecond)
	defer cancel()
	keys := []string{strconv.Itoa(rand.N(ledgerKeys)), strconv.Itoa(rand.N(ledgerKeys)), strconv.Itoa(rand.N(ledgerKeys))}
	began := time.Now()
	found, err := w.v.GetMany(ctx, keys)
	if err != nil {
		w.count(func(t *nearTally) { t.Failed++ })
		return false
	}
	for _, text := range keys {
		key, _ := strconv.Atoi(text)
		w.check(key, found[text], began)
	}
	return true
}

// check compares what was read with the ledger.
func (w *nearWorker) check(key, n int, began time.Time) {
	replaced, isReplaced := w.ledger.when(key, n+1)
	if !isReplaced || replaced.After(began) {
		return
	}
	age := began.Sub(replaced)
	w.count(func(t *nearTally) {
		t.Oldest = max(t.Oldest, age)
		if age > driver.AliveWithin {
			t.Stale++
			t.Example = fmt.Sprintf("process %d has read %d of key %d, which was replaced %v before", w.task.Index, n, key, age)
		}
	})
}
