package redis_test

import (
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/larder-go/larder/driver"
	"github.com/larder-go/larder/redis"
)

// TestKeepInTheLastMillisecond: PTTL is 0 there, which must not become no lifetime at all.
func TestKeepInTheLastMillisecond(t *testing.T) {
	db := server.FreshDB()
	s := open(t, redis.Options{Addresses: []string{server.Addr()}, DB: db})
	ctx := t.Context()
	swapped := 0
	for i := range 3000 {
		key := fmt.Sprint(i)
		if err := s.Set(ctx, key, []byte("007"), time.Millisecond); err != nil {
			t.Fatal(err)
		}
		var done bool
		_, v, err := s.GetVersion(ctx, key)
		switch {
		case errors.Is(err, driver.ErrMiss): // too late
			continue
		case i%3 == 0:
			done, err = s.Swap(ctx, key, v, []byte("8"), driver.KeepTTL)
		case i%3 == 1:
			done, err = s.SwapNotify(ctx, key, v, []byte("8"), driver.KeepTTL)
		default:
			_, err = s.Incr(ctx, key, 1, time.Minute)
		}
		if err != nil {
			t.Fatal(err)
		}
		if done {
			swapped++
		}
	}
	t.Log(swapped, "swaps of entries that were about to expire")
	for i := range 3000 {
		if left := server.DB(db).MustDo(t, "PTTL", fmt.Sprint(i)); left == "-1" {
			t.Fatalf("entry %d stays for ever", i)
		}
	}
}
