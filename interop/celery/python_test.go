package celery_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"time"

	"github.com/larder-go/larder/interop/internal/pyproc"
)

var errNoPython = errors.New("there is no Python environment: ./scripts/test interop makes it, or interop/setup")

const (
	environment = "../.venv"
	startLimit  = 30 * time.Second
	endLimit    = 15 * time.Second
)

// clients are the Python programs that use Celery: one for each version and library of Memcached.
var (
	clientsMu sync.Mutex
	clients   = map[[2]string]*pyproc.Process{}
	workers   []*worker
)

// python is a command that runs a program of this folder with a Celery, and with nothing else that is installed.
func python(program, version, library string, args ...string) (*exec.Cmd, error) {
	folder, err := filepath.Abs(filepath.Join(environment, "celery-"+version))
	if err != nil {
		return nil, err
	}
	if _, err := os.Stat(folder); err != nil {
		return nil, fmt.Errorf("%w (%w)", errNoPython, err)
	}
	args = append([]string{"-I", "-S", "-B", "-W", "ignore", program, folder, library}, args...)
	cmd := exec.Command(filepath.Join(environment, "bin", "python"), args...)
	// A worker that takes pickles does not like to be root, which it is on many a machine that runs tests.
	cmd.Env = append(os.Environ(), "GATES="+gateURL(), "TZ=UTC", "C_FORCE_ROOT=true")
	return cmd, nil
}

// gateURL is the database in which tasks wait for the Go side to let them go on.
func gateURL() string { return redis.URL(0) }

// client is the Python program of a version with a library.
func client(version, library string) (*pyproc.Process, error) {
	clientsMu.Lock()
	defer clientsMu.Unlock()
	key := [2]string{version, library}
	if p := clients[key]; p != nil {
		return p, nil
	}
	cmd, err := python("client.py", version, library)
	if err != nil {
		return nil, err
	}
	p, err := pyproc.Start(cmd)
	if err == nil {
		clients[key] = p
	}
	return p, err
}

// worker is a Celery worker, and the end of what it has logged.
type worker struct {
	cmd  *exec.Cmd
	done chan struct{}

	mu    sync.Mutex
	log   bytes.Buffer
	ready chan struct{}
	once  sync.Once
}

// Write takes what the worker logs.
func (w *worker) Write(p []byte) (int, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.log.Write(p)
	if bytes.Contains(w.log.Bytes(), []byte(" ready.")) {
		w.once.Do(func() { close(w.ready) })
	}
	return len(p), nil
}

func (w *worker) logged() string {
	w.mu.Lock()
	defer w.mu.Unlock()
	const most = 1000
	text := w.log.String()
	return text[max(0, len(text)-most):]
}

// named is how often the worker has logged something of a task.
func (w *worker) named(id string) int {
	w.mu.Lock()
	defer w.mu.Unlock()
	return bytes.Count(w.log.Bytes(), []byte(id))
}

// startWorker starts a worker, and returns when it takes tasks.
func startWorker(name, version, library string, config map[string]any) (*worker, error) {
	text, err := json.Marshal(config)
	if err != nil {
		return nil, err
	}
	cmd, err := python("worker.py", version, library, strings.ReplaceAll(name, "/", "-"), string(text))
	if err != nil {
		return nil, err
	}
	w := &worker{cmd: cmd, done: make(chan struct{}), ready: make(chan struct{})}
	cmd.Stderr = w
	if _, err := cmd.StdinPipe(); err != nil { // which is closed when this process ends, however it does
		return nil, err
	}
	if err := cmd.Start(); err != nil {
		return nil, err
	}
	go func() {
		_ = cmd.Wait()
		close(w.done)
	}()
	clientsMu.Lock()
	workers = append(workers, w)
	clientsMu.Unlock()
	select {
	case <-w.ready:
		return w, nil
	case <-w.done:
		return nil, fmt.Errorf("the worker of %s has ended:\n%s", name, w.logged())
	case <-time.After(startLimit):
		return nil, fmt.Errorf("the worker of %s does not become ready:\n%s", name, w.logged())
	}
}

// stop lets the worker end in good order, and kills it if it does not.
func (w *worker) stop() {
	_ = w.cmd.Process.Signal(syscall.SIGTERM)
	select {
	case <-w.done:
	case <-time.After(endLimit):
		_ = w.cmd.Process.Kill()
		<-w.done
	}
}

func stopPythons() {
	clientsMu.Lock()
	defer clientsMu.Unlock()
	var all sync.WaitGroup
	for _, w := range workers {
		all.Go(w.stop)
	}
	for _, p := range clients {
		all.Go(p.Stop)
	}
	all.Wait()
}
