package celery

import (
	"context"
	"errors"
)

// FinishChord returns a chord whose parts are all done, by what is stored of them and whatever the counter
// says, and nil without an error if they are not. It is nil too if nothing is stored of the chord: its body
// was started, it has expired, or there never was one of this id; [Results.ChordProgress] tells whether any of
// it is Known. It is for a chord that hangs, after ErrMaybeCounted or a part that was reported too often. The
// caller sees to it that only one asks, and nobody who has got the Chord from ChordPart is just starting its
// body: everybody who asks gets it, until Started.
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
