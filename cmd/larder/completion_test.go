package main

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func completion(t *testing.T, name string) string {
	return (&shell{t: t}).want("~larder~", 0, "completion", name).out
}

func TestBashCompletion(t *testing.T) {
	needs(t, "bash")
	script := completion(t, "bash")
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "some.jsonl"), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct{ line, want string }{
		{"larder se", "set set-many"},
		{"larder --url x --js", "--json"},
		{"larder --key-prefix set ge", "get get-or-set get-many"},
		{"larder get --de", "--default"},
		{"larder set --de", ""},
		{"larder clear --", "--help --json --key-prefix --key-version --mine --quiet --timeout --ttl --url --yes"},
		{"larder completion ", "bash zsh fish"},
		{"larder import some", "some.jsonl"},
		{"larder get --default ", ""},
		{"larder get some", ""},
		{"larder results ", "get wait list tree group chord forget watch audit"},
		{"larder results list --st", "--state --stuck-after"},
	} {
		words := strings.Split(c.line, " ")
		array := make([]string, len(words))
		for i, w := range words {
			array[i] = quoteShell(w)
		}
		text := fmt.Sprintf("%s\nCOMP_WORDS=(%s); COMP_CWORD=%d; _larder; echo \"${COMPREPLY[@]}\"", script, strings.Join(array, " "), len(words)-1)
		cmd := exec.Command("bash", "--norc", "-c", text)
		cmd.Dir = dir
		out, err := cmd.CombinedOutput()
		if err != nil {
			t.Fatalf("%s: %v", out, err)
		}
		got, want := strings.Fields(string(out)), strings.Fields(c.want)
		slices.Sort(got)
		slices.Sort(want)
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%q: %s", c.line, diff)
		}
	}
}

func TestCompletionParses(t *testing.T) {
	for _, name := range []string{"zsh", "fish"} {
		t.Run(name, func(t *testing.T) {
			script := completion(t, name)
			for _, part := range []string{"get-or-set", "key-prefix", "mine", "bash zsh fish"} {
				if !strings.Contains(script, part) {
					t.Errorf("no %s in it", part)
				}
			}
			if _, err := exec.LookPath(name); err != nil {
				t.Logf("%s is not here: its syntax is not checked", name)
				return
			}
			cmd := exec.Command(name, "-n")
			cmd.Stdin = strings.NewReader(script)
			if out, err := cmd.CombinedOutput(); err != nil {
				t.Errorf("%v: %s", err, out)
			}
		})
	}
	(&shell{t: t}).fails("tcsh", "completion", "tcsh")
	(&shell{t: t}).want("{\"shell\":\"fish\",\"script\":\"# fish~}\n", 0, "completion", "fish", "--json")
}
