package celery

import (
	"context"
	"errors"
	"fmt"
	"math"

	"github.com/larder-go/larder/celery/py"
)

// Part is a task of a chord's header that has ended.
type Part struct {
	GroupID string // the chord's header
	TaskID  string
	// Index is the task's place in the header, from 0 on. Below 0 it is not known, and the part comes behind
	// the others. It counts on Redis only; elsewhere the order is that of the saved group.
	Index int
	State State
	// Result is the task's, as for [Results.Store].
	Result any
	// Size is how many parts the chord has, as the message says that started the task (chord_size). 0: the
	// message does not say, and the saved group does. On Redis what [Results.StartChord] has stored counts,
	// or Python, with the parts that [Results.AddToChord] has added; there Size only tells when that is
	// missing: all parts are done then, and the last one is ErrChordLost instead of nothing.
	Size int
}

// Chord is a chord whose last part is done: its body is to be started, with Results, or if Err is not nil to
// be stored as a failure. Exactly one of all who report a part gets it; but where parts are counted, and the
// saved group is missing or cannot be read, everybody does, with that Err.
//
//	switch {
//	case chord.Err != nil:
//		err = results.MarkFailed(ctx, bodyID, chord.Err, nil)
//		… // and publish the body's errbacks (link_error), each with bodyID
//	default:
//		err = publish(body, chord.Results) // not a part of this package: a message for a worker
//		if err != nil {
//			err = results.MarkFailed(ctx, bodyID, chord.CallbackError(err), nil)
//		}
//		… // then, whichever it was:
//		err = chord.Started(ctx)
//	}
type Chord struct {
	GroupID string
	// Results are the values of the parts: in the order of the header, or with result_chord_ordered: false in
	// that in which they were done.
	Results []py.Value
	// Err is why the body cannot be started: Celery's ChordError, with its text.
	Err error

	owner *Results
	join  func(ctx context.Context) ([]py.Value, error) // nil: there is nothing to join
	clean func(ctx context.Context) error               // nil: there is nothing to delete
}

// StartChord prepares a chord: it stores how many tasks its header has, and what the backend needs beside
// that. Whoever publishes the header calls it, before the first task is sent; Python does the same by itself.
// A chord for which nobody has called it never ends. Parts that end before are not lost on Redis; elsewhere
// they are an error for whoever reports them.
//
// It does what [Results.SaveGroup] does where that is needed, and SaveGroup does not do what it does: that is
// for groups without a body.
func (r *Results) StartChord(ctx context.Context, header Node) error {
	start := r.startCounter
	switch {
	case len(header.Tasks()) == 0 || !header.Group:
		return r.fail("start chord", header.ID, errNoParts)
	case r.collector != nil:
		start = r.startCollection
	}
	return r.fail("start chord", header.ID, start(ctx, header))
}

var errNoParts = errors.New("it has no parts, so that none is the last: start its body")

// ChordPart reports that a part of a chord is done, after its result was stored. It returns nil, or the
// chord if it has to be dealt with by the caller: because this was the last part, or because the chord
// cannot be done any more.
//
// Header tasks may be done by Go and Python workers mixed. How parts are counted is Celery's way of the
// backend: on Redis they are collected, with their results; elsewhere a counter is increased. ErrChordLost: the
// counter is not there, or on Redis the number of parts is not, as the last of them finds out by Part.Size.
//
// ErrMaybeCounted, where parts are counted: the answer of the server was lost, and nobody can tell whether
// the part counts now. To report it again may count it twice, not to report it may count it never; either way
// the chord hangs if the guess is wrong. [Results.FinishChord] does not need the counter: call it when all
// parts are done. The same helps after a part was reported too often, which is logged.
//
// A Chord together with an error: the part was the last one, but the results could not be read now.
// [Chord.Join] tries again; nobody else will.
func (r *Results) ChordPart(ctx context.Context, p Part) (*Chord, error) {
	if p.TaskID == "" {
		return nil, r.fail("chord part", "", ErrBadID)
	}
	done := r.count
	if r.collector != nil {
		done = r.collect
	}
	chord, err := done(ctx, p)
	if err == nil && chord != nil {
		err = chord.Join(ctx)
	}
	return chord, r.fail("chord part", p.GroupID, err)
}

// Join reads the results, which ChordPart has done already if it returned no error.
func (c *Chord) Join(ctx context.Context) error {
	if c.join == nil {
		return nil
	}
	results, err := c.join(ctx)
	c.Results = results
	var failed *chordFailure
	if errors.As(err, &failed) {
		c.Err = failed.err
		err = failed.cleaned
	}
	return c.owner.fail("join chord", c.GroupID, err)
}

// Started deletes what was stored to count the parts. It is called last: when the message for the body has
// been sent, or when it could not be and [Chord.CallbackError] is stored for the body. Without it a part that
// is reported twice may start the body again, until all has expired.
func (c *Chord) Started(ctx context.Context) error {
	if c.clean == nil {
		return nil
	}
	return c.owner.fail("end chord", c.GroupID, c.clean(ctx))
}

// CallbackError is what the caller stores for the body, by [Results.MarkFailed], if its message could not be
// sent, and then calls Started.
func (c *Chord) CallbackError(why error) error {
	return chordError("Callback error: %s", taskErrorOf(why).Repr())
}

// chordFailure is a chord that cannot be done, which is known for sure.
type chordFailure struct {
	err     *TaskError
	cleaned error // of what was deleted at once
}

func (f *chordFailure) Error() string { return f.err.Error() }

func chordError(format string, args ...any) *TaskError {
	return Exception(celeryExceptions, "ChordError", fmt.Sprintf(format, args...))
}

// joinHeader waits for the results of a saved header, no longer than result_chord_join_timeout. What Python
// would raise is a *TaskError, an error of the backend or of ctx is not.
func (r *Results) joinHeader(ctx context.Context, header Node) ([]py.Value, error) {
	bounded, cancel := context.WithTimeout(ctx, r.b.cfg.joinTimeout())
	defer cancel()
	values, err := r.JoinGroup(bounded, header)
	var failed *JoinError
	var read *ReadError
	switch {
	case err == nil:
		return values, nil
	case errors.As(err, &read), errors.Is(err, ErrBadID), errors.Is(err, ErrBadKey):
		return nil, decodeError(err)
	case errors.As(err, &failed):
		return nil, failed.Err
	case bounded.Err() != nil && ctx.Err() == nil:
		return nil, Exception(celeryExceptions, "TimeoutError", "The operation timed out.")
	}
	return nil, err
}

// decodeError is what Python raises for what cannot be read.
func decodeError(err error) *TaskError {
	return Exception("kombu.exceptions", "DecodeError", err.Error())
}

// position is a part's place in an ordered collection.
func (p Part) position() float64 {
	if p.Index < 0 {
		return math.Inf(1)
	}
	return float64(p.Index)
}
