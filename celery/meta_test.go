package celery

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"pgregory.net/rapid"

	"github.com/larder-go/larder/celery/internal/serial"
	"github.com/larder-go/larder/celery/py"
)

func pyValue(t interface{ Fatal(...any) }, v any) py.Value {
	val, err := py.Of(v)
	if err != nil {
		t.Fatal(err)
	}
	return val
}

// metas draws any that can be stored with c.
func metas(c py.Compat) *rapid.Generator[*Meta] {
	return rapid.Custom(func(t *rapid.T) *Meta {
		text := rapid.StringN(0, 10, -1)
		m := &Meta{
			TaskID:    rapid.StringN(1, 20, -1).Draw(t, "task_id"),
			Status:    rapid.SampledFrom([]State{Success, Failure, Revoked, Retry, Started, Pending, "PROGRESS"}).Draw(t, "status"),
			Traceback: text.Draw(t, "traceback"),
			GroupID:   text.Draw(t, "group_id"),
			ParentID:  text.Draw(t, "parent_id"),
			DateDone:  date(t, c),
		}
		m.Result = pyValue(t, rapid.SampledFrom([]any{nil, 1, -1.5, "x", []any{1, nil, "y"}, map[string]any{"a": 1}}).Draw(t, "result"))
		if m.Status.Exception() {
			m.Result = pyValue(t, Exception(text.Draw(t, "module"), text.Draw(t, "class"), text.Draw(t, "arg")).dict())
		}
		if rapid.Bool().Draw(t, "has children") {
			m.Children = rapid.SliceOfN(nodes(2), 0, 3).Draw(t, "children")
		}
		if m.Extended = rapid.Bool().Draw(t, "extended"); m.Extended {
			m.Name, m.Worker, m.Queue = text.Draw(t, "name"), text.Draw(t, "worker"), text.Draw(t, "queue")
			m.Retries = rapid.IntRange(0, 100).Draw(t, "retries")
			m.Args, m.Kwargs = pyValue(t, []int{1}), pyValue(t, map[string]int{"k": 1})
		}
		if rapid.Bool().Draw(t, "extra") {
			m.Extra = py.Fields{{Name: "", Value: pyValue(t, nil)}, {Name: "a stamp", Value: pyValue(t, 1)}}
		}
		return m
	})
}

func date(t *rapid.T, c py.Compat) time.Time {
	if rapid.Bool().Draw(t, "no date") {
		return time.Time{}
	}
	at := time.UnixMicro(rapid.Int64Range(0, 4e15).Draw(t, "microseconds")).UTC()
	if rapid.Bool().Draw(t, "whole seconds") {
		at = at.Truncate(time.Second)
	}
	if minutes := rapid.IntRange(-12*60, 14*60).Draw(t, "offset"); c == py.Celery56 && minutes != 0 {
		at = at.In(time.FixedZone("", minutes*60))
	}
	return at
}

var sameMeta = cmp.Options{
	cmpopts.IgnoreUnexported(Meta{}),
	cmp.Comparer(func(a, b py.Value) bool { return sorted(a) == sorted(b) }),
	cmp.Comparer(func(a, b time.Time) bool { return a.Equal(b) && a.Format(time.RFC3339) == b.Format(time.RFC3339) }),
}

// sorted is a value's repr, of a dict with its keys in order, which yaml writes so.
func sorted(v py.Value) string {
	fields, err := v.Fields()
	if err != nil {
		return v.Repr()
	}
	slices.SortFunc(fields, func(a, b py.Field) int { return strings.Compare(a.Name, b.Name) })
	return fmt.Sprint(fields)
}

// TestMetaRoundTrip: what is written is read, and written again with the same bytes, by every serializer for
// both Celerys.
func TestMetaRoundTrip(t *testing.T) {
	for _, name := range []string{"json", "yaml", "msgpack", "pickle"} {
		for _, c := range []py.Compat{py.Celery52, py.Celery56} {
			t.Run(name+"/"+c.String(), func(t *testing.T) {
				s, err := serial.Reading(name, c)
				must(t, err)
				rapid.Check(t, func(t *rapid.T) {
					want := metas(c).Draw(t, "meta")
					raw, err := want.encode(s, c)
					if err != nil {
						t.Fatal(err)
					}
					got, err := decodeMeta(s, "", content{bytes: raw})
					if err != nil {
						t.Fatalf("%q: %v", raw, err)
					}
					if diff := cmp.Diff(want, got, sameMeta); diff != "" {
						t.Fatalf("%q: %s", raw, diff)
					}
					again, err := got.encode(s, c)
					if err != nil || string(again) != string(raw) {
						t.Fatalf("written again: %q, %v, want %q", again, err, raw)
					}
				})
			})
		}
	}
}

