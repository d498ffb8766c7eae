package celery

import (
	"context"
	"fmt"
	"regexp"
	"strings"
	"testing"

	"github.com/larder-go/larder/celery/py"
	"github.com/larder-go/larder/internal/memcachetest"
	"github.com/larder-go/larder/internal/redistest"
)

// A chord of two parts, t1 and t2, was given to real backends in a certain state; then t2 ended with "last".
// G is the group's id.
var chordSetups = map[string]struct {
	keys   [][3]string // memcached: key, flags, value
	redis  [][]string
	failed bool // ret: the worker gets an error
}{
	"chord_flags4":         {keys: [][3]string{chordGroup, chordFirst, {"chord-unlock-G", "4", "1"}}},
	"chord_no_counter":     {keys: [][3]string{chordGroup, chordFirst}, failed: true},
	"chord_no_group":       {keys: [][3]string{chordFirst, {"chord-unlock-G", "0", "1"}}},
	"chord_counter0":       {keys: [][3]string{chordGroup, chordFirst, {"chord-unlock-G", "0", "0"}}},
	"chord_overcount":      {keys: [][3]string{chordGroup, chordFirst, {"chord-unlock-G", "0", "2"}}},
	"chord_counter_nonnum": {keys: [][3]string{chordGroup, chordFirst, {"chord-unlock-G", "0", "x"}}, failed: true},
	"chord_dep_failed": {keys: [][3]string{chordGroup, {"chord-unlock-G", "0", "1"}, {
		"celery-task-meta-t1-G", "0", `{"status":"FAILURE","result":{"exc_type":"ValueError","exc_message":["x"],"exc_module":"builtins"},"task_id":"t1-G"}`,
	}}},
	"chord_zset_minimal": {redis: [][]string{
		{"SET", "celery-taskset-meta-G.s", "2"}, {"ZADD", "celery-taskset-meta-G.j", "0", `[1,"t1-G","SUCCESS",{"go":1}]`},
	}},
	"chord_list_instead_of_zset": {redis: [][]string{
		{"SET", "celery-taskset-meta-G.s", "2"}, {"RPUSH", "celery-taskset-meta-G.j", `[1,"t1-G","SUCCESS",1]`},
	}, failed: true},
	"chord_three_tuple": {redis: [][]string{
		{"SET", "celery-taskset-meta-G.s", "2"}, {"ZADD", "celery-taskset-meta-G.j", "0", `["t1-G","SUCCESS",1]`},
	}},
	"chord_zset_order": {redis: [][]string{
		{"SET", "celery-taskset-meta-G.s", "2"}, {"ZADD", "celery-taskset-meta-G.j", "5", `[1,"t1-G","SUCCESS","late"]`},
	}},
	"chord_size1_plus_t1": {redis: [][]string{
		{"SET", "celery-taskset-meta-G.s", "1"}, {"SET", "celery-taskset-meta-G.t", "1"}, {"ZADD", "celery-taskset-meta-G.j", "0", `[1,"t1-G","SUCCESS",1]`},
	}},
}

var (
	chordGroup = [3]string{"celery-taskset-meta-G", "0", `{"result":[["G",null],[[["t1-G",null],null],[["t2-G",null],null]]]}`}
	chordFirst = [3]string{"celery-task-meta-t1-G", "0", `{"status":"SUCCESS","result":{"go":1},"task_id":"t1-G"}`}
)

