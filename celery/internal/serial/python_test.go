package serial

import (
	"bufio"
	"bytes"
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"os"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/larder-go/larder/celery/py"
)

// Values that real Python wrote (pickle of CPython 3.11, PyYAML 6.0, msgpack 1.2, kombu 5.6), at the
// edges of each form, and their repr once Python had read them again.
func TestAsPython(t *testing.T) {
	f, err := os.Open("testdata/python.jsonl")
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	n := 0
	for lines := bufio.NewScanner(f); lines.Scan(); n++ {
		var c struct {
			Serializer, Repr string
			Value            []byte
		}
		if err := json.Unmarshal(lines.Bytes(), &c); err != nil {
			t.Fatal(err)
		}
		s := must(ByName(c.Serializer))
		v, err := s.Decode(c.Value)
		if err != nil {
			t.Errorf("%d: %v", n, err)
			continue
		}
		if got := v.Repr(); got != c.Repr {
			t.Errorf("%d: %s", n, cmp.Diff(c.Repr, got))
		}
		if c.Serializer == "json" {
			v = must(py.Of(tree(t, v)))
		}
		if got, err := s.Encode(v, py.Celery56); err != nil || !bytes.Equal(got, c.Value) {
			t.Errorf("%d: %v %s", n, err, cmp.Diff(string(c.Value), string(got)))
		}
	}
	if n < 13 {
		t.Errorf("only %d values", n)
	}
}

// Batches and frames: the SHA-256 of what CPython pickles.
func TestPickleBatchesAndFrames(t *testing.T) {
	ints := func(n int) (l py.List) {
		for i := range n {
			l = append(l, i)
		}
		return l
	}
	keyed := func(n int) *py.Dict {
		d := py.NewDict()
		for i := range n {
			d.Set(fmt.Sprintf("k%d", i), i)
		}
		return d
	}
	texts := py.List{}
	for i := range 1000 {
		texts = append(texts, strings.Repeat(fmt.Sprintf("z%d", i), 100))
	}
	of := strings.Repeat
	for name, tt := range map[string]struct {
		v    any
		want string
	}{
		"1,000 ints":          {ints(1000), "22d4f97e6fbaf3cdf3af36c80e58582660148f14c95ccaf101fdf320a201a669"},
		"1,001 ints":          {ints(1001), "161e50d7236aad5010f0600b7c2b669804f3487bdf69c03ddfd00718d290e1be"},
		"1,000 keys":          {keyed(1000), "0e1f58301b8206d244f4701012af9ce2d978a7b367fd625f8bdf52ee5493a77f"},
		"2,001 keys":          {keyed(2001), "f466dafe36eb91264e3c8eea5ee92718a4131e1484f80752ec28759c40a097d4"},
		"frames of texts":     {texts, "dc9af55fd85a68f064d0e16a13a457a4b3e499dc7d3b5ff9f022d75ecbf6d25b"},
		"texts out of frames": {py.List{of("a", 65530), 1, of("b", 65536), 2, of("c", 70000), nil}, "3986ff15ee2a37184c6b7d4df3db07284bb40b42297a2ac3cc570dd5ebfdac15"},
		"one text":            {of("x", 65536), "50893d4739055ab9337ca4f8be2ba22140ff909cae2ece5d1d6ca5b03764e0f1"},
	} {
		data := must(pickleSerializer{}.Encode(must(py.Of(tt.v)), py.Celery56))
		if got := fmt.Sprintf("%x", sha256.Sum256(data)); got != tt.want {
			t.Errorf("%s: %s", name, got)
		}
		if v, err := (pickleSerializer{}).Decode(data); err != nil || v.Repr() != must(py.Of(tt.v)).Repr() {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// CPython has one str of each Latin-1 character, wherever it comes from.
func TestPickleOfOneCharacter(t *testing.T) {
	v := must(py.Of(py.List{string([]byte("é")), string([]byte("é")), string([]byte("ł")), string([]byte("ł"))}))
	want := "\x80\x04\x95\x16\x00\x00\x00\x00\x00\x00\x00]\x94(\x8c\x02é\x94h\x01\x8c\x02ł\x94\x8c\x02ł\x94e."
	if got := string(must(pickleSerializer{}.Encode(v, py.Celery56))); got != want {
		t.Errorf("%q", got)
	}
}
