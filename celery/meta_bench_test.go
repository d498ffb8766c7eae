package celery

import (
	"strings"
	"testing"

	"github.com/larder-go/larder/celery/internal/serial"
)

// BenchmarkDecode is what it costs to read a result: what a worker stores of a number, a failure, a large value, and an extended result
// with children.
func BenchmarkDecode(b *testing.B) {
	samples := map[string]string{
		"int":      `{"status": "SUCCESS", "result": 42, "traceback": null, "children": [], "date_done": "2026-11-21T20:36:17.166399+00:00", "task_id": "e1297a38-933a-5674-9069-cf91dc09d01b"}`,
		"failure":  `{"status": "FAILURE", "result": {"exc_type": "ValueError", "exc_message": ["boom"], "exc_module": "builtins"}, "traceback": "Traceback (most recent call last):\n  File \"/srv/app/tasks.py\", line 479, in trace_task\n    R = retval = fun(*args, **kwargs)\nValueError: boom\n", "children": [], "date_done": "2026-11-21T20:36:17.166399+00:00", "task_id": "e1297a38-933a-5674-9069-cf91dc09d01b"}`,
		"large":    `{"status": "SUCCESS", "result": [` + strings.Repeat(`{"name": "somebody", "age": 42, "tags": ["a", "b"]}, `, 200) + `1], "traceback": null, "children": [], "date_done": "2026-11-21T20:36:17.166399+00:00", "task_id": "e1297a38-933a-5674-9069-cf91dc09d01b"}`,
		"extended": `{"status": "SUCCESS", "result": 42, "traceback": null, "children": [[["39ff182a-c397-555d-8a3b-1a06ba976cb5-kid1", null], null], [["39ff182a-c397-555d-8a3b-1a06ba976cb5-kid2", null], null]], "date_done": "2026-11-21T20:36:17.166399+00:00", "group_id": "G", "parent_id": "P", "name": "shop.tasks.charge", "args": [1, 2], "kwargs": {"a": 1}, "worker": "w@cap", "retries": 0, "queue": "celery", "task_id": "e1297a38-933a-5674-9069-cf91dc09d01b"}`,
	}
	s, err := serial.ByName("json")
	if err != nil {
		b.Fatal(err)
	}
	for name, text := range samples {
		raw := []byte(text)
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			b.SetBytes(int64(len(raw)))
			for b.Loop() {
				if _, err := decodeMeta(s, "e1297a38-933a-5674-9069-cf91dc09d01b", content{bytes: raw}); err != nil {
					b.Fatal(err)
				}
			}
		})
		b.Run(name+"/fields", func(b *testing.B) {
			b.ReportAllocs()
			b.SetBytes(int64(len(raw)))
			for b.Loop() {
				if _, err := s.Fields(raw); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
