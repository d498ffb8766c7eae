package serial

import (
	"bytes"
	"errors"
	"runtime"
	"strings"
	"testing"

	"github.com/larder-go/larder/celery/py"
)

// allocated is the bytes that f asks for, in MiB.
func allocated(f func()) int {
	if raceEnabled {
		f()
		return 0
	}
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	f()
	runtime.ReadMemStats(&after)
	return int((after.TotalAlloc - before.TotalAlloc) >> 20)
}

// A few bytes that stand for very much are refused before they take it.
func TestBombs(t *testing.T) {
	var laughs strings.Builder
	laughs.WriteString("a0: &a0 [x,x,x,x,x,x,x,x,x,x]\n")
	for i := byte('1'); i <= '9'; i++ {
		name, last := "a"+string(i), ",*a"+string(i-1)
		laughs.WriteString(name + ": &" + name + " [" + strings.Repeat(last, 10)[1:] + "]\n")
	}
	doubling := []byte("(]q\x00")
	for i := byte(0); i < 100; i++ {
		doubling = append(doubling, ']', 'q', i+1, '(', 'h', i, 'h', i, 'e')
	}
	for name, tt := range map[string]struct {
		format string
		data   []byte
		most   int // MiB
	}{
		"yaml: a billion laughs":       {"yaml", []byte(laughs.String()), 300},
		"yaml: merged laughs":          {"yaml", []byte("a: &a {x: 1}\nb: &b {<<: [" + strings.Repeat("*a,", 3000) + "*a]}\nc: &c {<<: [" + strings.Repeat("*b,", 3000) + "*b]}\nd: {<<: [" + strings.Repeat("*c,", 3000) + "*c]}\n"), 300},
		"yaml: nothing merged often":   {"yaml", []byte("a: &a {}\nb: &b {<<: [" + strings.Repeat("*a,", 3000) + "*a]}\nc: &c {<<: [" + strings.Repeat("*b,", 3000) + "*b]}\nd: {<<: [" + strings.Repeat("*c,", 3000) + "*c]}\n"), 300},
		"yaml: 20 MiB of brackets":     {"yaml", bytes.Repeat([]byte("["), 20<<20), 1},
		"yaml: 9,000 brackets":         {"yaml", bytes.Repeat([]byte("["), 9000), 50},
		"yaml: closed brackets":        {"yaml", append(bytes.Repeat([]byte("["), 2000), bytes.Repeat([]byte("]"), 2000)...), 50},
		"yaml: indented dashes":        {"yaml", bytes.Repeat([]byte("- "), 9000), 50},
		"msgpack: a list of 4 billion": {"msgpack", []byte("\xdd\xff\xff\xff\xff\x01\x02"), 1},
		"msgpack: a map of 4 billion":  {"msgpack", []byte("\xdf\xff\xff\xff\xff\x01\x02"), 1},
		"msgpack: bytes of 4 GiB":      {"msgpack", []byte("\xc6\xff\xff\xff\xff\x01\x02"), 1},
		"msgpack: lists in lists":      {"msgpack", bytes.Repeat([]byte("\xdd\xff\xff\xff\xff"), 1000), 1},
		"msgpack: deep":                {"msgpack", append(bytes.Repeat([]byte{0x91}, 1<<20), 0xc0), 10},
		"msgpack: deep enough to walk": {"msgpack", append(bytes.Repeat([]byte{0x91}, 2000), 0xc0), 10},
		"pickle: doubling":             {"pickle", append(doubling, 'l', '.'), 300},
		"pickle: deep":                 {"pickle", append(append(bytes.Repeat([]byte("]"), 2000), bytes.Repeat([]byte("a"), 1999)...), '.'), 10},
		"pickle: 20 MiB of lists":      {"pickle", append([]byte("("), bytes.Repeat([]byte("]"), 20<<20)...), 2000},
		"pickle: 20 MiB of marks":      {"pickle", bytes.Repeat([]byte("("), 20<<20), 2000},
		"pickle: 20 MiB of memos":      {"pickle", append([]byte("N"), bytes.Repeat([]byte("\x94"), 20<<20)...), 2000},
		"pickle: a memo far away":      {"pickle", []byte("Nr\xff\xff\xff\xff0."), 1},
		"pickle: text of 4 GiB":        {"pickle", []byte("X\xff\xff\xff\xffabc"), 1},
		"json: deep":                   {"json", bytes.Repeat([]byte("["), 10<<20), 15},
		"json: deep in a field":        {"json", append([]byte(`{"a":`), bytes.Repeat([]byte(`{"a":`), 10000)...), 1},
	} {
		t.Run(name, func(t *testing.T) {
			s := must(ByName(tt.format))
			var err, err2 error
			took := allocated(func() { _, err = s.Decode(tt.data); _, err2 = s.Fields(tt.data) }) / 2
			if !errors.Is(err, py.ErrMalformed) || !errors.Is(err2, py.ErrMalformed) {
				t.Errorf("%v, %v", err, err2)
			}
			if took > tt.most {
				t.Errorf("it took %d MiB, %d are the most", took, tt.most)
			}
		})
	}
}

// Large values work, in memory that follows their size.
func TestLarge(t *testing.T) {
	sizes := []int{1 << 20, 100 << 20}
	if testing.Short() {
		sizes = sizes[:1]
	}
	for _, size := range sizes {
		text := strings.Repeat("0123456789abcdef", size/16)
		for _, name := range []string{"json", "yaml", "msgpack", "pickle"} {
			t.Run(name, func(t *testing.T) {
				s := must(ByName(name))
				fields := Fields{{Name: "result", Value: must(py.Of(text))}, {Name: "status", Value: must(py.Of("SUCCESS"))}}
				var got string
				took := allocated(func() {
					data := must(s.Join(fields, py.Celery56))
					value := mustField(must(s.Fields(data)), "result")
					if err := value.Decode(&got); err != nil {
						t.Error(err)
					}
				})
				if got != text {
					t.Errorf("%d bytes became %d", len(text), len(got))
				}
				if most := 24*size>>20 + 8; took > most {
					t.Errorf("it took %d MiB for %d, %d are the most", took, size>>20, most)
				}
			})
		}
	}
}
