package celery

import (
	"bufio"
	"bytes"
	"compress/gzip"
	"encoding/base64"
	"encoding/json"
	"io"
	"os"
	"strings"
	"testing"

	"github.com/larder-go/larder/celery/internal/serial"
	"github.com/larder-go/larder/celery/py"
)

// vector is something that a real Celery has stored, or was given to read: see testdata/README.md.
type vector struct {
	File       string          `json:"file"`
	Case       string          `json:"case"`
	Producer   string          `json:"producer"`
	Backend    string          `json:"backend"`
	Key        string          `json:"key"`
	Text       string          `json:"text"`
	Base64     []byte          `json:"base64"`
	Absent     bool            `json:"absent"`
	Serializer string          `json:"serializer"`
	RedisType  string          `json:"redis_type"`
	Conf       string          `json:"conf"`
	Outcome    map[string]any  `json:"outcome"`
	Decoded    json.RawMessage `json:"decoded"`
	Commands   []command       `json:"commands"`
}

// command is one that a client has sent to Redis (Args), or what went over a connection to memcached (Data).
type command struct {
	Client string   `json:"client"`
	Dir    string   `json:"dir"`
	Args   [][]byte `json:"args_base64"`
	Data   string   `json:"base64"`
}

func (v vector) value() []byte {
	if v.Base64 != nil {
		return v.Base64
	}
	return []byte(v.Text)
}

func (v vector) compat() py.Compat {
	if strings.Contains(v.Producer, "celery 5.2") {
		return py.Celery52
	}
	return py.Celery56
}

