package main

import (
	"strings"
	"testing"

	"github.com/larder-go/larder"
)

func TestSetAndGet(t *testing.T) {
	engines(t, func(t *testing.T, sh *shell) {
		sh.want("", 1, "get", "a")
		sh.want("", 0, "set", "a", " {\"b\": 1.50,\n\r\n \"c\":\"x\\n\", \"a\":1e2, \"b\":12345678901234567890}\n ")
		sh.want("{\"b\": 1.50, \"c\":\"x\\n\", \"a\":1e2, \"b\":12345678901234567890}\n", 0, "get", "a")
		sh.want("", 0, "set", "a", "null")
		sh.want("null\n", 0, "get", "a", "--default", "1")
		sh.want("", 0, "set", "", "-5")
		sh.want("-5\n", 0, "get", "")
		sh.want("", 0, "set", "--", "--json", "1")
		sh.want("1\n", 0, "get", "--", "--json")
		sh.want("{\"x\":[ ]}\n", 0, "get", "nope", "--default", "{\"x\":\n[ ]}")
		sh.want("-7\n", 0, "get", "nope", "--default", "-7")
		sh.fails(`get --default: not JSON`, "get", "nope", "--default", "x")
	})
}

func TestGetAnswersAsObject(t *testing.T) {
	sh := sqliteShell(t)
	sh.want("{\"stored\":true}\n", 0, "set", "a", "[1, 2]", "--json")
	sh.want("{\"found\":true,\"value\":[1, 2]}\n", 0, "--json", "get", "a")
	sh.want("{\"found\":false}\n", 1, "get", "--json", "b")
	sh.want("{\"found\":false,\"value\":3}\n", 0, "get", "--json", "b", "--default", "3")
	sh.raw("bad", "\xff{")
	sh.want("{\"found\":true,\"value_base64\":\"/3s=\"}\n", 0, "get", "--json", "bad")
	sh.fails(`get "bad": the stored value is not JSON (2 bytes)`, "get", "bad")
	sh.fails(`get-many "bad": the stored value is not JSON`, "get-many", "a", "bad")
	sh.raw("nan", "[NaN,\n-Infinity]")
	sh.want("[NaN,-Infinity]\n", 0, "get", "nan")
	sh.want("{\"a\":[1, 2],\"nan\":[NaN,-Infinity]}\n", 0, "get-many", "a", "nan")
	sh.want("{\"found\":true,\"value_base64\":\"~\"}\n", 0, "get", "nan", "--json")
}

func TestGetOnATerminalIsIndented(t *testing.T) {
	sh := sqliteShell(t)
	sh.raw("a", `{"x":[1,2.0]}`)
	sh.raw("nan", "[1,\nNaN]")
	sh.tty = true
	sh.want("{\n  \"x\": [\n    1,\n    2.0\n  ]\n}\n", 0, "get", "a")
	sh.want("[1,NaN]\n", 0, "get", "nan")
	sh.want("{\n  \"a\": {\n~", 0, "get-many", "a")
	sh.want("{\"a\":{\"x\":[1,2.0]}}\n", 0, "get-many", "a", "--json")
}

func TestAdd(t *testing.T) {
	engines(t, func(t *testing.T, sh *shell) {
		sh.want("", 0, "add", "a", "1", "--ttl", "never")
		sh.want("", 1, "add", "a", "2")
		sh.want("{\"added\":false}\n", 1, "add", "a", "2", "--json")
		sh.want("1\n", 0, "get", "a")
	})
}

func TestMany(t *testing.T) {
	engines(t, func(t *testing.T, sh *shell) {
		sh.want("", 0, "set-many", "--ttl", "10m", "a=1", `b={"x": [1]}`, `c="=="`, "=0")
		sh.want(`{"b":{"x": [1]},"nope":null,"a":1,"":0}`+"\n", 0, "get-many", "b", "nope", "a", "b", "")
		sh.wantTTL(600, "b")
		sh.in = `{"d":1.0, "e" : {"z":1,"a":[]},"\u00e9\ud83d\ude00":"x"}`
		sh.want("{\"stored\":3}\n", 0, "set-many", "--json")
		sh.want(`{"d":1.0,"e":{"z":1,"a":[]},"é😀":"x"}`+"\n", 0, "get-many", "d", "e", "é😀")
		sh.want("3\n", 0, "delete", "a", "d", "e", "nope")
		sh.want("0\n", 1, "delete", "a", "nope")
		sh.want("{\"deleted\":0}\n", 1, "delete", "a", "--json")
		sh.want("", 0, "set-many", "--ttl=5m", "x=1")
	})
}

