package main

import (
	"bufio"
	"fmt"
	"strings"
	"testing"

	"github.com/larder-go/larder/celery"
)

func TestResultsTree(t *testing.T) {
	resultEngines(t, func(w workers) {
		w.wantOneNote("nothing is stored of a task or a saved group", "", 1, "results", "tree", "root")
		w.put(celery.Meta{TaskID: "root", Status: celery.Success, Result: value(t, 1), Children: []celery.Node{celery.Task("kid"), celery.Group("g", "a", "b")}})
		w.put(celery.Meta{TaskID: "kid", Status: celery.Retry, Children: []celery.Node{celery.Task("kid"), celery.Task("root")}})
		w.put(celery.Meta{TaskID: "a", Status: celery.Success, Result: value(t, "x"), Children: []celery.Node{celery.Task("deep")}})
		w.store("deep", "{")
		w.want(`root  SUCCESS  1
├── kid  RETRY
│   ├── kid  (again)
│   └── root  (again)
└── g  group of 2
    ├── a  SUCCESS  "x"
    │   └── deep  unreadable  malformed json at byte 1~
    └── b  -
`, 0, "results", "tree", "root")
		w.want(`{"task_id":"kid","status":"RETRY","children":[{"task_id":"kid","repeated":true,"children":[]},`+
			`{"task_id":"root","status":"SUCCESS","children":[{"task_id":"kid","repeated":true,"children":[]},{"group_id":"g","children":[`+
			`{"task_id":"a","status":"SUCCESS","children":[{"task_id":"deep","error":"~","children":[]}]},`+
			`{"task_id":"b","status":null,"children":[]}]}]}]}`+"\n", 0, "results", "tree", "kid", "--json")
		w.fails("malformed json", "results", "tree", "deep")
		w.ok(w.r.SaveGroup(t.Context(), celery.Group("saved", "a")))
		w.want("saved  group of 1\n└── a  SUCCESS  \"x\"\n    └── deep  unreadable~", 0, "results", "tree", "saved")
	})
}

// A tree that has no end is drawn to its bounds.
func TestResultsTreeIsBounded(t *testing.T) {
	w := workersOn(memoryShell(t))
	for i := range celery.MaxTreeDepth + 10 {
		w.put(celery.Meta{TaskID: fmt.Sprint(i), Status: celery.Success, Children: []celery.Node{celery.Task(fmt.Sprint(i + 1))}})
	}
	r := w.want("~", 0, "results", "tree", "0")
	if n := strings.Count(r.out, "\n"); n != celery.MaxTreeDepth+2 || !strings.HasSuffix(r.out, "└── … (more are left out)\n") {
		t.Errorf("%d lines: %s", n, r.out[max(0, len(r.out)-500):])
	}
	w.want(`~"cut":true~`, 0, "results", "tree", "0", "--json")
}

func TestResultsGroup(t *testing.T) {
	resultEngines(t, func(w workers) {
		w.wantOneNote("the group's own, or that of a chord's header", "", 1, "results", "group", "g")
		w.ok(w.r.SaveGroup(t.Context(), celery.Group("g", "a", "b", "bad")))
		w.put(celery.Meta{TaskID: "b", Status: celery.Success, Result: value(t, 7)})
		w.store("bad", "{")
		w.want(golden("a|-|-", "b|SUCCESS|"+done+"|7")+"bad ~done: 1 of 3\n", 0, "results", "group", "g")
		w.want(`{"group_id":"g","done":1,"size":3,"tasks":[{"task_id":"a","status":null},{"task_id":"b","status":"SUCCESS"},`+
			`{"task_id":"bad","error":"~"}]}`+"\n", 0, "results", "group", "g", "--json")
		w.ok(w.r.Backend().Set(t.Context(), "celery-taskset-meta-x", []byte("[1]")))
		w.fails("malformed", "results", "group", "x")
	})
}

func TestResultsChord(t *testing.T) {
	resultEngines(t, func(w workers) {
		w.wantOneNote("of this id, which is its header's", "", 1, "results", "chord", "g")
		w.put(celery.Meta{TaskID: "body", Status: celery.Success, GroupID: "g"})
		w.wantOneNote("this is a task, whose group_id is g", "", 1, "results", "chord", "body")
		ctx := t.Context()
		w.ok(w.r.StartChord(ctx, celery.Group("g", "a", "b")))
		w.put(celery.Meta{TaskID: "a", Status: celery.Success, Result: value(t, 7), GroupID: "g"})
		_, err := w.r.ChordPart(ctx, celery.Part{GroupID: "g", TaskID: "a", State: celery.Success, Result: 7})
		w.ok(err)
		if !w.r.Backend().ImplementsIncr() { // what Redis has of it says no dates, and no ids of what is missing
			r := w.run("results", "chord", "g")
			if r.status != 0 || r.out != golden("a|SUCCESS|-|7")+"done: 1 of 2 parts\n" || !strings.Contains(r.err, "missing: 1, whose ids") {
				t.Errorf("%+v", r)
			}
			w.want(`{"group_id":"g","done":1,"size":2,"lost":false,"missing":null,"parts":[{"task_id":"a","status":"SUCCESS"}]}`+"\n", 0, "results", "chord", "g", "--json")
			return
		}
		w.want(golden("a|SUCCESS|"+done+"|7", "b|-|-")+"done: 1 of 2 parts\nmissing: b\n", 0, "results", "chord", "g")
		w.want(`{"group_id":"g","done":1,"size":2,"lost":false,"missing":["b"],"parts":[{"task_id":"a","status":"SUCCESS"},{"task_id":"b","status":null}]}`+"\n",
			0, "results", "chord", "g", "--json")
	})
}

// What is left out stands behind what is drawn.
func TestTreeThatIsCut(t *testing.T) {
	var out strings.Builder
	a := &app{out: bufio.NewWriter(&out)}
	known := func(id string) *celery.Tree { return &celery.Tree{ID: id, Group: true} }
	root, cut := known("root"), known("cut")
	cut.Nodes, cut.Cut = []*celery.Tree{known("a")}, true
	root.Nodes = []*celery.Tree{cut, known("b")}
	(drawer{a}).draw(root, "", "")
	_ = a.out.Flush()
	want := `root  group of 2
├── cut  group of 1
│   ├── a  group of 0
│   └── … (more are left out)
└── b  group of 0
`
	if out.String() != want {
		t.Errorf("got\n%swant\n%s", out.String(), want)
	}
}
