package celery

import (
	"context"
	"fmt"
	"iter"
	"path"
	"slices"
	"time"
)

// Filter says which results List yields: those of which all holds that is set. The zero Filter is all.
type Filter struct {
	// Prefix is what ids begin with. The engine looks for it itself, by its keys; for everything below,
	// each result is read.
	Prefix string
	// States are the states that a task may be in.
	States []State
	// Name is the task's: "shop.tasks.charge", or with the wildcards of [path.Match] "shop.*". It is known of
	// results that were stored with result_extended only.
	Name string
	// GroupID is the group or chord that the task is a part of.
	GroupID string
	// Before and After are about Stored.At. Where that is not known a result is left out.
	Before, After time.Time

	// Timeout bounds each reading of some hundred entries, though not the engine's own search for keys. 0:
	// only the context does.
	Timeout time.Duration
}

// Stored is what is stored of a task, as List finds it.
type Stored struct {
	ID string
	// Meta is what is stored; nil if Err says why that cannot be read: a *[ReadError], which has the bytes.
	Meta *Meta
	Err  error
	// TTL is the remaining lifetime; 0: no expiry, UnknownTTL: the engine does not know.
	TTL time.Duration
	// Size is how many bytes are stored, -1 if the engine does not know.
	Size int
	// At is when it was stored, as far as that can be told: the date of a task that is done, and otherwise
	// what the lifetime tells if those who store let results live as long as the configuration says here.
	// Zero: it cannot be told.
	At time.Time
}

// List yields the tasks of which something is stored, in no particular order, with a bounded amount of it in
// memory whatever there is. What comes or goes meanwhile may be yielded; the rest is, once, but for a Redis
// that grows at that moment and may repeat some. A result that cannot be read is yielded as such, unless the
// filter asks for more than ids. An error is yielded once and ends the walk: errors.ErrUnsupported means that
// the engine does not list its keys. The results may be used meanwhile, for changes too.
func (r *Results) List(ctx context.Context, f Filter) iter.Seq2[*Stored, error] {
	return func(yield func(*Stored, error) bool) {
		_, err := path.Match(f.Name, "")
		if err != nil {
			err = fmt.Errorf("the name %.120q: %w", f.Name, err)
		} else {
			err = r.b.walk(ctx, walk{kind: taskKey, prefix: f.Prefix, timeout: f.Timeout, visit: func(batch []found) bool {
				for _, e := range batch {
					if s := r.stored(e); s != nil && f.matches(s) && !yield(s, nil) {
						return false
					}
				}
				return true
			}})
		}
		if err != nil {
			yield(nil, r.fail("list", "", err))
		}
	}
}

// Stored returns what is stored of a task, with its lifetime. ErrMiss: nothing is. What cannot be read
// is in Stored.Err.
func (r *Results) Stored(ctx context.Context, id string) (*Stored, error) {
	key, err := r.key(taskKey, id)
	if err != nil {
		return nil, r.fail("stored", id, err)
	}
	w := &walker{b: r.b, ctx: ctx, cut: len(key) - len(id)}
	_, batch, err := w.read([]string{key})
	if err != nil {
		return nil, r.fail("stored", id, err)
	}
	for _, e := range batch {
		if s := r.stored(e); s != nil {
			return s, nil
		}
	}
	return nil, ErrMiss
}

// stored reads an entry; nil if it is nothing.
func (r *Results) stored(e found) *Stored {
	s := &Stored{ID: e.id, TTL: e.TTL, Size: e.Size}
	s.Meta, s.Err = r.readEntry(e.id, e.Entry)
	switch {
	case s.Err != nil:
		s.At = r.b.writtenAt(e.TTL)
		return s
	case !s.Meta.Known():
		return nil
	}
	if s.At = s.Meta.DateDone; s.At.IsZero() {
		s.At = r.b.writtenAt(e.TTL)
	}
	return s
}

// writtenAt is when an entry got its lifetime, if that was the one that is configured here; zero if it was not.
func (b *Backend) writtenAt(ttl time.Duration) time.Time {
	if ttl <= 0 || b.ttl == 0 || ttl > b.ttl+time.Second { // engines round up
		return time.Time{}
	}
	return time.Now().Add(min(ttl-b.ttl, 0))
}

func (f *Filter) matches(s *Stored) bool {
	return f.matchesMeta(s.Meta) && f.matchesTime(s.At)
}

func (f *Filter) matchesMeta(m *Meta) bool {
	if m == nil {
		return len(f.States) == 0 && f.Name == "" && f.GroupID == ""
	}
	if len(f.States) > 0 && !slices.Contains(f.States, m.Status) {
		return false
	}
	if f.GroupID != "" && m.GroupID != f.GroupID {
		return false
	}
	matched, _ := path.Match(f.Name, m.Name) // List has checked the pattern
	return f.Name == "" || matched
}

func (f *Filter) matchesTime(at time.Time) bool {
	if f.Before.IsZero() && f.After.IsZero() {
		return true
	}
	return !at.IsZero() && (f.Before.IsZero() || at.Before(f.Before)) && (f.After.IsZero() || at.After(f.After))
}