func TestManyRefuses(t *testing.T) {
	sh := sqliteShell(t)
	sh.fails(`"a" is not KEY=JSON`, "set-many", "a")
	sh.fails(`the key "a" is given twice`, "set-many", "a=1", "a=2")
	sh.fails(`"b": NaN and Infinity`, "set-many", "a=1", "b=[NaN]")
	sh.fails(`"b": not JSON`, "set-many", "a=1", "b={")
	for in, part := range map[string]string{
		"":                   "standard input: empty, not JSON",
		"[1]":                "not a JSON object",
		`{"a":1,"a":2}`:      `the key "a" is there twice`,
		`{"a":1,"\ud800":2}`: "half a surrogate pair",
		`{"a":1} {}`:         "not JSON",
		"{\"\xff\":1}":       "not UTF-8",
		`{"a":NaN}`:          "NaN",
	} {
		sh.in = in
		sh.fails(part, "set-many")
	}
	sh.want("", 0, "keys")
	sh.fails(`"\xff" is not UTF-8`, "get-many", "\xff")
}

func TestTouchHasTTL(t *testing.T) {
	engines(t, func(t *testing.T, sh *shell) {
		sh.want("", 0, "set", "a", "1")
		sh.want("never\n", 0, "ttl", "a")
		sh.want("{\"found\":true,\"ttl\":null}\n", 0, "ttl", "a", "--json")
		sh.want("", 0, "touch", "a", "--ttl", "90")
		sh.wantTTL(90, "a")
		sh.want("{\"found\":true,\"ttl\":~}\n", 0, "ttl", "a", "--json")
		sh.want("{\"touched\":true}\n", 0, "touch", "a", "--json")
		sh.want("never\n", 0, "ttl", "a")
		sh.want("", 1, "touch", "b", "--ttl", "5s")
		sh.want("", 1, "ttl", "b")
		sh.want("{\"found\":false}\n", 1, "ttl", "b", "--json")
		sh.want("", 0, "has", "a")
		sh.want("", 1, "has", "b")
		sh.want("{\"found\":true}\n", 0, "has", "a", "--json")
	})
}

func TestTTLOfURLAndFlag(t *testing.T) {
	sh := sqliteShell(t)
	sh.want("", 0, "set", "a", "1", "--url", sh.url+"?ttl=10m")
	sh.wantTTL(600, "a")
	sh.want("", 0, "set", "a", "1", "--url", sh.url+"?ttl=10m", "--ttl", "never")
	sh.want("never\n", 0, "ttl", "a")
	sh.want("", 0, "set", "a", "1", "--ttl", "0.5h")
	sh.wantTTL(1800, "a")
}

func TestCounters(t *testing.T) {
	engines(t, func(t *testing.T, sh *shell) {
		sh.want("1\n", 0, "incr", "n", "--ttl", "1h")
		sh.wantTTL(3600, "n")
		sh.want("-4\n", 0, "incr", "n", "--", "-5")
		sh.want("-9\n", 0, "incr", "n", "-5")
		sh.want("-12\n", 0, "decr", "n", "3")
		sh.want("-11.9\n", 0, "incr", "n", "0.1")
		sh.want("-12\n", 0, "decr", "n", "1e-1")
		sh.want("{\"value\":-13}\n", 0, "decr", "n", "--json")
		sh.want("-2.5\n", 0, "decr", "m", "2.5")
		sh.fails(`incr "m": -2.5 is no integer`, "incr", "m")
		sh.want("-2.5\n", 0, "get", "m")
		sh.want("", 0, "set", "max", "9223372036854775807")
		sh.fails("out of range", "incr", "max")
		sh.want("9223372036854775807\n", 0, "get", "max")
		sh.want("", 0, "set", "null", "null")
		sh.fails("not a number", "incr", "null")
		sh.want("null\n", 0, "get", "null")
	})
}

func TestDeltaIsANumber(t *testing.T) {
	sh := memoryShell(t)
	for _, delta := range []string{"NaN", "nan", "Infinity", "0x10", "1_000", "+1", "01", ".5", "", " 1", "true", "1\n"} {
		sh.fails("DELTA "+quoted(delta)+" is not a number", "incr", "n", delta)
	}
	sh.fails("DELTA 9223372036854775808 is beyond 64 bits", "incr", "n", "9223372036854775808")
	sh.fails("DELTA 1e999: number out of range", "incr", "n", "1e999")
	sh.fails("number out of range", "decr", "n", "-9223372036854775808")
	sh.want("", 1, "has", "n")
}

