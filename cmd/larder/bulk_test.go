package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/larder-go/larder"
	"github.com/larder-go/larder/codec"
)

func TestImport(t *testing.T) {
	engines(t, func(t *testing.T, sh *shell) {
		sh.in = `{"key":"a","value":{"b":1.50, "a":[1e2]}}` + "\r\n\n" + `{"key_base64":"/w==","value_base64":"AA==","ttl":null}` + "\n" +
			`{"key":"c","value":1,"ttl":3600}`
		sh.want("", 0, "import", "--ttl", "10m")
		sh.want("{\"b\":1.50, \"a\":[1e2]}\n", 0, "get", "a")
		sh.wantTTL(600, "a")
		sh.wantTTL(3600, "c")
		sh.want("never\n", 0, "ttl", "\xff")
		sh.want("{\"found\":true,\"value_base64\":\"AA==\"}\n", 0, "get", "\xff", "--json")
		sh.in = `{"key":"a","value":1}`
		sh.want("{\"stored\":1,\"bad\":0}\n", 0, "import", "-", "--json")
		sh.want("never\n", 0, "ttl", "a")
		sh.want("", 0, "import")
	})
}

func TestImportNamesBadLines(t *testing.T) {
	sh := sqliteShell(t)
	long := strings.Repeat("k", 70_000)
	sh.in = "{\"key\":\"a\",\"value\":1}\nnope\n\n{\"key\":\"" + long + "\",\"value\":1}\n{\"key\":\"b\",\"value\":2}\n"
	r := sh.run("import")
	want := []string{"larder: line 2: not JSON", "larder: line 4: ", "larder: import: 2 bad lines, 2 entries stored"}
	lines := strings.Split(strings.TrimSuffix(r.err, "\n"), "\n")
	slices.Sort(lines[:max(len(lines)-1, 0)])
	if r.status != 2 || r.out != "" || len(lines) != len(want) {
		t.Fatalf("%d %q %q", r.status, r.out, r.err)
	}
	for i := range want {
		if !strings.HasPrefix(lines[i], want[i]) {
			t.Errorf("%q, want %q", lines[i], want[i])
		}
	}
	if !strings.Contains(lines[1], "bad key") || len(lines[1]) > 1000 {
		t.Errorf("%.1000q", lines[1])
	}
	sh.want("a\nb\n", 0, "keys")
}

func TestImportNamesTheFirstBadLines(t *testing.T) {
	sh := sqliteShell(t)
	sh.in = strings.Repeat("{}\n", 25) + `{"key":"a","value":1}`
	r := sh.run("import", "--json")
	if r.status != 2 || strings.Count(r.err, "\n") != shownBadLines+1 || !strings.Contains(r.err, "25 bad lines, of which the first 10 are named, 1 entries stored") {
		t.Errorf("%+v", r)
	}
	if r.out != "{\"stored\":1,\"bad\":25}\n" {
		t.Errorf("%q", r.out)
	}
}

// Of several lines with one key the last counts, whatever their lifetimes are.
func TestImportKeepsTheOrder(t *testing.T) {
	engines(t, func(t *testing.T, sh *shell) {
		var b strings.Builder
		for i := range 5000 {
			fmt.Fprintf(&b, `{"key":"k%d","value":%d,"ttl":%d}`+"\n", i%7, i, 1000+i%13)
		}
		sh.in = b.String()
		sh.want("", 0, "import")
		sh.want(`{"k0":4998,"k1":4999,"k2":4993,"k3":4994,"k4":4995,"k5":4996,"k6":4997}`+"\n", 0,
			"get-many", "k0", "k1", "k2", "k3", "k4", "k5", "k6")
	})
}

func TestImportFailures(t *testing.T) {
	sh := sqliteShell(t)
	dir := t.TempDir()
	sh.fails("no such file", "import", filepath.Join(dir, "none"))
	sh.fails("is a directory", "import", dir)
	sh.in = `{"key":"a","value":1}`
	sh.fails("directory", "import", "--url", "sqlite:"+dir)
}

