package memcached

import (
	"context"
	"time"

	"github.com/larder-go/larder/internal/meta"
)

// A lease lies beside the key that it is for, on the same server, and is in one of two states:
//
//	held     empty: somebody loads
//	filling  fillingMark: somebody stores what was loaded, which takes a round trip
//
// memcached cannot look at one item and change another in one step. So this is how a write and a fill keep out of each
// other's way, each arrow being one step on the server:
//
//	filler                                  deleter
//	held -> filling (compare-and-swap)      look at the lease; delete the key
//	add the key; delete the lease           held: delete the lease (compare-and-swap); if it is another by now, begin again
//	                                        filling: wait until that is over, and begin again
//
// Whoever finds the lease held and takes it away has kept the filler from adding: the key stays deleted. Whoever finds it
// filling cannot know whether the add is still to come, and waits. Who stores something instead need not wait: an add
// does not replace. What the filler adds has been loaded before, so that nobody reads it who began later.
//
// So a Delete that meets a fill may delete twice, and take along what another has written before it has returned.
//
// A filler that dies in the one round trip keeps a deleter waiting for fillTime at most. A server that freezes for longer
// than that, with just such an add in its buffers, stores it when it goes on.
var fillingMark = []byte("F")

// fillingFlags are those of a lease in the state filling; held, it has none, because what is vivified has none. Whatever else is found
// under the name of a lease is an entry that another program keeps there, or one with VerbatimKeys: it is left alone.
const fillingFlags = 0x6c656173

// isLease tells whether what was found is a lease. It has to be asked for with its flags.
func isLease(r *meta.Reply) bool {
	there := r.Status == meta.OK || r.Status == meta.Found
	return there && (r.Size == 0 && r.Flags == 0 || r.Flags == fillingFlags)
}

// fillTime is how long a fill may take, in seconds.
const fillTime = 10

// lookAtLease puts into the call whether there is a lease: nothing comes back if, as nearly always, there is none.
func (t *target) lookAtLease(call *meta.Call) {
	call.GetQuietly(leaseOf(t.key), meta.CAS+meta.Size+meta.Flags)
}

// void takes a lease away that a look has found, after the key has got a value. If it has changed since, it is filling, and
// finds the key there.
func (t *target) void(ctx context.Context, lease *meta.Reply) error {
	if !isLease(lease) {
		return nil
	}
	_, err := t.dropLease(ctx, lease.CAS)
	return err
}

// dropLease takes the lease away if it is still in this state.
func (t *target) dropLease(ctx context.Context, cas uint64) (bool, error) {
	call := meta.NewCall()
	call.Delete(leaseOf(t.key), cas)
	if err := t.do(ctx, call); err != nil {
		return false, err
	}
	r := *call.Reply(0)
	call.Free()
	switch r.Status {
	case meta.OK:
		return true, nil
	case meta.NotFound, meta.Exists:
		return false, nil
	}
	return false, odd(&r)
}

// remove deletes the key and its lease, and tells whether the key was there. begin makes the first call.
func (t *target) remove(ctx context.Context, begin func() *meta.Call) (was bool, err error) {
	for wait := firstPoll / 4; ; wait = min(2*wait, lastPoll) {
		there, again, err := t.removeOnce(ctx, begin())
		begin = meta.NewCall
		was = was || there
		if err != nil || !again {
			return was && err == nil, err
		}
		if err := pause(ctx, wait); err != nil {
			return false, err
		}
	}
}

// removeOnce is one round of remove.
func (t *target) removeOnce(ctx context.Context, call *meta.Call) (was, again bool, err error) {
	t.lookAtLease(call)
	call.Delete(t.key, 0)
	if err := t.do(ctx, call); err != nil {
		return false, false, err
	}
	lease, reply := *call.Reply(0), *call.Reply(1)
	call.Free()
	if reply.Status != meta.OK && reply.Status != meta.NotFound {
		return false, false, odd(&reply)
	}
	again, err = t.settleLease(ctx, &lease)
	return reply.Status == meta.OK, again, err
}

// settleLease ends a lease that was found before the key was deleted, and tells whether the key has to be deleted again.
func (t *target) settleLease(ctx context.Context, lease *meta.Reply) (again bool, err error) {
	switch {
	case !isLease(lease):
		return false, nil
	case lease.Flags == fillingFlags:
		return true, nil
	}
	dropped, err := t.dropLease(ctx, lease.CAS)
	return !dropped, err
}

// pause waits, or until ctx ends.
func pause(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}
