package memcached

import (
	"context"
	"errors"
	"iter"
	"net/url"
	"strconv"
	"strings"

	"github.com/larder-go/larder/driver"
	"github.com/larder-go/larder/internal/pause"
	"github.com/larder-go/larder/memcached/internal/meta"
)

// Scan walks over the keys of every server, as the server's crawler lists them. What it cannot name, because the server has only
// its digest, is counted in a *driver.Nameless at the end.
func (s *Store) Scan(ctx context.Context, prefix string) iter.Seq2[string, error] {
	return func(yield func(string, error) bool) {
		nameless := 0
		for _, n := range s.nodes {
			hidden, more, err := s.scanNode(ctx, n, prefix, yield)
			if !more {
				return
			}
			if err != nil {
				yield("", err)
				return
			}
			nameless += hidden
		}
		if nameless > 0 {
			yield("", &driver.Nameless{Count: nameless})
		}
	}
}

// scanNode walks over one server's keys.
func (s *Store) scanNode(ctx context.Context, n *node, prefix string, yield func(string, error) bool) (nameless int, more bool, err error) {
	read, err := s.reader(ctx, n)
	if err != nil {
		return 0, true, err
	}
	spool, err := s.list(ctx, n)
	if err != nil {
		return 0, true, err
	}
	defer spool.close()
	for line, err := range spool.lines() {
		if err == nil {
			err = ctx.Err()
		}
		if err == nil && s.isClosed() {
			err = driver.ErrClosed
		}
		if err != nil {
			return nameless, true, err
		}
		name, expiry, whole := nameOf(line)
		key, isDigest, ok := read(name)
		switch {
		case !whole || !ok:
		case isDigest:
			nameless++
		case !strings.HasPrefix(key, prefix):
		case expiry > 0 && expiry <= spool.began+1 && !s.isThere(ctx, key):
		case !yield(key, nil):
			return nameless, false, nil
		}
	}
	return nameless, true, nil
}

// isThere looks after an entry that the crawler lists in its last second, or just behind it. In doubt it is.
func (s *Store) isThere(ctx context.Context, key string) bool {
	infos, err := s.Inspect(ctx, []string{key})
	_, there := infos[key]
	return there || err != nil
}

// reader tells how a server's names are read: which key it is, or that there is only its digest. Other names are not ok.
func (s *Store) reader(ctx context.Context, n *node) (func(name string) (key string, isDigest, ok bool), error) {
	switch {
	case s.options.VerbatimKeys:
		return func(name string) (string, bool, bool) { return name, false, true }, nil
	case !s.options.Generations:
		return func(name string) (string, bool, bool) {
			return name, isDigest(name), !strings.HasPrefix(name, leasePrefix)
		}, nil
	}
	l, err := n.line(ctx)
	if err != nil {
		return nil, err
	}
	t := target{line: l, node: n}
	g, err := t.readGenerations(ctx)
	if err != nil {
		return nil, err
	}
	return g.key, nil
}

// nameOf reads a line of the crawler's list: key=a%20b exp=-1 la=… .
func nameOf(line string) (name string, expiry int64, ok bool) {
	words := strings.SplitN(line, " ", 3)
	if len(words) < 3 {
		return "", 0, false
	}
	text, isKey := strings.CutPrefix(words[0], "key=")
	at, hasExpiry := strings.CutPrefix(words[1], "exp=")
	name, err := url.PathUnescape(text)
	expiry, err2 := strconv.ParseInt(at, 10, 64)
	return name, expiry, isKey && hasExpiry && err == nil && err2 == nil
}

// list has the server write down all its keys. It has one crawler, which is busy as long as somebody listens, and holds
// others up: so all that it says is taken at once, into a file if it is much.
func (s *Store) list(ctx context.Context, n *node) (*spool, error) {
	for wait := firstPoll; ; wait = min(2*wait, lastPoll) {
		out := &spool{}
		err := s.converseWith(ctx, n, func(session *meta.Session) error {
			out.began = session.Hello.Time.Unix()
			for line, err := range session.Lines("lru_crawler metadump hash") {
				if err != nil {
					return err
				}
				if err := out.add(line); err != nil {
					return err
				}
			}
			return nil
		})
		if err == nil {
			return out, nil
		}
		out.close()
		if !isBusy(err) {
			return nil, notAllowed(err)
		}
		if err := pause.For(ctx, wait, s.closed); err != nil {
			return nil, err
		}
	}
}

func isBusy(err error) bool {
	refused := new(meta.ServerError)
	return errors.As(err, &refused) && strings.HasPrefix(refused.Text, "BUSY")
}

// notAllowed: a server may have been set up without its crawler.
func notAllowed(err error) error {
	refused := new(meta.ServerError)
	if errors.As(err, &refused) {
		return errors.Join(errors.ErrUnsupported, err)
	}
	return err
}
