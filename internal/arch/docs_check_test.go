package arch

import (
	"strings"
	"testing"
	"testing/fstest"
)

func TestCheckDocFinds(t *testing.T) {
	file := &fstest.MapFile{}
	docs := fstest.MapFS{
		"README.md":          file,
		"scripts/test":       file,
		"cmd/larder/main.go": file,
		"docs/urls.md":       {Data: []byte("# The URLs, `all` of them\n```\n# no heading\n```\n")},
		"memory/memory.go":   file,
	}
	tests := []struct {
		name, text string
		want       string // part of the one fault; none if empty
	}{
		{"a file", "See [urls](docs/urls.md).", ""},
		{"a folder", "See [docs](docs/).", ""},
		{"a heading", "See [urls](docs/urls.md#the-urls-all-of-them).", ""},
		{"a heading of its own", "## Why?\n[why](#why)", ""},
		{"the web", "[go](https://go.dev/dl) [mail](mailto:a@example.org)", ""},
		{"a link in code", "`m[k](v)` and\n```\nf[int](x)\n```\n", ""},
		{"a path", "`scripts/test` and `./scripts/test` and `memory/`", ""},
		{"what only looks like a path", "`10/s` `application/json` `redis://localhost/0` `sqlite:///tmp/x.db`", ""},
		{"commands", "```\n$ go run ./cmd/larder tour\n./scripts/test --quick\ngo test ./...\ngo test -race ./memory/...\n```", ""},

		{"a missing file", "[urls](docs/url.md)", "docs/url.md, which does not exist"},
		{"a missing heading", "[urls](docs/urls.md#gone)", "a heading that docs/urls.md does not have"},
		{"a comment in code is no heading", "[urls](docs/urls.md#no-heading)", "a heading that"},
		{"a missing path", "`scripts/tests`", "`scripts/tests` does not exist"},
		{"a missing command", "```sh\ngo run ./cmd/lader tour\n```", "a command names ./cmd/lader"},
		{"a missing script", "```\n./script/test\n```", "a command names ./script/test"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			faults := checkDoc(docs, "README.md", tt.text)
			switch {
			case tt.want == "" && len(faults) > 0:
				t.Errorf("finds %q in what is right", faults)
			case tt.want != "" && (len(faults) != 1 || !strings.Contains(faults[0], tt.want)):
				t.Errorf("finds %q, want one fault that says %q", faults, tt.want)
			}
		})
	}
}