// TestMetaMalformed says what is wrong.
func TestMetaMalformed(t *testing.T) {
	s, err := serial.ByName("json")
	must(t, err)
	for text, want := range map[string]string{
		`{"status": `:                   "malformed json at byte",
		"\xef\xbb\xbf{}":                "malformed json at byte 0",
		`[1]`:                           "malformed",
		`null`:                          "malformed",
		`{}`:                            "no status",
		`{"status": null, "result": 1}`: "the status is None",
		`{"status": 1, "result": 1}`:    "the status is 1",
		`{"status": "", "result": 1}`:   "the status is ''",
		`{"status": "SUCCESS"}`:         "no result in the state SUCCESS",
		`{"status": "RETRY"}`:           "no result in the state RETRY",
		`{"status": "FAILURE", "result": "boom"}`:                           "not an exception: 'boom'",
		`{"status": "FAILURE", "result": {"exc_message": []}}`:              "no exc_type",
		`{"status": "X", "children": ["kid"]}`:                              "not a result tuple",
		`{"status": "X", "children": 1}`:                                    "children",
		`{"status": "X", "children": {"a": 1}}`:                             "children",
		`{"status": "X", "result": {"__type__": "nosuch", "__value__": 1}}`: "nosuch",
	} {
		_, err := decodeMeta(s, "a", content{bytes: []byte(text)})
		if !errors.Is(err, ErrMalformed) || !strings.Contains(err.Error(), want) || !strings.HasPrefix(err.Error(), `celery: result of "a": `) {
			t.Errorf("%s: %v, want %s", text, err, want)
		}
	}
}

// TestMetaLenient: what Celery leaves alone is no error.
func TestMetaLenient(t *testing.T) {
	s, err := serial.ByName("json")
	must(t, err)
	for _, text := range []string{
		`{"status": "STARTED"}`,
		`{"status": "SUCCESS", "result": 1, "children": {}, "task_id": null, "group_id": 5, "parent_id": [], "date_done": "yesterday"}`,
		`{"status": "SUCCESS", "result": 1, "children": "", "date_done": 5, "retries": "many", "name": null, "worker": 1}`,
		`{"status": "SUCCESS", "result": 1, "date_done": "2026-02-30T00:00:00.000000", "children": 0}`,
		`{"status": "SUCCESS", "result": 1, "date_done": "2026-11-21T20:36:17.16x399", "children": false}`,
		`{"status": "SUCCESS", "result": 1, "date_done": "2026-11-21T25:36:17.166399"}`,
		`{"status": "SUCCESS", "result": 1, "date_done": "0000-11-21T20:36:17.166399"}`,
	} {
		m, err := decodeMeta(s, "a", content{bytes: []byte(text)})
		if err != nil || m.TaskID != "a" || !m.DateDone.IsZero() || m.Children != nil || m.GroupID != "" {
			t.Errorf("%s: %+v, %v", text, m, err)
		}
	}
	m, err := decodeMeta(s, "a", content{bytes: []byte(`{"status": "X", "traceback": [1], "task_id": "b"}`)})
	if err != nil || m.Traceback != "[1]" || m.TaskID != "b" {
		t.Errorf("%+v, %v", m, err)
	}
}

// TestUsualDate: the quick way and the careful one agree.
func TestUsualDate(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		at := date(t, py.Celery56)
		text := isoformat(at, rapid.SampledFrom([]py.Compat{py.Celery52, py.Celery56}).Draw(t, "compat"))
		d, err := py.ParseDatetime(text)
		if err != nil {
			t.Fatalf("%s: %v", text, err)
		}
		if got := parseDate(text); !got.Equal(d.Time()) {
			t.Fatalf("%s: %v, want %v", text, got, d.Time())
		}
	})
}
