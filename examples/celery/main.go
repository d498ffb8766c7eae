// Command celery shares the results of tasks with Python:
//
//	celery wait ID          waits for a task that a Python worker runs, and shows how far it is
//	celery store ID JSON    stores the result of a task that Go has run, for Python to get
//
// The settings of the application are in celery.json, where Python reads them too.
package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"log"
	"os"
	"os/signal"
	"time"

	"github.com/larder-go/larder/celery"
	"github.com/larder-go/larder/celery/py"
	_ "github.com/larder-go/larder/redis" // the engine
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	if err := run(ctx, os.Args[1:]); err != nil {
		log.Fatal(err)
	}
}

var errUsage = errors.New("usage: celery wait ID | celery store ID JSON")

func run(ctx context.Context, args []string) error {
	results, err := open(ctx, "celery.json")
	if err != nil {
		return err
	}
	defer func() { _ = results.Close() }()
	switch {
	case len(args) == 2 && args[0] == "wait":
		return wait(ctx, os.Stdout, results, args[1])
	case len(args) == 3 && args[0] == "store":
		return store(ctx, results, args[1], args[2])
	}
	return errUsage
}

// open opens the results of the application that a file of settings is for.
func open(ctx context.Context, settings string) (*celery.Results, error) {
	f, err := os.Open(settings)
	if err != nil {
		return nil, err
	}
	defer func() { _ = f.Close() }() // it was only read
	cfg, warnings, err := celery.ReadConfig(f)
	for _, w := range warnings {
		log.Print(w)
	}
	if err != nil {
		return nil, err
	}
	ctx, cancel := context.WithTimeout(ctx, 5*time.Second)
	defer cancel()
	return celery.OpenConfig(ctx, cfg)
}

// wait shows a task's states with what is stored beside them, until it is done. A task that has
// failed is an error.
func wait(ctx context.Context, out io.Writer, results *celery.Results, id string) error {
	for change, err := range results.Watch(ctx, []string{id}) {
		if err = cmp.Or(err, change.Err); err != nil { // the end of the watch, or what is wrong with this task's result
			return err
		}
		meta := change.Meta
		fmt.Fprintln(out, meta.Status, meta.Result)
		if !meta.Status.Ready() {
			continue
		}
		var failed *celery.TaskError
		if errors.As(meta.Err(), &failed) {
			return fmt.Errorf("%s in %s: %w", failed.Type, failed.Module, failed)
		}
		if meta.Name != "tasks.report" {
			return nil
		}
		var r report
		if err := meta.Decode(&r); err != nil {
			return err
		}
		fmt.Fprintf(out, "%d pages, made at %s\n", r.Pages, r.Made.Format(time.TimeOnly))
	}
	return nil
}

// report is what tasks.report returns. Made is Python's datetime.
type report struct {
	Pages int       `json:"pages"`
	Made  time.Time `json:"made"`
}

// store stores what a task has returned. Who waits for it, in Python or Go, has it at once.
func store(ctx context.Context, results *celery.Results, id, text string) error {
	value, err := py.FromJSON([]byte(text)) // as it is; a Go value, MarkDone takes too
	if err != nil {
		return err
	}
	return results.MarkDone(ctx, id, value, nil)
}
