package memcached

import (
	"context"
	"errors"
	"fmt"

	"github.com/larder-go/larder/driver"
	"github.com/larder-go/larder/memcached/internal/meta"
)

// With Options.Generations every call on a key begins with a look at the CAS of the server's list of generations (meta.Call.Guard), in
// the same round trip. The key was named by the list that was read last; if the look finds another, the list is read again, and tells what
// became of the call. Mostly the key's name is still the same: it counts. If the key had another name already when the call was made, the
// call was done to one that nobody reads any more, and is done again. The look comes first:
//
//	Set                                   Clear                     Get
//	sees that the generation is g
//	                                      replaces g by h
//	stores k in g                                                   does not find k in h
//
// The Set was called before the Clear came to an end, so it counts as the earlier one. With the look behind the write, it would be
// repeated in h, and an entry that somebody may have seen, and then seen cleared, would be back.
//
// What ends a call that has done its work (the lease that it found is dropped, say) has no guard: it is done to the same names.

// staleError is the error of a call that has to be done again.
type staleError struct {
	cause error // nil: the generations are others by now
}

func (e *staleError) Error() string {
	if e.cause != nil {
		return e.cause.Error()
	}
	return "the server's keys are being cleared all the time"
}

// staleMost is how often a call is done again because of others that clear.
const staleMost = 100

// again tells whether a call is to be done: at first, and again if it was stale. One of which the connection was lost is only read
// once more.
func again(try int, err *error) bool {
	if try == 0 {
		return true
	}
	stale, ok := (*err).(*staleError) // nobody wraps it
	switch {
	case !ok:
		return false
	case stale.cause == nil && try < staleMost, try == 1:
		return true
	}
	if stale.cause != nil {
		*err = stale.cause
	}
	return false
}

// call returns a call on the target's key.
func (t *target) call() *meta.Call {
	call := meta.NewCall()
	if t.named != nil {
		call.Guard(generationsKey)
	}
	return call
}

// isUnchanged tells whether a call has found the list by which its keys were named.
func (t *target) isUnchanged(call *meta.Call) bool {
	guard := call.Guarded()
	return guard == nil || guard.Status == meta.OK && guard.CAS == t.named.cas
}

// renew reads the list again after a call that has found another.
func (t *target) renew(ctx context.Context, call *meta.Call) (*generations, error) {
	if guard := call.Guarded(); guard.Status == meta.Failed {
		return nil, odd(guard)
	}
	return t.readGenerations(ctx)
}

var errUnsure = errors.New("the prefix of the key was cleared all the time meanwhile: it is not known whether this was done before or not at all")

// judge tells whether what a call on the key did counts: it is stale if not.
func (t *target) judge(ctx context.Context, call *meta.Call, writes bool) error {
	if t.isUnchanged(call) {
		return nil
	}
	now, err := t.renew(ctx, call)
	if err != nil {
		return err
	}
	switch fate := now.fate(t.text, t.key, t.named.cas, call.Guarded()); {
	case fate == stands:
		if now.name(t.text, t.key) == t.key {
			t.named = now
		}
		return nil
	case fate == unsure && writes:
		return errUnsure
	}
	return &staleError{}
}

// enter learns the generations by which the keys of a server are named now.
func (t *target) enter(ctx context.Context) (err error) {
	if t.named = t.line.generations.Load(); t.named == nil {
		t.named, err = t.readGenerations(ctx)
	}
	return err
}

var errNoGenerations = errors.New("the server does not keep " + generationsKey.Name)

// readGenerations asks the server for them, and makes some if there are none.
func (t *target) readGenerations(ctx context.Context) (*generations, error) {
	for range staleMost {
		g, err := t.readGenerationsOnce(ctx)
		if g != nil || err != nil {
			t.line.generations.Store(g)
			return g, err
		}
	}
	return nil, errNoGenerations
}

// readGenerationsOnce returns nothing if there were none, or something else in their place.
func (t *target) readGenerationsOnce(ctx context.Context) (*generations, error) {
	call := meta.NewCall()
	call.Get(generationsKey, meta.Value+meta.CAS)
	if err := t.ask(ctx, call); err != nil {
		return nil, err
	}
	r := *call.Reply(0)
	call.Free()
	first := meta.Item{Mode: meta.Add}
	switch r.Status {
	case meta.Found:
		g, err := parseGenerations(string(r.Data))
		if err == nil {
			g.cas = r.CAS
			return g, nil
		}
		t.node.logger.Warn("larder: memcached: what is at "+generationsKey.Name+" was not written by larder: all views are cleared",
			"server", t.node.address)
		first = meta.Item{CAS: r.CAS}
	case meta.Miss:
	default:
		return nil, odd(&r)
	}
	_, err := t.writeGenerations(ctx, firstGenerations(first.CAS), first)
	return nil, err
}

// writeGenerations stores them if item's condition holds.
func (t *target) writeGenerations(ctx context.Context, g *generations, item meta.Item) (bool, error) {
	item.Data, item.Flags = g.format(), flagText
	if len(item.Data) > generationsMost || t.line.tooLarge(generationsKey, item.Data) {
		return false, fmt.Errorf("too many different prefixes have been cleared (%d): Cache.Clear begins anew", len(g.byPrefix))
	}
	call := meta.NewCall()
	call.Set(generationsKey, item)
	if err := t.do(ctx, call); err != nil {
		return false, err
	}
	r := *call.Reply(0)
	call.Free()
	if r.Status == meta.Failed {
		return false, odd(&r)
	}
	return r.Status == meta.OK, nil
}

// errCannotClear says what to do.
var errCannotClear = fmt.Errorf("%w, unless the URL says generations=true, with which entries are stored under other names (docs/memcached.md)", driver.ErrNoPrefix)

// Clear gives the keys that begin with prefix a new generation, on every server. Without Options.Generations that is not possible:
// memcached knows no prefixes, and what a walk finds need not be all. If a server cannot be reached, its keys are as before, and the
// others' are cleared.
func (s *Store) Clear(ctx context.Context, prefix string) (int, error) {
	if s.isClosed() {
		return 0, driver.ErrClosed
	}
	if err := ctx.Err(); err != nil {
		return 0, err
	}
	if !s.options.Generations {
		return 0, errCannotClear
	}
	errs := s.onAll(func(_ int, n *node) error { return clearOn(ctx, n, prefix) })
	if err := errors.Join(errs...); err != nil {
		return 0, single(errs, err)
	}
	return -1, nil
}

// clearOn clears a prefix on one server.
func clearOn(ctx context.Context, n *node, prefix string) error {
	l, err := n.line(ctx)
	if err != nil {
		return err
	}
	t := target{line: l, node: n}
	for range staleMost {
		g, err := t.readGenerations(ctx)
		if err != nil {
			return err
		}
		done, err := t.writeGenerations(ctx, g.cleared(prefix), meta.Item{CAS: g.cas})
		if done || err != nil {
			return err
		}
	}
	return &staleError{}
}
