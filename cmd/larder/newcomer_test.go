package main

import (
	"database/sql"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// A database that is not there is an empty one for what only reads; it is not made, and a note says so.
func TestReadingCreatesNothing(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "typo.db")
	sh := &shell{t: t, url: fileURL(path)}
	want := path + " does not exist (larder set, add, import … create it)"
	for _, c := range []struct {
		out    string
		status int
		args   []string
	}{
		{"", 1, []string{"get", "a"}}, {"1\n", 0, []string{"get", "a", "--default", "1"}}, {"{\"a\":null}\n", 0, []string{"get-many", "a"}},
		{"", 1, []string{"has", "a"}}, {"", 1, []string{"ttl", "a"}}, {"", 0, []string{"keys"}}, {"", 0, []string{"keys", "--all"}},
		{"", 0, []string{"export"}}, {"0\n", 1, []string{"delete", "a"}}, {"", 1, []string{"touch", "a"}},
		{"0\n", 0, []string{"clear", "--yes"}}, {"0\n", 0, []string{"clear", "--mine"}}, {"", 1, []string{"get", "a", "--url", sh.url + "?"}},
	} {
		r := sh.run(c.args...)
		if r.out != c.out || r.status != c.status || !strings.Contains(r.err, want) {
			t.Errorf("larder %q: %d %q, stderr %q", c.args, r.status, r.out, r.err)
		}
	}
	sh.fails(want, "copy", "--from", sh.url, "--to", "dummy://")
	sh.fails("mode=rw does not create it", "get", "a", "--url", sh.url+"?mode=rw")
	sh.fails("mode=rw does not create it", "set", "a", "1", "--url", sh.url+"?mode=rw")
	sh.fails("its directory", "get", "a", "--url", fileURL(filepath.Join(dir, "none", "x.db")))
	if left, _ := os.ReadDir(dir); len(left) > 0 {
		t.Errorf("left: %v", left)
	}
	sh.want("", 1, "get", "a", "--url", sh.url+"?mode=rwc")
	r := sh.want("~", 0, "stats")
	if strings.Contains(r.out, "mode=") || strings.Contains(r.out, "busy_timeout") {
		t.Errorf("what the command has added is shown: %s", r.out)
	}
	for i, args := range [][]string{{"set", "a", "1"}, {"add", "a", "1"}, {"get-or-set", "a", "1"}, {"incr", "a"}, {"decr", "a"},
		{"set-many", "a=1"}, {"import"}, {"copy", "--from", sh.url, "--to", "URL"}} {
		made := fileURL(filepath.Join(dir, "made"+string(rune('a'+i))))
		if args[0] == "copy" {
			args[4] = made
			sh.want("", 0, args...)
		} else {
			sh.want("~", 0, append(args, "--url", made)...)
		}
		sh.want("~", 0, "ping", "--url", made)
	}
}

// The default file is the user's own: nothing stored yet is an empty cache.
func TestDefaultURLIsEmptyAtFirst(t *testing.T) {
	for _, c := range []struct {
		args   []string
		out    string
		status int
	}{
		{[]string{"get", "a"}, "", 1}, {[]string{"keys"}, "", 0}, {[]string{"delete", "a"}, "0\n", 1},
		{[]string{"has", "a"}, "", 1}, {[]string{"export"}, "", 0}, {[]string{"stats"}, "~", 0}, {[]string{"clear", "--yes"}, "0\n", 0},
	} {
		home := t.TempDir()
		for _, name := range []string{"HOME", "XDG_CACHE_HOME", "LocalAppData"} {
			t.Setenv(name, home)
		}
		(&shell{t: t}).want(c.out, c.status, c.args...)
	}
}

// wantNote runs and compares status, standard output and error.
func (sh *shell) wantNote(note, out string, status int, args ...string) {
	sh.t.Helper()
	if r := sh.run(args...); r.err != note || r.out != out || r.status != status {
		sh.t.Errorf("larder %q: %d %q, stderr %q, want %q", args, r.status, r.out, r.err, note)
	}
}

