package bench

import (
	"context"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"

	"github.com/larder-go/larder/celery"
	_ "github.com/larder-go/larder/memory"
)

// results are what a worker stores of a number, of a failure, and of a list of 200 objects.
var results = []struct {
	name, text string
	value      func(*celery.Meta) error
}{
	{"int", `{"status": "SUCCESS", "result": 42` + rest, decoded[int]},
	{"failure", `{"status": "FAILURE", "result": {"exc_type": "ValueError", "exc_message": ["boom"], "exc_module": "builtins"}, ` +
		`"traceback": "Traceback (most recent call last):\n  File \"/srv/app/tasks.py\", line 479, in trace_task\n    R = retval = fun(*args, **kwargs)\n` +
		`ValueError: boom\n", ` + rest[len(`, "traceback": null, `):], failed},
	{"list", `{"status": "SUCCESS", "result": [` + strings.Repeat(`{"name": "somebody", "age": 42, "tags": ["a", "b"]}, `, 200) + `1]` + rest, decoded[any]},
}

// known is enough for who only wants the state.
func known(*celery.Meta) error { return nil }

func decoded[V any](m *celery.Meta) error {
	var v V
	return m.Decode(&v)
}

func failed(m *celery.Meta) error {
	if err := m.Err(); err == nil {
		return errors.New("it has not failed")
	}
	return nil
}

const (
	resultID = "e1297a38-933a-5674-9069-cf91dc09d01b"
	rest     = `, "traceback": null, "children": [], "date_done": "2026-11-21T20:36:17.166399+00:00", "task_id": "` + resultID + `"}`
)

// celerySeconds is how long Python reads: its program takes longer to begin than a benchmark that is repeated should.
const celerySeconds = "0.3"

// BenchmarkCelery reads a stored result: larder from memory://, and Celery 5.6 from its cache+memory://, decoding alone, what it knows
// of a task, and the value of an AsyncResult. larder-value also makes the Go value of it, or the error.
func BenchmarkCelery(b *testing.B) {
	python := celeryPython(b)
	for _, r := range results {
		for _, way := range []string{"decode", "meta", "result"} {
			b.Run("Read/value="+r.name+"/client=celery-"+way, func(b *testing.B) { readInPython(b, python, way, r.text, 1) })
		}
		b.Run("Read/value="+r.name+"/client=larder", func(b *testing.B) { readResult(b, r.text, 1, known) })
		b.Run("Read/value="+r.name+"/client=larder-value", func(b *testing.B) { readResult(b, r.text, 1, r.value) })
	}
}

// BenchmarkCeleryThreads is the same by two goroutines, and by two threads of one Python process, of which one runs at a time. It is the time of both
// divided by the reads of both.
func BenchmarkCeleryThreads(b *testing.B) {
	python := celeryPython(b)
	for _, r := range results {
		b.Run("Read2/value="+r.name+"/client=celery-result", func(b *testing.B) { readInPython(b, python, "result", r.text, 2) })
		b.Run("Read2/value="+r.name+"/client=larder", func(b *testing.B) { readResult(b, r.text, 2, known) })
	}
}

func readInPython(b *testing.B, python func(...string) *exec.Cmd, way, text string, threads int) {
	out, err := python("celery_read.py", way, celerySeconds, text, strconv.Itoa(threads)).Output()
	must(b, err)
	each, err := strconv.ParseFloat(strings.TrimSpace(string(out)), 64)
	must(b, err)
	b.ReportMetric(each, "ns/op")
}

// readResult reads as many times as b says, by some goroutines together.
func readResult(b *testing.B, text string, goroutines int, use func(*celery.Meta) error) {
	ctx := context.Background()
	c, err := celery.Open(ctx, "memory://")
	must(b, err)
	defer func() { must(b, c.Close()) }()
	must(b, c.Backend().Set(ctx, "celery-task-meta-"+resultID, []byte(text)))
	var all sync.WaitGroup
	b.ReportAllocs()
	b.ResetTimer()
	for range goroutines {
		all.Go(func() {
			for range b.N / goroutines {
				m, err := c.Result(ctx, resultID)
				if err == nil {
					err = use(m)
				}
				if err != nil {
					b.Error(err)
					return
				}
			}
		})
	}
	all.Wait()
}

// celeryPython runs a script with the Celery that interop/setup has installed.
func celeryPython(b *testing.B) func(args ...string) *exec.Cmd {
	venv, err := filepath.Abs("../interop/.venv")
	must(b, err)
	if _, err := os.Stat(filepath.Join(venv, "celery-5.6")); err != nil {
		b.Skip("Celery is not installed: run interop/setup")
	}
	return func(args ...string) *exec.Cmd {
		cmd := exec.CommandContext(b.Context(), filepath.Join(venv, "bin", "python"), args...)
		cmd.Env = append(os.Environ(), "PYTHONPATH="+filepath.Join(venv, "celery-5.6"))
		cmd.Stderr = os.Stderr
		return cmd
	}
}