// TestVectorsChords: the last part of a chord that others have prepared comes to what a real worker came to,
// and leaves the same behind.
func TestVectorsChords(t *testing.T) {
	cache, server := memcachetest.Start(t), redistest.Start(t)
	onServer := open(t, server.URL(1))
	inCache := open(t, "cache+memcached://"+cache.Addr()+"/")
	met := map[string]bool{}
	for i, v := range vectors(t, "reverse_celery") {
		setup, ok := chordSetups[v.Case]
		if !ok {
			if strings.HasPrefix(v.Case, "chord_") {
				t.Errorf("%s: no setup", v.Case)
			}
			continue
		}
		met[v.Case] = true
		t.Run(v.name(), func(t *testing.T) {
			id := fmt.Sprintf("group-%d", i)
			if found := uuids.FindString(fmt.Sprint(v.Outcome["calls"])); found != "" {
				id = found
			}
			fill := strings.NewReplacer("G", id)
			for _, k := range setup.keys {
				value := strings.ReplaceAll(k[2], "-G", "-"+id)
				value = strings.ReplaceAll(value, `"G"`, `"`+id+`"`)
				mustAsk(t, cache, fmt.Sprintf("set %s %s 0 %d\r\n%s", fill.Replace(k[0]), k[1], len(value), value))
			}
			for _, c := range setup.redis {
				args := make([]string, len(c))
				for i, arg := range c {
					args[i] = strings.NewReplacer("-G", "-"+id).Replace(arg)
				}
				server.DB(1).MustDo(t, args...)
			}
			r := onServer
			if setup.keys != nil {
				r = inCache
			}
			chord, err := r.end(soon(t), Part{GroupID: id, TaskID: "t2-" + id, Index: 1, State: Success, Result: "last", Size: 2})
			if (err != nil) != setup.failed || strings.HasPrefix(fmt.Sprint(v.Outcome["ret"]), "!!") != setup.failed {
				t.Errorf("error %v, want %v", err, v.Outcome["ret"])
			}
			if got, want := lookChord(t, chord), fmt.Sprint(v.Outcome["calls"]); got != want {
				t.Errorf("calls %s, want %s", got, want)
			}
			if chord != nil && chord.Err == nil {
				must(t, chord.Started(t.Context()))
			}
			if got, want := chordLeft(t, r, server, id), wantLeft(fmt.Sprint(v.Outcome["left"]), setup.keys != nil); got != want {
				t.Errorf("left %s, want %s", got, want)
			}
		})
	}
	if len(met) != len(chordSetups) {
		t.Errorf("met %v", met)
	}
}

var uuids = regexp.MustCompile(`[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}`)

func mustAsk(t *testing.T, s *memcachetest.Server, command string) {
	t.Helper()
	if lines, err := s.Ask(command); err != nil || lines[0] != "STORED" {
		t.Fatal(lines, err)
	}
}

// lookChord is how the body was called, as Python prints it.
func lookChord(t *testing.T, c *Chord) string {
	t.Helper()
	if c == nil {
		return "[]"
	}
	call := py.Tuple{}
	if c.Err != nil {
		call = append(call, "ERR", c.Err.(*TaskError).Repr())
	} else {
		results, err := py.Of(listOf(c.Results))
		must(t, err)
		call = append(call, results)
	}
	v, err := py.Of(py.List{call})
	must(t, err)
	return v.Repr()
}

// chordLeft is what a chord has left behind: the group, its members, their sizes and the counter.
func chordLeft(t *testing.T, r *Results, server *redistest.Server, id string) string {
	t.Helper()
	var kinds []string
	for _, key := range []string{"celery-taskset-meta-" + id, "celery-taskset-meta-" + id + ".j", "celery-taskset-meta-" + id + ".t", "celery-taskset-meta-" + id + ".s"} {
		if !r.b.ImplementsIncr() {
			kinds = append(kinds, server.DB(1).MustDo(t, "TYPE", key))
			continue
		}
		kinds = append(kinds, present(r, key))
	}
	value, err := r.b.Get(context.Background(), "chord-unlock-"+id)
	if err != nil {
		value = []byte("none")
	}
	return strings.Join(append(kinds, string(value)), " ")
}

func present(r *Results, key string) string {
	if _, err := r.b.Get(context.Background(), key); err != nil {
		return "none"
	}
	return "there"
}

// wantLeft reads what was left by a real worker.
func wantLeft(outcome string, onMemcached bool) string {
	var kinds []string
	for _, name := range []string{"celery-t", ".j", ".t", ".s", "chord-un"} {
		_, after, _ := strings.Cut(outcome, "'"+name+"': ")
		switch {
		case strings.HasPrefix(after, "None"):
			kinds = append(kinds, "none")
		case !onMemcached:
			kinds = append(kinds, strings.Split(after, "'")[1])
		case name == "chord-un":
			kinds = append(kinds, strings.Split(after, "'")[1])
		default:
			kinds = append(kinds, "there")
		}
	}
	return strings.Join(kinds, " ")
}
