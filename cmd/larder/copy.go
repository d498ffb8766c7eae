package main

import (
	"errors"
	"fmt"
)

type copyCmd struct {
	From string `required:"" type:"address" placeholder:"URL" help:"The cache to read."`
	To   string `required:"" type:"address" placeholder:"URL" help:"The cache to write to. What is there already stays, unless it has the same key."`
}

func (copyCmd) Help() string {
	return `Entries keep their remaining lifetimes; those that expire meanwhile are left out. --key-prefix and
--key-version hold for both sides; without them each URL says its own.

Example:

    larder copy --from sqlite:old.db --to 'sqlite:new.db?key_prefix=shop'`
}

var errCopyURL = errors.New("copy takes --from and --to, not --url")

// Run is called by kong.
func (cmd copyCmd) Run(a *app) error {
	if a.URL != "" {
		return errCopyURL
	}
	if err := a.checkCopy(cmd.From, cmd.To); err != nil {
		return err
	}
	return a.with(cmd.From, mustExist, func(from *client) error {
		to, err := a.open(cmd.To, mayCreate)
		if err != nil {
			return err
		}
		err = a.copyEntries(from, to)
		if closing := to.Close(); err == nil {
			err = closing
		}
		return err
	})
}

func (a *app) copyEntries(from, to *client) error {
	s := newSink(a.ctx, to.values, nil)
	s.bad = func(_ item, err error) { s.fail(err) }
	bar := a.startProgress("copy", a.countOf(from, ""), s.stored.Load)
	left := 0
	err := from.feed(s, bar, func(e entry) {
		if left++; left <= shownBadLines {
			a.tell(fmt.Sprintf("copy %q: left out: %v", e.key, e.bad))
		}
	})
	if closing := s.close(); closing != nil {
		err = closing
	}
	bar.end(err == nil)
	if err != nil {
		return fmt.Errorf("copy: %w (%d entries were copied before)", err, s.stored.Load())
	}
	a.answer("", "copied", s.stored.Load())
	if left > 0 {
		return fmt.Errorf("copy: left out: %d, copied: %d", left, s.stored.Load())
	}
	if s.stored.Load() == 0 {
		a.noteOthers(from)
	}
	return nil
}

// feed puts all entries into the sink, but for those that are none of a cache's.
func (c *client) feed(s *sink, bar *progress, leaveOut func(entry)) error {
	for e, err := range c.entries(s.ctx, "") {
		if err != nil {
			return err
		}
		if e.bad != nil {
			leaveOut(e)
			continue
		}
		r := record{key: e.key, value: e.value, ttl: lifetime{kind: never}}
		if e.TTL > 0 {
			r.ttl = until(e.at.Add(e.TTL))
		}
		if err := s.put(item{record: r}); err != nil {
			return err
		}
		bar.add(1)
	}
	return nil
}
