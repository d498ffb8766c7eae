package memory_test

import (
	"testing"
	"testing/synctest"
	"time"

	"github.com/larder-go/larder/driver"
	"github.com/larder-go/larder/memory"
)

// TestUntimed: entries stay whatever their lifetimes, and still make room.
func TestUntimed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, err := memory.New(memory.Options{MaxEntries: 10, Untimed: true})
		if err != nil {
			t.Fatal(err)
		}
		defer func() { _ = s.Close() }()
		live := s.(driver.Live)
		if err := live.SetLive("a:", "1", driver.Bytes("x"), time.Second); err != nil {
			t.Fatal(err)
		}
		time.Sleep(time.Hour)
		if v, err := live.GetLive("a:", "1"); err != nil || v != driver.Bytes("x") {
			t.Errorf("GetLive = %v, %v", v, err)
		}
		for i := range 1000 {
			if err := live.SetLive("b:", string(rune('a'+i)), driver.Bytes("x"), 0); err != nil {
				t.Fatal(err)
			}
		}
		synctest.Wait()
		facts, err := s.(driver.Reporter).Report(t.Context())
		if err != nil || facts[0].Value.(int64) > 10 {
			t.Errorf("Report = %v, %v", facts, err)
		}
	})
}