func TestKeys(t *testing.T) {
	engines(t, func(t *testing.T, sh *shell) {
		sh.want("", 0, "keys")
		sh.want("", 0, "set", "a\n\\\xff\u200b\"é", "[1]", "--ttl", "1h")
		sh.want("a\\n\\\\\\xff\\u200b\"é\n", 0, "keys")
		sh.want(`{"key_base64":"~","ttl":3~,"bytes":3}`+"\n", 0, "keys", "--json")
		sh.want("", 0, "set", "b:1", "null")
		sh.want("", 0, "set", "b:<2>", "null")
		sh.want("b:1\n", 0, "keys", "b:1")
		sh.want(`{"key":"b:1","ttl":null,"bytes":4}`+"\n", 0, "keys", "b:1", "--json")
		sh.want(`{"key":"b:<2>","ttl":null,"bytes":4}`+"\n", 0, "keys", "b:<", "--json")
		for _, flags := range [][]string{{}, {"--json"}} {
			r := sh.run(append([]string{"keys", "--limit", "2"}, flags...)...)
			if n := strings.Count(r.out, "\n"); n != 2 || r.status != 0 {
				t.Errorf("--limit 2 %v: %d %q", flags, r.status, r.out)
			}
		}
		sh.fails("--limit is not above zero", "keys", "--limit", "0")
		sh.fails("--limit is not above zero", "keys", "--limit", "-1")
	})
}

func TestPrefixAndVersion(t *testing.T) {
	engines(t, func(t *testing.T, sh *shell) {
		sh.want("", 0, "set", "k", "1", "--key-prefix", "a")
		sh.want("", 0, "set", "k", "2", "--key-prefix=ab")
		sh.want("", 0, "set", "k", "3", "--key-prefix", "a", "--key-version", "2")
		sh.want("1\n", 0, "get", "k", "--key-prefix", "a")
		sh.want("3\n", 0, "get", "k", "--key-version", "2", "--url", sh.url+"?key_prefix=a")
		sh.want("", 1, "get", "k")
		sh.want("", 1, "get", "k", "--key-prefix", "", "--url", sh.url+"?key_prefix=a")
		sh.want("~a:2:k\n~", 0, "keys", "a:", "--url", sh.url+"?layout=bare")
	})
}

func TestClear(t *testing.T) {
	engines(t, func(t *testing.T, sh *shell) {
		for _, prefix := range []string{"a", "ab"} {
			sh.want("", 0, "set-many", "x=1", "y=2", "--key-prefix", prefix)
		}
		for _, args := range [][]string{{"clear"}, {"clear", "--yes", "--mine"}} {
			sh.fails("everything in the database", args...)
		}
		sh.want("2\n", 0, "clear", "--mine", "--key-prefix", "a")
		sh.want("{\"removed\":0}\n", 0, "clear", "--mine", "--key-prefix", "a", "--json")
		two := "2\n"
		if strings.HasPrefix(sh.url, "redis") { // which does not count
			two = ""
		}
		sh.want(two, 0, "clear", "--yes")
		sh.want("", 0, "keys", "--key-prefix", "ab")
	})
}

func TestServer(t *testing.T) {
	sh := sqliteShell(t)
	sh.want("engine ~sqlite\nversion~SQLite ~", 0, "ping")
	sh.want(`{"engine":"sqlite","version":"SQLite ~,"round_trip":0.~}`+"\n", 0, "ping", "--json")
	sh.want("", 0, "set", "a", "1")
	sh.want("url~entries ~1\n~", 0, "stats")
	sh.want(`{"url":"sqlite:~,"entries":1,~}`+"\n", 0, "stats", "--json")
	sh.want("larder ~go ~", 0, "version")
	sh.want(`{"larder":"~","go":"go~}`+"\n", 0, "version", "--json")
	sh.url = "memory://"
	sh.want("engine~memory\n~", 0, "ping")
	sh.url = "dummy://"
	sh.want("", 0, "set", "a", "1")
	sh.want("", 1, "get", "a")
	sh.want("\"x\"\n", 0, "get-or-set", "a", `"x"`)
}

