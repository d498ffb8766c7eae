package main

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"time"

	lru "github.com/hashicorp/golang-lru/v2"
	"github.com/maypok86/otter/v2"

	"github.com/larder-go/larder"
)

// ttl is longer than any replay, so that only room decides what is there.
const ttl = time.Hour

// cache is one cache under test. request asks for a key, stores it if it is not there, and tells whether it was.
type cache struct {
	request func(key string) (hit bool)
	close   func()
}

// maker makes an empty cache of that many entries.
type maker func(size int) (cache, error)

// wirePrefix is what stands before the keys in larder's memory, and so before otter's here.
const wirePrefix = "shop:1:"

func openLarder(size int) (*larder.View[int], func(), error) {
	url := fmt.Sprintf("memory://?key_prefix=shop&version=1&ttl=%v&max_entries=%d", ttl, size)
	c, err := larder.Open(context.Background(), url)
	if err != nil {
		return nil, nil, err
	}
	return larder.Of[int](c, ""), func() { _ = c.Close() }, nil
}

func newGetOrSet(size int) (cache, error) {
	view, closeIt, err := openLarder(size)
	if err != nil {
		return cache{}, err
	}
	ctx := context.Background()
	return cache{func(key string) bool {
		hit := true
		_, err := view.GetOrSet(ctx, key, func(context.Context) (int, error) {
			hit = false
			return len(key), nil
		})
		return hit && err == nil
	}, closeIt}, nil
}

func newGetAndSet(size int) (cache, error) {
	view, closeIt, err := openLarder(size)
	if err != nil {
		return cache{}, err
	}
	ctx := context.Background()
	return cache{func(key string) bool {
		_, err := view.Get(ctx, key)
		if errors.Is(err, larder.ErrMiss) {
			err = view.Set(ctx, key, len(key))
			return err != nil // counted as a hit, a failure would be seen
		}
		return true
	}, closeIt}, nil
}

func newOtter(size int) (cache, error) {
	c, err := otter.New(&otter.Options[string, int]{
		MaximumSize:      size,
		ExpiryCalculator: otter.ExpiryWriting[string, int](ttl),
	})
	if err != nil {
		return cache{}, err
	}
	return cache{func(key string) bool {
		full := wirePrefix + key
		if _, ok := c.GetIfPresent(full); ok {
			return true
		}
		c.Set(full, len(key))
		return false
	}, func() { c.StopAllGoroutines() }}, nil
}

func newLRU(size int) (cache, error) {
	c, err := lru.New[string, int](size)
	if err != nil {
		return cache{}, err
	}
	return cache{func(key string) bool {
		if _, ok := c.Get(key); ok {
			return true
		}
		c.Add(key, len(key))
		return false
	}, func() {}}, nil
}

// pace is how requests follow each other.
type pace bool

const (
	// settled lets otter finish its work between two requests, so that a cache of n entries holds n.
	settled pace = false
	// flatOut asks as fast as it can. otter evicts on a goroutine of its own, and until that gets to it a cache holds more
	// than it should, and may not have noted all reads. A small cache then has more hits than its size
	// can explain; how many more depends on how fast it is asked.
	flatOut pace = true
)

// replay returns the hit ratio in per cent.
func (p pace) replay(newCache maker, size int, keys []string) (ratio float64, err error) {
	if p == settled {
		// With one processor, to yield is to let the goroutines run that the request has started, until they are done.
		defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(1))
	}
	c, err := newCache(size)
	if err != nil {
		return 0, err
	}
	defer c.close()
	hits := 0
	for _, key := range keys {
		if c.request(key) {
			hits++
		}
		if p == settled {
			runtime.Gosched()
			runtime.Gosched() // now and then the scheduler picks the one that yielded
		}
	}
	return percent(hits, len(keys)), nil
}

func percent(hits, requests int) float64 { return 100 * float64(hits) / float64(requests) }
