package celery

import (
	"context"
	"errors"
	"fmt"
	"reflect"
	"strconv"

	"github.com/larder-go/larder/driver"
)

// ErrMaybeCounted: the answer to a count was lost, and the counter has changed since. See [Results.ChordPart].
var ErrMaybeCounted = errors.New("the part may have been counted, or not")

// incrPresent adds 1 to a number that is there. That it is there and that it is changed is one step: looked
// up first and then incremented by Incr, it could expire in between and be made anew.
func (b *Backend) incrPresent(ctx context.Context, key string) (int64, error) {
	if b.engine.swap == nil {
		return 0, errors.ErrUnsupported
	}
	var lost *lostCount
	for {
		old, version, err := b.number(ctx, key)
		switch {
		case lost != nil && err != nil:
			return 0, lost
		case lost != nil && !reflect.DeepEqual(version, lost.version):
			lost.now = old
			return 0, lost
		case err != nil:
			return 0, err
		}
		sum, err := driver.AddInt(strconv.FormatInt(old, 10), 1)
		if err != nil {
			return 0, err
		}
		done, err := b.engine.swap.Swap(ctx, key, version, strconv.AppendInt(nil, sum, 10), driver.KeepTTL)
		switch {
		case done && err == nil:
			return sum, nil
		case err != nil && lost != nil: // no better than before
			return 0, lost
		case err != nil:
			lost = &lostCount{sum: sum, now: -1, version: version, cause: err}
		}
	}
}

// number is a number that is there.
func (b *Backend) number(ctx context.Context, key string) (int64, driver.Version, error) {
	raw, version, err := b.engine.swap.GetVersion(ctx, key)
	if errors.Is(err, driver.ErrCodec) {
		err = driver.ErrNotNumber
	}
	if err != nil {
		return 0, nil, err
	}
	n, err := driver.AddInt(string(raw), 0)
	return n, version, err
}

// lostCount is a count whose answer was lost. While the counter is as it was, it is tried once more: of two
// that are under way the server takes one.
type lostCount struct {
	sum, now int64 // what it was to become, and what it is; below 0: nobody knows
	version  driver.Version
	cause    error
}

func (l *lostCount) Error() string { return fmt.Sprintf("%v: %v", ErrMaybeCounted, l.cause) }

func (l *lostCount) Unwrap() []error { return []error{ErrMaybeCounted, l.cause} }

// FinishChord returns a chord whose parts are all done, by what is stored of them and whatever the counter
// says, and nil if they are not, or nothing is stored of the chord: its body was started. It is for a chord
// that hangs, after ErrMaybeCounted or a part that was reported too often. The caller sees to it that only
// one asks, and nobody who has got the Chord from ChordPart is just starting its body: everybody who asks
// gets it, until Started.
//
// On Redis it is errors.ErrUnsupported: there a part counts once however often it is reported, and the last
// one can be reported again.
func (r *Results) FinishChord(ctx context.Context, groupID string) (*Chord, error) {
	chord, err := r.finish(ctx, groupID)
	if err == nil && chord != nil {
		err = chord.Join(ctx)
	}
	return chord, r.fail("finish chord", groupID, err)
}

func (r *Results) finish(ctx context.Context, groupID string) (*Chord, error) {
	if r.collector != nil {
		return nil, errors.ErrUnsupported
	}
	key, err := r.key(chordKey, groupID)
	if err != nil {
		return nil, err
	}
	header, found, err := r.RestoreGroup(ctx, groupID)
	if err != nil || !found {
		return nil, err
	}
	parts, err := r.Results(ctx, header.Tasks())
	if err != nil {
		return nil, err
	}
	for _, m := range parts {
		if !m.Status.Ready() {
			return nil, nil
		}
	}
	return r.countedChord(header, key), nil
}