func TestBadInput(t *testing.T) {
	sh := sqliteShell(t)
	sh.want("", 0, "set", "a", "1")
	sh.fails("no command", []string{}...)
	sh.fails(`no command "frobnicate"`, "--json", "frobnicate", "-5")
	sh.fails("sqlite: open: no answer within 1ns", "get", "a", "--timeout", "1ns")
	sh.fails("--frobnicate", "get", "--frobnicate", "a")
	sh.fails("a key is missing", "get")
	sh.fails("b", "get", "a", "b")
	sh.fails("write -- before", "get", "-x")
	for _, ttl := range []string{"0", "-5", "-1m", "0s", "1752000h", "6307200000", "1e5", "", "soon", "Never"} {
		sh.fails("--ttl", "set", "a", "2", "--ttl", ttl)
		sh.fails("--ttl", "touch", "a", "--ttl="+ttl)
	}
	sh.fails("6307200000 is more than 100 years", "set", "a", "2", "--ttl", "6307200000")
	sh.fails("--timeout", "get", "a", "--timeout", "0")
	sh.fails(`set "a": not JSON`, "set", "a", "hello")
	sh.fails("a text has double quotes", "set", "a", "hello")
	sh.fails("NaN and Infinity", "set", "a", `{"x":[1,-Infinity]}`)
	sh.fails("empty, not JSON", "set", "a", " ")
	sh.fails("not UTF-8", "set", "a", "\"\xff\"")
	sh.fails("bad key", "set", strings.Repeat("k", 1<<20), "1")
	sh.fails("bad key", "get", strings.Repeat("k", 1<<20))
	sh.want("1\n", 0, "get", "a")
}

func TestBadURLs(t *testing.T) {
	dir := t.TempDir()
	sh := &shell{t: t}
	for url, part := range map[string]string{
		"sqlite:" + dir:                       "directory",
		"nope://x":                            `unknown scheme "nope"`,
		"noscheme":                            "malformed URL",
		"memory://?frob=1":                    `unknown parameter "frob"`,
		"memory://?ttl=1&ttl=2":               "given twice",
		"memory://?max_entries=1&max_bytes=1": "max_",
		"memory://?ttl=0":                     "ttl=0",
		"memory://?timeout=soon":              "timeout=soon",
		"memory://?codec=xml":                 "codec",
		"sqlite:///none/none/x.db":            "/none/none",
	} {
		sh.fails(part, "get", "a", "--url", url)
	}
	for _, url := range []string{"redis://me:s3cret@h/0/%zz", "frob://me:s3cret@h", "frob://h?password=s3cret&x",
		"memory://u:s3cret@h:x", "memory://h?password=s3cret"} {
		for _, args := range [][]string{{"ping", "--url", url}, {"ping", url}, {url}, {"copy", "--from", url, "--to", url}} {
			r := sh.run(args...)
			if r.status != 2 || strings.Contains(r.err+r.out, "s3cret") {
				t.Errorf("%q: %d %q %q", args, r.status, r.out, r.err)
			}
		}
	}
}

func TestCodecOfTheURL(t *testing.T) {
	sh := sqliteShell(t)
	long := `"` + strings.Repeat("abc ", 1000) + `"`
	for _, name := range []string{"json+zstd", "raw+zstd"} {
		url := sh.url + "?codec=" + name
		sh.want("", 0, "set", "long", long, "--url", url)
		sh.want(long+"\n", 0, "get", "long", "--url", url)
		sh.want("2\n", 0, "incr", "n"+name, "2", "--url", url)
		sh.fails("not JSON", "get", "long")
		s, err := larder.Of[string](sh.open(url), "").Get(t.Context(), "long")
		if want := long; err != nil || (s != want && s != strings.Trim(want, `"`)) {
			t.Errorf("%s: %.20q %v", name, s, err)
		}
		sh.want("1\n", 0, "delete", "long")
	}
	// A value that is no JSON is legitimate under codec=raw, and damaged otherwise.
	sh.raw("text", "hello")
	sh.fails("not JSON", "get-or-set", "text", "1", "--url", sh.url+"?codec=raw")
	sh.want("{\"value_base64\":\"aGVsbG8=\"}\n", 0, "get-or-set", "text", "1", "--json", "--url", sh.url+"?codec=raw")
	if r := sh.run("get-or-set", "text", "1"); r.out != "1\n" || !strings.HasPrefix(r.err, "larder: note: ") {
		t.Errorf("%+v", r)
	}
	sh.raw("text", "hello")
	sh.want("1\n", 0, "get-or-set", "text", "1", "--quiet")
}

func (sh *shell) open(url string) *larder.Cache {
	c, err := larder.Open(sh.t.Context(), url)
	if err != nil {
		sh.t.Fatal(err)
	}
	sh.t.Cleanup(func() { c.Close() })
	return c
}

func TestDefaultURL(t *testing.T) {
	home := t.TempDir() + "/a b%c"
	for _, name := range []string{"HOME", "XDG_CACHE_HOME", "LocalAppData"} {
		t.Setenv(name, home)
	}
	sh := &shell{t: t}
	sh.want("", 0, "set", "a", "1")
	sh.want("1\n", 0, "get", "a")
	sh.want("~cache.db~", 0, "ping")
}

func quoted(s string) string {
	q := strings.NewReplacer("\n", `\n`).Replace(s)
	return `"` + q + `"`
}
