//go:build unix

package redis_test

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/larder-go/larder"
	"github.com/larder-go/larder/internal/redistest"
)

// Tests with several processes run this test binary again as a child, which does one of these and exits.
const (
	childEnv  = "LARDER_REDIS_CHILD" // the name of a child's part
	childArgs = "LARDER_REDIS_ARGS"  // separated by spaces
)

const (
	callersEach = 250
	originTakes = 100 * time.Millisecond
	leaseLasts  = 3 * time.Second
)

// init comes before TestMain, which would start a server.
func init() {
	part := map[string]func(args []string) error{"origin": childIsOrigin, "load": childLoads}[os.Getenv(childEnv)]
	if part == nil {
		return
	}
	if err := part(strings.Fields(os.Getenv(childArgs))); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	os.Exit(0)
}

// child is a process that says lines and is told lines.
type child struct {
	cmd  *exec.Cmd
	says *bufio.Scanner
	told *json.Encoder
}

func startChild(t *testing.T, part string, args ...string) *child {
	t.Helper()
	c := &child{cmd: exec.Command(os.Args[0])}
	c.cmd.Env = append(os.Environ(), childEnv+"="+part, childArgs+"="+strings.Join(args, " "))
	c.cmd.Stderr = os.Stderr
	in, err := c.cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	out, err := c.cmd.StdoutPipe()
	if err == nil {
		err = c.cmd.Start()
	}
	if err != nil {
		t.Fatal(err)
	}
	c.told, c.says = json.NewEncoder(in), bufio.NewScanner(out)
	t.Cleanup(func() {
		_ = c.cmd.Process.Kill()
		_ = c.cmd.Wait()
	})
	return c
}

func (c *child) line(t *testing.T) string {
	t.Helper()
	if !c.says.Scan() {
		t.Fatalf("the child ended: %v", c.says.Err())
	}
	return c.says.Text()
}

