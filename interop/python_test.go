package interop

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/larder-go/larder/codec"
	"github.com/larder-go/larder/interop/internal/pyproc"
)

// python is a process that runs worker.py with one version of async-caches. Its methods may be called concurrently.
type python struct {
	*pyproc.Process
	version string       // of async-caches
	names   atomic.Int64 // given to clients
}

// reply is what came of an expression: a value or an exception.
type reply = pyproc.Reply

// vars are the names that an expression uses, with values that JSON can say; or a command with its arguments.
type vars = pyproc.Command

const environment = ".venv"

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
	p, err := pyproc.Start(cmd)
	if err != nil {
		return nil, fmt.Errorf("%w (%w)", errNoPython, err)
	}
	return &python{Process: p, version: version}, nil
}

func (p *python) must(t testing.TB, command vars) reply {
	t.Helper()
	r, err := p.Ask(command)
	if err != nil {
		t.Fatal(err)
	}
	if r.Raises != "" {
		t.Fatalf("Python: %v: %s", command, r.Exception())
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
	c := client{p, fmt.Sprintf("%s%d", kind, p.names.Add(1))}
	command["open"] = c.name
	p.must(t, command)
	t.Cleanup(func() { _, _ = p.Ask(vars{"close": c.name}) })
	return c
}

// try evaluates an expression, in which c is the cache and r is redis-py; what can be awaited is.
func (c client) try(t testing.TB, expression string, with vars) reply {
	t.Helper()
	r, err := c.Ask(c.command(expression, with))
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
		t.Errorf("Python: %s = %s%s; want %s", expression, r.Repr, r.Exception(), json)
	}
}

// raises wants an exception with this in its type and text.
func (c client) raises(t testing.TB, expression, exception string) {
	t.Helper()
	if r := c.try(t, expression, nil); !strings.Contains(r.Exception(), exception) {
		t.Errorf("Python: %s = %s%s; want %s", expression, r.Repr, r.Exception(), exception)
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
	r, err := c.Ask(command)
	if err != nil {
		return nil, err
	}
	if r.JSON == nil {
		return nil, fmt.Errorf("python: %s", r.Exception())
	}
	return values, codec.JSON.Unmarshal([]byte(*r.JSON), &values)
}