// An import that waits for input ends when it is interrupted.
func TestImportIsInterrupted(t *testing.T) {
	sh := sqliteShell(t)
	in, feed := io.Pipe()
	defer feed.Close()
	ctx, stop := context.WithCancel(context.Background())
	defer stop()
	go func() {
		fmt.Fprintln(feed, `{"key":"a","value":1}`)
		for sh.run("has", "a").status != 0 {
			time.Sleep(time.Millisecond)
		}
		stop()
	}()
	var out, stderr strings.Builder
	w := world{stdin: in, stdout: &out, stderr: &stderr, env: func(string) string { return sh.url }}
	if status := w.run(ctx, []string{"import"}); status != 2 || stderr.String() != "larder: interrupted\n" {
		t.Errorf("%d %q", status, stderr.String())
	}
}

func TestExportAndImport(t *testing.T) {
	sh := sqliteShell(t)
	sh.raw("plain", `{"b":1.50, "a":"\ud800"}`)
	sh.raw("lines", "[1,\n2]", larder.TTL(time.Hour))
	sh.raw("end", "42\n")
	sh.raw("nan", "[NaN]")
	sh.raw("text", "hello\n\xff")
	sh.raw("\xff\x00", "null")
	sh.raw("<é>\n", `"\xff"`)
	r := sh.want("~", 0, "export")
	for _, want := range []string{
		`{"key":"plain","value":{"b":1.50, "a":"\ud800"},"ttl":null}` + "\n",
		`{"key":"lines","value_base64":"WzEsCjJd","ttl":3`,
		`{"key":"end","value_base64":"NDIK","ttl":null}` + "\n",
		`{"key":"nan","value_base64":"W05hTl0=","ttl":null}` + "\n",
		`{"key":"text","value_base64":"aGVsbG8K/w==","ttl":null}` + "\n",
		`{"key_base64":"/wA=","value":null,"ttl":null}` + "\n",
		`{"key":"<é>\n","value_base64":"`,
	} {
		if !strings.Contains(r.out, want) {
			t.Errorf("no %s in\n%s", want, r.out)
		}
	}
	other := sqliteShell(t)
	other.in = r.out
	other.want("", 0, "import")
	again := other.want("~", 0, "export")
	if a, b := withoutTTL(r.out), withoutTTL(again.out); a != b {
		t.Errorf("exported\n%s\nimported and exported\n%s", a, b)
	}
	other.wantTTL(3600, "lines")
	if got, err := (&client{Cache: other.cache()}).get("end"); err != nil || got != "42\n" {
		t.Errorf("%q %v", got, err)
	}
	sh.want(`{"key":"plain",~`, 0, "export", "--prefix", "pl")
	sh.want("", 0, "export", "--prefix", "none")
}

// get returns the bytes of a value.
func (c *client) get(key string) (string, error) {
	v, err := c.view("", codec.Raw)
	if err != nil {
		return "", err
	}
	value, err := v.Get(context.Background(), key)
	return string(value), err
}

func withoutTTL(lines string) string {
	all := strings.Split(lines, "\n")
	for i, line := range all {
		all[i], _, _ = strings.Cut(line, `,"ttl":3`)
	}
	return strings.Join(all, "\n")
}

func TestExportFile(t *testing.T) {
	sh := sqliteShell(t)
	sh.want("", 0, "set", "a", "1")
	dir := t.TempDir()
	file := filepath.Join(dir, "out.jsonl")
	sh.want("", 0, "export", file)
	sh.want("{\"exported\":1}\n", 0, "export", file, "--json")
	data, err := os.ReadFile(file)
	if err != nil || string(data) != "{\"key\":\"a\",\"value\":1,\"ttl\":null}\n" {
		t.Errorf("%q %v", data, err)
	}
	sh.want("", 0, "import", file)
	// What cannot be finished leaves the old file as it is, and nothing else.
	ctx, stop := context.WithCancel(context.Background())
	stop()
	if r := sh.runContext(ctx, "export", file); r.status != 2 {
		t.Errorf("%+v", r)
	}
	sh.fails("no such file", "export", filepath.Join(dir, "none", "x"))
	if left, _ := os.ReadDir(dir); len(left) != 1 {
		t.Errorf("left: %v", left)
	}
	if again, _ := os.ReadFile(file); string(again) != string(data) {
		t.Errorf("%q", again)
	}
	sh.want("", 0, "export", os.DevNull)
}

