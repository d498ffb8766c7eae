//go:build footprint && unix

package main

import (
	"bufio"
	"fmt"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"syscall"
	"testing"
	"time"
)

// The commands that stream take no more memory than this with a million entries, in bytes.
const footprintLimit = 150 << 20

// TestFootprint measures the peak memory of the commands that stream, on a million entries with keys of 20 bytes and
// values of 100. It takes some minutes:
//
//	go test -tags footprint -run Footprint -v ./cmd/larder
func TestFootprint(t *testing.T) {
	const n = 1_000_000
	larder := program(t)
	in := larder("import", "--ttl", "24h")
	feedLines(t, in, n)
	dir := t.TempDir()
	measureFootprint(t, in, n)
	url, _ := strings.CutPrefix(in.Env[len(in.Env)-1], "LARDER_URL=")
	for _, args := range [][]string{
		{"keys"},
		{"keys", "--json"},
		{"export"},
		{"export", filepath.Join(dir, "all.jsonl")},
		{"import", filepath.Join(dir, "all.jsonl"), "--key-prefix", "again"}, // each line with a ttl of its own
		{"copy", "--from", url, "--to", fileURL(filepath.Join(dir, "copy.db"))},
		{"clear", "--mine", "--key-prefix", "again"},
		{"clear", "--mine"},
	} {
		measureFootprint(t, larder(args...), n)
	}
}

func feedLines(t *testing.T, cmd *exec.Cmd, n int) {
	in, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	go func() {
		w := bufio.NewWriterSize(in, 1<<20)
		for i := range n {
			fmt.Fprintf(w, `{"key":"key:%016d","value":"%098d"}`+"\n", i*7919%n, i)
		}
		w.Flush()
		in.Close()
	}()
}

func measureFootprint(t *testing.T, cmd *exec.Cmd, n int) {
	start := time.Now()
	out, err := cmd.StderrPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	for s := bufio.NewScanner(out); s.Scan(); {
		t.Error(s.Text())
	}
	if err := cmd.Wait(); err != nil {
		t.Error(err)
	}
	took := time.Since(start)
	peak := int64(cmd.ProcessState.SysUsage().(*syscall.Rusage).Maxrss)
	if runtime.GOOS != "darwin" {
		peak <<= 10
	}
	t.Logf("%5.1f MiB %6.1f s %8.0f entries/s  %v", float64(peak)/(1<<20), took.Seconds(), float64(n)/took.Seconds(), cmd.Args[1:])
	if peak > footprintLimit {
		t.Errorf("%v: a peak of %d bytes", cmd.Args[1:], peak)
	}
}
