package interop

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/larder-go/larder/codec"
)

// python is a process that runs worker.py with one version of async-caches. Its methods may be called concurrently.
type python struct {
	version string // of async-caches
	cmd     *exec.Cmd
	ids     atomic.Int64

	mu      sync.Mutex
	stdin   io.WriteCloser
	waiting map[int64]chan reply
	gone    error // why no more answers come
}

// reply is what came of an expression: a value or an exception.
type reply struct {
	ID     int64   `json:"id"`
	JSON   *string `json:"json"`  // nil: json.dumps does not take it
	Bytes  []byte  `json:"bytes"` // of a bytes object
	Repr   string  `json:"repr"`
	Raises string  `json:"raises"`
	Text   string  `json:"text"`
}

// exception is as the vectors have it.
func (r reply) exception() string { return r.Raises + ": " + r.Text }

// vars are the names that an expression uses, with values that JSON can say.
type vars map[string]any

const (
	environment = ".venv"

	// answerLimit is far more than anything takes: a worker that hangs fails one test, not the whole run by its time-out.
	answerLimit = time.Minute
)

var errNoPython = errors.New("there is no Python environment: ./scripts/test interop makes it, or interop/setup")

func startPython(version string) (*python, error) {
	folder, err := filepath.Abs(filepath.Join(environment, "async-caches-"+version))
	if err != nil {
		return nil, err
	}
	if _, err := os.Stat(folder); err != nil {
		return nil, fmt.Errorf("%w (%w)", errNoPython, err)
	}
	// Isolated from the user's own packages and PYTHON… variables; no __pycache__; calls that raise may leave a coroutine unawaited.
	cmd := exec.Command(filepath.Join(environment, "bin", "python"), "-I", "-B", "-W", "ignore::RuntimeWarning", "worker.py", folder)
	cmd.Stderr = os.Stderr
	p := &python{version: version, cmd: cmd, waiting: map[int64]chan reply{}}
	stdout, err := cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	if p.stdin, err = cmd.StdinPipe(); err != nil {
		return nil, err
	}
	if err := cmd.Start(); err != nil {
		return nil, fmt.Errorf("%w (%w)", errNoPython, err)
	}
	go p.listen(stdout)
	return p, nil
}

// stop lets the process end at the end of its input.
func (p *python) stop() {
	_ = p.stdin.Close()
	timer := time.AfterFunc(10*time.Second, func() { _ = p.cmd.Process.Kill() })
	defer timer.Stop()
	_ = p.cmd.Wait()
}

func (p *python) listen(stdout io.Reader) {
	in := bufio.NewReader(stdout)
	for {
		line, err := in.ReadBytes('\n')
		var r reply
		if err == nil {
			err = json.Unmarshal(line, &r)
		}
		if err != nil {
			p.end(fmt.Errorf("worker.py does not answer any more: %w", err))
			return
		}
		p.mu.Lock()
		answer := p.waiting[r.ID]
		delete(p.waiting, r.ID)
		p.mu.Unlock()
		answer <- r
	}
}

func (p *python) end(why error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.gone = why
	for _, answer := range p.waiting {
		close(answer)
	}
	clear(p.waiting)
}

// ask sends a command and waits for its answer. The answer's exception is no error.
func (p *python) ask(command vars) (reply, error) {
	id := p.ids.Add(1)
	command["id"] = id
	line, err := json.Marshal(command)
	if err != nil {
		return reply{}, err
	}
	answer := make(chan reply, 1)
	p.mu.Lock()
	gone := p.gone
	if gone == nil {
		p.waiting[id] = answer
		_, err = p.stdin.Write(append(line, '\n'))
	}
	p.mu.Unlock()
	if err := errors.Join(gone, err); err != nil {
		return reply{}, err
	}
	select {
	case r, alive := <-answer:
		if !alive {
			return r, p.gone
		}
		return r, nil
	case <-time.After(answerLimit):
		return reply{}, fmt.Errorf("no answer from worker.py within %v to %s", answerLimit, line)
	}
}

func (p *python) must(t testing.TB, command vars) reply {
	t.Helper()
	r, err := p.ask(command)
	if err != nil {
		t.Fatal(err)
	}
	if r.Raises != "" {
		t.Fatalf("Python: %v: %s", command, r.exception())
	}
	return r
}

// client is a Cache of async-caches, or redis-py, in a Python process.
type client struct {
	*python
	name string // how expressions call it, and nothing else in that process
}

// open makes a Cache, with arguments of its constructor.
func (p *python) open(t testing.TB, url string, options vars) client {
	t.Helper()
	return p.opened(t, "c", vars{"url": url, "options": options})
}

// raw makes a client of redis-py, for bytes as they are. Expressions call it r.
func (p *python) raw(t testing.TB, url string) client {
	t.Helper()
	return p.opened(t, "r", vars{"redis": url})
}

func (p *python) opened(t testing.TB, kind string, command vars) client {
	t.Helper()
	c := client{p, fmt.Sprintf("%s%d", kind, p.ids.Add(1))}
	command["open"] = c.name
	p.must(t, command)
	t.Cleanup(func() { _, _ = p.ask(vars{"close": c.name}) })
	return c
}

// try evaluates an expression, in which c is the cache and r is redis-py; what can be awaited is.
func (c client) try(t testing.TB, expression string, with vars) reply {
	t.Helper()
	r, err := c.ask(c.command(expression, with))
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func (c client) command(expression string, with vars) vars {
	return vars{"run": expression, "on": c.name, "as": c.name[:1], "with": with}
}

// run is try that ends the test with an exception.
func (c client) run(t testing.TB, expression string, with vars) reply {
	t.Helper()
	return c.must(t, c.command(expression, with))
}

// says compares the value of an expression with JSON text, numbers as Python writes them.
func (c client) says(t testing.TB, expression, json string) {
	t.Helper()
	if r := c.try(t, expression, nil); r.JSON == nil || *r.JSON != json {
		t.Errorf("Python: %s = %s%s; want %s", expression, r.Repr, strings.TrimPrefix(r.exception(), ": "), json)
	}
}

// raises wants an exception with this in its type and text.
func (c client) raises(t testing.TB, expression, exception string) {
	t.Helper()
	if r := c.try(t, expression, nil); !strings.Contains(r.exception(), exception) {
		t.Errorf("Python: %s = %s%s; want %s", expression, r.Repr, strings.TrimPrefix(r.exception(), ": "), exception)
	}
}

// get is what async-caches has at a key, as larder would decode it: numbers as json.Number.
func (c client) get(t testing.TB, key string) any {
	t.Helper()
	return decode(t, c.run(t, "c.get(key)", vars{"key": key}))
}

func decode(t testing.TB, r reply) (value any) {
	t.Helper()
	if r.JSON == nil {
		t.Fatalf("Python: %s is nothing that JSON can say", r.Repr)
	}
	if err := codec.JSON.Unmarshal([]byte(*r.JSON), &value); err != nil {
		t.Fatal(err)
	}
	return value
}

// repeat evaluates an expression many times from several tasks at once.
func (c client) repeat(expression string, times, tasks int) (values []any, err error) {
	command := c.command(expression, nil)
	command["times"], command["tasks"] = times, tasks
	r, err := c.ask(command)
	if err != nil {
		return nil, err
	}
	if r.JSON == nil {
		return nil, fmt.Errorf("python: %s", r.exception())
	}
	return values, codec.JSON.Unmarshal([]byte(*r.JSON), &values)
}
