package celery_test

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/larder-go/larder/celery"
	_ "github.com/larder-go/larder/memory" // or redis, memcached, sqlite
)

// A Go program waits for what a Python worker returns. Here another Go program is the worker.
func ExampleGet() {
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	results, err := celery.Open(ctx, "memory://") // "redis://localhost/0", "cache+memcached://a:11211;b:11211/"
	if err != nil {
		fmt.Println(err)
		return
	}
	defer results.Close()
	go results.MarkDone(ctx, "d2f1", map[string]int{"total": 42}, nil)

	sum, err := celery.Get[map[string]int](ctx, results, "d2f1")
	fmt.Println(sum["total"], err)
	// Output: 42 <nil>
}

// What a task has raised is a Go error that prints as in Python.
func ExampleTaskError() {
	ctx := context.Background()
	results, _ := celery.Open(ctx, "memory://")
	defer results.Close()
	_ = results.MarkFailed(ctx, "d2f1", celery.Exception("builtins", "ValueError", "boom"), nil)
	_ = results.MarkRevoked(ctx, "77b0", "expired", nil)

	meta, _ := results.Wait(ctx, "d2f1")
	var raised *celery.TaskError
	if errors.As(meta.Err(), &raised) {
		fmt.Println(meta.Status, raised.Type, "-", raised)
	}
	meta, _ = results.Wait(ctx, "77b0")
	fmt.Println(errors.Is(meta.Err(), celery.ErrTaskRevoked))
	// Output:
	// FAILURE ValueError - ValueError: boom
	// true
}

// A worker stores what becomes of a task. A success is never replaced.
func ExampleResults_Store() {
	ctx := context.Background()
	results, _ := celery.Open(ctx, "memory://")
	defer results.Close()

	_ = results.UpdateState(ctx, "d2f1", "PROGRESS", map[string]int{"current": 3, "total": 10}, nil)
	stored, err := results.Store(ctx, "d2f1", celery.Success, []int{1, 2}, &celery.Request{ParentID: "77b0"})
	fmt.Println(stored, err)
	stored, err = results.Store(ctx, "d2f1", celery.Failure, errors.New("too late"), nil)
	fmt.Println(stored, err)
	meta, err := results.Result(ctx, "d2f1")
	fmt.Println(meta.Status, meta.Result, meta.ParentID, err)
	// Output:
	// true <nil>
	// false <nil>
	// SUCCESS [1, 2] 77b0 <nil>
}

// Many tasks, in the order in which they finish.
func ExampleResults_Join() {
	ctx := context.Background()
	results, _ := celery.Open(ctx, "memory://")
	defer results.Close()
	_ = results.MarkDone(ctx, "b", "second to be named", nil)

	for change, err := range results.Join(ctx, []string{"a", "b"}) {
		switch {
		case err != nil: // ctx has ended, or the results are closed
			fmt.Println(err)
			return
		case change.Err != nil: // this task's result cannot be read
			fmt.Println(change.ID, change.Err)
			continue
		}
		fmt.Println(change.ID, change.Meta.Result)
		if change.ID == "b" {
			_ = results.MarkDone(ctx, "a", "done last", nil)
		}
	}
	// Output:
	// b 'second to be named'
	// a 'done last'
}

// How far a task is, until it is done.
func ExampleResults_Watch() {
	ctx := context.Background()
	results, _ := celery.Open(ctx, "memory://")
	defer results.Close()
	_ = results.UpdateState(ctx, "d2f1", "PROGRESS", map[string]int{"current": 3, "total": 10}, nil)

	for change, err := range results.Watch(ctx, []string{"d2f1"}) {
		if err = cmp.Or(err, change.Err); err != nil {
			fmt.Println(err)
			return
		}
		fmt.Println(change.Meta.Status, change.Meta.Result)
		if !change.Meta.Status.Ready() {
			_ = results.MarkDone(ctx, "d2f1", 42, nil)
		}
	}
	// Output:
	// PROGRESS {'current': 3, 'total': 10}
	// SUCCESS 42
}

// A task that returns the result of another one, as `return add.delay(1, 2)` does, leads there.
func ExampleNodeOf() {
	ctx := context.Background()
	results, _ := celery.Open(ctx, "memory://")
	defer results.Close()
	_ = results.MarkDone(ctx, "d2f1", celery.Task("77b0"), nil)
	_ = results.MarkDone(ctx, "77b0", 3, nil)

	meta, _ := results.Wait(ctx, "d2f1")
	other, err := celery.NodeOf(meta.Result)
	fmt.Println(other.ID, err)
	sum, err := celery.Get[int](ctx, results, other.ID)
	fmt.Println(sum, err)
	// Output:
	// 77b0 <nil>
	// 3 <nil>
}

// Go and Python workers do the parts of one chord. Whoever does the last one starts the body.
func ExampleResults_ChordPart() {
	ctx := context.Background()
	results, _ := celery.Open(ctx, "memory://")
	defer results.Close()
	_ = results.StartChord(ctx, celery.Group("g", "a", "b"))

	for i, id := range []string{"a", "b"} {
		request := &celery.Request{GroupID: "g"}
		_ = results.MarkDone(ctx, id, 10*i, request)
		chord, err := results.ChordPart(ctx, celery.Part{GroupID: "g", TaskID: id, Index: i, State: celery.Success, Result: 10 * i})
		if err != nil || chord == nil {
			fmt.Println(id, "is not the last part", err)
			continue
		}
		fmt.Println(id, "is the last part: start the body with", chord.Results, chord.Err)
		_ = chord.Started(ctx)
	}
	// Output:
	// a is not the last part <nil>
	// b is the last part: start the body with [0 10] <nil>
}
