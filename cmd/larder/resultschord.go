package main

import (
	"context"
	"errors"
	"fmt"

	"github.com/larder-go/larder/celery"
)

type resultsChordCmd struct {
	ID string `arg:"" name:"id" help:"The id of the chord's header, which is a group."`
}

func (resultsChordCmd) Help() string {
	return `Prints how many parts of a chord are done, and a line for each part that is known, as list does. On Memcached, SQLite and memory that is
the whole header, and what is missing is named. On Redis Celery stores which parts are done and how many there are, but not the others' ids,
unless the header has groups inside: list --group finds those of which anything is stored.

Exit status: 1 if nothing is stored of the chord, as when its body was started. With --json it is one object with the members group_id,
done, size (null if that is not stored), lost (what counts the parts is not stored), parts as group has them, and missing: the ids that are known to be missing, or null.

Example:

    larder results chord 0b6b9a4c-5df4-4a54-8f5e-7f0e7a4f6f0d --url cache+memcached://localhost/`
}

// Run is called by kong.
func (cmd resultsChordCmd) Run(a *app, results *resultsCmd) error {
	return results.use(a, "chord", func(r *celery.Results) error {
		var c *chordView
		err := a.call(func(ctx context.Context) (err error) {
			c, err = readChord(ctx, r, cmd.ID)
			return err
		})
		switch {
		case errors.Is(err, errNo):
			a.noteNoChord(r, cmd.ID)
			return err
		case err != nil:
			return err
		case a.JSON:
			fmt.Fprintf(a.out, "%s\n", c.object())
		default:
			c.print(a)
		}
		if c.Lost {
			a.note(c.lost())
		}
		return nil
	})
}

// noteNoChord tells what id a chord goes by, which is not that of the result that its caller has: the body's.
func (a *app) noteNoChord(r *celery.Results, id string) {
	text := "nothing is stored of a chord of this id, which is its header's; a chord whose body was started has left nothing behind"
	_ = a.call(func(ctx context.Context) error { // without an answer the note says less
		m, err := r.Result(ctx, id)
		if err == nil && m.GroupID != "" {
			text += fmt.Sprintf("; this is a task, whose group_id is %s", escapeKey(m.GroupID))
		}
		return err
	})
	a.note(text)
}

// chordView is a chord as it is printed.
type chordView struct {
	*celery.ChordProgress
	parts taskList
}

func readChord(ctx context.Context, r *celery.Results, id string) (*chordView, error) {
	p, err := r.ChordProgress(ctx, id)
	failed, some := isIDErrors(err)
	switch {
	case err != nil && !some:
		return nil, unreadable(err)
	case !p.Known:
		return nil, errNo
	}
	c := &chordView{ChordProgress: p}
	if p.Header == nil {
		for _, m := range p.Parts {
			c.parts = append(c.parts, celery.Change{ID: m.TaskID, Meta: m})
		}
		for id, err := range failed {
			c.parts = append(c.parts, celery.Change{ID: id, Err: err})
		}
		return c, nil
	}
	for i, id := range p.Header.Tasks() {
		c.parts = append(c.parts, celery.Change{ID: id, Meta: p.Parts[i], Err: failed[id]})
	}
	return c, nil
}

func (c *chordView) print(a *app) {
	c.parts.print(a)
	switch {
	case c.Size == 0:
		fmt.Fprintf(a.out, "done: %d parts, of how many is not stored\n", c.Done)
	case c.Lost:
		fmt.Fprintf(a.out, "counted: 0 of %d parts, there is no counter\n", c.Size)
	default:
		fmt.Fprintf(a.out, "done: %d of %d parts\n", c.Done, c.Size)
	}
	for _, id := range c.missing() {
		fmt.Fprintf(a.out, "missing: %s\n", escapeKey(id))
	}
	if c.Header == nil && c.Size > c.Done {
		a.note(fmt.Sprintf("missing: %d, whose ids are not stored; larder results list --group %s finds those of which anything is",
			c.Size-c.Done, escapeKey(c.GroupID)))
	}
}

// lost says what is not stored of a chord, and why that may be.
func (c *chordView) lost() string {
	what, also := "the counter", ""
	if c.Size == 0 {
		what, also = "how many parts there are", ", or the last task of the header was not sent yet"
	}
	if c.Done == 0 {
		also += ", or this is a group without a body"
	}
	return what + " is not stored, so that no part will be the last: it is gone, or StartChord was never called" + also
}

// missing are the parts that are known and not done.
func (c *chordView) missing() (ids []string) {
	if c.Header == nil {
		return nil
	}
	for _, part := range c.parts {
		if !isDone(part) {
			ids = append(ids, part.ID)
		}
	}
	return ids
}

func (c *chordView) object() []byte {
	name, id := idMember("group_id", c.GroupID)
	var size, missing any
	if c.Size > 0 {
		size = c.Size
	}
	if c.Header != nil {
		missing = append([]string{}, c.missing()...)
	}
	return object(name, id, "done", c.Done, "size", size, "lost", c.Lost, "missing", missing, "parts", c.parts.objects())
}