func TestManyEntriesComeThrough(t *testing.T) {
	const n = 1500
	sh := sqliteShell(t)
	var b strings.Builder
	for i := range n {
		fmt.Fprintf(&b, `{"key":"k%d","value":"%s","ttl":%d}`+"\n", i, strings.Repeat("v", i), 1000+i)
	}
	sh.in = b.String()
	sh.want("", 0, "import")
	for _, args := range [][]string{{"keys"}, {"keys", "--json"}, {"export"}} {
		if r := sh.run(args...); strings.Count(r.out, "\n") != n {
			t.Errorf("%v: %d lines, %s", args, strings.Count(r.out, "\n"), r.err)
		}
	}
	to := sqliteShell(t)
	sh.want("{\"copied\":1500}\n", 0, "copy", "--from", sh.url, "--to", to.url, "--json")
	to.want(`"`+strings.Repeat("v", 1499)+`"`+"\n", 0, "get", "k1499")
	for _, i := range []int{0, 1, 700, 1499} {
		to.wantTTL(float64(1000+i), fmt.Sprintf("k%d", i))
	}
	sh.want("1500\n", 0, "clear", "--mine")
}

func TestCopy(t *testing.T) {
	from, to := sqliteShell(t), memoryShell(t)
	from.want("", 0, "set", "a", "1")
	from.raw("\xff", "hello", larder.TTL(time.Hour))
	from.raw("packed", `"`+strings.Repeat("x", 500)+`"`)
	to.want("", 0, "set", "a", "0", "--ttl", "5m")
	to.want("", 0, "set", "b", "2")
	from.want("", 0, "copy", "--from", from.url, "--to", to.url, "--quiet")
	to.want("1\n", 0, "get", "a")
	to.want("never\n", 0, "ttl", "a")
	to.want("2\n", 0, "get", "b")
	to.wantTTL(3600, "\xff")
	to.want("{\"found\":true,\"value_base64\":\"aGVsbG8=\"}\n", 0, "get", "\xff", "--json")
	// Each side has its own codec and prefix.
	packed := from.url + "?codec=json+zstd&key_prefix=p"
	from.want("", 0, "copy", "--from", from.url, "--to", packed)
	from.want(`{"key":"packed","ttl":null,"bytes":~}`+"\n", 0, "keys", "packed", "--json", "--url", packed)
	from.want(`"xxx~`, 0, "get", "packed", "--url", packed)
	from.fails("not JSON", "get", "packed", "--key-prefix", "p")
}

func TestCopyRefuses(t *testing.T) {
	sh := sqliteShell(t)
	sh.want("", 0, "set", "a", "1")
	link := filepath.Join(t.TempDir(), "link.db")
	sh.fails("into what --from reads", "copy", "--from", sh.url, "--to", sh.url)
	sh.fails("into what --from reads", "copy", "--from", sh.url+"?layout=bare", "--to", sh.url+"?key_prefix=x")
	sh.fails("into what --from reads", "copy", "--from", sh.url+"?key_prefix=x", "--to", sh.url+"?key_prefix=y", "--key-prefix", "z")
	sh.fails("into what --from reads", "copy", "--from", "sqlite:"+link, "--to", "sqlite:"+link+"?sync=off")
	sh.fails("--to", "copy", "--from", sh.url)
	sh.fails("not --url", "copy", "--from", sh.url, "--to", "memory://", "--url", "memory://")
	sh.fails("unknown scheme", "copy", "--from", sh.url, "--to", "nope://")
	sh.want("", 0, "copy", "--from", sh.url, "--to", "memory://", "--quiet")
	sh.want("a\n", 0, "keys")
}
