package celery

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/larder-go/larder/celery/internal/serial"
	"github.com/larder-go/larder/celery/py"
)

// TestVectorsTracebacks: an error reads like the last line of the traceback that is stored next to it.
func TestVectorsTracebacks(t *testing.T) {
	compared := 0
	for _, v := range vectors(t, "exceptions", "extended", "timezones", "serializers", "waiting", "chords") {
		id, isTask := strings.CutPrefix(v.Key, string(taskKey))
		if !isTask || v.Absent || v.Case == "fail/oserror" || v.Case == "fail/unserial [pickle]" || strings.Contains(v.Text, "EncodeError") {
			continue // a file name, a class and an inner exception are not stored
		}
		m, err := decodeMeta(v.serial(t), id, content{bytes: v.value()})
		if err != nil {
			t.Errorf("%s: %v", v.name(), err)
			continue
		}
		if m.Status != Failure || m.Traceback == "" {
			continue
		}
		compared++
		lines := strings.Split(strings.TrimSpace(m.Traceback), "\n")
		got, want := m.Err().Error(), lines[len(lines)-1]
		if strings.Contains(v.Case, "unserial") || v.Case == "fail/unidecode" && v.compat() == py.Celery52 {
			got, _, _ = strings.Cut(got, ":") // arguments that were stored as their repr
			want, _, _ = strings.Cut(want, ":")
		}
		if got != want {
			t.Errorf("%s: %q, want %q", v.name(), got, want)
		}
	}
	if compared < 80 {
		t.Errorf("only %d were compared", compared)
	}
}

func TestTaskErrorText(t *testing.T) {
	for want, e := range map[string]*TaskError{
		"ValueError: boom":                       Exception(builtins, "ValueError", "boom"),
		"ValueError":                             Exception(builtins, "ValueError", ""),
		"RuntimeError":                           Exception(builtins, "RuntimeError"),
		"ValueError: None":                       Exception(builtins, "ValueError", nil),
		"ValueError: {'a': 1}":                   Exception(builtins, "ValueError", map[string]int{"a": 1}),
		"ValueError: ('a', 2)":                   Exception(builtins, "ValueError", "a", 2),
		"KeyError: 'missing'":                    Exception(builtins, "KeyError", "missing"),
		"shop.Outer.Inner: n":                    Exception("shop", "Outer.Inner", "n"),
		"Mine: 1":                                Exception("__main__", "Mine", 1),
		"celery.backends.base.ValueError: x":     Exception("", "ValueError", "x"),
		"FileNotFoundError: [Errno 2] No such":   Exception(builtins, "FileNotFoundError", 2, "No such"),
		"OSError: [Errno 2] No such: '/x'":       Exception(builtins, "OSError", 2, "No such", "/x"),
		"OSError: [Errno 2] No such: 'a' -> 'b'": Exception(builtins, "OSError", 2, "No such", "a", nil, "b"),
		"OSError: only this":                     Exception(builtins, "OSError", "only this"),
		"UnicodeDecodeError: ('utf-8', 'x')":     Exception(builtins, "UnicodeDecodeError", "utf-8", "x"),
		"UnicodeDecodeError: 'utf-8' codec can't decode byte 0xff in position 0: bad": Exception(builtins, "UnicodeDecodeError", "utf-8", []byte{0xff}, 0, 1, "bad"),
		"UnicodeDecodeError: 'utf-8' codec can't decode bytes in position 0-1: bad":   Exception(builtins, "UnicodeDecodeError", "utf-8", []byte{0xff, 0xfe}, 0, 2, "bad"),
		"celery.utils.serialization.UnpickleableExceptionWrapper: KwError()":          Exception("celery.utils.serialization", "UnpickleableExceptionWrapper", "m", "KwError", []int{}, "KwError()"),
		"celery.utils.serialization.UnpickleableExceptionWrapper: m":                  Exception("celery.utils.serialization", "UnpickleableExceptionWrapper", "m"),
		"celery.exceptions.TaskRevokedError: terminated":                              Exception(celeryExceptions, "TaskRevokedError", "terminated"),
	} {
		if got := e.Error(); got != want {
			t.Errorf("%q, want %q", got, want)
		}
	}
}

func TestTaskErrorRepr(t *testing.T) {
	for want, e := range map[string]*TaskError{
		"ValueError('boom')":   Exception(builtins, "ValueError", "boom"),
		"Inner('a', 1)":        Exception("shop", "Outer.Inner", "a", 1),
		"RuntimeError()":       Exception(builtins, "RuntimeError"),
		"ValueError(\"it's\")": Exception(builtins, "ValueError", "it's"),
	} {
		if got := e.Repr(); got != want {
			t.Errorf("%q, want %q", got, want)
		}
	}
}

