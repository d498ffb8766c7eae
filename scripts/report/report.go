package main

import (
	"encoding/json"
	"fmt"
	"io"
	"strings"
)

// event is a line of `go test -json`; see `go doc test2json`.
type event struct {
	Action      string
	Package     string
	ImportPath  string // of build-output, in place of Package
	Test        string
	Elapsed     float64
	Output      string
	FailedBuild string
}

// A report counts leaves: a test with subtests is its subtests, and counts itself only if it failed
// while none of them did. Examples, fuzz seeds and benchmarks that ran as tests are tests here.
type report struct {
	out    io.Writer
	strict bool

	passed, failed int
	skipped        []string
	packages       map[string]*pkg
	builds         map[string]*strings.Builder // compiler output by import path
}

type pkg struct {
	tests                   map[string]*test
	output                  strings.Builder // outside of any test
	passed, failed, skipped int
	done                    bool
}

type test struct {
	output      strings.Builder
	hasSubtests bool
	subFailed   bool
}

func newReport(out io.Writer, strict bool) *report {
	return &report{out: out, strict: strict, packages: map[string]*pkg{}, builds: map[string]*strings.Builder{}}
}

// line takes one line of input. What is not an event is passed on: it is a message of the go command.
func (r *report) line(line string) {
	var e event
	if !strings.HasPrefix(line, "{") || json.Unmarshal([]byte(line), &e) != nil {
		fmt.Fprint(r.out, line)
		return
	}
	switch {
	case e.Action == "build-output":
		if r.builds[e.ImportPath] == nil {
			r.builds[e.ImportPath] = &strings.Builder{}
		}
		r.builds[e.ImportPath].WriteString(e.Output)
	case e.Package == "":
	case e.Test == "":
		r.packageEvent(e, r.pkg(e.Package))
	default:
		r.testEvent(e, r.pkg(e.Package))
	}
}

func (r *report) pkg(path string) *pkg {
	if r.packages[path] == nil {
		r.packages[path] = &pkg{tests: map[string]*test{}}
	}
	return r.packages[path]
}

func (p *pkg) test(name string) *test {
	if p.tests[name] == nil {
		p.tests[name] = &test{}
		if parent, ok := parentOf(name); ok {
			p.test(parent).hasSubtests = true
		}
	}
	return p.tests[name]
}

func parentOf(name string) (string, bool) {
	i := strings.LastIndexByte(name, '/')
	if i < 0 {
		return "", false
	}
	return name[:i], true
}

func (r *report) testEvent(e event, p *pkg) {
	t := p.test(e.Test)
	switch e.Action {
	case "output":
		t.output.WriteString(e.Output)
	case "pass":
		if !t.hasSubtests {
			p.passed++
		}
		delete(p.tests, e.Test) // a long run does not keep what nobody will read
	case "fail":
		if !t.subFailed {
			p.failed++
		}
		for name, ok := parentOf(e.Test); ok; name, ok = parentOf(name) {
			p.test(name).subFailed = true
		}
		fmt.Fprintf(r.out, "FAILED  %s %s (%.2f s)\n%s", e.Package, e.Test, e.Elapsed, indent(t.output.String()))
		delete(p.tests, e.Test)
	case "skip":
		p.skipped++
		r.skipped = append(r.skipped, e.Package+" "+e.Test+": "+skipReason(t.output.String()))
		delete(p.tests, e.Test)
	}
}

func (r *report) packageEvent(e event, p *pkg) {
	switch e.Action {
	case "output":
		p.output.WriteString(e.Output)
	case "pass", "skip": // a package is skipped if it has no tests
		p.done = true
		if p.passed+p.failed+p.skipped > 0 {
			fmt.Fprintf(r.out, "ok      %s  %s, %.1f s\n", e.Package, p.counts(), e.Elapsed)
		}
	case "fail":
		p.done = true
		r.packageFailed(e, p)
	default:
		return
	}
	if p.done {
		r.passed += p.passed
		r.failed += p.failed
	}
}

// packageFailed also says why a package failed of which no test did: it does not build, its
// process ended, or a check in TestMain found something.
func (r *report) packageFailed(e event, p *pkg) {
	if e.FailedBuild != "" {
		if b := r.builds[e.FailedBuild]; b != nil {
			fmt.Fprint(r.out, indent(b.String()))
			delete(r.builds, e.FailedBuild) // once is enough for all packages that need it
		}
	}
	if p.failed == 0 {
		p.failed = 1
		fmt.Fprint(r.out, indent(p.output.String()))
		for name, t := range p.tests { // those that were running when the process ended
			if !t.hasSubtests {
				fmt.Fprintf(r.out, "        unfinished: %s\n%s", name, indent(t.output.String()))
			}
		}
	}
	fmt.Fprintf(r.out, "FAILED  %s  %s, %.1f s\n", e.Package, p.counts(), e.Elapsed)
}

func (p *pkg) counts() string {
	s := fmt.Sprintf("%d passed", p.passed)
	if p.failed > 0 {
		s += fmt.Sprintf(", %d failed", p.failed)
	}
	if p.skipped > 0 {
		s += fmt.Sprintf(", %d skipped", p.skipped)
	}
	return s
}

// finish counts what never came to an end as failed, and names what was skipped.
func (r *report) finish() {
	for path, b := range r.builds {
		fmt.Fprintf(r.out, "build of %s:\n%s", path, indent(b.String()))
	}
	for path, p := range r.packages {
		if !p.done {
			r.passed += p.passed
			r.failed += p.failed + 1
			fmt.Fprintf(r.out, "FAILED  %s did not finish\n%s", path, indent(p.output.String()))
		}
	}
	word := "skipped"
	if r.strict {
		word = "SKIPPED, and here nothing may be:"
	}
	for _, s := range r.skipped {
		fmt.Fprintf(r.out, "%s %s\n", word, s)
	}
}

// ok tells whether everything passed; a run without any test did not.
func (r *report) ok() bool {
	return r.failed == 0 && r.passed > 0 && (!r.strict || len(r.skipped) == 0)
}

// skipReason finds the argument of t.Skip, which go test prints as `file_test.go:12: reason`.
func skipReason(output string) string {
	var reason []string
	for _, l := range strings.Split(output, "\n") {
		l = strings.TrimSpace(l)
		if l == "" || strings.HasPrefix(l, "=== ") || strings.HasPrefix(l, "--- SKIP") {
			continue
		}
		reason = append(reason, l)
	}
	if len(reason) == 0 {
		return "no reason given"
	}
	return strings.Join(reason, " ")
}

func indent(s string) string {
	if s == "" {
		return ""
	}
	return "        " + strings.ReplaceAll(strings.TrimRight(s, "\n"), "\n", "\n        ") + "\n"
}
