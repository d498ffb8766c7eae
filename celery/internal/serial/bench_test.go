package serial

import (
	"testing"

	"github.com/larder-go/larder/celery/py"
)

// envelope is the 164 bytes that Celery 5.2 stores of a task that returned 42.
const envelope = `{"status": "SUCCESS", "result": 42, "traceback": null, "children": [], "date_done": "2026-11-21T20:35:07.776047", "task_id": "e1297a38-933a-5674-9069-cf91dc09d01b"}`

func BenchmarkFields(b *testing.B) {
	node := tree(b, must(py.FromJSON([]byte(envelope))))
	for _, name := range []string{"json", "yaml", "msgpack", "pickle"} {
		s := must(ByName(name))
		data := must(s.Encode(py.FromTree(node), py.Celery56))
		b.Run(name, func(b *testing.B) {
			b.SetBytes(int64(len(data)))
			b.ReportAllocs()
			for b.Loop() {
				if _, err := s.Fields(data); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

func BenchmarkJoin(b *testing.B) {
	fields := must(must(ByName("json")).Fields([]byte(envelope)))
	for _, name := range []string{"json", "yaml", "msgpack", "pickle"} {
		s := must(ByName(name))
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if _, err := s.Join(fields, py.Celery56); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

func must[T any](v T, err error) T {
	if err != nil {
		panic(err)
	}
	return v
}