func TestOtherKeysAreMentioned(t *testing.T) {
	engines(t, func(t *testing.T, sh *shell) {
		sh.want("", 0, "keys")
		sh.want("", 0, "set", "a", "1", "--key-prefix", "p")
		const one = "larder: no keys under this key prefix and version, 1 other is there: keys --all shows it\n"
		const two = "larder: no keys under this key prefix and version, 2 others are there: keys --all shows them\n"
		sh.wantNote(one, "", 0, "keys")
		sh.want("", 0, "set", "b", "1", "--key-version", "2")
		sh.wantNote(two, "", 0, "keys")
		sh.wantNote(two, "", 0, "keys", "--json", "x")
		sh.wantNote(two, "", 0, "export")
		sh.wantNote(two, "", 0, "export", filepath.Join(t.TempDir(), "x"))
		sh.wantNote(two, "", 0, "copy", "--from", sh.url, "--to", "dummy://")
		sh.wantNote("", "", 0, "keys", "--quiet")
		sh.wantNote("", "a\n", 0, "keys", "--key-prefix", "p")
		sh.wantNote("", "", 0, "keys", "x", "--key-prefix", "p")
		sh.wantNote("", ":2:b\n", 0, "keys", "--all", ":")
		sh.wantNote("", ":2:b\n", 0, "keys", "--all", ":", "--url", sh.url+"?key_prefix=q&version=7")
		sh.wantNote("", `{"key":"p::a","ttl":null,"bytes":1}`+"\n", 0, "keys", "--all", "p", "--json")
		sh.fails("--all", "keys", "--all", "--key-prefix", "p")
		sh.fails("--all", "keys", "--all", "--key-version", "2")
	})
}

// hold keeps the write lock of the shell's database.
func (sh *shell) hold() {
	var db *sql.DB
	if !sh.cache().As(&db) {
		sh.t.Fatal("no *sql.DB")
	}
	tx, err := db.Begin() // immediately, with the write lock
	if err != nil {
		sh.t.Fatal(err)
	}
	sh.t.Cleanup(func() { _ = tx.Rollback() })
}

func TestTimeoutsSayWhose(t *testing.T) {
	sh := sqliteShell(t)
	sh.hold()
	sh.fails(`waited for busy_timeout=270ms`, "set", "a", "1", "--timeout", "300ms")
	sh.fails(`raise --timeout`, "set", "a", "1", "--timeout", "100ms")
	const late = `no answer within 100ms (--timeout); another process may hold the lock`
	sh.fails(late, "set", "a", "1", "--timeout", "100ms", "--url", sh.url+"?busy_timeout=5s")
	sh.fails(`no answer within 100ms (the URL's timeout); another`, "set", "a", "1", "--url", sh.url+"?busy_timeout=5s&timeout=100ms")
	sh.fails("sqlite: open: no answer within 1ns (--timeout); another process may hold the lock\n", "get", "a", "--timeout", "1ns")
}

func TestUsageErrors(t *testing.T) {
	sh := &shell{t: t}
	for _, c := range []struct{ args, want string }{
		{"get a --ttl", "larder: --ttl needs a value, such as 10m\n"},
		{"--url", "larder: --url needs a value, such as sqlite:cache.db\n"},
		{"keys --limit", "larder: --limit needs a value, such as 10\n"},
		{"--url memory://", "larder: no command is given; larder --help lists them\n"},
		{"--json", "larder: no command is given; larder --help lists them\n"},
		{"get", "larder: get: a key is missing (larder get --help)\n"},
		{"set", "larder: set: a key and a value are missing (larder set --help)\n"},
		{"set a", "larder: set: a value is missing (larder set --help)\n"},
		{"delete", "larder: delete: a key is missing (larder delete --help)\n"},
		{"completion", "larder: completion: a shell is missing (larder completion --help)\n"},
		{"get a extra", "larder: get: \"extra\" is one argument too many (larder get --help)\n"},
		{"copy --from memory://", "larder: copy: --to is missing (larder copy --help)\n"},
		{"copy", "larder: copy: --from and --to are missing (larder copy --help)\n"},
		{"ls", "larder: there is no command \"ls\", did you mean keys? larder --help lists them\n"},
		{"list", "larder: there is no command \"list\", did you mean keys? larder --help lists them\n"},
		{"rm a", "larder: there is no command \"rm\", did you mean delete? larder --help lists them\n"},
		{"del a", "larder: there is no command \"del\", did you mean delete? larder --help lists them\n"},
		{"gte a", "larder: there is no command \"gte\", did you mean get? larder --help lists them\n"},
		{"stat", "larder: there is no command \"stat\", did you mean stats? larder --help lists them\n"},
		{"help me", "larder: there is no command \"me\"; larder --help lists them\n"},
		{"get --frob", "larder: get: unknown flag --frob (larder get --help)\n"},
	} {
		if r := sh.run(strings.Fields(c.args)...); r.status != 2 || r.out != "" || r.err != c.want {
			t.Errorf("larder %s: %d %q %q", c.args, r.status, r.out, r.err)
		}
	}
	for args, same := range map[string]string{"help": "--help", "help get": "get --help", "--version": "version",
		"--version --json": "version --json"} {
		got, want := sh.run(strings.Fields(args)...), sh.run(strings.Fields(same)...)
		if got != want || got.status != 0 {
			t.Errorf("larder %s: %+v", args, got)
		}
	}
}

