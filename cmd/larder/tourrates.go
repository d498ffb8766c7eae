package main

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"sync"
	"sync/atomic"
	"time"

	"github.com/jedib0t/go-pretty/v6/table"

	"github.com/larder-go/larder"
)

// How much is measured; tests measure less.
var (
	rateTime = 200 * time.Millisecond // for each verb and number of goroutines
	victims  = 20_000                 // entries to delete
)

const (
	rateKeys       = 1000
	rateGoroutines = 16
	rateBatch      = 100
)

// rated is a verb whose rate is measured. i is different for each call.
type rated struct {
	name  string
	call  func(ctx context.Context, i int) error
	most  int64 // calls; 0: any number
	calls atomic.Int64
}

// rateValue is 100 bytes of JSON.
var rateValue = string(make98())

func make98() []byte {
	b := make([]byte, 98)
	for i := range b {
		b[i] = 'a' + byte(i%26)
	}
	return b
}

func rateKey(i int) string { return strconv.Itoa(i % rateKeys) }

func batchOf(i int) []string {
	keys := make([]string, rateBatch)
	for j := range keys {
		keys[j] = rateKey(i*rateBatch + j)
	}
	return keys
}

func (t *tour) rated() []*rated {
	texts, never := t.texts, larder.NoExpiry
	return []*rated{
		{name: "Set", call: func(ctx context.Context, i int) error { return texts.Set(ctx, rateKey(i), rateValue, never) }},
		{name: "Get", call: func(ctx context.Context, i int) error { _, err := texts.Get(ctx, rateKey(i)); return err }},
		{name: "GetOrSet, hit", call: func(ctx context.Context, i int) error {
			_, err := texts.GetOrSet(ctx, rateKey(i), larder.Value(rateValue))
			return err
		}},
		{name: "GetOrSet, load", call: func(ctx context.Context, i int) error {
			_, err := texts.GetOrSet(ctx, "load"+strconv.Itoa(i), larder.Value(rateValue))
			return err
		}},
		{name: "Has", call: func(ctx context.Context, i int) error { _, err := texts.Has(ctx, rateKey(i)); return err }},
		{name: "TTL", call: func(ctx context.Context, i int) error { _, _, err := texts.TTL(ctx, rateKey(i)); return err }},
		{name: "Touch", call: func(ctx context.Context, i int) error { _, err := texts.Touch(ctx, rateKey(i), never); return err }},
		{name: "Add", call: func(ctx context.Context, i int) error {
			_, err := texts.Add(ctx, "add"+strconv.Itoa(i), rateValue)
			return err
		}},
		{name: "Incr", call: func(ctx context.Context, i int) error { _, err := texts.Incr(ctx, "n"+rateKey(i), 1); return err }},
		{name: fmt.Sprintf("SetMany, %d keys", rateBatch), call: func(ctx context.Context, i int) error {
			values := make(map[string]string, rateBatch)
			for _, key := range batchOf(i) {
				values[key] = rateValue
			}
			return texts.SetMany(ctx, values)
		}},
		{name: fmt.Sprintf("GetMany, %d keys", rateBatch), call: func(ctx context.Context, i int) error {
			_, err := texts.GetMany(ctx, batchOf(i))
			return err
		}},
		{name: "Delete", most: int64(victims), call: func(ctx context.Context, i int) error {
			_, err := texts.Delete(ctx, "victim"+strconv.Itoa(i))
			return err
		}},
	}
}

// rates measures each verb and prints calls in a second. Set comes first and fills what the others read.
func (t *tour) rates() error {
	if err := t.makeVictims(); err != nil {
		return err
	}
	out := newTable()
	many := fmt.Sprintf("%d goroutines", rateGoroutines)
	out.AppendHeader(table.Row{"calls/s", "1 goroutine", many})
	for _, r := range t.rated() {
		one, err := measure(t.ctx, r, 1)
		if err != nil {
			return err
		}
		all, err := measure(t.ctx, r, rateGoroutines)
		if err != nil {
			return err
		}
		if t.a.JSON {
			t.a.answer("", "verb", r.name, "per_second_1", int(one), "per_second_16", int(all))
		}
		out.AppendRow(table.Row{r.name, int(one), int(all)})
	}
	if !t.a.JSON {
		fmt.Fprintln(t.a.out, out.Render())
	}
	return nil
}

// measure calls a verb from some goroutines for a while and returns the calls in a second.
func measure(ctx context.Context, r *rated, goroutines int) (float64, error) {
	ctx, stop := context.WithCancelCause(ctx)
	defer stop(nil)
	before := r.calls.Load()
	var wg sync.WaitGroup
	start := time.Now()
	for range goroutines {
		wg.Go(func() {
			for time.Since(start) < rateTime && ctx.Err() == nil {
				i := r.calls.Add(1)
				if r.most > 0 && i > r.most {
					return
				}
				err := r.call(ctx, int(i))
				if err != nil && !errors.Is(err, larder.ErrMiss) && !errors.Is(err, errors.ErrUnsupported) {
					stop(err)
				}
			}
		})
	}
	wg.Wait()
	return float64(r.calls.Load()-before) / time.Since(start).Seconds(), context.Cause(ctx)
}

// makeVictims stores what Delete is measured with.
func (t *tour) makeVictims() error {
	const batch = 500
	for from := 1; from <= victims; from += batch {
		values := make(map[string]string, batch)
		for i := from; i < from+batch; i++ {
			values["victim"+strconv.Itoa(i)] = rateValue
		}
		if err := t.texts.SetMany(t.ctx, values); err != nil {
			return err
		}
	}
	return nil
}
