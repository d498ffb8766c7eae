package celery

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// findings are what an audit finds: kind, key and text, or that it is repaired.
func findings(t testing.TB, r *Results, o AuditOptions) []string {
	t.Helper()
	all := []string{}
	for f, err := range r.Audit(t.Context(), o) {
		must(t, err)
		text, _, _ := strings.Cut(f.Text, ";")
		switch {
		case f.Repaired:
			text = "repaired"
		case f.Kind == FindingNoTTL, f.Kind == FindingUnreadable:
			text = ""
		}
		all = append(all, strings.TrimSpace(fmt.Sprintf("%s %s %s", f.Kind, f.Key, text)))
	}
	slices.Sort(all)
	return all
}

func wantFindings(t testing.TB, r *Results, o AuditOptions, want ...string) {
	t.Helper()
	slices.Sort(want)
	if diff := cmp.Diff(append([]string{}, want...), findings(t, r, o)); diff != "" {
		t.Error(diff)
	}
}

// aged gives a key what is left of a day's lifetime.
func aged(t testing.TB, r *Results, key string, seconds int) {
	t.Helper()
	there, err := r.b.Expire(t.Context(), key, seconds)
	must(t, err)
	if !there {
		t.Fatalf("there is no %q", key)
	}
}

func TestAuditLifetimes(t *testing.T) {
	each(t, func(t *testing.T, r *Results) {
		ctx := t.Context()
		must(t, r.MarkDone(ctx, "good", 1, nil))
		must(t, r.SaveGroup(ctx, Group("good", "good")))
		wantFindings(t, r, AuditOptions{})
		must(t, r.MarkDone(ctx, "bad", 1, nil))
		must(t, r.SaveGroup(ctx, Group("bad", "bad")))
		aged(t, r, "celery-task-meta-bad", 0)
		aged(t, r, "celery-taskset-meta-bad", 0)
		r.raw(t, "broken", "{")
		aged(t, r, "celery-task-meta-broken", 0)
		wantFindings(t, r, AuditOptions{},
			"no-ttl celery-task-meta-bad", "no-ttl celery-taskset-meta-bad", "no-ttl celery-task-meta-broken", "unreadable celery-task-meta-broken")
		wantFindings(t, r, AuditOptions{FixTTL: time.Hour}, "no-ttl celery-task-meta-bad repaired", "no-ttl celery-taskset-meta-bad repaired",
			"no-ttl celery-task-meta-broken repaired", "unreadable celery-task-meta-broken")
		wantFindings(t, r, AuditOptions{StuckAfter: 48 * time.Hour}, "unreadable celery-task-meta-broken")
		for s, err := range r.List(ctx, Filter{Prefix: "bad"}) {
			must(t, err)
			if s.TTL <= 59*time.Minute || s.TTL > time.Hour+time.Second || s.Meta.Status != Success {
				t.Errorf("repaired to %v, %s", s.TTL, s.Meta.Status)
			}
		}
	})
}

func TestAuditUnreadable(t *testing.T) {
	each(t, func(t *testing.T, r *Results) {
		for id, value := range map[string]string{
			"cut": `{"status": "SUCC`, "null": "null", "stateless": `{"result": 1}`, "raw": `{"status": "FAILURE", "result": "text"}`,
			"good": `{"status": "SUCCESS", "result": NaN}`, "empty": "",
		} {
			r.raw(t, id, value)
		}
		must(t, r.b.Set(t.Context(), "celery-taskset-meta-g", []byte(`{"result": [["g"], []]}`)))
		wantFindings(t, r, AuditOptions{}, "unreadable celery-task-meta-cut", "unreadable celery-task-meta-null", "unreadable celery-task-meta-stateless",
			"unreadable celery-task-meta-raw", "unreadable celery-taskset-meta-g")
	})
}

// TestAuditChordsThatAreCounted: on Memcached, and what is like it.
func TestAuditChordsThatAreCounted(t *testing.T) {
	for _, name := range []string{"memcached2", "memory", "sqlite"} {
		t.Run(name, func(t *testing.T) {
			r := open(t, kvURL(t, name))
			ctx := t.Context()
			const old = 86400 - 2*3600
			for _, id := range []string{"fresh", "stuck", "lost", "gone", "all", "over"} {
				must(t, r.StartChord(ctx, Group(id, id+"-1", id+"-2")))
			}
			for _, id := range []string{"stuck-1", "all-1", "over-1"} {
				group, _, _ := strings.Cut(id, "-")
				must(t, r.MarkDone(ctx, id, 1, nil))
				_, err := r.ChordPart(ctx, Part{GroupID: group, TaskID: id, State: Success, Result: 1})
				must(t, err)
			}
			must(t, r.b.Set(ctx, "chord-unlock-all", []byte("2")))
			must(t, r.b.Set(ctx, "chord-unlock-over", []byte("3")))
			must(t, r.b.Set(ctx, "chord-unlock-text", []byte("many")))
			for _, id := range []string{"stuck", "gone", "all", "over"} {
				aged(t, r, "chord-unlock-"+id, old)
			}
			must(t, r.deleteKey(ctx, "chord-unlock-lost"))
			aged(t, r, "celery-taskset-meta-lost", old)
			must(t, r.DeleteGroup(ctx, "gone"))
			wantFindings(t, r, AuditOptions{},
				"stuck-chord chord-unlock-stuck done: 1 of 2 parts",
				"stuck-chord chord-unlock-all done: all 2 parts, and nobody has started the body",
				"stuck-chord chord-unlock-over done: 3 parts, more than its 2",
				"stuck-chord chord-unlock-gone its saved group is gone: it ends with an error when its next part is done",
				"stuck-chord celery-taskset-meta-lost the group has no counter: if it is a chord's header the body is never started",
				"unreadable chord-unlock-text")
			wantFindings(t, r, AuditOptions{StuckAfter: 3 * time.Hour}, "unreadable chord-unlock-text")
		})
	}
}

