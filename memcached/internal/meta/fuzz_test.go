package meta

import (
	"bytes"
	"testing"
)

// FuzzConsume feeds bytes to a call, whole and piece by piece: both must come to the same end, and nothing that was not announced is
// taken for a value.
func FuzzConsume(f *testing.F) {
	for _, seed := range []string{
		"VA 3 f16 O1\r\nabc\r\nHD c5 O2\r\n", "EN O1\r\nEN O2\r\n", "HD O2\r\n", "SERVER_ERROR out of memory\r\nHD O2\r\n",
		"VA 99999999999999999999 O1\r\n", "VA -1 O1\r\n", "VA 1073741825 O1\r\n", "VA 0 O1\r\n\r\nNF O2\r\n", "ERROR\r\n", "HTTP/1.1 200 OK\r\n",
		"VA 2 O1\r\nabc\r\n", "VA 3 O2\r\nabc\r\n", "HD O3\r\n", "-ERR\r\n", "MN\r\n", "VALUE a 16 3\r\nabc\r\nVALUE a 0 0\r\n\r\nEND\r\n", "VALUE b:c 4294967295 1\r\nx\r\nEND\r\n", "END\r\n", "VALUE x 0 1\r\n",
		"VALUE a 0 -1\r\n", "VALUE a 0 1 5\r\n", "SERVER_ERROR out of memory writing get response\r\n", "VA 5 s0 t-1 c18446744073709551615 O1 W\r\nhello\r\nEX c0 O2\r\n",
	} {
		f.Add([]byte(seed), uint8(2))
		f.Add([]byte(seed), uint8(3))
	}
	f.Fuzz(func(t *testing.T, in []byte, piece uint8) {
		whole, pieces := question(piece), question(piece)
		used, err := whole.consume(in)
		at, err2 := 0, error(nil)
		for to := 0; to < len(in) && err2 == nil && !pieces.done(); {
			to = min(len(in), to+int(piece)+1)
			var n int
			n, err2 = pieces.consume(in[at:to])
			at += n
		}
		if used > len(in) || (err == nil) != (err2 == nil) || err == nil && at != used {
			t.Fatalf("whole: %d, %v; in pieces: %d, %v", used, err, at, err2)
		}
		if err == nil && whole.done() != pieces.done() {
			t.Fatal("the one is done, the other is not")
		}
		for i := range whole.replies {
			a, b := whole.Reply(i), pieces.Reply(i)
			if err == nil && (a.Status != b.Status || !bytes.Equal(a.Data, b.Data) || a.CAS != b.CAS) {
				t.Fatalf("reply %d: %+v and %+v", i, a, b)
			}
			if len(a.Data) > len(in) && cap(a.Data) > firstPiece {
				t.Fatalf("%d bytes for an answer of %d", cap(a.Data), len(in))
			}
		}
	})
}

// question is two commands of the meta protocol or, where the number is odd, a multi-get.
func question(which uint8) *Call {
	c := &Call{opaque: 1}
	if which%2 == 1 {
		c.GetAll([]Key{{Name: "a"}, {Space: "b:", Name: "c"}, {Name: "a"}})
		return c
	}
	c.GetQuietly(Key{Name: "a"}, Value)
	c.Delete(Key{Name: "b"}, 0)
	return c
}

// FuzzEncode: whatever the key, a command is one line and has as many words as it should.
func FuzzEncode(f *testing.F) {
	for _, seed := range []string{"a", "a b", "a\r\nflush_all\r\n", "\x00", "é", "sha256:", ""} {
		f.Add(seed, []byte("value\r\nflush_all"))
	}
	f.Fuzz(func(t *testing.T, key string, value []byte) {
		if !Legal(key) {
			return // the engine sends its digest
		}
		c := &Call{}
		c.Get(Key{Name: key}, Value+Flags)
		c.Delete(Key{Name: key}, 7)
		c.Increment(Key{Name: key}, 1, 0)
		want := []int{5, 4, 5}
		for i, line := range bytes.SplitAfter(c.buf, []byte("\n"))[:3] {
			if !bytes.HasSuffix(line, []byte("\r\n")) || len(bytes.Split(line, []byte(" "))) != want[i] || bytes.Count(line, []byte("\r")) != 1 {
				t.Fatalf("%q is not one command", line)
			}
		}
		c = &Call{}
		c.Set(Key{Name: key}, Item{Data: value, Flags: 16, TTL: 5, Mode: Add, CAS: 3, Tell: true})
		if i := bytes.IndexByte(c.buf, '\n'); !bytes.Equal(c.buf[i+1:], append(bytes.Clone(value), '\r', '\n')) {
			t.Fatalf("%q", c.buf)
		}
	})
}
