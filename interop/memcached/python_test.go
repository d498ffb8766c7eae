package memcached_test

import (
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/larder-go/larder"
	"github.com/larder-go/larder/internal/memcachetest"
	"github.com/larder-go/larder/interop/internal/pyproc"
	_ "github.com/larder-go/larder/memcached"
)

var (
	worker  *pyproc.Process
	servers [3]*memcachetest.Server
)

func TestMain(m *testing.M) { os.Exit(runAll(m)) }

func runAll(m *testing.M) int {
	environment := filepath.Join("..", ".venv")
	var err error
	worker, err = pyproc.Start(exec.Command(filepath.Join(environment, "bin", "python"), "-I", "-B", "worker.py", filepath.Join(environment, "memcached")))
	if err != nil {
		fmt.Fprintln(os.Stderr, "there is no Python environment: ./scripts/test interop makes it, or interop/setup:", err)
		return 1
	}
	defer worker.Stop()
	for i := range servers {
		s, stop, err := memcachetest.StartMain()
		if err != nil {
			fmt.Fprintln(os.Stderr, err)
			return 1
		}
		defer stop()
		servers[i] = s
	}
	return m.Run()
}

// pool empties the first n servers and returns their addresses.
func pool(t *testing.T, n int) []string {
	t.Helper()
	var addresses []string
	for _, s := range servers[:n] {
		if err := s.Flush(); err != nil {
			t.Fatal(err)
		}
		addresses = append(addresses, s.Addr())
	}
	return addresses
}

// python is a client in the Python program.
type python struct {
	t    *testing.T
	name string
}

var clients atomic.Int64

func open(t *testing.T, client string, addresses []string, options map[string]any) python {
	t.Helper()
	p := python{t, fmt.Sprint("c", clients.Add(1))}
	p.must(pyproc.Command{"open": p.name, "client": client, "servers": addresses, "options": options})
	return p
}

func (p python) must(c pyproc.Command) pyproc.Reply {
	p.t.Helper()
	r, err := worker.Ask(c)
	if err != nil {
		p.t.Fatal(err)
	}
	if r.Raises != "" {
		p.t.Fatalf("Python: %v: %s", c["run"], r.Exception())
	}
	return r
}

// with are names that an expression uses.
type with map[string]any

// run evaluates an expression, in which c is the client, and returns its value as Python shows it.
func (p python) run(expression string, names with) string {
	p.t.Helper()
	return p.must(p.command(expression, names)).Repr
}

func (p python) command(expression string, names with) pyproc.Command {
	return pyproc.Command{"run": expression, "on": p.name, "with": names}
}

// says compares the value of an expression.
func (p python) says(want, expression string, names with) {
	p.t.Helper()
	if got := p.run(expression, names); got != want {
		p.t.Errorf("Python: %s = %s; want %s", expression, got, want)
	}
}

// object is the value of an expression in Go.
func (p python) object(expression string, names with, target any) {
	p.t.Helper()
	r := p.must(p.command(expression, names))
	if r.JSON == nil {
		p.t.Fatalf("Python: %s = %s, which JSON cannot say", expression, r.Repr)
	}
	if err := json.Unmarshal([]byte(*r.JSON), target); err != nil {
		p.t.Fatal(err)
	}
}

// cache is the Go side. Keys are as Python writes them.
func cache(t *testing.T, addresses []string, params string) *larder.Cache {
	t.Helper()
	url := "memcached://" + strings.Join(addresses, ";") + "/?layout=bare" + params
	c, err := larder.Open(t.Context(), url)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = c.Close() })
	return c
}
