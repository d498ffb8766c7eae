package celery

import (
	"fmt"
	"strings"
	"testing"

	"github.com/larder-go/larder/celery/py"
)

// deviation is where this package judges otherwise than the real readers: what it says, and why is in
// docs/celery-deviations.md.
type deviation struct {
	field string
	when  func(v vector) bool
	want  string
}

func always(vector) bool    { return true }
func onRedis(v vector) bool { return v.Backend == "redis" }
func by52(v vector) bool    { return v.compat() == py.Celery52 }

var deviations = map[string][]deviation{
	"only_status": {{"*", always, "!!"}},
	"minimal":     {{"get", onRedis, "int: 42"}},
	"no_task_id":  {{"get", onRedis, "int: 1"}},
	"lone":        {{"get", onRedis, `str: '\ud800'`}},
	"dupstatus":   {{"get", onRedis, "int: 1"}},
	"f_eval": {
		{"state", always, "str: 'FAILURE'"}, {"ready", always, "bool: True"}, {"result", always, "eval: eval('1+1')"},
		{"get", always, "!! builtins.eval: 1+1"}, {"*", always, "NoneType: None"},
	},
	"f_unkmodule": {{"get", always, "!! github.com/x/y.GoError: ('x', 2)"}},
	"f_unktype":   {{"get", always, "!! builtins.GoError: x"}},
	"d_z":         {{"date_done", by52, "datetime: datetime.datetime(2024, 1, 2, 3, 4, 5, tzinfo=tzutc())"}}, // its class is called <UTC>
	"d_ms":        {{"date_done", by52, "datetime: datetime.datetime(2024, 1, 2, 3, 4, 5, 123000)"}},
	"d_bad":       {{"date_done", always, "NoneType: None"}},
	"d_typed":     {{"date_done", by52, "NoneType: None"}},
}

func (v vector) want(field string) string {
	for _, d := range deviations[v.Case] {
		if (d.field == field || d.field == "*") && d.when(v) {
			return d.want
		}
	}
	return fmt.Sprint(v.Outcome[field])
}

// TestVectorsJudged reads what real readers were given, and comes to the same judgement.
func TestVectorsJudged(t *testing.T) {
	judged := 0
	for _, v := range vectors(t, "reverse_celery") {
		if _, isTask := v.Outcome["state"]; !isTask || strings.HasPrefix(v.Case, "flags_") {
			continue
		}
		judged++
		t.Run(v.name(), func(t *testing.T) { judgeMeta(t, v) })
	}
	if judged < 250 {
		t.Errorf("only %d were judged", judged)
	}
}

func judgeMeta(t *testing.T, v vector) {
	t.Helper()
	id := strings.TrimPrefix(v.Key, string(taskKey))
	r := &Results{serial: v.serial(t), compat: v.compat()}
	m, err := r.read(id, content{bytes: v.value()})
	fails := strings.HasPrefix(v.want("state"), "!!")
	if fails != (err != nil) {
		t.Fatalf("error %v, want %s", err, v.want("state"))
	}
	if fails {
		if re := err.(*ReadError); re.ID != id || string(re.Raw) != string(v.value()) {
			t.Errorf("%v does not have the id and the bytes", re)
		}
		return
	}
	for field := range v.Outcome {
		if got, want := look(m, field), v.want(field); got != want {
			t.Errorf("%s: %s, want %s", field, got, want)
		}
	}
}

// look is what a reader sees, as Python prints it.
func look(m *Meta, field string) string {
	switch field {
	case "state":
		return typed(string(m.Status))
	case "ready":
		return typed(m.Status.Ready())
	case "result":
		return lookResult(m)
	case "get":
		return lookGet(m)
	case "children":
		return lookChildren(m)
	case "date_done":
		return lookDate(m)
	}
	f, _ := m.Fields().Get(field)
	return typed(f)
}

func typed(v any) string {
	val, err := py.Of(v)
	if err != nil {
		return "!! " + err.Error()
	}
	tree, err := val.Any()
	if err != nil {
		return "!! " + err.Error()
	}
	return pythonType(tree) + ": " + val.Repr()
}

func pythonType(tree any) string {
	switch tree.(type) {
	case nil:
		return "NoneType"
	case bool:
		return "bool"
	case int64:
		return "int"
	case string:
		return "str"
	case []byte:
		return "bytes"
	case *py.Dict:
		return "dict"
	case py.List:
		return "list"
	case py.Decimal:
		return "Decimal"
	case py.UUID:
		return "UUID"
	}
	return fmt.Sprintf("%T", tree)
}

func lookResult(m *Meta) string {
	if !m.Status.Exception() {
		return typed(m.Result)
	}
	e := m.Exception()
	if e == nil {
		return "NoneType: None"
	}
	return e.Type[strings.LastIndexByte(e.Type, '.')+1:] + ": " + e.Repr()
}

func lookGet(m *Meta) string {
	if !m.Status.Ready() {
		return "!! celery.exceptions.TimeoutError: The operation timed out."
	}
	err := m.Err()
	if err == nil {
		return typed(m.Result)
	}
	e := err.(*TaskError)
	module := e.Module
	if module == "" {
		module = noModule
	}
	return "!! " + module + "." + e.Type[strings.LastIndexByte(e.Type, '.')+1:] + ": " + e.text()
}

func lookChildren(m *Meta) string {
	if m.Children == nil {
		return "NoneType: None"
	}
	list := make([]string, len(m.Children))
	for i, n := range m.Children {
		list[i] = "<AsyncResult: " + n.ID + ">"
	}
	return "list: [" + strings.Join(list, ", ") + "]"
}

// lookDate has no zone where none was stored, which time.Time cannot tell.
func lookDate(m *Meta) string {
	if m.DateDone.IsZero() {
		return "NoneType: None"
	}
	stored, _ := m.Fields().Get(fieldDateDone)
	d := m.DateDone
	text := fmt.Sprintf("datetime: datetime.datetime(%d, %d, %d, %d, %d, %d", d.Year(), d.Month(), d.Day(), d.Hour(), d.Minute(), d.Second())
	if us := d.Nanosecond() / 1000; us != 0 {
		text += fmt.Sprintf(", %d", us)
	}
	switch name := stored.Repr(); {
	case strings.HasPrefix(name, "datetime"):
		text += ", tzinfo=datetime.timezone.utc"
	case strings.Contains(name, "Z'"):
		text += ", tzinfo=tzutc()"
	}
	return text + ")"
}
