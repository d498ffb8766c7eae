package celery

import (
	"errors"
	"fmt"
	"time"

	"github.com/larder-go/larder/driver"
)

// counted judges a chord by its counter.
func (a *auditor) counted(e found) error {
	p, err := a.results.ChordProgress(a.ctx, e.id)
	var failed IDErrors
	switch {
	case errors.As(err, &failed): // parts that cannot be read were told of as results
	case isAboutOne(err):
		return a.unreadable(e.id, e.key, err)
	case err != nil:
		return err
	}
	idle, known := a.idle(e.TTL, p)
	if !known || idle < a.StuckAfter {
		return nil
	}
	text := partsDone(p)
	if p.Header == nil {
		text = "its saved group is gone: it ends with an error when its next part is done"
	}
	return a.stuck(e, text, idle)
}

// uncounted judges a saved group that has no counter. Whether it is the header of a chord nobody knows.
func (a *auditor) uncounted(e found) error {
	key, err := a.results.key(chordKey, e.id)
	if err != nil {
		return a.unreadable(e.id, e.key, err)
	}
	entries, err := a.results.b.MGet(a.ctx, []string{key})
	if err != nil || !errors.Is(entries[0].Err, ErrMiss) {
		return err
	}
	idle := time.Since(a.results.b.writtenAt(e.TTL))
	if a.results.b.writtenAt(e.TTL).IsZero() || idle < a.StuckAfter {
		return nil
	}
	return a.stuck(e, "the group has no counter: if it is a chord's header the body is never started; a group that was saved by itself has none", idle)
}

// collection judges a chord by what is collected of it, once, at the first of its keys that is there.
func (a *auditor) collection(id string, e found) error {
	c, err := a.results.collection(id)
	if err != nil {
		return a.unreadable(id, e.key, err)
	}
	infos, err := a.results.b.engine.inspect(a.ctx, []string{c.Members, c.Counts[sizeCount], c.Counts[extraCount]})
	if err != nil || e.key != firstOf(infos, c) {
		return err
	}
	p, err := a.results.ChordProgress(a.ctx, id)
	var failed IDErrors
	switch {
	case errors.Is(err, errors.ErrUnsupported):
		return nil // a cluster, where there are no chords
	case errors.As(err, &failed), isAboutOne(err):
		return a.unreadable(id, e.key, err)
	case err != nil:
		return err
	}
	after := a.StuckAfter
	if p.Lost {
		after = a.sizelessAfter
	}
	idle, known := a.idle(e.TTL, p)
	if !known || idle < after || p.Done >= p.Size && p.Size > 0 && anyFailed(p.Parts) {
		return nil
	}
	return a.stuck(found{id: id, key: e.key}, partsDone(p), idle)
}

func (a *auditor) stuck(e found, text string, idle time.Duration) error {
	return a.tell(Finding{Kind: FindingStuck, ID: e.id, Key: e.key, Text: fmt.Sprintf("%s; untouched for %v", text, idle.Round(time.Second))})
}

// isAboutOne tells whether an error concerns one chord, and not the engine.
func isAboutOne(err error) bool {
	var read *ReadError
	return errors.As(err, &read) && read.ID != "" || errors.Is(err, ErrBadKey) || errors.Is(err, ErrForeign) || errors.Is(err, ErrMalformed)
}

func firstOf(infos map[string]driver.EntryInfo, c driver.Collection) string {
	for _, key := range []string{c.Members, c.Counts[sizeCount], c.Counts[extraCount]} {
		if _, there := infos[key]; there {
			return key
		}
	}
	return ""
}

// partsDone says how far a chord has come.
func partsDone(p *ChordProgress) string {
	switch {
	case p.Size == 0:
		return fmt.Sprintf("how many parts it has is gone, or was never stored (StartChord); done: %d", p.Done)
	case p.Done < p.Size:
		return fmt.Sprintf("done: %d of %d parts", p.Done, p.Size)
	case p.Done > p.Size:
		return fmt.Sprintf("done: %d parts, more than its %d", p.Done, p.Size)
	}
	return fmt.Sprintf("done: all %d parts, and nobody has started the body", p.Size)
}

// idle is how long ago a part was reported, or the chord begun.
func (a *auditor) idle(ttl time.Duration, p *ChordProgress) (time.Duration, bool) {
	if at := a.results.b.writtenAt(ttl); !at.IsZero() {
		return time.Since(at), true
	}
	var last time.Time
	for _, m := range p.Parts {
		if !m.ended() {
			return 0, false
		}
		if m.DateDone.After(last) {
			last = m.DateDone
		}
	}
	return time.Since(last), !last.IsZero()
}

// ended tells whether m is of a task that is done, and says when.
func (m *Meta) ended() bool { return m != nil && m.Status.Ready() && !m.DateDone.IsZero() }

func anyFailed(parts []*Meta) bool {
	for _, m := range parts {
		if m.Status.Propagate() {
			return true
		}
	}
	return false
}
