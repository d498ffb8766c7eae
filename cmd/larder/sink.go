package main

import (
	"context"
	"errors"
	"hash/maphash"
	"sync"
	"sync/atomic"
	"time"

	"github.com/larder-go/larder"
)

const (
	sinkWorkers = 16  // enough for an engine that commits groups
	sinkBatch   = 256 // entries that a worker stores at a time
	sinkBytes   = 16 << 20
	sinkPause   = 2 * time.Millisecond // what a worker waits for more before it stores less
)

// sink stores many entries. A key always goes to the same worker, so that of two entries with one key the later one
// stays. Each worker stores what has one lifetime in one call; where all lifetimes differ, the workers' single calls
// still meet in the engine's group commit.
type sink struct {
	ctx    context.Context
	fail   context.CancelCauseFunc
	values viewOfBytes
	bad    func(item item, err error) // told of an entry that cannot be stored; from many goroutines
	shards []chan item
	seed   maphash.Seed
	room   *budget
	wg     sync.WaitGroup
	stored atomic.Int64 // also what a later entry has replaced since
}

// item is an entry on its way.
type item struct {
	record
	line int // of the import, from 1
}

// itemOverhead is about what an item takes beside key and value.
const itemOverhead = 200

func (i item) size() int { return len(i.key) + len(i.value) + itemOverhead }

func newSink(ctx context.Context, values viewOfBytes, bad func(item, error)) *sink {
	ctx, fail := context.WithCancelCause(ctx)
	s := &sink{ctx: ctx, fail: fail, values: values, bad: bad, seed: maphash.MakeSeed(), room: newBudget(sinkBytes)}
	for range sinkWorkers {
		shard := make(chan item, sinkBatch)
		s.shards = append(s.shards, shard)
		s.wg.Go(func() { s.work(shard) })
	}
	return s
}

// put hands an entry over. It waits while too much is on its way, and fails when the engine has.
func (s *sink) put(i item) error {
	if err := s.room.take(s.ctx, i.size()); err != nil {
		return context.Cause(s.ctx)
	}
	select {
	case s.shards[maphash.String(s.seed, i.key)%sinkWorkers] <- i:
		return nil
	case <-s.ctx.Done():
		return context.Cause(s.ctx)
	}
}

// close stores the rest and returns why not everything could be, if so. No put may come any more, unless the context
// has ended.
func (s *sink) close() error {
	if s.ctx.Err() == nil {
		for _, shard := range s.shards {
			close(shard)
		}
	}
	s.wg.Wait()
	err := context.Cause(s.ctx)
	s.fail(nil)
	return err
}

// work stores what comes through one shard.
func (s *sink) work(shard <-chan item) {
	pending := map[string]item{}
	size := 0
	timer := time.NewTimer(sinkPause)
	for {
		select {
		case <-s.ctx.Done():
			return
		case i, ok := <-shard:
			if !ok {
				s.flush(pending, size)
				return
			}
			if _, again := pending[i.key]; again {
				s.stored.Add(1) // and replaced at once
			}
			pending[i.key] = i
			size += i.size()
			if len(pending) < sinkBatch && size < sinkBytes/sinkWorkers {
				timer.Reset(sinkPause)
				continue
			}
		case <-timer.C:
		}
		s.flush(pending, size)
		clear(pending)
		size = 0
	}
}

// flush stores what is pending, a call for each lifetime.
func (s *sink) flush(pending map[string]item, size int) {
	groups := map[lifetime]map[string][]byte{}
	for key, i := range pending {
		if groups[i.ttl] == nil {
			groups[i.ttl] = map[string][]byte{}
		}
		groups[i.ttl][key] = i.value
	}
	for ttl, values := range groups {
		opts, ended := ttl.options(time.Now())
		if ended {
			continue // over before it could be stored
		}
		if err := s.store(values, opts); err != nil {
			s.report(pending, values, err)
		} else {
			s.stored.Add(int64(len(values)))
		}
	}
	s.room.give(size)
}

func (s *sink) store(values map[string][]byte, opts []larder.CallOption) error {
	if len(values) > 1 {
		return s.values.SetMany(s.ctx, values, opts...)
	}
	for key, value := range values {
		return s.values.Set(s.ctx, key, value, opts...)
	}
	return nil
}

// report tells bad entries from an engine that fails.
func (s *sink) report(pending map[string]item, values map[string][]byte, err error) {
	var some *larder.BatchError
	if !errors.As(err, &some) {
		if len(values) > 1 || !isBadEntry(err) {
			s.fail(err)
			return
		}
		for key := range values {
			s.bad(pending[key], err)
		}
		return
	}
	s.stored.Add(int64(len(values) - len(some.Keys)))
	for key, err := range some.Keys {
		if !isBadEntry(err) {
			s.fail(err)
			return
		}
		s.bad(pending[key], err)
	}
}

// isBadEntry tells whether it is the entry's fault.
func isBadEntry(err error) bool {
	return errors.Is(err, larder.ErrBadKey) || errors.Is(err, larder.ErrTooLarge) ||
		errors.Is(err, larder.ErrCodec) || errors.Is(err, larder.ErrBadTTL)
}
