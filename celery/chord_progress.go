package celery

import (
	"context"
	"errors"
	"strconv"
)

// ChordProgress is how far a chord has come.
type ChordProgress struct {
	GroupID string
	// Known: something is stored of the chord. A chord whose body was started has left nothing behind.
	Known bool
	// Done is how many parts were reported, and Size how many there are, 0 if that is not stored.
	Done, Size int
	// Lost: the counter is not stored, or on Redis Size is not, so that no part will be the last. It is gone, or
	// [Results.StartChord] was never called, or Python has not sent the header's last task yet. A group that was
	// saved by itself looks the same.
	Lost bool
	// Header is the saved group, if there is one: always where parts are counted, on Redis only if it
	// has groups inside.
	Header *Node
	// Parts are those that are known: of the header, with what is stored of each, or else, on Redis, those
	// that were reported.
	Parts []*Meta
}

// ChordProgress looks at a chord without changing anything. Parts that cannot be read are an IDErrors, next
// to what could be read.
func (r *Results) ChordProgress(ctx context.Context, groupID string) (*ChordProgress, error) {
	p, err := r.chordProgress(ctx, groupID)
	return p, r.fail("chord progress", groupID, err)
}

func (r *Results) chordProgress(ctx context.Context, groupID string) (*ChordProgress, error) {
	p := &ChordProgress{GroupID: groupID}
	header, found, err := r.RestoreGroup(ctx, groupID)
	if err != nil {
		return nil, err
	}
	if found {
		p.Header, p.Known = &header, true
	}
	if r.collector == nil {
		err = r.counted(ctx, p)
	} else {
		err = r.collected(ctx, p)
	}
	if err != nil || !found {
		return p, err
	}
	p.Parts, err = r.Results(ctx, header.Tasks())
	return p, err
}

// counted reads a counter.
func (r *Results) counted(ctx context.Context, p *ChordProgress) error {
	key, err := r.key(chordKey, p.GroupID)
	if err != nil {
		return err
	}
	if p.Header != nil {
		p.Size = len(p.Header.Nodes)
	}
	raw, err := r.b.Get(ctx, key)
	if errors.Is(err, ErrMiss) {
		p.Lost = p.Known
		return nil
	}
	if err == nil {
		p.Known = true
		if p.Done, err = strconv.Atoi(string(raw)); err != nil {
			err = malformed("the counter is %.60q", raw)
		}
	}
	return err
}

// collected reads a collection.
func (r *Results) collected(ctx context.Context, p *ChordProgress) error {
	c, err := r.collection(p.GroupID)
	if err != nil {
		return err
	}
	members, err := r.collector.Members(ctx, c)
	if err != nil {
		return err
	}
	counts, err := r.b.MGet(ctx, c.Counts[:])
	if err != nil {
		return err
	}
	size, known, err := sizeOf([2][]byte{counts[0].Value, counts[1].Value})
	p.Done, p.Known = len(members), p.Known || known || len(members) > 0
	if known {
		p.Size = size
	}
	p.Lost = p.Known && !known
	if err != nil || p.Header != nil {
		return err
	}
	return p.read(r, members)
}

// read adds the parts that were collected.
func (p *ChordProgress) read(r *Results, members [][]byte) error {
	failed := IDErrors{}
	for i, member := range members {
		id, state, value, err := r.readPart(member)
		if err != nil {
			failed[strconv.Itoa(i)] = &ReadError{ID: strconv.Itoa(i), Raw: member, Err: malformed("%v", err)}
			continue
		}
		m := &Meta{TaskID: id, Status: state, Result: value, GroupID: p.GroupID, raw: content{bytes: member}}
		if state.Exception() {
			if err = checkException(value); err != nil {
				failed[id] = &ReadError{ID: id, Raw: member, Err: err}
				continue
			}
		}
		p.Parts = append(p.Parts, m)
	}
	return failed.orNil()
}
