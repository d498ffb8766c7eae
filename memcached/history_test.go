package memcached_test

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/anishathalye/porcupine"

	"github.com/larder-go/larder/driver"
	"github.com/larder-go/larder/memcached"
)

// call is one call on a key, when it began and ended, and what it said: unknown if it may have happened at any time since. Arg is a value
// that no other call has.
type call struct {
	Client          int
	Verb, Arg, Said string
	Began, Ended    int64
	Loading, Loaded int64 // of a load: when it had its lease, and was to be stored
}

const unknown = "?"

// past is a history of one key.
type past struct {
	mu    sync.Mutex
	calls []call
}

// do runs a call and writes down when it began and ended, by the clock that all processes of the machine have.
func (p *past) do(client int, verb, arg string, run func() (string, error)) error {
	return p.note(call{Client: client, Verb: verb, Arg: arg}, func(*call) (string, error) { return run() })
}

func (p *past) note(c call, run func(*call) (string, error)) error {
	c.Began = time.Now().UnixNano()
	var err error
	c.Said, err = run(&c)
	c.Ended = time.Now().UnixNano()
	if err != nil && strings.Contains(err.Error(), "cleared all the time meanwhile") {
		c.Said, c.Ended, err = unknown, math.MaxInt64, nil
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.calls = append(p.calls, c)
	return err
}

// check fails if there is no order of the calls that explains what each has said.
func (p *past) check(t *testing.T) (undecided int) {
	t.Helper()
	if problem := p.undone(); problem != "" {
		t.Fatalf("%s: %+v", problem, p.calls)
	}
	var history []porcupine.Operation
	for i, c := range p.calls {
		if p.passing(c) {
			if c.Verb != "swap" {
				continue
			}
			c.Verb, c.Said = "set", ""
		}
		history = append(history, porcupine.Operation{ClientId: i, Input: c, Output: c.Said, Call: c.Began, Return: c.Ended})
		if c.Said == unknown {
			undecided++
		}
	}
	if porcupine.CheckOperationsTimeout(keyModel, history, 30*time.Second) == porcupine.Illegal {
		t.Fatalf("no order explains %+v", p.calls)
	}
	return undecided
}

// keyModel is a key that is set, deleted, added, counted, swapped, loaded and cleared. Its state is what is there: "" is absent.
var keyModel = (&porcupine.NondeterministicModel{
	Init: func() []any { return []any{""} },
	Step: func(state, input, output any) []any {
		said, next := onKey(state.(string), input.(call))
		switch output.(string) {
		case unknown, dropped: // of a fill that was void: a Delete may have deleted it
			return []any{state, next}
		case said:
			return []any{next}
		case "not now": // of a swap that somebody came in between, or a load that somebody else has begun
			return []any{state}
		}
		return nil
	},
}).ToModel()

// onKey is what a call says, and what is there then.
func onKey(state string, c call) (said, next string) {
	switch c.Verb {
	case "get":
		return state, state
	case "set":
		return "", c.Arg
	case "clear":
		return "", ""
	case "delete":
		return fmt.Sprint(state != ""), ""
	case "add":
		if state != "" {
			return "false", state
		}
		return "true", c.Arg
	case "swap":
		return state, c.Arg
	case "load":
		if state != "" {
			return state, state
		}
		return stored, c.Arg
	}
	n, _ := strconv.Atoi(state)
	sum := strconv.Itoa(n + 1)
	return sum, sum
}

// random makes a call on a key, or clears a prefix of it if it can. Where keys are loaded, nobody counts, and nobody clears.
func (p *past) random(ctx context.Context, s *memcached.Store, client int, key, value string, o memcached.Options, loads bool) error {
	switch rand.IntN(8) {
	case 0, 1:
		return p.do(client, "get", "", func() (string, error) { v, err := s.Get(ctx, key); return orAbsent(v, err) })
	case 2:
		items := []driver.Item{{Key: key, Value: []byte(value)}, {Key: "a:other"}, {Key: "c"}}
		return p.do(client, "set", value, func() (string, error) { return "", s.SetMany(ctx, items, time.Hour) })
	case 3:
		return p.do(client, "delete", "", func() (string, error) {
			n, err := s.DeleteMany(ctx, []string{key})
			return fmt.Sprint(n == 1), err
		})
	case 4:
		return p.do(client, "add", value, func() (string, error) {
			added, err := s.Add(ctx, key, []byte(value), time.Hour)
			return fmt.Sprint(added), err
		})
	case 5:
		if loads {
			return p.load(ctx, s, client, key, value)
		}
		return p.do(client, "incr", "", func() (string, error) {
			n, err := s.Incr(ctx, key, 1, time.Hour)
			return fmt.Sprint(n), err
		})
	case 6:
		return p.do(client, "swap", value, func() (string, error) { return swap(ctx, s, key, value) })
	}
	switch {
	case loads:
		return p.load(ctx, s, client, key, value)
	case !o.Generations:
		return nil
	}
	if rand.IntN(5) == 0 { // names of others change
		_, err := s.Clear(ctx, "z:"+value)
		return err
	}
	prefix := key[:1+rand.IntN(len(key))]
	return p.do(client, "clear", "", func() (string, error) { _, err := s.Clear(ctx, prefix); return "", err })
}

func orAbsent(value []byte, err error) (string, error) {
	if errors.Is(err, driver.ErrMiss) {
		return "", nil
	}
	return string(value), err
}

// swap replaces what is there, and says what that was.
func swap(ctx context.Context, s *memcached.Store, key, value string) (string, error) {
	old, version, err := s.GetVersion(ctx, key)
	if errors.Is(err, driver.ErrMiss) {
		return "not now", nil
	}
	if err != nil {
		return "", err
	}
	swapped, err := s.Swap(ctx, key, version, []byte(value), time.Hour)
	if err != nil || !swapped {
		return "not now", err
	}
	return string(old), nil
}

// run makes calls as several clients at once.
func (p *past) run(ctx context.Context, clients, calls, first int, key string, o memcached.Options, loads bool) error {
	errs := make([]error, clients)
	var all sync.WaitGroup
	for i := range clients {
		s, err := memcached.Open(ctx, o)
		if err != nil {
			return err
		}
		defer s.Close()
		all.Go(func() {
			for n := range calls {
				value := strconv.Itoa(1_000_000*(first+i+1) + 1000*n)
				errs[i] = errors.Join(errs[i], p.random(ctx, s, first+i, key, value, o, loads))
			}
		})
	}
	all.Wait()
	return errors.Join(errs...)
}

// TestClearsAreLinear: several clients change a key and clear the view that it is in.
func TestClearsAreLinear(t *testing.T) {
	undecided := 0
	for range 15 {
		var p past
		o := emptied(t, server)
		o.Generations = true
		if err := p.run(t.Context(), 4, 25, 0, "a:b:k", o, false); err != nil {
			t.Fatal(err)
		}
		undecided += p.check(t)
	}
	t.Logf("%d calls did not know", undecided)
}

// historyVariable tells a process of this test binary that it is one of those that make a history, and with which options.
const historyVariable = "LARDER_TEST_HISTORY"

// makeHistory is such a process. It writes its calls down, a line each.
func makeHistory(text string) error {
	var task struct {
		Options memcached.Options
		First   int
		Key     string
		Loads   bool
	}
	if err := json.Unmarshal([]byte(text), &task); err != nil {
		return err
	}
	fmt.Println("ready")
	if _, err := bufio.NewReader(os.Stdin).ReadString('\n'); err != nil {
		return err
	}
	var p past
	if err := p.run(context.Background(), 2, 40, task.First, task.Key, task.Options, task.Loads); err != nil {
		return err
	}
	out := json.NewEncoder(os.Stdout)
	for _, c := range p.calls {
		if err := out.Encode(c); err != nil {
			return err
		}
	}
	return nil
}

// TestTwoProcessesAreLinear: two processes work on one key.
func TestTwoProcessesAreLinear(t *testing.T) {
	for _, c := range []struct {
		name               string
		generations, loads bool
		rounds             int
	}{{"plain", false, false, 4}, {"generations", true, false, 4}, {"loads", false, true, 20}} {
		t.Run(c.name, func(t *testing.T) {
			said := map[string]int{}
			for range c.rounds {
				o := emptied(t, server)
				o.Generations = c.generations
				p := twoProcesses(t, o, c.loads)
				if len(p.calls) < 100 {
					t.Fatalf("%d calls", len(p.calls))
				}
				p.check(t)
				p.countLoads(said)
			}
			t.Log(said)
			if c.loads && (said[stored] < 10 || said[dropped] < 10) {
				t.Errorf("too few loads: %v", said)
			}
		})
	}
}

func twoProcesses(t *testing.T, o memcached.Options, loads bool) *past {
	t.Helper()
	p := &past{}
	var ready, all sync.WaitGroup
	ready.Add(2)
	for i := range 2 {
		task, err := json.Marshal(map[string]any{"Options": o, "First": 2 * i, "Key": "a:b:k", "Loads": loads})
		if err != nil {
			t.Fatal(err)
		}
		cmd := exec.Command(os.Args[0])
		cmd.Env = append(os.Environ(), historyVariable+"="+string(task))
		cmd.Stderr = os.Stderr
		in, _ := cmd.StdinPipe()
		out, _ := cmd.StdoutPipe()
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		all.Go(func() {
			lines := bufio.NewScanner(out)
			lines.Scan() // ready
			ready.Done()
			ready.Wait()
			_, _ = in.Write([]byte("go\n"))
			for lines.Scan() {
				var c call
				if err := json.Unmarshal(lines.Bytes(), &c); err != nil {
					t.Errorf("%q: %v", lines.Text(), err)
				}
				p.mu.Lock()
				p.calls = append(p.calls, c)
				p.mu.Unlock()
			}
			if err := cmd.Wait(); err != nil {
				t.Error(err)
			}
		})
	}
	all.Wait()
	return p
}