// TestAuditChordsWithoutLifetimes: then the dates of the parts tell.
func TestAuditChordsWithoutLifetimes(t *testing.T) {
	r := inMemory(t, WithExpires(NoExpiry))
	ctx := t.Context()
	must(t, r.StartChord(ctx, Group("g", "a", "b")))
	must(t, r.StartChord(ctx, Group("runs", "a", "c")))
	for _, id := range []string{"a", "b"} {
		_, err := r.StoreMeta(ctx, &Meta{TaskID: id, Status: Success, DateDone: time.Now().Add(-2 * time.Hour)})
		must(t, err)
	}
	got := slices.DeleteFunc(findings(t, r, AuditOptions{}), func(f string) bool { return strings.HasPrefix(f, "no-ttl ") })
	if diff := cmp.Diff([]string{"stuck-chord chord-unlock-g done: 0 of 2 parts"}, got); diff != "" {
		t.Error(diff)
	}
}

// TestAuditChordsThatAreCollected: on Redis.
func TestAuditChordsThatAreCollected(t *testing.T) {
	r := open(t, kvURL(t, "redis"))
	ctx := t.Context()
	const old = 86400 - 2*3600
	report := func(group, id string, index int, s State, result any) {
		t.Helper()
		_, err := r.ChordPart(ctx, Part{GroupID: group, TaskID: id, Index: index, State: s, Result: result})
		must(t, err)
	}
	for _, id := range []string{"fresh", "stuck", "none", "all", "failed", "nosize", "text", "entry"} {
		must(t, r.StartChord(ctx, Group(id, id+"-1", id+"-2")))
	}
	report("fresh", "fresh-1", 0, Success, 1)
	report("stuck", "stuck-1", 0, Success, 1)
	report("nosize", "nosize-1", 0, Success, 1)
	for i, s := range []State{Success, Failure} {
		report("all", fmt.Sprint("all-", i), i, Success, 1)
		var result any = 1
		if s == Failure {
			result = errors.New("boom")
		}
		report("failed", fmt.Sprint("failed-", i), i, s, result)
	}
	must(t, r.deleteKey(ctx, "celery-taskset-meta-nosize.s"))
	must(t, r.b.Set(ctx, "celery-taskset-meta-text.s", []byte("many")))
	must(t, r.b.Set(ctx, "celery-taskset-meta-entry.j", []byte("no set")))
	for _, key := range []string{"stuck.j", "stuck.s", "none.s", "all.j", "all.s", "failed.j", "failed.s", "nosize.j"} {
		aged(t, r, "celery-taskset-meta-"+key, old)
	}
	wantFindings(t, r, AuditOptions{},
		"stuck-chord celery-taskset-meta-stuck.j done: 1 of 2 parts",
		"stuck-chord celery-taskset-meta-none.s done: 0 of 2 parts",
		"stuck-chord celery-taskset-meta-all.j done: all 2 parts, and nobody has started the body",
		"stuck-chord celery-taskset-meta-nosize.j how many parts it has is gone, or was never stored (StartChord)",
		"unreadable celery-taskset-meta-text.s", "unreadable celery-taskset-meta-entry.j")

	// Whoever sends the header's last task has stored how many there are before: nobody waits an hour for that.
	for _, key := range []string{"nosize.j", "stuck.j"} {
		aged(t, r, "celery-taskset-meta-"+key, 86400-11*60)
	}
	got := findings(t, r, AuditOptions{})
	if !slices.Contains(got, "stuck-chord celery-taskset-meta-nosize.j how many parts it has is gone, or was never stored (StartChord)") ||
		slices.Contains(got, "stuck-chord celery-taskset-meta-stuck.j done: 1 of 2 parts") {
		t.Errorf("%q", got)
	}

	// What is collected has a lifetime too, which can be repaired.
	for _, key := range []string{"fresh.j", "fresh.s"} {
		aged(t, r, "celery-taskset-meta-"+key, 0)
	}
	got = findings(t, r, AuditOptions{FixTTL: time.Hour, StuckAfter: 100 * time.Hour})
	for _, want := range []string{"no-ttl celery-taskset-meta-fresh.j repaired", "no-ttl celery-taskset-meta-fresh.s repaired"} {
		if !slices.Contains(got, want) {
			t.Errorf("%q is not in %q", want, got)
		}
	}
}

// TestAuditEnds when nobody wants more, and when there is nothing to look at.
func TestAuditEnds(t *testing.T) {
	r := inMemory(t, WithExpires(NoExpiry))
	for _, id := range ids("t", 3) {
		must(t, r.MarkDone(t.Context(), id, 1, nil))
	}
	n := 0
	for _, err := range r.Audit(t.Context(), AuditOptions{}) {
		must(t, err)
		n++
		break
	}
	seen := 0
	for range r.Audit(t.Context(), AuditOptions{Seen: func(k int) { seen += k }}) {
		n++
	}
	if n != 4 || seen != 3 {
		t.Errorf("%d findings, %d seen", n, seen)
	}
	must(t, r.Close())
	for f, err := range r.Audit(t.Context(), AuditOptions{}) {
		if !errors.Is(err, ErrClosed) {
			t.Errorf("closed: %+v %v", f, err)
		}
	}
}
