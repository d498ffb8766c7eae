package drivertest_test

import (
	"context"
	"errors"
	"fmt"
	"testing"

	"github.com/larder-go/larder/driver"
	"github.com/larder-go/larder/driver/drivertest"
)

// In an engine's test file this function is called TestConformance.
func ExampleRun() {
	_ = func(t *testing.T) {
		drivertest.Run(t, drivertest.Harness{
			Open:         func(*testing.T) driver.Store { return newReference() },
			Capabilities: drivertest.All(),
			VirtualTime:  true,
		})
	}
}

func ExampleFaulty() {
	ctx := context.Background()
	faulty := drivertest.NewFaulty(newReference())
	faulty.FailTimes(drivertest.OpGet, 1, errors.New("unplugged"))

	for range 2 {
		_, err := faulty.Get(ctx, "user:42")
		fmt.Println(err)
	}
	fmt.Println(faulty.Count(drivertest.OpGet), "calls")
	// Output:
	// unplugged
	// larder: no such entry
	// 2 calls
}

// A loader reads; before its read reaches the store, somebody else writes.
func ExampleFaulty_Block() {
	ctx := context.Background()
	faulty := drivertest.NewFaulty(newReference())
	gate := faulty.Block(drivertest.OpGet)

	read := make(chan string)
	go func() {
		v, _ := faulty.Get(ctx, "user:42")
		read <- string(v)
	}()
	call, _ := gate.Wait(ctx)
	fmt.Println(call.Op, call.Keys, "stands at the gate")
	_ = faulty.Set(ctx, "user:42", []byte("new"), 0)
	gate.Release()
	fmt.Println(<-read)
	// Output:
	// Get [user:42] stands at the gate
	// new
}
