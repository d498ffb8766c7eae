package broker

import (
	"context"
	"encoding/json"
	"errors"
	"math"
	"math/big"
	"reflect"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/larder-go/larder/celery/py"
	"github.com/larder-go/larder/internal/redistest"
)

func of(t rapid.TB, v any) py.Value {
	t.Helper()
	value, err := py.Of(v)
	if err != nil {
		t.Fatal(err)
	}
	return value
}

// anyValue are arguments, among them what only Python's JSON has.
func anyValue() *rapid.Generator[any] {
	return rapid.OneOf(
		rapid.Just[any](nil), rapid.Just[any](math.Inf(1)), rapid.Just[any](new(big.Int).Lsh(big.NewInt(1), 99)), rapid.Just[any]([]byte{255}),
		rapid.Just[any](time.Date(2024, 2, 29, 1, 2, 3, 4000, time.UTC)), rapid.Just[any](py.Decimal("1.10")),
		rapid.Map(rapid.Int(), func(n int) any { return n }), rapid.Map(rapid.String(), func(s string) any { return s }),
		rapid.Map(rapid.SliceOf(rapid.Float64()), func(s []float64) any { return append([]float64{}, s...) }),
	)
}

func anySignature(depth int) *rapid.Generator[Signature] {
	return rapid.Custom(func(t *rapid.T) Signature {
		s := Signature{
			Task: rapid.StringN(1, 9, 30).Draw(t, "task"), Args: []py.Value{of(t, anyValue().Draw(t, "arg"))},
			Kwargs:    map[string]py.Value{rapid.String().Draw(t, "name"): of(t, anyValue().Draw(t, "kwarg"))},
			Options:   Options{TaskID: rapid.String().Draw(t, "id"), Queue: rapid.String().Draw(t, "queue"), GroupID: rapid.String().Draw(t, "group")},
			Immutable: rapid.Bool().Draw(t, "immutable"), ChordSize: rapid.Ptr(rapid.Int(), true).Draw(t, "size"),
		}
		if depth > 0 {
			s.Options.Link = []Signature{anySignature(depth-1).Draw(t, "link")}
			s.Options.Chord = rapid.Ptr(anySignature(depth-1), true).Draw(t, "chord")
		}
		return s
	})
}

// Whatever is sent is what is received.
func TestMessagesComeBack(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		m := Message{
			ID: rapid.StringN(1, 9, 30).Draw(t, "id"), Task: rapid.StringN(1, 9, 30).Draw(t, "task"),
			Args: []py.Value{of(t, anyValue().Draw(t, "arg"))}, Kwargs: map[string]py.Value{"k": of(t, anyValue().Draw(t, "kwarg"))},
			GroupID: rapid.String().Draw(t, "group"), GroupIndex: rapid.Ptr(rapid.Int(), true).Draw(t, "index"),
			RootID: rapid.StringN(1, 9, 30).Draw(t, "root"), ParentID: rapid.String().Draw(t, "parent"), Retries: rapid.Int().Draw(t, "retries"),
			Embed: Embed{
				Chain: []Signature{anySignature(1).Draw(t, "next")}, Chord: rapid.Ptr(anySignature(1), true).Draw(t, "chord"),
			},
		}
		text, err := m.encode("celery")
		if err != nil {
			t.Fatal(err)
		}
		got, err := decode(text)
		if err != nil {
			t.Fatal(err)
		}
		if !reflect.DeepEqual(shown(got), shown(m)) {
			t.Fatalf("sent\n%v\nreceived\n%v", shown(m), shown(got))
		}
	})
}

// shown is a message without what only says where a value came from.
func shown(m Message) string {
	_, _, body, err := m.body()
	m.Args, m.Kwargs, m.Embed = nil, nil, Embed{}
	rest, _ := json.Marshal(m)
	return string(body) + string(rest) + errorText(err)
}

func errorText(err error) string {
	if err == nil {
		return ""
	}
	return err.Error()
}

// What is no message is an error, whatever it is.
func FuzzDecode(f *testing.F) {
	text, _ := Message{ID: "a", Task: "t"}.encode("celery")
	f.Add(text)
	for _, s := range []string{"", "null", "[]", "{}", `{"body":"!"}`, `{"content-type":"application/json","properties":{"body_encoding":"base64"},"headers":{"id":"a","task":"t"},"body":"WzFd"}`} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		m, err := decode(text)
		switch {
		case err != nil && !errors.Is(err, errMessage):
			t.Errorf("%v is no errMessage", err)
		case err == nil && (m.ID == "" || m.Task == ""):
			t.Errorf("%q is a message without a name", text)
		}
	})
}

// A signature of something else than a task, say a group, is refused rather than started as a task.
func TestOnlyTasksAreStarted(t *testing.T) {
	kind := "group"
	if _, _, err := (Signature{Task: "celery.group", SubtaskType: &kind}).Message(Message{ID: "a"}, py.Value{}); err == nil {
		t.Error("a group was taken for a task")
	}
	m, queue, err := Signature{Task: "t", Immutable: true, Args: []py.Value{of(t, 1)}}.Message(Message{ID: "a"}, of(t, 2))
	if err != nil || len(m.Args) != 1 || queue != DefaultQueue || m.ParentID != "a" || m.RootID != "a" || m.ID == "" {
		t.Errorf("%+v to %q, %v", m, queue, err)
	}
}

// Messages come in their order, those of a higher priority first, and a Receive ends with its context.
func TestQueue(t *testing.T) {
	server := redistest.Start(t)
	b, err := Open(server.URL(0))
	if err != nil {
		t.Fatal(err)
	}
	defer b.Close()
	ctx, cancel := context.WithCancel(t.Context())
	for _, queue := range []string{"q\x06\x163", "q", "q"} { // kombu's name for a lower priority
		if err := b.Publish(ctx, queue, Message{ID: newID(), Task: "to " + queue}); err != nil {
			t.Fatal(err)
		}
	}
	for _, want := range []string{"to q", "to q", "to q\x06\x163"} {
		if m, err := b.Receive(ctx, "q"); err != nil || m.Task != want {
			t.Errorf("received %q, %v; want %q", m.Task, err, want)
		}
	}
	cancel()
	if _, err := b.Receive(ctx, "q"); !errors.Is(err, context.Canceled) {
		t.Errorf("received %v", err)
	}
	if _, err := Open("redis://127.0.0.1:1"); err == nil {
		t.Error("a broker that is not there was opened")
	}
}
