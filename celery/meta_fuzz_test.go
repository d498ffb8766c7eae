package celery

import (
	"errors"
	"testing"

	"github.com/larder-go/larder/celery/internal/serial"
	"github.com/larder-go/larder/celery/py"
)

// FuzzMeta reads anything as a result: an error says so, and what was read can be written and read again.
func FuzzMeta(f *testing.F) {
	names := []string{"json", "yaml", "msgpack", "pickle"}
	numbers := map[string]byte{"": 0, "json": 0, "yaml": 1, "msgpack": 2, "pickle": 3}
	for i, v := range vectors(f, append(produced, "reverse_celery")...) {
		if i%7 == 0 {
			f.Add(v.value(), numbers[v.Serializer])
		}
	}
	f.Fuzz(func(t *testing.T, raw []byte, number byte) {
		s, err := serial.ByName(names[int(number)%len(names)])
		must(t, err)
		m, err := decodeMeta(s, "a", content{bytes: raw})
		if err != nil {
			var re *ReadError
			if !errors.As(err, &re) || re.ID != "a" || !errors.Is(err, ErrMalformed) {
				t.Fatalf("%T: %v", err, err)
			}
			return
		}
		if m.Status == "" || m.Known() != (raw != nil) {
			t.Fatalf("%+v", m)
		}
		_ = m.Stamps()
		if err := m.Err(); err != nil {
			_ = err.Error()
			_ = err.(*TaskError).Repr()
		}
		again, err := m.encode(s, py.Celery56)
		if err != nil {
			if !errors.Is(err, py.ErrUnencodable) {
				t.Fatalf("%v", err)
			}
			return // a datetime where there may be none, say
		}
		back, err := decodeMeta(s, "a", content{bytes: again})
		if err != nil {
			t.Fatalf("%q, from %q: %v", again, raw, err)
		}
		if back.Status != m.Status || back.TaskID != m.TaskID || len(back.Children) != len(m.Children) {
			t.Fatalf("%q, from %q", again, raw)
		}
	})
}

// FuzzNode reads anything as a group.
func FuzzNode(f *testing.F) {
	for _, text := range []string{
		`{"result": [["g", null], [[["a", null], null]]]}`, `{"result": ["g", [["a", null]]]}`, `{"result": [["g", [["p", null], null]], []]}`,
	} {
		f.Add([]byte(text))
	}
	s, err := serial.ByName("json")
	must(f, err)
	r := &Results{serial: s}
	f.Fuzz(func(t *testing.T, raw []byte) {
		group, err := r.readGroup(raw)
		if err != nil {
			if !errors.Is(err, ErrMalformed) {
				t.Fatalf("%v", err)
			}
			return
		}
		again, err := r.groupValue(group)
		must(t, err)
		if back, err := r.readGroup(again); err != nil || len(back.Tasks()) != len(group.Tasks()) {
			t.Fatalf("%q: %v, %v", again, back, err)
		}
	})
}

// FuzzPart reads anything as a part of a chord.
func FuzzPart(f *testing.F) {
	f.Add([]byte(`[1, "id", "SUCCESS", 2]`))
	f.Add([]byte(`[1, "id", "FAILURE", {"exc_type": "E", "exc_message": [], "exc_module": "m"}]`))
	s, err := serial.ByName("json")
	must(f, err)
	r := &Results{serial: s}
	f.Fuzz(func(t *testing.T, raw []byte) {
		_, err := r.unpack(raw)
		var raised *TaskError
		if err != nil && !errors.As(err, &raised) {
			t.Fatalf("%T: %v", err, err)
		}
	})
}
