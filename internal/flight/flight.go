// Package flight runs one load per key for any number of concurrent callers, and keeps a load
// from undoing a write that came after it began.
//
// Unlike the usual single flight, a waiter leaves when its own context ends, a leader whose
// context ends hands the load to the next waiter, a write voids the load that is under way, and
// loads that wait for each other in a circle are found.
package flight

import (
	"context"
	"errors"
	"hash/maphash"
	"strings"
	"sync"
	"sync/atomic"

	"github.com/larder-go/larder/driver"
)

// ErrCircle: a loader asked, directly or over other loaders, for the key that it is loading.
var ErrCircle = errors.New("circular load: the loader waits for itself")

// errClosed ends the wait of those whose cache is closed.
var errClosed = driver.ErrClosed

// Result is what a load gave: a value, or an error that all its waiters share.
type Result struct {
	Value driver.Value
	Err   error
}

// Group holds the loads that are under way on one store. Its zero value is not usable: see New.
type Group struct {
	active atomic.Int64 // flights in the shards: zero lets a write pass without a lock
	clock  atomic.Int64 // goes on when a load begins
	seed   maphash.Seed
	shards [64]shard
}

type shard struct {
	mu      sync.Mutex
	flights map[string]*Flight
}

// New makes a group.
func New() *Group {
	g := &Group{seed: maphash.MakeSeed()}
	for i := range g.shards {
		g.shards[i].flights = map[string]*Flight{}
	}
	return g
}

// Active is how many keys somebody loads, or waits for; tests look for what is left behind.
func (g *Group) Active() int { return int(g.active.Load()) }

func (g *Group) shard(key string) *shard {
	return &g.shards[maphash.String(g.seed, key)%uint64(len(g.shards))]
}

// Flight is one load of one key. The shard's lock guards its fields.
type Flight struct {
	group      *Group
	shard      *shard
	key        string
	waiters    int
	voided     bool          // a write came: the result must not be stored, and nobody may join
	sealed     bool          // nobody may join any more, the result may be stored
	leaderless bool          // the baton waits to be taken
	stored     chan struct{} // not nil once the leader stores; closed when it has
	baton      chan struct{} // one token: take it and lead
	done       chan struct{}
	result     Result // valid once done is closed and again is false
	again      bool   // the load was given up: start over
	began      Moment // see Begin
	early      bool   // the result is for those only who asked before the load began
}

// Moment is a time in the order of a group's loads.
type Moment int64

// Now is for a call that may come to wait for loads: it says when it asked. A call asks once, however often it joins.
func (g *Group) Now() Moment { return Moment(g.clock.Load()) }

// Begin tells that the load begins now: what it reads is not older than what anybody saw who had asked before.
func (f *Flight) Begin() {
	began := Moment(f.group.clock.Add(1))
	f.shard.mu.Lock()
	defer f.shard.mu.Unlock()
	f.began = began
}

// Join enters the load of key: as its leader, who must call Finish or Abandon, or as a waiter, who
// must call Wait.
func (g *Group) Join(ctx context.Context, key string) (f *Flight, leads bool, err error) {
	s := g.shard(key)
	for {
		s.mu.Lock()
		f := s.flights[key]
		if f == nil {
			f = &Flight{group: g, shard: s, key: key, baton: make(chan struct{}, 1), done: make(chan struct{})}
			s.flights[key] = f
			g.active.Add(1)
			s.mu.Unlock()
			return f, true, nil
		}
		if !f.voided && !f.sealed {
			f.waiters++
			s.mu.Unlock()
			return f, false, nil
		}
		// A voided or sealed load is on the map only while its leader stores: who comes after the write must
		// not join it, and its own load would be undone if it began to store meanwhile.
		stored := f.stored
		s.mu.Unlock()
		select {
		case <-stored:
		case <-ctx.Done():
			return nil, false, ctx.Err()
		}
	}
}

// Outcome tells a waiter how to go on.
type Outcome int

// The outcomes of Wait.
const (
	Done  Outcome = iota // the result is there
	Lead                 // the leader gave up: the waiter is the leader now
	Again                // nobody will finish this load: start over
)

// Wait waits for the load's end, for the caller's turn to lead, for the end of ctx, or for closed. asked is when the caller did.
func (f *Flight) Wait(ctx context.Context, closed <-chan struct{}, asked Moment) (Result, Outcome, error) {
	leave, err := enterCircle(ctx, f)
	if err != nil {
		f.Leave()
		return Result{}, Done, err
	}
	defer leave()
	select {
	case <-f.done:
		f.Leave()
		if f.again || f.early && asked >= f.began {
			return Result{}, Again, nil
		}
		return f.result, Done, nil
	case <-f.baton:
		return Result{}, f.takeBaton(), nil
	case <-ctx.Done():
		f.Leave()
		return Result{}, Done, ctx.Err()
	case <-closed:
		f.Leave()
		return Result{}, Done, errClosed
	}
}

func (f *Flight) takeBaton() Outcome {
	f.shard.mu.Lock()
	defer f.shard.mu.Unlock()
	f.waiters--
	f.leaderless = false
	if f.voided {
		f.giveUp()
		return Again
	}
	return Lead
}

