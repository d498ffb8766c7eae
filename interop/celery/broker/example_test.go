package broker_test

import (
	"context"
	"fmt"
	"log"

	"github.com/larder-go/larder/celery"
	"github.com/larder-go/larder/celery/py"
	"github.com/larder-go/larder/interop/celery/broker"

	_ "github.com/larder-go/larder/redis"
)

// A Go program starts a Python task and waits for its value.
func Example_start() {
	ctx := context.Background()
	b, err := broker.Open("redis://localhost/0")
	if err != nil {
		log.Fatal(err)
	}
	defer b.Close()
	results, err := celery.Open(ctx, "redis://localhost/1")
	if err != nil {
		log.Fatal(err)
	}
	defer func() { _ = results.Close() }()

	sku, _ := py.Of("sku-1")
	task := broker.Message{ID: "d2a84fee-6f3b-4cf1-8f3e-7a6f5d1f2a10", Task: "shop.tasks.price", Args: []py.Value{sku}}
	if err := b.Publish(ctx, broker.DefaultQueue, task); err != nil {
		log.Fatal(err)
	}
	price, err := celery.Get[float64](ctx, results, task.ID)
	fmt.Println(price, err)
}

// A Go program runs tasks that Python starts with app.signature("go.double", args=(21,)).set(queue="go"),
// also as parts of chords.
func Example_worker() {
	ctx := context.Background()
	b, err := broker.Open("redis://localhost/0")
	if err != nil {
		log.Fatal(err)
	}
	defer b.Close()
	results, err := celery.Open(ctx, "redis://localhost/1")
	if err != nil {
		log.Fatal(err)
	}
	defer func() { _ = results.Close() }()

	w := broker.Worker{Name: "go@shop", Queue: "go", Broker: b, Results: results, Tasks: map[string]broker.Task{
		"go.double": func(_ context.Context, m broker.Message) (any, error) {
			var n int
			if len(m.Args) != 1 || m.Args[0].Decode(&n) != nil {
				return nil, celery.Exception("builtins", "TypeError", "go.double takes an int")
			}
			return 2 * n, nil
		},
	}}
	if err := w.Run(ctx); err != nil {
		log.Print(err)
	}
}
