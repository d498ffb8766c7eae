//go:build unix

package sqlite

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
)

// Tests with several processes run this test binary again as a child, which does one of these and exits.
const (
	childEnv  = "LARDER_SQLITE_CHILD" // the name of a child's part
	childPath = "LARDER_SQLITE_PATH"
	childID   = "LARDER_SQLITE_ID"
	roundsEnv = "LARDER_CRASH_ROUNDS" // how often the crash test kills; default 3
)

func TestMain(m *testing.M) {
	parts := map[string]func(s *Store, id string) error{
		"write": childWrites, "incr": childIncrements, "add": childAdds, "full": childFillsDisk,
	}
	if os.Getenv(childEnv) == "forbidden" {
		childIsForbidden(os.Getenv(childPath))
		os.Exit(0)
	}
	part, ok := parts[os.Getenv(childEnv)]
	if !ok {
		os.Exit(m.Run())
	}
	s, err := Open(context.Background(), os.Getenv(childPath), Options{BusyTimeout: time.Minute})
	if err == nil {
		err = errors.Join(part(s, os.Getenv(childID)), s.Close())
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	os.Exit(0)
}

// child is a process whose lines of output are kept.
type child struct {
	cmd   *exec.Cmd
	ended chan struct{}
	err   error // of the process, once it has ended

	mu    sync.Mutex
	lines []string
}

func startChild(t *testing.T, part, path string, id int) *child {
	t.Helper()
	c := &child{cmd: exec.Command(os.Args[0]), ended: make(chan struct{})}
	c.cmd.Env = append(os.Environ(), childEnv+"="+part, childPath+"="+path, childID+"="+strconv.Itoa(id))
	c.cmd.Stderr = os.Stderr
	out, err := c.cmd.StdoutPipe()
	if err == nil {
		err = c.cmd.Start()
	}
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.kill() })
	go func() {
		defer close(c.ended)
		c.read(out)
		c.err = c.cmd.Wait()
	}()
	return c
}

// read keeps the complete lines; a child that was killed may leave half of one.
func (c *child) read(out io.Reader) {
	for r := bufio.NewReader(out); ; {
		line, err := r.ReadString('\n')
		if err != nil {
			return
		}
		c.mu.Lock()
		c.lines = append(c.lines, strings.TrimSuffix(line, "\n"))
		c.mu.Unlock()
	}
}

func (c *child) output() []string {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.lines[:len(c.lines):len(c.lines)]
}

// kill ends the process without its knowing, as kill -9 does.
func (c *child) kill() {
	_ = c.cmd.Process.Kill()
	<-c.ended
}

func (c *child) wait(t *testing.T) {
	t.Helper()
	if <-c.ended; c.err != nil {
		t.Error(c.err)
	}
}

// childWrites stores entries and counts until it is killed, and prints each one that was acknowledged.
func childWrites(s *Store, id string) error {
	ctx := context.Background()
	for g := range 4 {
		go func() {
			for i := 0; ; i++ {
				key := fmt.Sprintf("%s-%d-%d", id, g, i)
				err := s.Set(ctx, key, []byte(strings.Repeat(key, 20)), 0)
				if err == nil {
					_, err = s.Incr(ctx, "n"+id, 1, 0)
				}
				if err != nil {
					fmt.Fprintln(os.Stderr, err)
					os.Exit(1)
				}
				fmt.Println(key) // one write to the pipe
			}
		}()
	}
	select {}
}

// TestCrash kills processes that write, and looks for damage and for acknowledged writes that are lost.
func TestCrash(t *testing.T) {
	rounds := 3
	if n, err := strconv.Atoi(os.Getenv(roundsEnv)); err == nil {
		rounds = n
	}
	path, total := tempPath(t), 0
	for round := range rounds {
		var children []*child
		for i := range 4 {
			children = append(children, startChild(t, "write", path, round*10+i))
		}
		for _, c := range children {
			eventually(t, "all are writing", func() bool { return len(c.output()) >= 50 || ended(c) })
		}
		for _, c := range children { // the others go on while the first ones are gone
			enough := len(c.output()) + rand.IntN(200)
			eventually(t, "the child has written more", func() bool { return len(c.output()) >= enough || ended(c) })
			c.kill()
			if status, ok := c.cmd.ProcessState.Sys().(syscall.WaitStatus); !ok || !status.Signaled() {
				t.Fatalf("the child ended by itself: %v", c.err)
			}
		}
		s := openTest(t, path, Options{}, time.Now)
		for i, c := range children {
			total += len(c.output())
			checkAcknowledged(t, s, round*10+i, c.output())
		}
		checkIntegrity(t, s)
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	}
	t.Logf("%d rounds of 4 processes, %d acknowledged writes", rounds, total)
}

func ended(c *child) bool {
	select {
	case <-c.ended:
		return true
	default:
		return false
	}
}

func checkAcknowledged(t *testing.T, s *Store, id int, keys []string) {
	t.Helper()
	lost := 0
	for _, key := range keys {
		if v, err := s.Get(context.Background(), key); err != nil || string(v) != strings.Repeat(key, 20) {
			lost++
		}
	}
	n, err := s.Get(context.Background(), "n"+strconv.Itoa(id))
	if counted, _ := strconv.Atoi(string(n)); err != nil || counted < len(keys) {
		t.Errorf("process %d: %d counted, %d acknowledged, %v", id, counted, len(keys), err)
	}
	if lost > 0 {
		t.Errorf("process %d: %d of %d acknowledged writes are lost", id, lost, len(keys))
	}
}