// Leave is for a waiter who will not call Wait. The last one takes away a load that nobody leads.
func (f *Flight) Leave() {
	f.shard.mu.Lock()
	defer f.shard.mu.Unlock()
	f.waiters--
	if f.waiters == 0 && f.leaderless {
		select {
		case <-f.baton:
			f.leaderless = false
			f.giveUp()
		default: // somebody holds the token already and waits for the lock
		}
	}
}

// BeginStore tells the leader whether the loaded value may be stored. If so, writes of the key
// wait until Finish: a store that is under way when a Delete begins would otherwise undo it:
//
//	leader: not voided        Delete: void, remove the entry
//	leader: store the value   … which is now there after the Delete has returned
func (f *Flight) BeginStore() bool { return f.beginStore(false) }

func (f *Flight) beginStore(seal bool) bool {
	f.shard.mu.Lock()
	defer f.shard.mu.Unlock()
	if f.voided {
		return false
	}
	f.stored = make(chan struct{})
	f.sealed = seal
	return true
}

// Seal is BeginStore for stores that other processes write too, which void no load here. Nobody joins from now on: who comes
// waits for the end, and begins anew. Otherwise:
//
//	leader: stores the value
//	                             another process: deletes it
//	                                                  a caller who begins now misses, joins, and gets the value
func (f *Flight) Seal() bool { return f.beginStore(true) }

// Finish ends the load with a result for every waiter.
func (f *Flight) Finish(r Result) { f.finish(r, false) }

// FinishEarly ends the load with a result for those who asked before it began; the others look for themselves. It is for a
// leader that does not know what other processes have done to the key since, or has found an entry instead of loading one. To hand
// that on to everybody would not do:
//
//	leader: finds the old entry
//	                              another process: deletes it
//	                                                 a caller who begins now misses, joins, and gets the old entry
//
// To hand it on to nobody would not do either: of a thousand who wait for a key that is deleted again and again, each load
// would serve one.
func (f *Flight) FinishEarly(r Result) { f.finish(r, true) }

func (f *Flight) finish(r Result, early bool) {
	f.shard.mu.Lock()
	defer f.shard.mu.Unlock()
	f.result, f.early = r, early
	f.remove()
	if f.stored != nil {
		close(f.stored)
	}
	close(f.done)
}

// Retry ends the load without a result: the waiters look for themselves. It is for a leader that has not come to load.
func (f *Flight) Retry() {
	f.shard.mu.Lock()
	defer f.shard.mu.Unlock()
	if f.stored != nil {
		close(f.stored)
	}
	f.giveUp()
}

// Abandon is for a leader whose context has ended: the next waiter leads.
func (f *Flight) Abandon() {
	f.shard.mu.Lock()
	defer f.shard.mu.Unlock()
	if f.waiters == 0 || f.voided {
		f.giveUp()
		return
	}
	f.leaderless = true
	f.baton <- struct{}{}
}

// giveUp ends the load without a result. The caller holds the lock.
func (f *Flight) giveUp() {
	f.again = true
	f.remove()
	close(f.done)
}

// remove takes the flight off the map, if a write has not done so. The caller holds the lock.
func (f *Flight) remove() {
	if f.shard.flights[f.key] == f {
		delete(f.shard.flights, f.key)
		f.group.active.Add(-1)
	}
}

// Void must be called before a write of prefix+key: a load that began before will not be stored,
// and nobody who comes later joins it. It waits for a store that is under way, or for the end of
// ctx, whose error it returns: then the write must not go on.
func (g *Group) Void(ctx context.Context, prefix, key string) error {
	if g.active.Load() == 0 {
		return nil
	}
	full := prefix + key
	s := g.shard(full)
	s.mu.Lock()
	stored := s.flights[full].void()
	s.mu.Unlock()
	return await(ctx, stored)
}

// VoidAfter must be called after a write of prefix+key, whatever came of it: a load that began during the write may
// have stored and lost its value again, and nobody who comes after the write may join it.
func (g *Group) VoidAfter(prefix, key string) {
	if g.active.Load() == 0 {
		return
	}
	full := prefix + key
	s := g.shard(full)
	s.mu.Lock()
	defer s.mu.Unlock()
	s.flights[full].void()
}

// VoidPrefixAfter is VoidAfter for every key that begins with prefix.
func (g *Group) VoidPrefixAfter(prefix string) {
	if g.active.Load() == 0 {
		return
	}
	for i := range g.shards {
		g.shards[i].voidPrefix(prefix)
	}
}

// VoidPrefix is Void for every key that begins with prefix.
func (g *Group) VoidPrefix(ctx context.Context, prefix string) error {
	if g.active.Load() == 0 {
		return nil
	}
	for i := range g.shards {
		for _, stored := range g.shards[i].voidPrefix(prefix) {
			if err := await(ctx, stored); err != nil {
				return err
			}
		}
	}
	return nil
}

// voidPrefix returns the channels to wait for.
func (s *shard) voidPrefix(prefix string) (storing []chan struct{}) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for key, f := range s.flights {
		if strings.HasPrefix(key, prefix) {
			if stored := f.void(); stored != nil {
				storing = append(storing, stored)
			}
		}
	}
	return storing
}

// void marks the flight and returns the channel to wait for, if any. The caller holds the lock.
func (f *Flight) void() chan struct{} {
	if f == nil {
		return nil
	}
	f.voided = true
	if f.stored == nil {
		f.remove()
	}
	return f.stored
}

func await(ctx context.Context, stored <-chan struct{}) error {
	if stored == nil {
		return nil
	}
	select {
	case <-stored:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}
