package main

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"path/filepath"
	"strings"
	"testing"
)

// benchEntries have about the size of Debian's package descriptions.
const benchEntries = 20_000

func benchLines() []byte {
	var b bytes.Buffer
	text := strings.Repeat("libc6 (>= 2.34), ", 50)
	for i := range benchEntries {
		fmt.Fprintf(&b, `{"key": "package-%d=1.0", "value": {"Package": "package-%d", "Depends": "%s"}}`+"\n", i, i, text)
	}
	return b.Bytes()
}

func benchRun(b *testing.B, url string, in io.Reader, args ...string) {
	w := world{stdin: in, stdout: io.Discard, stderr: io.Discard, env: func(string) string { return url }}
	if status := w.run(context.Background(), args); status != 0 {
		b.Fatal(args, status)
	}
}

func reportEntries(b *testing.B, size int) {
	b.SetBytes(int64(size))
	b.ReportMetric(float64(benchEntries)*float64(b.N)/b.Elapsed().Seconds(), "entries/s")
}

func BenchmarkImport(b *testing.B) {
	lines := benchLines()
	for b.Loop() {
		benchRun(b, fileURL(filepath.Join(b.TempDir(), "bench.db")), bytes.NewReader(lines), "import")
	}
	reportEntries(b, len(lines))
}

func BenchmarkExport(b *testing.B) {
	url, lines := fileURL(filepath.Join(b.TempDir(), "bench.db")), benchLines()
	benchRun(b, url, bytes.NewReader(lines), "import")
	for b.Loop() {
		benchRun(b, url, nil, "export")
	}
	reportEntries(b, len(lines))
}

func BenchmarkParseRecord(b *testing.B) {
	line := bytes.SplitN(benchLines(), []byte("\n"), 2)[0]
	b.SetBytes(int64(len(line)))
	for b.Loop() {
		if _, err := parseRecord(line); err != nil {
			b.Fatal(err)
		}
	}
}
