package celery

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/larder-go/larder/driver"
	"github.com/larder-go/larder/internal/redistest"
)

// listed are the ids that a filter yields.
func listed(t testing.TB, r *Results, f Filter) []string {
	t.Helper()
	all := []string{}
	for s, err := range r.List(t.Context(), f) {
		must(t, err)
		all = append(all, s.ID)
	}
	slices.Sort(all)
	return all
}

func wantListed(t testing.TB, r *Results, f Filter, want ...string) {
	t.Helper()
	if diff := cmp.Diff(want, listed(t, r, f), cmp.Transformer("", func(s []string) []string { return append([]string{}, s...) })); diff != "" {
		t.Errorf("%+v: %s", f, diff)
	}
}

func TestList(t *testing.T) {
	each(t, func(t *testing.T, r *Results) {
		ctx := t.Context()
		wantListed(t, r, Filter{})
		must(t, r.MarkDone(ctx, "a-1", 1, &Request{GroupID: "g", Name: "shop.charge"}))
		must(t, r.MarkFailed(ctx, "a-2", errors.New("boom"), &Request{Name: "shop.refund"}))
		must(t, r.UpdateState(ctx, "b-1", "PROGRESS", nil, &Request{Name: "mail.send", GroupID: "g"}))
		must(t, r.SaveGroup(ctx, Group("g", "a-1", "b-1")))
		must(t, r.StartChord(ctx, Group("c", "a-1")))
		must(t, r.b.Set(ctx, "other", []byte("1")))
		r.raw(t, "broken", "{")
		r.raw(t, "empty", "")

		wantListed(t, r, Filter{}, "a-1", "a-2", "b-1", "broken")
		wantListed(t, r, Filter{Prefix: "a-"}, "a-1", "a-2")
		wantListed(t, r, Filter{Prefix: "b"}, "b-1", "broken")
		wantListed(t, r, Filter{States: []State{Success, "PROGRESS"}}, "a-1", "b-1")
		wantListed(t, r, Filter{States: []State{Pending}})
		wantListed(t, r, Filter{GroupID: "g"}, "a-1", "b-1")
		wantListed(t, r, Filter{Name: "shop.*"}, "a-1", "a-2")
		wantListed(t, r, Filter{Name: "mail.send"}, "b-1")
		wantListed(t, r, Filter{Name: "send"})
		wantListed(t, r, Filter{Name: "shop.*", States: []State{Failure}, Prefix: "a"}, "a-2")
	}, configured(Config{ResultExtended: true}))
}

// TestListAges: what is done has a date; of the rest the lifetime tells.
func TestListAges(t *testing.T) {
	each(t, func(t *testing.T, r *Results) {
		ctx := t.Context()
		now := time.Now()
		_, err := r.StoreMeta(ctx, &Meta{TaskID: "old", Status: Success, DateDone: now.Add(-48 * time.Hour)})
		must(t, err)
		must(t, r.MarkDone(ctx, "new", 1, nil))
		must(t, r.MarkStarted(ctx, "runs", nil, nil))
		must(t, r.MarkStarted(ctx, "waits", nil, nil))
		must(t, r.MarkStarted(ctx, "unknown", nil, nil))
		for id, seconds := range map[string]int{"waits": 86400 - 3600, "unknown": 0} {
			_, err := r.b.Expire(ctx, string(taskKey)+id, seconds)
			must(t, err)
		}
		hour := now.Add(-30 * time.Minute)
		wantListed(t, r, Filter{Before: hour}, "old", "waits")
		wantListed(t, r, Filter{After: hour}, "new", "runs")
		wantListed(t, r, Filter{After: now.Add(-24 * time.Hour), Before: hour}, "waits")
		for s, err := range r.List(ctx, Filter{Prefix: "unknown"}) {
			must(t, err)
			if !s.At.IsZero() || s.TTL != 0 || s.Size != len(s.Meta.Raw()) || s.Meta.Status != Started {
				t.Errorf("%+v", s)
			}
		}
		for s, err := range r.List(ctx, Filter{Prefix: "waits"}) {
			must(t, err)
			if s.TTL > 23*time.Hour+time.Second || s.TTL < 22*time.Hour {
				t.Errorf("it lives for %v", s.TTL)
			}
		}
	})
}

// TestListIsAWalk: more than is read at a time, in small and in large pieces, each once.
func TestListIsAWalk(t *testing.T) {
	each(t, func(t *testing.T, r *Results) {
		want := ids("many", 2*walkKeys+1)
		for i, id := range want {
			size := 10
			if i%100 == 0 {
				size = walkBytes / 4
			}
			r.raw(t, id, `{"status": "SUCCESS", "result": "`+strings.Repeat("x", size)+`"}`)
		}
		got := listed(t, r, Filter{Timeout: time.Minute})
		slices.Sort(want)
		if !slices.Equal(got, want) {
			t.Errorf("%d of %d", len(got), len(want))
		}
		n := 0
		for _, err := range r.List(t.Context(), Filter{}) { // and ends when it is left
			must(t, err)
			if n++; n == 3 {
				break
			}
		}
	}, WithExpires(NoExpiry))
}

// TestListUsedMeanwhile: what is listed may be removed.
func TestListUsedMeanwhile(t *testing.T) {
	each(t, func(t *testing.T, r *Results) {
		for _, id := range ids("t", 700) {
			must(t, r.MarkDone(t.Context(), id, 1, nil))
		}
		n := 0
		for s, err := range r.List(t.Context(), Filter{}) {
			must(t, err)
			must(t, r.Forget(t.Context(), s.ID))
			n++
		}
		wantListed(t, r, Filter{})
		if n != 700 {
			t.Errorf("%d were listed", n)
		}
	})
}

