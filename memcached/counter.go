package memcached

import (
	"context"
	"errors"
	"strconv"
	"time"

	"github.com/larder-go/larder/driver"
	"github.com/larder-go/larder/memcached/internal/meta"
)

// The server's own arithmetic is for numbers from 0 on. It passes 2^63 without a word, stops at 0, and leaves spaces behind a number
// that has become shorter. So it is used where nothing of that can happen: see byServer.
const (
	smallDigits = 18      // so many are far from 2^63
	smallDelta  = 1 << 32 // so that no number of concurrent callers gets there meanwhile
)

// counted is an entry that is to be counted with.
type counted struct {
	text    string
	flags   uint32
	cas     uint64
	ttl     int64
	numeric bool // the server can add to it: it is neither compressed nor of another type
}

// read returns what is at the key, or ErrMiss.
func (t *target) read(ctx context.Context) (c counted, err error) {
	call := t.call()
	call.Get(t.key, meta.Value+meta.Flags+meta.CAS+meta.TTL)
	if err := t.ask(ctx, call); err != nil {
		return c, err
	}
	r := *call.Reply(0)
	call.Free()
	value, err := valueOf(&r)
	if errors.Is(err, driver.ErrCodec) {
		err = driver.ErrNotNumber
	}
	return counted{text: string(value), flags: r.Flags &^ flagZlib, cas: r.CAS, ttl: r.TTL, numeric: r.Flags&flagZlib == 0}, err
}

// byServer tells whether the server's own arithmetic gives what package driver says: for a whole number from 0 on, with room
// above it, that grows, or that shrinks and keeps its length.
func (c *counted) byServer(delta, sum int64) bool {
	if !c.numeric || len(c.text) > smallDigits || c.text[0] == '-' || c.text[0] == '0' && len(c.text) > 1 {
		return false
	}
	if delta >= 0 {
		return delta <= smallDelta
	}
	return sum >= 0 && len(strconv.FormatInt(sum, 10)) == len(c.text)
}

// Incr adds delta to the integer at key.
func (s *Store) Incr(ctx context.Context, key string, delta int64, ttl time.Duration) (sum int64, err error) {
	for try := 0; again(try, &err); try++ {
		sum, err = s.incr(ctx, key, delta, ttl)
	}
	return sum, err
}

func (s *Store) incr(ctx context.Context, key string, delta int64, ttl time.Duration) (int64, error) {
	t, err := s.find(ctx, key)
	if err != nil {
		return 0, err
	}
	for {
		old, err := t.read(ctx)
		if errors.Is(err, driver.ErrMiss) {
			if done, err := t.addNumber(ctx, strconv.FormatInt(delta, 10), ttl); done || err != nil {
				return delta, err
			}
			continue
		}
		if err != nil {
			return 0, err
		}
		sum, err := driver.AddInt(old.text, delta)
		if err != nil {
			return 0, err
		}
		var done bool
		if old.byServer(delta, sum) {
			sum, done, err = t.count(ctx, &old, delta)
		} else {
			done, err = t.swapNumber(ctx, &old, strconv.FormatInt(sum, 10))
		}
		if done || err != nil {
			return sum, err
		}
	}
}

// IncrFloat adds delta to the number at key. The server knows no fractions.
func (s *Store) IncrFloat(ctx context.Context, key string, delta float64, ttl time.Duration) (sum float64, err error) {
	for try := 0; again(try, &err); try++ {
		sum, err = s.incrFloat(ctx, key, delta, ttl)
	}
	return sum, err
}

func (s *Store) incrFloat(ctx context.Context, key string, delta float64, ttl time.Duration) (float64, error) {
	t, err := s.find(ctx, key)
	if err != nil {
		return 0, err
	}
	for {
		old, err := t.read(ctx)
		if errors.Is(err, driver.ErrMiss) {
			if done, err := t.addNumber(ctx, driver.FormatFloat(delta), ttl); done || err != nil {
				return delta, err
			}
			continue
		}
		if err != nil {
			return 0, err
		}
		sum, text, err := driver.AddFloat(old.text, delta)
		if err != nil {
			return 0, err
		}
		if done, err := t.swapNumber(ctx, &old, text); done || err != nil {
			return sum, err
		}
	}
}

// addNumber makes a counter, if there still is none.
func (t *target) addNumber(ctx context.Context, text string, ttl time.Duration) (bool, error) {
	return t.store(ctx, meta.Item{Data: []byte(text), Flags: flagText, Mode: meta.Add}, ttl)
}

// swapNumber replaces a counter that is still what was read. Its flags stay, by which Python knows its type, if it still is of that.
func (t *target) swapNumber(ctx context.Context, old *counted, text string) (bool, error) {
	flags := old.flags
	if _, err := strconv.ParseInt(text, 10, 64); err != nil {
		flags = flagText
	}
	return t.replace(ctx, meta.Item{Data: []byte(text), Flags: flags, CAS: old.cas}, old.ttl)
}

// count lets the server add. Downwards it must be the number that was read, so that it neither passes 0 nor gets shorter; upwards
// any number of callers count without getting in each other's way.
func (t *target) count(ctx context.Context, old *counted, delta int64) (sum int64, done bool, err error) {
	call := t.call()
	t.lookAtLease(call)
	if delta < 0 {
		call.Decrement(t.key, uint64(-delta), old.cas)
	} else {
		call.Increment(t.key, uint64(delta), 0)
	}
	if err := t.do(ctx, call); err != nil {
		return 0, false, err
	}
	lease, r := *call.Reply(0), *call.Reply(1)
	call.Free()
	if r.Status != meta.Found { // it has gone, or changed: look again
		return 0, false, notMemory(&r)
	}
	sum, err = strconv.ParseInt(string(r.Data), 10, 64)
	if err != nil {
		return 0, false, driver.ErrOverflow
	}
	return sum, true, t.void(ctx, &lease)
}

// notMemory is the error of a server that could not count, unless that is because there is no number any more.
func notMemory(r *meta.Reply) error {
	refused := new(meta.ServerError)
	if errors.As(r.Err, &refused) && !refused.ByCaller() {
		return refused
	}
	return nil
}
