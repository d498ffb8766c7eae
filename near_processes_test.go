//go:build unix

package larder_test

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/larder-go/larder"
	"github.com/larder-go/larder/driver"
	"github.com/larder-go/larder/internal/faultproxy"
	"github.com/larder-go/larder/internal/redistest"
	"github.com/larder-go/larder/redis"
)

// Several processes with near copies read and write the same keys, while their connections are disturbed and they themselves are
// stopped and continued. Each key has one writer, which writes growing numbers, and deletes the entry in place of some; when
// a number was acknowledged stands in memory that all of them share. Who reads n in a call that began at t is wrong if n+1 was
// acknowledged more than the bound before t.

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
	Unseen                             int64         // own writes that did not take effect at once
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
	if sum.Unseen > 0 {
		t.Errorf("%d writes were not seen by the process that made them: %s", sum.Unseen, sum.Example)
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
	var pids nearPids
	tallies := make(chan nearTally, nearProcesses)
	var wg sync.WaitGroup
	for i := range nearProcesses {
		p := faultproxy.New(t, "tcp", server.Addr())
		proxies = append(proxies, p)
		wg.Go(func() { tallies <- startNear(t, nearTask{p.Addr(), path, i, ops / nearProcesses, deaf}, &pids[i]) })
	}
	stop := make(chan struct{})
	disturbed := make(chan struct{})
	go func() { defer close(disturbed); disturb(proxies, &pids, stop) }()
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
	s.Unseen += o.Unseen
	s.Oldest = max(s.Oldest, o.Oldest)
	if o.Example != "" {
		s.Example = o.Example
	}
}

// nearPids are the processes, 0 where there is none.
type nearPids [nearProcesses]atomic.Int64

func (p *nearPids) signal(i int, s syscall.Signal) {
	if pid := p[i].Load(); pid != 0 {
		_ = syscall.Kill(int(pid), s)
	}
}

// disturb cuts, resets and freezes connections, and stops processes and lets them go on, until it is stopped.
func disturb(proxies []*faultproxy.Proxy, pids *nearPids, stop <-chan struct{}) {
	pause := func(d time.Duration) bool {
		select {
		case <-stop:
			return false
		case <-time.After(d):
			return true
		}
	}
	for pause(rand.N(300 * time.Millisecond)) {
		i := rand.N(len(proxies))
		p := proxies[i]
		switch rand.N(5) {
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
		case 4:
			pids.signal(i, syscall.SIGSTOP)
			pause(rand.N(1500 * time.Millisecond))
			pids.signal(i, syscall.SIGCONT)
		}
	}
}

// startNear runs one process.
func startNear(t *testing.T, task nearTask, pid *atomic.Int64) (tally nearTally) {
	told, err := json.Marshal(task)
	if err != nil {
		t.Error(err)
	}
	cmd := exec.CommandContext(t.Context(), os.Args[0], "-test.run=^$")
	cmd.Env = append(os.Environ(), nearTaskVariable+"="+string(told), "GORACE=exitcode=0")
	var out strings.Builder
	cmd.Stdout, cmd.Stderr = &out, &out
	if err = cmd.Start(); err == nil {
		pid.Store(int64(cmd.Process.Pid))
		err = cmd.Wait()
		pid.Store(0)
	}
	if err != nil {
		t.Errorf("process %d: %v\n%s", task.Index, err, out.String())
	}
	for _, race := range ownRaces(out.String()) {
		t.Error(race)
	}
	for lines := bufio.NewScanner(strings.NewReader(out.String())); lines.Scan(); {
		if text, ok := strings.CutPrefix(lines.Text(), "tally "); ok {
			if err := json.Unmarshal([]byte(text), &tally); err != nil {
				t.Error(err)
			}
			return tally
		}
	}
	t.Errorf("process %d says nothing:\n%s", task.Index, out.String())
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