func TestHelpBeginsWithTheCommand(t *testing.T) {
	sh := &shell{t: t}
	out := sh.run("get", "--help").out
	own, global := strings.Index(out, "--default"), strings.Index(out, "\nGlobal flags:\n")
	if own < 0 || global < own || strings.Index(out, "--url") < global {
		t.Error(out)
	}
	if out := sh.run("copy", "--help").out; strings.Contains(out, "--url") || !strings.Contains(out, "--from") {
		t.Error(out)
	}
	if out := sh.run("--help").out; !strings.Contains(out, "--url") {
		t.Error(out)
	}
}

func TestMessagesInTheCommandsTerms(t *testing.T) {
	sh := sqliteShell(t)
	zip := sh.url + "?codec=json%2Bzstd"
	sh.want("", 0, "set", "z", `"`+strings.Repeat("x", 1000)+`"`, "--url", zip)
	sh.fails("it looks compressed: add codec=json%2Bzstd to the URL", "get", "z")
	sh.fails("it looks compressed", "get-many", "z")
	sh.want("", 0, "set", "f", "5.5")
	sh.fails(`5.5 is no integer: write -3.0 to count in floats`, "incr", "f", "-3")
	sh.fails(`5.5 is no integer: write 1.0 to count in floats`, "decr", "f")
	sh.want("2.5\n", 0, "incr", "f", "-3.0")
	sh.fails("leave ttl out for no expiry", "get", "f", "--url", sh.url+"?ttl=0")
	if r := sh.run("get", "f", "--url", sh.url+"?ttl=0"); strings.Contains(r.err, "NoExpiry") {
		t.Error(r.err)
	}
	sh.in = `{"key":"a","value":1,"ttl":0}`
	if r := sh.run("import"); !strings.Contains(r.err, "line 1: ttl: 0 is not above zero (null means no expiry)\n") {
		t.Error(r.err)
	}
	r := sh.want("~", 0, "stats")
	if strings.Contains(r.out, "evictions") || strings.Contains(r.out, "purged") {
		t.Error(r.out)
	}
	file := filepath.Join(t.TempDir(), "none", "x.jsonl")
	if r := sh.run("export", file); r.err != "larder: export: open "+file+": no such file or directory\n" {
		t.Error(r.err)
	}
}

func TestMemoryLastsOneCommand(t *testing.T) {
	shortRates(t)
	sh := sqliteShell(t)
	const note = "larder: note: memory:// lasts only as long as this command\n"
	m := []string{"--url", "memory://"}
	sh.wantNote(note, "", 0, append(m, "set", "a", "1")...)
	sh.wantNote(note, "", 1, append(m, "get", "a")...)
	sh.wantNote("", "", 1, append(m, "get", "a", "--quiet")...)
	sh.wantNote(note, "", 0, "copy", "--from", sh.url, "--to", "memory://")
	sh.want("~", 0, append(m, "tour")...)
	sh.want("~", 0, append(m, "ping")...)
}