func TestTaskErrorIs(t *testing.T) {
	err := fmt.Errorf("while charging: %w", Exception(celeryExceptions, "TaskRevokedError", "expired"))
	if !errors.Is(err, ErrTaskRevoked) || errors.Is(err, ErrChord) || errors.Is(err, io.EOF) {
		t.Error("the class and the module decide")
	}
	if errors.Is(Exception("shop", "TaskRevokedError"), ErrTaskRevoked) {
		t.Error("a class of another module is another class")
	}
	var te *TaskError
	if !errors.As(err, &te) || te.Type != "TaskRevokedError" {
		t.Errorf("As: %v", te)
	}
}

// TestTaskErrorOfGo: what Python gets to see for an error of Go.
func TestTaskErrorOfGo(t *testing.T) {
	mine := Exception("shop.errors", "Declined", "card", 402)
	for _, c := range []struct {
		err  error
		want string
	}{
		{errors.New("boom"), "RuntimeError: boom"},
		{fmt.Errorf("charge: %w", mine), "shop.errors.Declined: ('card', 402)"},
		{context.DeadlineExceeded, "TimeoutError: context deadline exceeded"},
		{fmt.Errorf("read: %w", os.ErrDeadlineExceeded), "TimeoutError: read: i/o timeout"},
		{context.Canceled, "RuntimeError: context canceled"},
	} {
		if got := taskErrorOf(c.err).Error(); got != c.want {
			t.Errorf("%v is %q, want %q", c.err, got, c.want)
		}
	}
	if got := Exception(builtins, "ValueError", func() {}).Error(); !strings.HasPrefix(got, "ValueError: 0x") {
		t.Errorf("an argument without a form in Python: %q", got)
	}
}

// TestTaskErrorWire: what is stored reads back, with the bytes of both Celerys.
func TestTaskErrorWire(t *testing.T) {
	e := Exception("shop", "Declined", "card", []byte{0xff}, map[string]any{"n": 1.5})
	for c, want := range map[py.Compat]string{
		py.Celery56: `{"exc_type": "Declined", "exc_message": ["card", {"__type__": "base64", "__value__": "/w=="}, {"n": 1.5}], "exc_module": "shop"}`,
		py.Celery52: `{"exc_type": "Declined", "exc_message": ["card", "b'\\xff'", {"n": 1.5}], "exc_module": "shop"}`,
	} {
		s, err := serial.Reading("json", c)
		if err != nil {
			t.Fatal(err)
		}
		v, err := e.wire(s, c)
		if err != nil {
			t.Fatal(err)
		}
		got, err := s.Encode(v, c)
		if err != nil || string(got) != want {
			t.Errorf("%s: %s, %v, want %s", c, got, err, want)
		}
		back, err := exceptionOf(v, "")
		if err != nil || back.Type != e.Type || back.Module != e.Module || len(back.Args) != 3 {
			t.Errorf("read back: %v, %v", back, err)
		}
	}
}

// TestTaskErrorMalformed: no reader can make an exception of these.
func TestTaskErrorMalformed(t *testing.T) {
	for _, text := range []string{
		`"boom"`, `["boom"]`, `1`, `true`, `[["exc_type"]]`, `[["exc_type", "E", 1]]`, `[[1, "E"]]`, `{"exc_message": []}`, `{"exc_type": 1}`,
		`{"exc_type": null}`, `{"exc_type": ["E"]}`, `{"exc_type": "E", "exc_module": 1}`, `{"whatever": 1}`,
	} {
		v, err := py.FromJSON([]byte(text))
		if err != nil {
			t.Fatal(err)
		}
		if e, err := exceptionOf(v, ""); !errors.Is(err, ErrMalformed) {
			t.Errorf("%s is %v, %v", text, e, err)
		}
	}
}

func TestTaskErrorNone(t *testing.T) {
	for _, text := range []string{`null`, `""`, `{}`, `[]`, `0`, `0.0`, `false`} {
		v, err := py.FromJSON([]byte(text))
		if err != nil {
			t.Fatal(err)
		}
		if e, err := exceptionOf(v, ""); e != nil || err != nil {
			t.Errorf("%s is %v, %v", text, e, err)
		}
	}
}

func TestTaskErrorPickled(t *testing.T) {
	v, err := py.Of(&py.Instance{Module: "shop", Name: "Declined", Args: py.Tuple{"card", int64(402)}})
	if err != nil {
		t.Fatal(err)
	}
	e, err := exceptionOf(v, "tb")
	if err != nil || e.Error() != "shop.Declined: ('card', 402)" || e.Traceback != "tb" {
		t.Errorf("%v, %v", e, err)
	}
	if diff := cmp.Diff("Declined('card', 402)", e.Repr()); diff != "" {
		t.Error(diff)
	}
}
