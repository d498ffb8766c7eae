package main

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/larder-go/larder/celery"
	"github.com/larder-go/larder/celery/py"
)

// What is stored comes out as it is: no value is changed, however odd.
func TestResultsGetAsStored(t *testing.T) {
	resultEngines(t, func(w workers) {
		for _, c := range []struct{ stored, want string }{
			{`{"status": "SUCCESS", "result": 42, "traceback": null, "children": [], "date_done": "2026-11-21T20:35:07.776047", "task_id": "t"}`,
				`{"status":"SUCCESS","result":42,"traceback":null,"children":[],"date_done":"2026-11-21T20:35:07.776047","task_id":"t"}`},
			{`{"status": "SUCCESS", "result": {"__type__": "datetime", "__value__": "2024-02-29T12:34:56"}, "task_id": "t"}`,
				`{"status":"SUCCESS","result":{"__type__": "datetime", "__value__": "2024-02-29T12:34:56"},"task_id":"t"}`},
			{`{"status":"SUCCESS","result":[NaN, -Infinity,1e+22,1.50,1180591620717411303424,"\u017c\ud83d\ude00\ud800"],"x y":1}`,
				`{"status":"SUCCESS","result":[NaN, -Infinity,1e+22,1.50,1180591620717411303424,"\u017c\ud83d\ude00\ud800"],"x y":1}`},
			{"{\"result\":\n [1,\r\n 2], \"status\": \"CUSTOM\", \"result\": [3,\n4]}\n", `{"result":[3,4],"status":"CUSTOM"}`},
			{`{"status": "FAILURE", "result": {"exc_type": "ValueError", "exc_message": ["boom"], "exc_module": "builtins"}}`,
				`{"status":"FAILURE","result":{"exc_type": "ValueError", "exc_message": ["boom"], "exc_module": "builtins"}}`},
		} {
			w.store("t", c.stored)
			w.want(c.want+"\n", 0, "results", "get", "t", "--json")
			w.want(c.stored, 0, "results", "get", "t", "--raw")
			w.want("~", 0, "results", "get", "t")
		}
	})
}

func TestResultsGetStatus(t *testing.T) {
	resultEngines(t, func(w workers) {
		for _, flags := range [][]string{{}, {"--json"}, {"--raw"}} {
			w.wantOneNote("nothing is stored of a task", "", 1, append([]string{"results", "get", "nope"}, flags...)...)
		}
		w.store("empty", "")
		w.wantOneNote("nothing is stored of a task", "", 1, "results", "get", "empty", "--raw")
		for _, state := range []celery.State{"STARTED", "PROGRESS", "RETRY", "FAILURE", "REVOKED", "PENDING", "SUCCESS"} {
			w.put(celery.Meta{TaskID: "t", Status: state})
			w.want("~"+string(state)+"~", 0, "results", "get", "t")
		}
		for bad, why := range map[string]string{
			"{": "malformed json at byte 1", "null": "malformed json at byte 0", `{"result": 1}`: "malformed value: no status", "\xff\x00": "malformed json",
			`{"status": "FAILURE", "result": "text"}`: "malformed", `{"status": "SUCCESS", "result": {"__type__": "x", "__value__": 1}}`: "malformed",
		} {
			w.store("bad", bad)
			for _, flag := range []string{"--json", "--quiet"} {
				w.fails(why, "results", "get", "bad", flag)
				w.fails(fmt.Sprintf("(results get --raw prints the %d bytes that are stored)", len(bad)), "results", "get", "bad", flag)
			}
			w.want(bad, 0, "results", "get", "bad", "--raw")
		}
	})
}

func TestResultsGetForAPerson(t *testing.T) {
	w := workersOn(sqliteShell(t))
	w.put(celery.Meta{TaskID: "t", Status: celery.Failure, Result: value(t, map[string]any{"exc_type": "ValueError", "exc_message": []any{"bo\x1b[31mom"}}),
		Traceback: "Traceback (most recent call last):\n  File \"x.py\", line 1\x1b[0m\nValueError: boom\n", Children: []celery.Node{celery.Task("c"), celery.Group("g", "a", "b")},
		Name: "shop.charge", Extended: true})
	w.want(`status      FAILURE
result      celery.backends.base.ValueError: bo\x1b[31mom
children    c, g (a group of 2)
date_done   2026-11-21T20:35:07.776047+00:00
name        shop.charge
args        null
kwargs      null
worker      null
retries     0
queue       null
task_id     t
expires in  ~h~
  Traceback (most recent call last):
    File "x.py", line 1\x1b[0m
  ValueError: boom
`, 0, "results", "get", "t")
	w.age("celery-task-meta-t", 0)
	w.want("~expires in  never\n~", 0, "results", "get", "t")
}

func value(t *testing.T, v any) py.Value {
	t.Helper()
	val, err := py.Of(v)
	if err != nil {
		t.Fatal(err)
	}
	return val
}