func checkIntegrity(t *testing.T, s *Store) {
	t.Helper()
	err := s.file.Load().pool.read(background, func(c *conn) error {
		v, err := c.pragma(background, "PRAGMA integrity_check")
		if err == nil && v != "ok" {
			t.Errorf("integrity_check: %v", v)
		}
		return err
	})
	if err != nil {
		t.Error(err)
	}
}

const childCount = 500

func childIncrements(s *Store, _ string) error {
	var errs [4]error
	var wg sync.WaitGroup
	for g := range errs {
		wg.Go(func() {
			for range childCount / len(errs) {
				if _, err := s.Incr(context.Background(), "n", 1, 0); err != nil {
					errs[g] = err
					return
				}
			}
		})
	}
	wg.Wait()
	return errors.Join(errs[:]...)
}

// TestProcessesCount: several processes count together, and nothing is lost.
func TestProcessesCount(t *testing.T) {
	path := tempPath(t)
	var children []*child
	for i := range 4 {
		children = append(children, startChild(t, "incr", path, i))
	}
	for _, c := range children {
		c.wait(t)
	}
	s := openTest(t, path, Options{}, time.Now)
	if v, err := s.Get(t.Context(), "n"); string(v) != strconv.Itoa(4*childCount) {
		t.Errorf("n = %s, want %d, %v", v, 4*childCount, err)
	}
}

const childRounds = 100

func childAdds(s *Store, id string) error {
	for i := range childRounds {
		added, err := s.Add(context.Background(), fmt.Sprint(i), []byte(id), 0)
		if err != nil {
			return err
		}
		if added {
			fmt.Println(i)
		}
	}
	return nil
}

// TestProcessesAdd: of several processes exactly one adds each key.
func TestProcessesAdd(t *testing.T) {
	path := tempPath(t)
	var children []*child
	for i := range 4 {
		children = append(children, startChild(t, "add", path, i))
	}
	s := openTest(t, path, Options{}, time.Now)
	winners := map[string]int{}
	for i, c := range children {
		c.wait(t)
		for _, key := range c.output() {
			winners[key]++
			if v, err := s.Get(t.Context(), key); string(v) != strconv.Itoa(i) {
				t.Errorf("key %s: won by %d, stored by %s, %v", key, i, v, err)
			}
		}
	}
	for i := range childRounds {
		if n := winners[fmt.Sprint(i)]; n != 1 {
			t.Errorf("key %d has %d winners", i, n)
		}
	}
}

// TestFullDisk: see childFillsDisk; the limit on the size of files is the process's own.
func TestFullDisk(t *testing.T) {
	c := startChild(t, "full", tempPath(t), 0)
	c.wait(t)
	t.Log(strings.Join(c.output(), "\n"))
}

// childFillsDisk writes until the file may not grow any more, and then looks whether what was there can be read,
// whether nothing hangs, and whether writing goes on once there is room.
func childFillsDisk(s *Store, _ string) error {
	ctx := context.Background()
	if err := s.Set(ctx, "before", []byte("1"), 0); err != nil {
		return err
	}
	var limit syscall.Rlimit
	if err := syscall.Getrlimit(syscall.RLIMIT_FSIZE, &limit); err != nil {
		return err
	}
	small := limit
	small.Cur = 3 << 20
	if err := syscall.Setrlimit(syscall.RLIMIT_FSIZE, &small); err != nil {
		return err
	}
	stored, refused := fill(s)
	if refused == nil || stored == 0 {
		return fmt.Errorf("%d stored, then %w: no limit was met", stored, refused)
	}
	fmt.Printf("%d stored, then: %v\n", stored, refused)
	if !strings.Contains(refused.Error(), s.path) {
		return fmt.Errorf("the error does not name the file: %w", refused)
	}
	if err := readable(s, stored); err != nil {
		return fmt.Errorf("while there is no room: %w", err)
	}
	if err := syscall.Setrlimit(syscall.RLIMIT_FSIZE, &limit); err != nil {
		return err
	}
	for i := range stored {
		if err := s.Set(ctx, fmt.Sprintf("after-%d", i), make([]byte, 64<<10), 0); err != nil {
			return fmt.Errorf("after room was made: %w", err)
		}
	}
	return readable(s, stored)
}

// fill stores values from 8 goroutines until one is refused. The first keys, as many as it says, are stored.
func fill(s *Store) (stored int, refused error) {
	for round := 0; round < 100 && refused == nil; round++ {
		var wg sync.WaitGroup
		var errs [8]error
		for g := range errs {
			wg.Go(func() {
				errs[g] = s.Set(context.Background(), fmt.Sprintf("%d-%d", round, g), make([]byte, 64<<10), 0)
			})
		}
		wg.Wait()
		if refused = errors.Join(errs[:]...); refused == nil {
			stored += len(errs)
		}
	}
	return stored, refused
}

func readable(s *Store, stored int) error {
	if v, err := s.Get(context.Background(), "before"); string(v) != "1" {
		return fmt.Errorf("before: %q, %w", v, err)
	}
	for i := range stored {
		key := fmt.Sprintf("%d-%d", i/8, i%8)
		if v, err := s.Get(context.Background(), key); len(v) != 64<<10 {
			return fmt.Errorf("%s: %d bytes, %w", key, len(v), err)
		}
	}
	return nil
}