func (v vector) serial(t testing.TB) serial.Serializer {
	t.Helper()
	name := v.Serializer
	if name == "" {
		name = "json"
	}
	s, err := serial.Reading(name, v.compat())
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// name is that of the vector's test.
func (v vector) name() string {
	return v.File + "/" + v.Case + "/" + v.Backend + "/" + v.compat().String()
}

// vectors returns those of some files.
func vectors(t testing.TB, files ...string) []vector {
	t.Helper()
	f, err := os.Open("testdata/results.jsonl.gz")
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	z, err := gzip.NewReader(f)
	if err != nil {
		t.Fatal(err)
	}
	var found []vector
	lines := bufio.NewReader(z)
	for {
		line, err := lines.ReadBytes('\n')
		if err == io.EOF {
			break
		}
		if err != nil {
			t.Fatal(err)
		}
		var v vector
		if err := json.Unmarshal(line, &v); err != nil {
			t.Fatalf("%.200s: %v", line, err)
		}
		for _, name := range files {
			if v.File == name {
				found = append(found, v)
			}
		}
	}
	if len(found) == 0 {
		t.Fatalf("no vectors in %v", files)
	}
	return found
}

var produced = []string{"results", "states", "exceptions", "children_groups", "chords", "extended", "timezones", "serializers", "waiting"}

// TestVectorsProduced reads all that real Celerys have stored, and writes it again: the bytes are the same.
func TestVectorsProduced(t *testing.T) {
	tasks := 0
	for _, v := range vectors(t, produced...) {
		if v.Absent {
			continue
		}
		t.Run(v.name(), func(t *testing.T) {
			if id, ok := strings.CutPrefix(v.Key, string(taskKey)); ok {
				tasks++
				sameTask(t, v, id, v.value())
				return
			}
			sameOther(t, v, v.Key, v.value())
		})
	}
	if tasks < 800 {
		t.Errorf("only %d results of tasks", tasks)
	}
}

// broken are the results that Celery has written and cannot read: an update_state("FAILURE") without an exception.
var broken = map[string]bool{"state/upd_failure_bad": true}

func sameTask(t *testing.T, v vector, id string, raw []byte) {
	t.Helper()
	s := v.serial(t)
	m, err := decodeMeta(s, id, content{bytes: raw})
	if broken[v.Case] {
		if err == nil {
			t.Error("read what Celery cannot read")
		}
		return
	}
	if err != nil {
		t.Fatal(err)
	}
	if m.TaskID != id {
		t.Errorf("task %q, want %q", m.TaskID, id)
	}
	if got, want := m.Status.Ready(), !m.DateDone.IsZero(); got != want {
		t.Errorf("ready %v, but the date is %v", got, m.DateDone)
	}
	again, err := m.encode(s, v.compat())
	if err != nil {
		t.Fatal(err)
	}
	if v.Serializer == "pickle" && (m.Status.Exception() || v.Case == "chord/midway [pickle]") {
		samePickle(t, s, m, again)
		return
	}
	if !bytes.Equal(again, raw) {
		t.Errorf("written again:\n %q\nwant\n %q", again, raw)
	}
}

// samePickle: an exception is pickled as an instance, and what stands at two places as one object, which only
// Python does. What was written again is read the same.
func samePickle(t *testing.T, s serial.Serializer, m *Meta, again []byte) {
	t.Helper()
	back, err := decodeMeta(s, m.TaskID, content{bytes: again})
	if err != nil {
		t.Fatal(err)
	}
	if m.Err() != nil && !strings.Contains(m.Err().Error(), "<class") && (back.Err() == nil || m.Err().(*TaskError).Repr() != back.Err().(*TaskError).Repr()) {
		t.Errorf("written again: %v, want %v", back.Err(), m.Err())
	}
	for _, f := range m.Fields() {
		now, _ := back.Fields().Get(f.Name)
		if f.Name != fieldResult && now.Repr() != f.Value.Repr() {
			t.Errorf("%s written again: %v, want %v", f.Name, now, f.Value)
		}
	}
}

func sameOther(t *testing.T, v vector, key string, raw []byte) {
	t.Helper()
	r := &Results{serial: v.serial(t), compat: v.compat()}
	switch {
	case strings.HasPrefix(key, string(chordKey)), strings.HasSuffix(key, ".s"), strings.HasSuffix(key, ".t"):
		if _, known, err := sizeOf([2][]byte{sizeCount: raw}); err != nil || !known {
			t.Errorf("%q is no number: %v", raw, err)
		}
	case strings.HasSuffix(key, ".j"):
		samePart(t, r, raw)
	default:
		sameGroup(t, r, raw)
	}
}

func samePart(t *testing.T, r *Results, raw []byte) {
	t.Helper()
	id, state, value, err := r.readPart(raw)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := r.unpack(raw); err != nil && !state.Propagate() {
		t.Error(err)
	}
	again, err := r.entry(Part{TaskID: id, State: state, Result: value})
	if err != nil || !bytes.Equal(again, raw) {
		t.Errorf("written again: %q, %v, want %q", again, err, raw)
	}
}

func sameGroup(t *testing.T, r *Results, raw []byte) {
	t.Helper()
	group, err := r.readGroup(raw)
	if err != nil {
		t.Fatal(err)
	}
	again, err := r.groupValue(group)
	if err != nil || !bytes.Equal(again, raw) {
		t.Errorf("written again: %q, %v, want %q", again, err, raw)
	}
}

// TestVectorsSent reads each value that real Celerys were seen to send, and writes it again.
func TestVectorsSent(t *testing.T) {
	n := 0
	for _, v := range vectors(t, "commands_redis", "commands_memcached") {
		t.Run(v.name(), func(t *testing.T) {
			for _, kv := range sent(t, v) {
				n++
				if id, ok := strings.CutPrefix(kv[0], string(taskKey)); ok {
					sameTask(t, v, id, []byte(kv[1]))
				} else {
					sameOther(t, v, kv[0], []byte(kv[1]))
				}
			}
		})
	}
	if n < 200 {
		t.Errorf("only %d values were sent", n)
	}
}

// sent are the keys and values that a vector's commands store, publish or collect.
func sent(t *testing.T, v vector) (pairs [][2]string) {
	t.Helper()
	for _, c := range v.Commands {
		if len(c.Args) == 0 {
			pairs = append(pairs, sentText(t, c)...)
			continue
		}
		switch strings.ToUpper(string(c.Args[0])) {
		case "SET", "SETEX", "PUBLISH", "ZADD", "RPUSH":
			if strings.Contains(string(c.Args[1]), "celery-task") {
				pairs = append(pairs, [2]string{string(c.Args[1]), string(c.Args[len(c.Args)-1])})
			}
		}
	}
	return pairs
}

// sentText are those of memcached's text protocol: set <key> <flags> <exptime> <bytes>.
func sentText(t *testing.T, c command) (pairs [][2]string) {
	t.Helper()
	data, err := base64.StdEncoding.DecodeString(c.Data)
	if err != nil {
		t.Fatal(err)
	}
	if c.Dir != ">" || !bytes.HasPrefix(data, []byte("set ")) {
		return nil
	}
	head, value, _ := bytes.Cut(data, []byte("\r\n"))
	return [][2]string{{string(bytes.Fields(head)[1]), strings.TrimSuffix(string(value), "\r\n")}}
}
