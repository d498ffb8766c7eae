package celery

import (
	"errors"
	"fmt"
	"sync"
	"testing"
)

// TestRacingWriters: whoever writes SUCCESS and whoever writes something else, at the same moment: SUCCESS
// stays, and exactly one writer of it is told that it was stored.
func TestRacingWriters(t *testing.T) {
	const rounds = 200
	each(t, func(t *testing.T, r *Results) {
		ctx := soon(t)
		for round := range rounds {
			id := fmt.Sprint("t", round)
			var stored [3]bool
			var racing sync.WaitGroup
			write := func(i int, s State, result any) {
				racing.Go(func() {
					var err error
					if stored[i], err = r.Store(ctx, id, s, result, nil); err != nil {
						t.Error(err)
					}
				})
			}
			write(0, Success, 0)
			write(1, Success, 1)
			write(2, Failure, errors.New("boom"))
			racing.Wait()
			m := result(t, r, id)
			if m.Status != Success || stored[0] == stored[1] {
				t.Fatalf("%s, stored %v", m.Status, stored)
			}
			if want := map[bool]string{true: "0", false: "1"}[stored[0]]; m.Result.Repr() != want {
				t.Fatalf("the result of the writer who was told that it was not stored: %v", m.Result)
			}
		}
	})
}

// TestRaceOverGarbage: garbage is replaced once, then SUCCESS stays.
func TestRaceOverGarbage(t *testing.T) {
	each(t, func(t *testing.T, r *Results) {
		ctx := soon(t)
		for round := range 20 {
			id := fmt.Sprint("t", round)
			r.raw(t, id, "garbage")
			var racing sync.WaitGroup
			for i := range 4 {
				racing.Go(func() {
					s := []State{Success, Failure}[i%2]
					if _, err := r.Store(ctx, id, s, nil, nil); err != nil {
						t.Error(err)
					}
				})
			}
			racing.Wait()
			if m := result(t, r, id); m.Status != Success {
				t.Fatalf("it is %s", m.Status)
			}
		}
	})
}
