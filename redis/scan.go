package redis

import (
	"context"
	"errors"
	"iter"
	"strings"

	"github.com/redis/rueidis"
)

// page is how many keys a server looks at for one answer.
const page = 1000

// Scan walks over the keys of every primary. Keys of other types than strings are keys too.
func (s *Store) Scan(ctx context.Context, prefix string) iter.Seq2[string, error] {
	return func(yield func(string, error) bool) {
		for keys, err := range s.pages(ctx, glob(prefix)+"*") {
			if err != nil {
				yield("", err)
				return
			}
			for _, key := range keys {
				if strings.HasPrefix(key, prefix) && !isLease(key) && !yield(key, nil) {
					return
				}
			}
		}
	}
}

// pages yields what matches a pattern, leases too, some keys at a time.
func (s *Store) pages(ctx context.Context, pattern string) iter.Seq2[[]string, error] {
	return func(yield func([]string, error) bool) {
		c, err := s.client(ctx)
		if err != nil {
			yield(nil, err)
			return
		}
		nodes, err := primaries(ctx, c)
		if err != nil {
			yield(nil, err)
			return
		}
		for _, node := range nodes {
			w := walk{node: node, pattern: pattern}
			for more := true; more; {
				var keys []string
				if keys, more, err = w.next(ctx); err != nil {
					yield(nil, err)
					return
				}
				if !yield(keys, nil) {
					return
				}
			}
		}
	}
}

// walk is a SCAN on one server. Its cursor means nothing to another server, and nothing to the same one after a restart: each has
// a hash function of its own, so that going on would leave out keys without a word.
type walk struct {
	node    rueidis.Client
	pattern string
	cursor  uint64
	run     string // the server's, as INFO tells
}

var errOtherServer = errors.New("the server was restarted or replaced during the walk: begin again")

func (w *walk) next(ctx context.Context) (keys []string, more bool, err error) {
	b := w.node.B()
	replies := w.node.DoMulti(ctx, b.Scan().Cursor(w.cursor).Match(w.pattern).Count(page).Build(), b.Info().Section("server").Build())
	entry, err := replies[0].AsScanEntry()
	if err != nil {
		return nil, false, explain(err)
	}
	// Who may not ask for INFO has to do without.
	if info, err := replies[1].ToString(); err == nil {
		run := infoField(info, "run_id")
		if w.run != "" && run != w.run {
			return nil, false, errOtherServer
		}
		w.run = run
	}
	w.cursor = entry.Cursor
	return entry.Elements, entry.Cursor != 0, nil
}

// glob escapes what is special in a pattern of Redis.
func glob(text string) string {
	return globEscapes.Replace(text)
}

var globEscapes = strings.NewReplacer(`\`, `\\`, `*`, `\*`, `?`, `\?`, `[`, `\[`, `]`, `\]`, `^`, `\^`)
