package celery_test

import (
	"bytes"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/larder-go/larder/celery"
)

// raw is what a key has, with its lifetime in seconds (-1: for ever), and with the flags and the server where
// it is on Memcached.
type raw struct {
	value  []byte
	flags  string
	server int
	ttl    int
}

// at looks at a key with neither side's client.
func (s *site) at(t testing.TB, key string) (r raw) {
	t.Helper()
	if onRedis(s) {
		db := redis.DB(s.results)
		r.value = []byte(db.MustDo(t, "GET", key))
		r.ttl, _ = strconv.Atoi(db.MustDo(t, "TTL", key))
		return r
	}
	for i, server := range memcacheds[:s.servers] {
		value, flags, there := server.Value(t, key)
		if !there {
			continue
		}
		if r.value != nil {
			t.Errorf("%s is on two servers", key)
		}
		r.value, r.flags, r.server = []byte(value), flags, i
		r.ttl, _ = strconv.Atoi(strings.TrimPrefix(server.MustAsk(t, "mg "+key+" t")[0], "HD t"))
	}
	if r.value == nil {
		t.Errorf("%s is nowhere", key)
	}
	return r
}

// task is a task's result, without what is its own: the id and the date.
func (s *site) task(t testing.TB, r *celery.Results, id string) raw {
	t.Helper()
	m := must[*celery.Meta](t)(r.Result(t.Context(), id))
	var date string
	got := s.at(t, s.key("celery-task-meta-"+id))
	got.value = bytes.ReplaceAll(got.value, []byte(id), []byte("ID"))
	if v, _ := m.Fields().Get("date_done"); !v.IsNone() {
		ok(t, v.Decode(&date))
		got.value = bytes.ReplaceAll(got.value, []byte(date), []byte("DATE"))
	}
	return got
}

func (s *site) sameRaw(t testing.TB, what string, mine, theirs raw) {
	t.Helper()
	if !bytes.Equal(mine.value, theirs.value) {
		t.Errorf("%s: Go stores\n%q\nand Python\n%q", what, mine.value, theirs.value)
	}
	equal(t, what+": flags", mine.flags, theirs.flags)
	if d := mine.ttl - theirs.ttl; d < -60 || d > 60 {
		t.Errorf("%s: a lifetime of %d s, and of Python's %d s", what, mine.ttl, theirs.ttl)
	}
}

// Both sides store the same bytes under the same keys, with the same flags and lifetimes.
func TestSameBytes(t *testing.T) {
	each(t, func(t *testing.T, s *site) {
		r, ctx := s.open(t), t.Context()
		for _, v := range goValues {
			mine, theirs := newID(), newID()
			if r.MarkDone(ctx, mine, v, nil) != nil {
				continue // Python cannot either: see TestPythonReadsWhatGoReturns
			}
			code := "import datetime; from decimal import Decimal; from uuid import UUID\nnan, inf = float('nan'), float('inf')\n"
			s.run(t, code+"app.backend.store_result(id, "+value(t, v).Repr()+", 'SUCCESS')", vars{"id": theirs})
			s.sameRaw(t, fmt.Sprintf("%#v", v), s.task(t, r, mine), s.task(t, r, theirs))
		}
		if s.serializer == "pickle" {
			return // Python stores the exception itself, Go what JSON has of it
		}
		mine, theirs := newID(), newID()
		e := celery.Exception("tasks", "OutOfStock.Soon", "zażółć", 1, nil, 2.5)
		e.Traceback = "Traceback (most recent call last):\n  …\n"
		ok(t, r.MarkFailed(ctx, mine, e, nil))
		s.run(t, "app.backend.mark_as_failure(id, tasks.OutOfStock.Soon('zażółć', 1, None, 2.5), traceback=trace)", vars{"id": theirs, "trace": e.Traceback})
		s.sameRaw(t, "a failure", s.task(t, r, mine), s.task(t, r, theirs))
		mine, theirs = newID(), newID()
		ok(t, r.MarkStarted(ctx, mine, map[string]int{"pid": 1}, nil))
		s.run(t, "app.backend.mark_as_started(id, pid=1)", vars{"id": theirs})
		s.sameRaw(t, "started", s.task(t, r, mine), s.task(t, r, theirs))
	})
}

// A saved group is the same bytes.
func TestSameGroups(t *testing.T) {
	each(t, func(t *testing.T, s *site) {
		g := celery.Group(newID(), newID(), newID())
		g.Nodes = append(g.Nodes, celery.Group(newID(), newID()))
		ok(t, s.open(t).SaveGroup(t.Context(), g))
		mine := s.at(t, s.key("celery-taskset-meta-"+g.ID))
		s.run(t, "result_from_tuple(node).save()", vars{"node": node(g)})
		s.sameRaw(t, "a group", mine, s.at(t, s.key("celery-taskset-meta-"+g.ID)))
	})
}