// Ids that would be commands to a server, or to a terminal.
func TestResultsHostileIDs(t *testing.T) {
	resultEngines(t, func(w workers) {
		for _, id := range []string{"x 0 0 1\r\nA\r\nset pwn 0 0 3\r\nPWN\r\nget zz", "a\nb", "a\x00b", ""} {
			for _, command := range []string{"get", "tree", "group", "chord", "forget", "wait", "watch"} {
				w.fails("bad ", "results", command, "--", id)
				w.fails(": "+command, "results", command, "--", id)
			}
		}
		w.wantOneNote("nothing is stored", "", 1, "results", "get", "pwn")
		w.want("", 0, "results", "list")
	})
	w := workersOn(redisShell(t))
	w.store("\x1b[2J\r\n\xff", `{"status": "\u001b[2J", "result": "a\nb\u001b"}`)
	r := w.want("~", 0, "results", "list")
	if want := `\x1b[2J\r\n\xff`; !strings.HasPrefix(r.out, want) || strings.ContainsAny(r.out, "\x1b\r") || strings.Count(r.out, "\n") != 1 {
		t.Errorf("%q", r.out)
	}
	w.want(`{"task_id_base64":"G1sySg0K/w==","ttl":~,"bytes":~,"meta":{"status":"\u001b[2J","result":"a\nb\u001b"}}`+"\n", 0, "results", "list", "--json")
}

func TestResultsWait(t *testing.T) {
	resultEngines(t, func(w workers) {
		w.put(celery.Meta{TaskID: "a", Status: celery.Success, Result: value(t, []int{1, 2})})
		w.want(golden("a|SUCCESS|"+done+"|[1, 2]"), 0, "results", "wait", "a", "a")
		w.want(`{"task_id":"a","meta":{"status":"SUCCESS","result":[1, 2],~}}`+"\n", 0, "results", "wait", "a", "--json")
		w.put(celery.Meta{TaskID: "b", Status: celery.Failure, Result: value(t, map[string]any{"exc_type": "ValueError", "exc_message": []any{"boom"}, "exc_module": "builtins"})})
		w.want(golden("b|FAILURE|"+done+"|ValueError: boom"), 1, "results", "wait", "b")
		w.put(celery.Meta{TaskID: "c", Status: celery.Started})
		late := w.run("results", "wait", "c", "a", "--for", "0.2")
		if late.status != 2 || late.err != "larder: results wait: 1 of 2 tasks are done after 200ms; missing: c (STARTED)\n" || late.out != golden("a|SUCCESS|"+done+"|[1, 2]") {
			t.Errorf("%+v", late)
		}
		many := w.run("results", "wait", "u", "c", "v", "a", "w", "x", "y", "u", "--for", "0.2", "--json")
		if want := "larder: results wait: 1 of 7 tasks are done after 200ms; missing: u (nothing is stored), c (STARTED), v (nothing is stored), " +
			"w (nothing is stored), x (nothing is stored) and 1 more; nothing is stored of 5\n"; many.status != 2 || many.err != want {
			t.Errorf("%+v", many)
		}
		w.store("bad", "{")
		broken := w.run("results", "wait", "bad", "a")
		if broken.status != 2 || broken.err != "larder: results wait: 1 of 2 tasks cannot be read\n" || strings.Count(broken.out, "\n") != 2 ||
			!strings.Contains(broken.out, golden("bad|unreadable")[:46]) {
			t.Errorf("%+v", broken)
		}
		waits := make(chan result, 1)
		go func() { waits <- w.run("results", "wait", "c", "--for", "60s") }()
		w.put(celery.Meta{TaskID: "c", Status: celery.Success})
		if r := <-waits; r.status != 0 || r.out != golden("c|SUCCESS|"+done) {
			t.Errorf("%+v", r)
		}
	})
}

