//go:build unix

package larder_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/anishathalye/porcupine"

	"github.com/larder-go/larder"
	"github.com/larder-go/larder/driver"
)

// Two processes of the operating system use the same keys, and the history of their calls has to be that of one entry: the model is the
// one of linear_test.go. This is for every engine that processes share: processHistory.check takes a URL.
//
// The instants of calls come from a counter in memory that the processes share. It is better than any clock that they could read: no two
// instants are the same, none is wrong by the width of a tick, and a call that returned before another one began has the lower number.

const (
	linearTaskVariable = "LARDER_LINEAR_TASK"
	linearProcesses    = 2
)

// The words of the memory that the processes share.
const (
	clockWord = iota
	uniqueWord
	arrivedWord // the processes that have arrived at the beginning of a round, of all rounds together
	sharedWords
)

// processHistory is what the processes of a test are told to do.
type processHistory struct {
	URL    string
	Rounds int
	Mutant string // what is wrong with the engine, so that the test has to see it
	Near   bool   // the URL has near copies

	Shared  string
	Process int
	Seed    uint64
}

// historyEntry is one call on its way from the process that made it.
type historyEntry struct {
	Client, Key, Arg, Value int
	Op                      string
	Yes, Ran                bool
	Began, Call, Return     int64
}

func entryOf(o porcupine.Operation) historyEntry {
	s, a := o.Input.(step), o.Output.(answer)
	return historyEntry{o.ClientId, s.key, s.arg, a.value, s.op, a.yes, a.ran, a.began, o.Call, o.Return}
}

func (e historyEntry) operation() porcupine.Operation {
	return porcupine.Operation{
		ClientId: e.Client, Call: e.Call, Return: e.Return,
		Input: step{op: e.Op, key: e.Key, arg: e.Arg}, Output: answer{value: e.Value, yes: e.Yes, ran: e.Ran, began: e.Began},
	}
}

// check returns what is wrong with the histories of the processes, or nothing.
func (h processHistory) check(t *testing.T) (problem string) {
	t.Helper()
	h.Shared, h.Seed = filepath.Join(t.TempDir(), "shared"), rand.Uint64()
	shareMemory(t, h.Shared, sharedWords)
	ctx, cancel := context.WithCancel(t.Context())
	var processes [linearProcesses]*linearChild
	for i := range processes {
		h.Process = i
		processes[i] = h.start(ctx, t)
	}
	defer func() {
		if problem != "" { // they need not go on
			cancel()
		}
		for i, p := range processes {
			if err := p.cmd.Wait(); err != nil && ctx.Err() == nil {
				t.Errorf("process %d: %v", i, err)
			}
		}
		cancel()
	}()
	both := 0 // rounds in which calls of both were under way at the same time
	for round := range h.Rounds {
		var all []porcupine.Operation
		for i, p := range processes {
			own, err := p.history()
			if err != nil {
				return fmt.Sprintf("round %d, process %d: %v", round, i, err)
			}
			all = append(all, own...)
		}
		if overlap(all) {
			both++
		}
		if problem := h.unexplained(all); problem != "" {
			return fmt.Sprintf("round %d, seed %d: %s", round, h.Seed, problem)
		}
	}
	if both < h.Rounds/10 { // on a machine with few processors that are busy, a round is a turn of one, and then of the other
		t.Errorf("in only %d of %d rounds the processes worked at the same time", both, h.Rounds)
	}
	return ""
}

func (h processHistory) unexplained(all []porcupine.Operation) string {
	if !h.Near {
		return unexplained(all, false)
	}
	judge(all, false)
	return disorder(slices.DeleteFunc(slices.Clone(all), mayBeCopy))
}

// mayBeCopy tells whether an answer may have been that of a near copy. All others are the engine's, and those of one entry also where there
// are near copies: also that of a GetOrSet which has loaded, because it asks the engine before it does.
func mayBeCopy(o porcupine.Operation) bool {
	s, a := o.Input.(step), o.Output.(answer)
	switch s.op {
	case "Get":
		return true
	case "GetOrSet", "Many":
		return !a.ran || a.value != s.arg
	}
	return false
}

