package memcached

import (
	"bytes"
	"context"
	"fmt"
	"hash/crc32"
	"strconv"
	"strings"
	"time"

	"github.com/larder-go/larder/internal/pause"
	"github.com/larder-go/larder/memcached/internal/meta"
)

// A lease lies beside the key that it is for, on the same server, and is in one of two states:
//
//	held     empty: somebody loads
//	filling  a mark: somebody stores what was loaded, which takes a round trip
//
// memcached cannot look at one item and change another in one step. So this is how a write and a fill keep out of each
// other's way, each arrow being one step on the server:
//
//	filler                                       deleter
//	held -> filling (compare-and-swap)           void the lease; delete the key
//	add the key; drop the lease (both of them    there was none: done
//	  by what they were)                         held: drop it
//	if it was void: delete what was added        filling: wait until it has gone
//	  (compare-and-swap); drop the lease
//
// To void a lease is to append nothing to it, which changes its CAS and nothing else: an entry that another program has under the name is
// what it was. It tells whether there is one, and what its owner does next fails:
//
//   - Who held it does not come to adding anything.
//   - Who was filling takes back what he has added, and only that, by its CAS. Until then the lease stays, and deleters wait.
//   - Who had dropped it has added before the deletion.
//
// A server that evicts nothing (-M) has no memory for that when it is full, and answers as if there were no lease. There the deleter first
// ends the lease, which takes no memory, and then deletes: who gets a lease in between has begun to load after the Delete.
//
// So a Delete deletes once, in one step, and nothing that was loaded before is there when it returns. What others store behind that step
// stays. While a Delete waits, who reads may see for a moment what the fill adds, and who counts with it counts on.
//
// Who gets a lease between the deleter's two steps, which are behind one another in one packet, has begun to load after the Delete. That he
// also loads and fills there, and a third stores what the deletion then takes away, so that what was loaded before that is added, would
// take a server that stands still between the two for as long as all that lasts.
//
// Who stores something does not wait, and need not be earlier than the fill: an add does not replace. So he looks at the lease
// instead, which costs the server less, and voids one that he finds. What the filler would add has been loaded before.
//
// A filler that dies in the one round trip keeps a deleter waiting for fillTime at most. What he has added then the deleter takes back:
// by the mark, which says what that was. If meanwhile another has stored the very same bytes, these go. A server that freezes for
// longer than fillTime, with just such an add in its buffers, stores it when it goes on.

// fillingFlags are those of a lease in the state filling; held, it has none, because what is vivified has none. Whatever else is found
// under the name of a lease is an entry that another program keeps there, or one with VerbatimKeys: it is left alone.
const fillingFlags = 0x6c656173

// fillTime is how long a fill may take, in seconds.
const fillTime = 10

// markOf is what is in a lease while its owner stores a value: the state in which he held it, which no other lease of the key has, and what
// to know the value by.
func markOf(held uint64, value []byte) string { return strconv.FormatUint(held, 10) + sumOf(value) }

func sumOf(value []byte) string {
	return fmt.Sprintf(" %d %08x", len(value), crc32.Checksum(value, castagnoli))
}

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// isLease tells whether what was found is a lease. It has to be asked for with its flags.
func isLease(r *meta.Reply) bool {
	there := r.Status == meta.OK || r.Status == meta.Found
	return there && (r.Size == 0 && r.Flags == 0 || r.Flags == fillingFlags)
}

// lookAtLease puts into the call whether there is a lease: nothing comes back if, as nearly always, there is none.
func (t *target) lookAtLease(call *meta.Call) {
	call.GetQuietly(leaseOf(t.key), meta.CAS+meta.Size+meta.Flags)
}

// void ends a lease that a look has found, after the key has got a value.
func (t *target) void(ctx context.Context, lease *meta.Reply) (err error) {
	found := *lease
	for err == nil && isLease(&found) {
		if found.Flags == fillingFlags {
			return t.voidFill(ctx, found.CAS)
		}
		var dropped bool
		if dropped, err = t.dropLease(ctx, found.CAS); dropped || err != nil {
			return err
		}
		found, err = t.lease(ctx)
	}
	return err
}

// voidFill voids a fill that is under way. If it is no longer, somebody else has voided it, or it has come to its end.
func (t *target) voidFill(ctx context.Context, cas uint64) error {
	call := meta.NewCall()
	call.Set(leaseOf(t.key), meta.Item{Mode: meta.Append, CAS: cas})
	if err := t.do(ctx, call); err != nil {
		return err
	}
	r := *call.Reply(0)
	call.Free()
	if r.Status == meta.Failed {
		return odd(&r)
	}
	return nil
}

