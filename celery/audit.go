package celery

import (
	"context"
	"errors"
	"iter"
	"strconv"
	"time"
)

// AuditOptions say how [Results.Audit] looks at what is stored. The zero value changes nothing.
type AuditOptions struct {
	// FixTTL is the lifetime that is given to what has none. 0: nothing is changed.
	FixTTL time.Duration
	// StuckAfter is for how long no part of a chord may have been reported before it counts as stuck. 0: an
	// hour, because parts may run that long; but ten minutes for a chord on Redis of which parts were reported and
	// nobody has stored how many there are: that is there before the last task of its header is sent.
	StuckAfter time.Duration

	// Timeout bounds each reading of some hundred entries, though not the engine's own search for keys. 0:
	// only the context does.
	Timeout time.Duration
	// Seen, if not nil, is told after each reading how many entries were looked at.
	Seen func(n int)
}

const (
	defaultStuckAfter = time.Hour
	sizelessAfter     = 10 * time.Minute
)

// FindingKind says what is the matter.
type FindingKind string

// The kinds of findings.
const (
	// FindingNoTTL: it has no lifetime, and stays until it is deleted.
	FindingNoTTL FindingKind = "no-ttl"
	// FindingUnreadable: it cannot be read. A task's result hangs or fails whoever waits for it, and a Python
	// worker cannot replace it.
	FindingUnreadable FindingKind = "unreadable"
	// FindingStuck: a chord whose body will not be started.
	FindingStuck FindingKind = "stuck-chord"
)

// Finding is something that is not as it should be.
type Finding struct {
	Kind FindingKind
	ID   string // of the task, group or chord
	Key  string // as it is stored
	// Text says what is the case, for a person.
	Text string
	// Repaired: it has been given a lifetime.
	Repaired bool
}

// Audit walks over all results, groups and chords and yields what is not as it should be. It reads
// everything, with a bounded amount in memory at a time.
//
// Since when a chord was left alone its lifetime tells, which is renewed with each part, if those who store
// let results live as long as the configuration says here; otherwise the dates of its parts, if they all are
// done. Where neither tells nothing is said. A chord on Redis of which a part has failed is left behind by
// Celery until it expires, and is no finding.
//
// An error is yielded once and ends the walk. An id that makes no key is an unreadable one.
func (r *Results) Audit(ctx context.Context, o AuditOptions) iter.Seq2[Finding, error] {
	sizeless := o.StuckAfter
	if o.StuckAfter <= 0 {
		o.StuckAfter, sizeless = defaultStuckAfter, sizelessAfter
	}
	return func(yield func(Finding, error) bool) {
		a := &auditor{AuditOptions: o, sizelessAfter: sizeless, results: r, ctx: ctx, yield: yield}
		for _, part := range []struct {
			kind kind
			look func(found) error
		}{{taskKey, a.task}, {groupKey, a.group}, {chordKey, a.counter}} {
			err := r.b.walk(ctx, walk{kind: part.kind, timeout: o.Timeout, seen: o.Seen, visit: func(batch []found) bool {
				return a.all(batch, part.look)
			}})
			if err == nil {
				err = a.err
			}
			if err != nil && !errors.Is(err, errStop) {
				yield(Finding{}, r.fail("audit", "", err))
			}
			if err != nil {
				return
			}
		}
	}
}

// auditor is an audit under way.
type auditor struct {
	AuditOptions
	sizelessAfter time.Duration // StuckAfter of a chord whose size is not stored
	results       *Results
	ctx           context.Context
	yield         func(Finding, error) bool
	err           error
}

// all looks at a batch, and tells whether more is wanted.
func (a *auditor) all(batch []found, look func(found) error) bool {
	for _, e := range batch {
		if a.err = a.lifetime(e); a.err == nil {
			a.err = look(e)
		}
		if a.err != nil {
			return false
		}
	}
	return true
}

// tell yields a finding, and is errStop if no more are wanted.
func (a *auditor) tell(f Finding) error {
	if !a.yield(f, nil) {
		return errStop
	}
	return nil
}

func (a *auditor) unreadable(id, key string, err error) error {
	return a.tell(Finding{Kind: FindingUnreadable, ID: id, Key: key, Text: causeOf(err).Error()})
}

// lifetime looks for one, and gives one.
func (a *auditor) lifetime(e found) error {
	if e.TTL != 0 {
		return nil
	}
	f := Finding{Kind: FindingNoTTL, ID: e.id, Key: e.key, Text: "it has no lifetime, and stays until it is deleted"}
	if touch := a.results.b.engine.touch; touch != nil && a.FixTTL > 0 {
		var err error
		if f.Repaired, err = touch.Touch(a.ctx, e.key, a.FixTTL); err != nil {
			return err
		}
	}
	return a.tell(f)
}

// task reads a result.
func (a *auditor) task(e found) error {
	if _, err := a.results.readEntry(e.id, e.Entry); err != nil {
		return a.unreadable(e.id, e.key, err)
	}
	return nil
}

// group reads a saved group, or on Redis what belongs to a chord.
func (a *auditor) group(e found) error {
	if id, ok := collectionID(e.id); ok && a.results.collector != nil {
		return a.collection(id, e)
	}
	if len(e.Value) == 0 && e.Err == nil {
		return nil // nothing is what it says
	}
	err := e.Err
	if err == nil {
		_, err = a.results.readGroup(e.Value)
	}
	switch {
	case err != nil:
		return a.unreadable(e.id, e.key, err)
	case a.results.collector == nil:
		return a.uncounted(e)
	}
	return nil
}

// counter reads the counter of a chord.
func (a *auditor) counter(e found) error {
	if a.results.collector != nil { // who has put it there is not Celery
		return nil
	}
	_, err := strconv.ParseInt(string(e.Value), 10, 64)
	if e.Err != nil {
		err = e.Err
	}
	if err != nil {
		return a.unreadable(e.id, e.key, err)
	}
	return a.counted(e)
}
