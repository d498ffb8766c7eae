package codec_test

import (
	"bytes"
	"crypto/rand"
	"runtime"
	"strings"
	"testing"

	"github.com/klauspost/compress/zstd"

	"github.com/larder-go/larder/codec"
)

const limit = 1 << 20

var (
	packedJSON = codec.Zstd(codec.JSON, limit)
	packedRaw  = codec.Zstd(codec.Raw, limit)
)

// frame compresses data as anybody could, with any claims in its header.
func frame(t testing.TB, data []byte, opts ...zstd.EOption) []byte {
	t.Helper()
	w, err := zstd.NewWriter(nil, opts...)
	if err != nil {
		t.Fatal(err)
	}
	defer w.Close()
	return w.EncodeAll(data, nil)
}

func TestZstdRoundTrip(t *testing.T) {
	noise := make([]byte, 10_000)
	_, _ = rand.Read(noise)
	for _, plain := range [][]byte{
		{}, []byte("x"), []byte("short"), bytes.Repeat([]byte("long "), 10_000), noise, make([]byte, limit),
		{0x28, 0xb5, 0x2f, 0xfd}, []byte("\x28\xb5\x2f\xfdlooks like a frame"), frame(t, []byte("is a frame")), []byte("\x28\xb5"),
		[]byte("\x50\x2a\x4d\x18\x04\x00\x00\x00skip"),
	} {
		data, err := packedRaw.Marshal(&plain)
		if err != nil {
			t.Fatal(err)
		}
		var got []byte
		if err := packedRaw.Unmarshal(data, &got); err != nil || !bytes.Equal(got, plain) {
			t.Errorf("%.20q comes back as %.20q, %v", plain, got, err)
		}
	}
}

func TestZstdCompressesOnlyWhatGetsShorter(t *testing.T) {
	short, long := "short", strings.Repeat("long ", 1000)
	data, err := packedJSON.Marshal(&short)
	if err != nil || string(data) != `"short"` {
		t.Errorf("a short value is stored as %q, %v", data, err)
	}
	data, err = packedJSON.Marshal(&long)
	if err != nil || len(data) > 100 || data[0] != 0x28 {
		t.Errorf("a long value takes %d bytes, %v", len(data), err)
	}
}

// TestZstdReadsPlain: it can be turned on over data that is there already.
func TestZstdReadsPlain(t *testing.T) {
	var v map[string]int
	if err := packedJSON.Unmarshal([]byte(` {"a": 1}`), &v); err != nil || v["a"] != 1 {
		t.Errorf("= %v, %v", v, err)
	}
}

func TestZstdLimitOnWriting(t *testing.T) {
	large := make([]byte, limit+1)
	if data, err := packedRaw.Marshal(&large); err == nil {
		t.Errorf("%d bytes above the limit are written as %d", len(large), len(data))
	}
}

// TestZstdBombs: frames of a few kilobytes that unpack to gigabytes are errors, and cost no more memory than the limit says.
func TestZstdBombs(t *testing.T) {
	zeros := make([]byte, 256<<20)
	whole := frame(t, zeros)
	var unsized bytes.Buffer // its header does not say how much there will be
	w, _ := zstd.NewWriter(&unsized, zstd.WithWindowSize(8<<20))
	_, _ = w.Write(zeros)
	_ = w.Close()
	half := frame(t, zeros[:limit/2+1])
	for name, bomb := range map[string][]byte{
		"sized": whole, "unsized": unsized.Bytes(), "many frames": bytes.Repeat(half, 1000), "one byte too many": frame(t, zeros[:limit+1]),
	} {
		if len(bomb) > 1<<20 {
			t.Fatalf("%s: the bomb has %d bytes", name, len(bomb))
		}
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		var v []byte
		err := packedRaw.Unmarshal(bomb, &v)
		runtime.ReadMemStats(&after)
		if err == nil {
			t.Errorf("%s: %d bytes of %d are unpacked", name, len(v), len(bomb))
		}
		if used := after.TotalAlloc - before.TotalAlloc; used > 16*limit {
			t.Errorf("%s: it takes %d MiB to refuse it", name, used>>20)
		}
	}
}

func TestZstdDamage(t *testing.T) {
	good := frame(t, bytes.Repeat([]byte(`"abc" `), 1000))
	for cut := 4; cut < len(good); cut++ {
		var v []byte
		if err := packedRaw.Unmarshal(good[:cut], &v); err == nil {
			t.Fatalf("a frame cut to %d of %d bytes is read", cut, len(good))
		}
	}
	bad := bytes.Clone(good)
	bad[len(bad)-1] ^= 1 // of the checksum
	var v []byte
	if err := packedRaw.Unmarshal(bad, &v); err == nil {
		t.Error("a frame with a wrong checksum is read")
	}
}

func TestNames(t *testing.T) {
	for _, name := range []string{"json", "raw", "json+zstd", "raw+zstd"} {
		c, err := codec.ByName(name)
		if err != nil || c.Name() != name {
			t.Errorf("ByName(%q) = %v, %v", name, c, err)
		}
	}
	if _, err := codec.ByName("gzip"); err == nil || !strings.Contains(err.Error(), "gzip") || !strings.Contains(err.Error(), "json+zstd") {
		t.Errorf("an unknown codec: %v", err)
	}
}