// voidLease puts into the call that the lease is void, if there is one.
func (t *target) voidLease(call *meta.Call) {
	call.Set(leaseOf(t.key), meta.Item{Mode: meta.Append})
}

// lease asks for the lease, and for what is in it.
func (t *target) lease(ctx context.Context) (meta.Reply, error) {
	call := meta.NewCall()
	call.Get(leaseOf(t.key), meta.Value+meta.Flags+meta.CAS+meta.TTL)
	if err := t.ask(ctx, call); err != nil {
		return meta.Reply{}, err
	}
	r := *call.Reply(0)
	call.Free()
	return r, nil
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

// remove deletes the key and voids its lease, and tells whether the key was there. call is new.
func (t *target) remove(ctx context.Context, call *meta.Call) (was bool, err error) {
	if t.line.hello.Fills {
		if err := t.settle(ctx, false); err != nil {
			return false, err
		}
	}
	t.voidLease(call)
	call.Delete(t.key, 0)
	if err := t.do(ctx, call); err != nil {
		return false, err
	}
	void, change := *call.Reply(0), *call.Reply(1)
	call.Free()
	return t.removed(ctx, &void, &change)
}

// settleAll ends the leases of keys that are about to be deleted, on a server that may have no memory to void them.
func (p *part) settleAll(ctx context.Context, keys []int) error {
	if !p.line.hello.Fills || len(keys) == 0 {
		return nil
	}
	call := meta.NewCall()
	for _, i := range keys {
		call.Get(leaseOf(p.keys[i]), meta.Size+meta.Flags)
	}
	if err := p.one(keys[0]).ask(ctx, call); err != nil {
		return err
	}
	for j, i := range keys {
		if !isLease(call.Reply(j)) {
			continue
		}
		if err := p.one(i).settle(ctx, false); err != nil {
			return err
		}
	}
	call.Free()
	return nil
}

// removed finishes a deletion, of which it has the answers.
func (t *target) removed(ctx context.Context, void, change *meta.Reply) (was bool, err error) {
	switch {
	case change.Status != meta.OK && change.Status != meta.NotFound:
		return false, odd(change)
	case void.Status == meta.NotStored: // as nearly always: there is no lease
		return change.Status == meta.OK, nil
	}
	err = t.settle(ctx, void.Status == meta.OK)
	return change.Status == meta.OK && err == nil, err
}

// settle ends the lease that there was when the key was deleted: one that is held is dropped, and one that fills is waited for. void tells
// whether its owner will notice; a server without memory could not note that.
func (t *target) settle(ctx context.Context, void bool) error {
	for {
		lease, err := t.lease(ctx)
		switch {
		case err != nil || !isLease(&lease):
			return err
		case lease.Flags == fillingFlags:
			return t.outlast(ctx, &lease, void)
		}
		if dropped, err := t.dropLease(ctx, lease.CAS); dropped || err != nil {
			return err
		}
	}
}

// outlast waits until a fill is over.
func (t *target) outlast(ctx context.Context, fill *meta.Reply, void bool) error {
	end := time.Now().Add(time.Duration(fill.TTL-2) * time.Second) // at which it would end by itself, or a little later
	for wait := firstPoll / 4; ; wait = min(2*wait, lastPoll) {
		if err := pause.For(ctx, wait, nil); err != nil {
			return err
		}
		now, err := t.lease(ctx)
		switch {
		case err != nil:
			return err
		case isLease(&now) && bytes.Equal(now.Data, fill.Data):
			continue
		case void && time.Now().Before(end): // its owner has ended it
			return nil
		}
		return t.takeBack(ctx, string(fill.Data))
	}
}

// takeBack deletes what a fill has added whose owner has died.
func (t *target) takeBack(ctx context.Context, mark string) error {
	call := meta.NewCall()
	call.Get(t.key, meta.Value+meta.CAS)
	if err := t.ask(ctx, call); err != nil {
		return err
	}
	r := *call.Reply(0)
	call.Free()
	if r.Status != meta.Found || !strings.HasSuffix(mark, sumOf(r.Data)) {
		return nil
	}
	call = meta.NewCall()
	call.Delete(t.key, r.CAS)
	if err := t.do(ctx, call); err != nil {
		return err
	}
	call.Free()
	return nil
}