// What one side forgets the other does not know any more.
func TestForget(t *testing.T) {
	each(t, func(t *testing.T, s *site) {
		r, ctx := s.open(t), t.Context()
		id := s.text(t, "r = add.delay(1, 1); r.get(timeout=20); r.id", nil)
		ok(t, r.Forget(ctx, id))
		s.says(t, "'PENDING'", "AsyncResult(id).state", vars{"id": id})
		ok(t, r.MarkDone(ctx, id, 3, nil)) // what is forgotten may be stored again
		s.says(t, "3", "AsyncResult(id).get(timeout=20)", vars{"id": id})
		s.run(t, "AsyncResult(id).forget()", vars{"id": id})
		equal(t, "there", must[bool](t)(r.Exists(ctx, id)), false)
		equal(t, "state", must[*celery.Meta](t)(r.Result(ctx, id)).Status, celery.Pending)
	})
}

// Lifetimes that Celery's own clients of Memcached lose: more than 30 days, and none at all.
func TestLongLifetimes(t *testing.T) {
	each(t, func(t *testing.T, s *site) {
		const day = 24 * time.Hour
		for _, c := range []struct {
			expires *time.Duration
			seconds int
		}{
			{new(31 * day), 31 * 86400}, {new(400 * day), 400 * 86400}, {new(celery.NoExpiry), -1}, {nil, 86400},
			{new(90*time.Second + 700*time.Millisecond), 90},
		} {
			r := s.open(t, func(cfg *celery.Config) { cfg.ResultExpires = c.expires })
			id := newID()
			ok(t, r.MarkDone(t.Context(), id, "long", nil))
			ttl := s.at(t, s.key("celery-task-meta-"+id)).ttl
			if ttl > c.seconds+2 || ttl < c.seconds-30 || ttl < 0 && c.seconds > 0 { // Memcached's clock has seconds: it is never less
				t.Errorf("with %v: %d s; want %d s", c.expires, ttl, c.seconds)
			}
			s.says(t, "'long'", "AsyncResult(id).get(timeout=20)", vars{"id": id})
		}
	})
}

// A chord whose counter and header live longer than 30 days: its Python parts find both.
func TestLongChords(t *testing.T) {
	each(t, func(t *testing.T, s *site) {
		r := s.open(t, func(cfg *celery.Config) { cfg.ResultExpires = new(celery.NoExpiry) })
		s.goChord(t, r)
	}, named("redis-json", "pylibmc-1", "pylibmc-2-rich", "python-memcached-2"))
}

// The zone of a stored date is the application's.
func TestZones(t *testing.T) {
	each(t, func(t *testing.T, s *site) {
		r, mine := s.open(t), newID()
		ok(t, r.MarkDone(t.Context(), mine, 1, nil))
		theirs := s.text(t, "r = add.delay(1, 1); r.get(timeout=20); r.id", nil)
		for _, id := range []string{mine, theirs} {
			m := must[*celery.Meta](t)(r.Result(t.Context(), id))
			_, offset := m.DateDone.Zone()
			want := 0
			if s.version == "5.6" {
				_, want = time.Now().In(s.goConfig(t).Location()).Zone()
			}
			equal(t, "offset", offset, want)
			if d := time.Since(m.DateDone); d < -time.Minute || d > time.Minute {
				t.Errorf("done %v ago", d)
			}
		}
	}, isRich)
}

// What cannot be read any more keeps Celery from storing for ever. Go replaces it.
func TestGarbageIsReplaced(t *testing.T) {
	each(t, func(t *testing.T, s *site) {
		r, id := s.open(t), newID()
		garbage := vars{"id": id, "text": "{\"status\": \"STARTED\", "}
		s.run(t, "app.backend.set(app.backend.get_key_for_task(id), text)", garbage)
		if reply := s.try(t, "app.backend.mark_as_done(id, 1)", garbage); reply.Raises == "" {
			t.Error("Python replaced it, too")
		}
		var unread *celery.ReadError
		if _, err := r.Result(t.Context(), id); !errors.As(err, &unread) || string(unread.Raw) != garbage["text"] {
			t.Errorf("Go reads %v", err)
		}
		ok(t, r.MarkDone(t.Context(), id, "sound", nil))
		s.says(t, "'sound'", "AsyncResult(id).get(timeout=20)", garbage)
	})
}