// overlap tells whether calls of different processes were under way at the same time on the same key.
func overlap(all []porcupine.Operation) bool {
	for _, a := range all {
		for _, b := range all {
			if a.ClientId%linearProcesses != b.ClientId%linearProcesses && a.Input.(step).key == b.Input.(step).key &&
				a.Call < b.Return && b.Call < a.Return {
				return true
			}
		}
	}
	return false
}

// linearChild is one of the processes, as the test has it.
type linearChild struct {
	cmd  *exec.Cmd
	says *json.Decoder
}

func (h processHistory) start(ctx context.Context, t *testing.T) *linearChild {
	t.Helper()
	told, err := json.Marshal(h)
	ok(t, err)
	cmd := exec.CommandContext(ctx, os.Args[0], "-test.run=^$")
	cmd.Env = append(os.Environ(), linearTaskVariable+"="+string(told))
	cmd.Stderr = os.Stderr
	says, err := cmd.StdoutPipe()
	ok(t, err)
	ok(t, cmd.Start())
	return &linearChild{cmd, json.NewDecoder(says)}
}

// history is that of its next round.
func (p *linearChild) history() (own []porcupine.Operation, err error) {
	var said []historyEntry
	err = p.says.Decode(&said)
	for _, e := range said {
		own = append(own, e.operation())
	}
	return own, err
}

func init() { children[linearTaskVariable] = linearProcess }

// linearProcess is one of the processes.
func linearProcess(text string) error {
	var h processHistory
	if err := json.Unmarshal([]byte(text), &h); err != nil {
		return err
	}
	words, err := sharedMemory(h.Shared, sharedWords)
	if err != nil {
		return err
	}
	c, err := h.open()
	if err != nil {
		return err
	}
	v := larder.Of[int](c, "")
	at := arena{&words[clockWord], &words[uniqueWord]}
	for round := range h.Rounds {
		if err := arrive(&words[arrivedWord], int64(round+1)*linearProcesses); err != nil {
			return err
		}
		own, err := h.round(at, v, round)
		if err != nil {
			return err
		}
		if err := json.NewEncoder(os.Stdout).Encode(own); err != nil {
			return err
		}
	}
	return c.Close()
}

// arrive returns when all processes have.
func arrive(arrived *atomic.Int64, all int64) error {
	arrived.Add(1)
	for end := time.Now().Add(time.Minute); arrived.Load() < all; runtime.Gosched() {
		if time.Now().After(end) {
			return errors.New("the other process does not come")
		}
	}
	return nil
}

// round lets the clients of this process play.
func (h processHistory) round(at arena, v *larder.View[int], round int) (own []historyEntry, err error) {
	var mu sync.Mutex
	var wg sync.WaitGroup
	for client := h.Process; client < linearClients; client += linearProcesses {
		wg.Go(func() {
			history, failed := at.play(context.Background(), v, client, round, h.Seed)
			mu.Lock()
			defer mu.Unlock()
			for _, o := range history {
				own = append(own, entryOf(o))
			}
			err = errors.Join(err, failed)
		})
	}
	wg.Wait()
	return own, err
}

func (h processHistory) open() (*larder.Cache, error) {
	ctx := context.Background()
	if h.Mutant == "" {
		return larder.Open(ctx, h.URL, quiet())
	}
	u, err := driver.ParseURL(h.URL)
	if err != nil {
		return nil, err
	}
	e, err := driver.Lookup(u.Scheme)
	if err != nil {
		return nil, err
	}
	s, err := e.OpenURL(ctx, u, nil, false, nil)
	if err != nil {
		return nil, err
	}
	return larder.New(linearMutants[h.Mutant](s.(mutable)), quiet())
}

// wantLinearProcesses checks an engine that processes share.
func wantLinearProcesses(t *testing.T, url string) {
	t.Helper()
	if problem := (processHistory{URL: url, Rounds: 4 * linearRounds}).check(t); problem != "" {
		t.Error(problem)
	}
}