// childIsOrigin answers every question after a time, and writes down who asked. It is no client of the server.
func childIsOrigin(args []string) error {
	takes, err := time.ParseDuration(args[1])
	if err != nil {
		return err
	}
	log, err := os.OpenFile(args[0], os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	fmt.Println(l.Addr())
	for {
		conn, err := l.Accept()
		if err != nil {
			return err
		}
		go func() {
			defer conn.Close()
			who, err := bufio.NewReader(conn).ReadString('\n')
			if err != nil {
				return
			}
			if _, err := log.WriteString(who); err != nil {
				return
			}
			time.Sleep(takes) // to find the answer
			_, _ = fmt.Fprintln(conn, "the value")
		}()
	}
}

func askOrigin(addr string) (string, error) {
	conn, err := net.Dial("tcp", addr)
	if err != nil {
		return "", err
	}
	defer conn.Close()
	if _, err := fmt.Fprintln(conn, os.Getpid()); err != nil {
		return "", err
	}
	answer, err := bufio.NewReader(conn).ReadString('\n')
	return strings.TrimSpace(answer), err
}

// heard is what the callers of one process got, in one round.
type heard struct {
	Wrong   []string
	Longest time.Duration
}

// childLoads has 250 callers for each key that it is told.
func childLoads(args []string) error {
	ctx := context.Background()
	cache, err := openPatiently(ctx, args[0])
	if err != nil {
		return err
	}
	defer cache.Close()
	view := larder.Of[string](cache, "")
	fmt.Println("ready")
	for told, said := json.NewDecoder(os.Stdin), json.NewEncoder(os.Stdout); ; {
		var key string
		if err := told.Decode(&key); err != nil {
			return nil // the test has ended
		}
		if err := said.Encode(callAll(ctx, view, key, args[1])); err != nil {
			return err
		}
	}
}

// openPatiently tries for some seconds: a machine on which all begin at once is slower than the time-out that the URL has for
// the calls afterwards.
func openPatiently(ctx context.Context, url string) (*larder.Cache, error) {
	ctx, cancel := context.WithTimeout(ctx, 20*time.Second)
	defer cancel()
	for {
		cache, err := larder.Open(ctx, url, larder.WithLogger(slog.New(slog.DiscardHandler)))
		if err == nil || ctx.Err() != nil {
			return cache, err
		}
	}
}

func callAll(ctx context.Context, view *larder.View[string], key, origin string) (h heard) {
	var mu sync.Mutex
	var wg sync.WaitGroup
	for range callersEach {
		wg.Go(func() {
			from := time.Now()
			got, err := view.GetOrSet(ctx, key, func(context.Context) (string, error) { return askOrigin(origin) })
			took := time.Since(from)
			mu.Lock()
			defer mu.Unlock()
			h.Longest = max(h.Longest, took)
			if err != nil || got != "the value" {
				h.Wrong = append(h.Wrong, fmt.Sprint(got, err))
			}
		})
	}
	wg.Wait()
	return h
}

// fleet is an origin and the processes that ask it.
type fleet struct {
	log       string
	processes []*child
}

func startFleet(t *testing.T, n int, url string, takes time.Duration) *fleet {
	t.Helper()
	f := &fleet{log: filepath.Join(t.TempDir(), "origin.log")}
	origin := startChild(t, "origin", f.log, takes.String())
	addr := origin.line(t)
	for range n {
		f.processes = append(f.processes, startChild(t, "load", url, addr))
	}
	for _, p := range f.processes {
		if got := p.line(t); got != "ready" {
			t.Fatal(got)
		}
	}
	return f
}

// loaders are the processes that have asked the origin, in the order of their questions.
func (f *fleet) loaders(t *testing.T) (pids []int) {
	t.Helper()
	log, err := os.ReadFile(f.log)
	if err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(string(log)) {
		pid, err := strconv.Atoi(strings.TrimSpace(line))
		if err != nil {
			t.Fatal(err)
		}
		pids = append(pids, pid)
	}
	return pids
}

// ask tells all processes to ask for key.
func (f *fleet) ask(t *testing.T, key string) {
	t.Helper()
	for _, p := range f.processes {
		if err := p.told.Encode(key); err != nil {
			t.Fatal(err)
		}
	}
}

// answers returns the longest wait, after it has looked at every answer of these processes.
func answers(t *testing.T, processes ...*child) (longest time.Duration) {
	t.Helper()
	for _, p := range processes {
		var h heard
		if err := json.Unmarshal([]byte(p.line(t)), &h); err != nil {
			t.Fatal(err)
		}
		if len(h.Wrong) > 0 {
			t.Errorf("%d callers of one process got the wrong answer, such as %s", len(h.Wrong), h.Wrong[0])
		}
		longest = max(longest, h.Longest)
	}
	return longest
}

// servers are those on which processes wait in different ways: told by the server, or asking it again and again.
func servers(t *testing.T, test func(t *testing.T, url string)) {
	for name, start := range map[string]func(t *testing.T) string{
		"tracking": func(t *testing.T) string { return server.URL(server.FreshDB()) },
		"polling": func(t *testing.T) string {
			return redistest.Start(t, redistest.Config(`rename-command CLIENT ""`)).URL(0)
		},
		"RESP2": func(t *testing.T) string {
			return redistest.Start(t, redistest.Config(`rename-command HELLO ""`)).URL(0)
		},
		"cluster": func(t *testing.T) string { return redistest.StartCluster(t, 3, 0).URL() },
	} {
		t.Run(name, func(t *testing.T) { test(t, start(t)) })
	}
}

// coldKeys have their leases under names of each kind, and in a cluster on all servers.
func coldKeys(n int) (keys []string) {
	for i := range n {
		keys = append(keys, fmt.Sprintf([]string{"cold %d", "cold {%d} braces", "cold } %d", "{%d", "{}cold %d"}[i%5], i))
	}
	return keys
}

// TestOneLoadOfFourProcesses: 4 processes with 250 callers each, and one cold key after the other: each is loaded once.
func TestOneLoadOfFourProcesses(t *testing.T) {
	servers(t, func(t *testing.T, url string) {
		const rounds = 10
		f := startFleet(t, 4, url, originTakes)
		var longest time.Duration
		for _, key := range coldKeys(rounds) {
			f.ask(t, key)
			longest = max(longest, answers(t, f.processes...))
		}
		if n := len(f.loaders(t)); n != rounds {
			t.Errorf("%d keys were loaded %d times", rounds, n)
		}
		if longest > leaseLasts {
			t.Errorf("somebody waited for %v", longest)
		}
		t.Logf("%d keys, %d loads, 4 x %d callers; the longest wait was %v", rounds, len(f.loaders(t)), callersEach, longest)
	})
}

// TestKilledLoader: the process that loads is killed: one other loads, and nobody waits longer than the lease lasts and a load
// takes.
func TestKilledLoader(t *testing.T) {
	servers(t, func(t *testing.T, url string) {
		f := startFleet(t, 4, url, originTakes)
		f.ask(t, "cold")
		for len(f.loaders(t)) == 0 {
			time.Sleep(time.Millisecond) // between two looks
		}
		killed := f.loaders(t)[0]
		var left []*child
		for _, p := range f.processes {
			if p.cmd.Process.Pid != killed {
				left = append(left, p)
				continue
			}
			if err := p.cmd.Process.Kill(); err != nil {
				t.Fatal(err)
			}
		}
		longest := answers(t, left...)
		if n := len(f.loaders(t)); len(left) != 3 || n > 2 {
			t.Errorf("%d processes are left, and %d loads", len(left), n)
		}
		if longest > leaseLasts+originTakes+time.Second { // the machine has its own pace
			t.Errorf("somebody waited for %v", longest)
		}
		t.Logf("%d loads; the longest wait was %v", len(f.loaders(t)), longest)
	})
}