func TestResultsList(t *testing.T) {
	resultEngines(t, func(w workers) {
		w.want("", 0, "results", "list")
		w.put(celery.Meta{TaskID: "a-1", Status: celery.Success, Result: value(t, strings.Repeat("żó", 40)), Extended: true, Name: "shop.charge", GroupID: "g"})
		w.put(celery.Meta{TaskID: "a-2", Status: celery.Revoked, Extended: true, Name: "shop.refund"})
		w.put(celery.Meta{TaskID: "b", Status: "PROGRESS"})
		w.store("bad", "{")
		lines := func(args ...string) string {
			r := w.want("~", 0, append([]string{"results", "list"}, args...)...)
			all := strings.SplitAfter(r.out, "\n")
			slices.Sort(all)
			return strings.Join(all, "")
		}
		rows := golden("a-1|SUCCESS|"+done+`|shop.charge  "`+strings.Repeat(`\u017c\u00f3`, 4)+`\u017c\u00f…`, "a-2|REVOKED|"+done+"|shop.refund")
		if diff := cmp.Diff(rows, lines("--name", "shop.*")); diff != "" {
			t.Error(diff)
		}
		for _, c := range []struct {
			want int
			args []string
		}{
			{4, nil}, {2, []string{"a-"}}, {1, []string{"--state", "SUCCESS"}}, {2, []string{"--state", "SUCCESS,PROGRESS"}},
			{2, []string{"--state", "SUCCESS", "--state", "REVOKED"}}, {1, []string{"--group", "g"}},
			{2, []string{"--older", "1h", "a"}}, {3, []string{"--limit", "3"}}, {0, []string{"x"}}, {1, []string{"--newer", "1h", "bad"}},
		} {
			if n := strings.Count(lines(c.args...), "\n"); n != c.want {
				t.Errorf("%q: %d lines", c.args, n)
			}
		}
		w.wantOneNote("--state success: no such task was found; Celery's is SUCCESS", "", 0, "results", "list", "--state", "success")
		w.wantOneNote("--state FAIL: no such task was found; Celery's own are PENDING, RECEIVED", "~", 0, "results", "list", "--state", "FAIL,PROGRESS")
		w.want("", 0, "results", "list", "--state", "FAILURE")
		w.want(`{"task_id":"a-2","ttl":8~,"bytes":~,"meta":{"status":"REVOKED",~"task_id":"a-2"}}`+"\n", 0, "results", "list", "a-2", "--json")
		w.want(`{"task_id":"bad","ttl":8~,"bytes":1,"error":"malformed json at byte 1: ~"}`+"\n", 0, "results", "list", "bad", "--json")
		w.age("celery-task-meta-bad", 0)
		w.want(`{"task_id":"bad","ttl":null,~}`+"\n", 0, "results", "list", "bad", "--json")
		w.fails("syntax error in pattern", "results", "list", "--name", "[a")
		w.fails("--limit is not above zero", "results", "list", "--limit", "0")
	})
}

func TestResultsForget(t *testing.T) {
	resultEngines(t, func(w workers) {
		for _, id := range []string{"a", "b", "c", "d"} {
			w.put(celery.Meta{TaskID: id, Status: celery.Success})
		}
		w.store("bad", "{")
		w.want("0\n", 1, "results", "forget", "nope")
		w.want("2\n", 0, "results", "forget", "a", "nope", "bad")
		w.want("{\"forgotten\":1}\n", 0, "results", "forget", "b", "--json")
		w.ok(w.r.SaveGroup(t.Context(), celery.Group("g", "c", "nope")))
		w.want("0\n", 1, "results", "forget", "g")
		w.want("1\n", 0, "results", "forget", "g", "--group")
		w.wantOneNote("no group is saved", "", 1, "results", "group", "g")
		w.want(golden("d|SUCCESS|"+done), 0, "results", "list")
	})
}

func TestResultsWatchOfTasks(t *testing.T) {
	resultEngines(t, func(w workers) {
		w.put(celery.Meta{TaskID: "a", Status: celery.Success})
		w.want(golden("a|SUCCESS|"+done), 0, "results", "watch", "a")
		w.put(celery.Meta{TaskID: "b", Status: "PROGRESS"})
		w.want(`{"task_id":"b","meta":{"status":"PROGRESS",~}}`+"\n", 0, "results", "watch", "b", "--json", "--limit", "1")
		watches := make(chan result, 1)
		go func() { watches <- w.run("results", "watch", "a", "b", "a") }()
		w.put(celery.Meta{TaskID: "b", Status: celery.Revoked})
		r := <-watches
		if r.status != 0 || r.err != "" || !strings.Contains(r.out, golden("a|SUCCESS|"+done)) || !strings.HasSuffix(r.out, golden("b|REVOKED|"+done)) &&
			!strings.Contains(r.out, golden("b|REVOKED|"+done)+golden("a|SUCCESS|"+done)) {
			t.Errorf("%+v", r)
		}
		w.fails("name no ids", "results", "watch", "a", "--prefix", "x")
		if !strings.HasPrefix(w.url, "redis") {
			w.fails("elsewhere name those to watch", "results", "watch")
		}
	})
}

func TestResultsWatchOfAll(t *testing.T) {
	w := workersOn(redisShell(t))
	live := w.command("results", "watch", "--json")
	live.want(`{"gap":true}`)
	w.store("a", `{"status": "STARTED", "result": NaN}`)
	live.want(`{"task_id":"a","meta":{"status":"STARTED","result":NaN}}`)
	w.store("b", "{")
	live.want(`{"task_id":"b","error":"malformed json at byte 1: the name of an item is missing"}`)
	w.ok(w.r.Forget(t.Context(), "a"))
	live.want(`{"task_id":"a","meta":null}`)
	live.cancel()
	live.wantEnd(0, "")
}

// Nothing that a terminal shows is split in the middle of a letter.
func TestShorten(t *testing.T) {
	for _, c := range []struct{ text, want string }{{"", ""}, {"abc", "abc"}, {"żółw", "żół…"}, {"😀😀😀", "😀😀😀"}, {"😀😀😀😀", "😀😀😀…"}} {
		if got := shorten(c.text, 3); got != c.want {
			t.Errorf("%q: %q", c.text, got)
		}
	}
}
