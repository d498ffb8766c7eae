package main

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/larder-go/larder/celery"
)

func TestResultsSettings(t *testing.T) {
	sh := sqliteShell(t)
	w := workersWith(sh, celery.Config{ResultSerializer: "msgpack", ResultAcceptContent: []string{"msgpack"},
		ResultBackendTransportOptions: celery.TransportOptions{GlobalKeyPrefix: "shop"}})
	w.put(celery.Meta{TaskID: "a", Status: celery.Success, Result: value(t, 7)})
	file := filepath.Join(t.TempDir(), "celery.yaml")
	settings := func(text string) {
		w.ok(os.WriteFile(file, []byte(text), 0o600))
	}
	row := golden("a|SUCCESS|" + done + "|7")
	sh.want("", 0, "results", "list")
	sh.want(row, 0, "results", "list", "--key-prefix", "shop", "--serializer", "msgpack")
	sh.want("~unreadable~", 0, "results", "list", "--key-prefix", "shop")
	settings("result_backend: " + quoteYAML(sh.url) + "\nresult_serializer: msgpack\naccept_content: [msgpack]\nresult_backend_transport_options: {global_keyprefix: shop_}\n")
	for _, url := range []string{"", "memory://"} { // the file counts more than the environment
		alone := &shell{t: t, url: url}
		alone.want(row, 0, "results", "list", "--config", file)
		alone.want(row, 0, "results", "--config", file, "list")
	}
	sh.wantOneNote("nothing is stored", "", 1, "results", "get", "a", "--config", file, "--url", "dummy://")
	settings("result_serialiser: json\nresult_backend: " + quoteYAML(sh.url))
	r := sh.run("results", "get", "b", "--config", file)
	if r.status != 1 || !strings.Contains(r.err, "note: "+file+": result_serialiser: Celery has no such setting; did you mean result_serializer?") {
		t.Errorf("%+v", r)
	}
	settings("result_expires: soon")
	sh.fails("result_expires", "results", "get", "b", "--config", file)
	sh.fails("no such file", "results", "get", "b", "--config", file+"x")
	sh.fails("is not known", "results", "get", "b", "--serializer", "xml")
}

func quoteYAML(s string) string { return "'" + strings.ReplaceAll(s, "'", "''") + "'" }

func TestResultsBadInput(t *testing.T) {
	sh := sqliteShell(t)
	sh.fails("one of its commands is missing", "results")
	sh.fails(`there is no command "results gett", did you mean results get?`, "results", "gett", "x")
	sh.fails("an id is missing", "results", "get")
	sh.fails("an id is missing", "results", "wait")
	sh.fails("one argument too many", "results", "get", "a", "b")
	sh.fails("--state needs a value", "results", "list", "--state")
	sh.fails("--older", "results", "list", "--older", "soon")
	sh.fails("their keys have no version", "results", "get", "a", "--key-version", "1")
	sh.fails("keys of results have a global_keyprefix", "results", "get", "a", "--url", sh.url+"?key_prefix=x")
	sh.fails("unknown", "results", "get", "a", "--url", "cache+nope://x/")
	sh.fails("connect", "results", "get", "a", "--url", "redis://:s3cret@127.0.0.1:1/0")
	if r := sh.run("results", "get", "a", "--url", "redis://:s3cret@127.0.0.1:1/0"); strings.Contains(r.err, "s3cret") {
		t.Errorf("%q", r.err)
	}
	(&shell{t: t}).fails("where are they?", "results", "list")
	missing := filepath.Join(t.TempDir(), "none.db")
	r := sh.run("results", "list", "--url", fileURL(missing))
	if _, err := os.Stat(missing); r.status != 0 || r.out != "" || !strings.Contains(r.err, "note: ") || !errors.Is(err, os.ErrNotExist) {
		t.Errorf("%+v %v", r, err)
	}
}