func TestListFails(t *testing.T) {
	r := inMemory(t)
	for _, err := range r.List(t.Context(), Filter{Name: "[a"}) {
		if err == nil || !strings.Contains(err.Error(), "syntax error in pattern") {
			t.Errorf("a bad pattern: %v", err)
		}
	}
	must(t, r.Close())
	n := 0
	for _, err := range r.List(t.Context(), Filter{}) {
		if n++; !errors.Is(err, ErrClosed) {
			t.Errorf("closed: %v", err)
		}
	}
	if n != 1 {
		t.Errorf("yielded %d times", n)
	}
}

func TestStored(t *testing.T) {
	each(t, func(t *testing.T, r *Results) {
		ctx := t.Context()
		r.raw(t, "empty", "")
		for _, id := range []string{"nope", "empty"} {
			if s, err := r.Stored(ctx, id); !errors.Is(err, ErrMiss) {
				t.Errorf("%s: %+v %v", id, s, err)
			}
		}
		must(t, r.MarkDone(ctx, "a", 1, nil))
		s, err := r.Stored(ctx, "a")
		must(t, err)
		if s.ID != "a" || s.Meta.Status != Success || s.TTL <= 23*time.Hour || s.Size != len(s.Meta.Raw()) || !s.At.Equal(s.Meta.DateDone) {
			t.Errorf("%+v", s)
		}
		r.raw(t, "bad", "{")
		s, err = r.Stored(ctx, "bad")
		must(t, err)
		var read *ReadError
		if !errors.As(s.Err, &read) || string(read.Raw) != "{" || s.Meta != nil || s.Size != 1 {
			t.Errorf("%+v", s)
		}
		for _, id := range []string{"", "a\r\nb"} {
			if _, err := r.Stored(ctx, id); !errors.Is(err, ErrBadID) && !errors.Is(err, ErrBadKey) {
				t.Errorf("%q: %v", id, err)
			}
		}
	})
}

// TestCluster: a Redis Cluster has results and groups, and no chords.
func TestCluster(t *testing.T) {
	r := open(t, redistest.StartCluster(t, 3, 0).URL())
	ctx := t.Context()
	all := ids("t", 50)
	for _, id := range all {
		must(t, r.MarkDone(ctx, id, 1, nil))
	}
	slices.Sort(all)
	wantListed(t, r, Filter{}, all...)
	group := Group("g", all...)
	must(t, r.SaveGroup(ctx, group))
	if values, err := r.JoinGroup(soon(t), group); err != nil || len(values) != len(all) {
		t.Errorf("%d values, %v", len(values), err)
	}
	must(t, r.StartChord(ctx, Group("c", "t-0", "t-1")))
	if _, err := r.ChordPart(ctx, Part{GroupID: "c", TaskID: "t-0", State: Success, Result: 1}); !errors.Is(err, errors.ErrUnsupported) {
		t.Errorf("a part of a chord: %v", err)
	}
	wantFindings(t, r, AuditOptions{})
}

// TestListHostile: ids that no Celery has are listed as they are.
func TestListHostile(t *testing.T) {
	for _, name := range []string{"redis", "memory", "sqlite"} {
		t.Run(name, func(t *testing.T) {
			r := open(t, kvURL(t, name))
			hostile := []string{"a\r\nset x 0 0 1\r\n", "\xff\x00", "*", strings.Repeat("long", 1000), "zażółć"}
			for _, id := range hostile {
				r.raw(t, id, `{"status": "SUCCESS", "result": 1, "task_id": "another"}`)
			}
			r.raw(t, "a", `{"status": "SUCCESS", "result": 1}`)
			slices.Sort(hostile)
			wantListed(t, r, Filter{Prefix: "*"}, "*")
			wantListed(t, r, Filter{Prefix: "a"}, "a", "a\r\nset x 0 0 1\r\n")
			if got := listed(t, r, Filter{}); len(got) != len(hostile)+1 {
				t.Errorf("%q", got)
			}
		})
	}
}

// TestListUnderAPrefix: other applications' results are not ours.
func TestListUnderAPrefix(t *testing.T) {
	url := kvURL(t, "redis")
	prefix := func(p string) Option {
		return configured(Config{ResultBackendTransportOptions: TransportOptions{GlobalKeyPrefix: p}})
	}
	a, ab, plain := open(t, url, prefix("a")), open(t, url, prefix("a_b")), open(t, url)
	for i, r := range []*Results{a, ab, plain} {
		must(t, r.MarkDone(t.Context(), fmt.Sprint(i), 1, nil))
	}
	wantListed(t, a, Filter{}, "0")
	wantListed(t, ab, Filter{}, "1")
	wantListed(t, plain, Filter{}, "2")
}

// TestFittingIsBounded: never nothing, never more than the bound unless one alone is.
func TestFittingIsBounded(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		sizes := rapid.SliceOfN(rapid.IntRange(-1, 2*walkBytes), 1, 20).Draw(t, "sizes")
		infos := map[string]driver.EntryInfo{}
		keys := make([]string, len(sizes))
		for i, size := range sizes {
			keys[i] = fmt.Sprint(i)
			infos[keys[i]] = driver.EntryInfo{Size: size}
		}
		n, sum := fitting(keys, infos), 0
		for _, key := range keys[:n] {
			sum += max(infos[key].Size, 0)
		}
		if n < 1 || n > 1 && sum > walkBytes {
			t.Fatalf("%d of %d bytes", n, sum)
		}
	})
}
