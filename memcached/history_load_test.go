package memcached_test

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"time"

	"github.com/larder-go/larder/driver"
	"github.com/larder-go/larder/memcached"
)

// A load is no single instant: it begins with a lease, and ends with a fill. What a change of the key in between has to prevent is looked
// for in the whole history; that each fill, read and deletion has one instant is for the model.

// What a fill says.
const (
	stored  = "stored"
	dropped = "dropped"
)

// load asks for a lease, and fills if it gets one.
func (p *past) load(ctx context.Context, s *memcached.Store, client int, key, value string) error {
	return p.note(call{Client: client, Verb: "load", Arg: value}, func(c *call) (string, error) {
		grants, err := s.Acquire(ctx, []string{key}, time.Second)
		switch {
		case err != nil:
			return "", err
		case grants[0].Err == nil:
			return string(grants[0].Value), nil
		case grants[0].Lease == "":
			return "not now", notMiss(grants[0].Err)
		}
		c.Loading = time.Now().UnixNano()
		time.Sleep(rand.N(time.Millisecond)) // the origin
		c.Loaded = time.Now().UnixNano()
		filled, err := s.Fill(ctx, []driver.Filling{{Key: key, Lease: grants[0].Lease, Value: []byte(value)}}, time.Hour)
		if err != nil {
			return "", err
		}
		if filled[0] {
			return stored, nil
		}
		return dropped, nil
	})
}

func notMiss(err error) error {
	if errors.Is(err, driver.ErrMiss) {
		return nil
	}
	return err
}

// undone finds a load that was stored in spite of a change that came while it was under way, or that was void and is read all the same.
func (p *past) undone() string {
	for _, load := range p.calls {
		for _, c := range p.calls {
			switch {
			case load.Said == stored && c.changes() && load.Loading < c.Began && c.Ended < load.Loaded:
				return fmt.Sprintf("%+v was stored in spite of %+v", load, c)
			case load.Said == dropped && c.Said == load.Arg && !p.passing(c):
				return fmt.Sprintf("%+v was read: %+v", load, c)
			}
		}
	}
	return ""
}

// changes tells whether a call has voided the lease that there was.
func (c *call) changes() bool {
	switch c.Verb {
	case "set", "delete":
		return true
	case "add":
		return c.Said == "true"
	case "swap":
		return c.Said != "not now"
	}
	return false
}

// passing tells whether a call may have met what a void fill had added, before it was taken back: while a Delete waits for that.
func (p *past) passing(met call) bool {
	for _, load := range p.calls {
		meets := met.Said == load.Arg || met.Verb == "add" && met.Said == "false"
		if load.Said != dropped || !meets {
			continue
		}
		for _, del := range p.calls {
			if del.Verb == "delete" && del.overlaps(met) && del.overlaps(load) && load.overlaps(met) {
				return true
			}
		}
	}
	return false
}

func (c *call) overlaps(other call) bool { return c.Began < other.Ended && other.Began < c.Ended }

// countLoads counts what loads have said.
func (p *past) countLoads(said map[string]int) {
	for _, c := range p.calls {
		if c.Verb == "load" && (c.Said == stored || c.Said == dropped) {
			said[c.Said]++
		}
		if p.passing(c) {
			said["met in passing"]++
		}
	}
}
