package interop

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// program takes the one program of a language out of docs/python.md, with the test's server in its URL.
func (e env) program(language string) string {
	e.Helper()
	page, err := os.ReadFile(filepath.Join("..", "docs", "python.md"))
	ok(e, err)
	found := regexp.MustCompile("(?s)```"+language+"\n(.*?)```").FindAllStringSubmatch(string(page), -1)
	if len(found) != 1 {
		e.Fatalf("%d programs in %s", len(found), language)
	}
	return strings.ReplaceAll(found[0][1], "localhost:6379/0", fmt.Sprintf("%s/%d", e.server.Addr(), e.number))
}

// wantOutput runs a program and compares what it prints with the comments beside its Print lines.
func (e env) wantOutput(name, text, comment string, args ...string) {
	e.Helper()
	file := filepath.Join(e.TempDir(), name)
	ok(e, os.WriteFile(file, []byte(text), 0o600))
	cmd := exec.CommandContext(e.Context(), args[0], append(args[1:], file)...)
	if strings.HasSuffix(name, ".py") {
		cmd.Env = append(os.Environ(), "PYTHONPATH="+filepath.Join(environment, "async-caches-"+e.py.version))
	}
	out, err := cmd.CombinedOutput()
	var want []string
	for _, m := range regexp.MustCompile(`(?m)[Pp]rint.* `+comment+` (.*)$`).FindAllStringSubmatch(text, -1) {
		want = append(want, m[1])
	}
	if got := strings.TrimSpace(string(out)); err != nil || len(want) == 0 || got != strings.Join(want, "\n") {
		e.Errorf("%s: %v\n%s\nwant\n%s", name, err, got, strings.Join(want, "\n"))
	}
}

// TestDocumentation runs the programs of docs/python.md, one after the other, and looks for what the page says is then in Redis.
func TestDocumentation(t *testing.T) {
	everywhere(t, func(e env) {
		e.wantOutput("main.go", e.program("go"), "//", "go", "run")
		e.wantOutput("main.py", e.program("python"), "#", filepath.Join(environment, "bin", "python"))
		page, err := os.ReadFile(filepath.Join("..", "docs", "python.md"))
		ok(e, err)
		entries := regexp.MustCompile(`(?m)^    (shop:\S+) +(.*)$`).FindAllSubmatch(page, -1)
		if len(entries) != 3 {
			e.Fatalf("%d entries", len(entries))
		}
		for _, entry := range entries {
			e.wantStored(string(entry[1]), string(entry[2]))
		}
	})
}
