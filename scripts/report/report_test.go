package main

import (
	"strings"
	"testing"
)

// The streams below were captured from go test -json and shortened to what matters.
func TestReport(t *testing.T) {
	tests := []struct {
		name           string
		stream         string
		strict         bool
		passed, failed int
		skipped        int
		ok             bool
		says           []string
	}{{
		name: "leaves are counted, their parents are not",
		stream: `
{"Action":"run","Package":"p","Test":"TestA"}
{"Action":"run","Package":"p","Test":"TestA/x"}
{"Action":"run","Package":"p","Test":"TestA/y"}
{"Action":"pass","Package":"p","Test":"TestA/x","Elapsed":0}
{"Action":"pass","Package":"p","Test":"TestA/y","Elapsed":0}
{"Action":"pass","Package":"p","Test":"TestA","Elapsed":0}
{"Action":"pass","Package":"p","Elapsed":0.004}`,
		passed: 2, ok: true, says: []string{"ok      p  2 passed"},
	}, {
		name: "a failing subtest is one failure",
		stream: `
{"Action":"run","Package":"p","Test":"TestA"}
{"Action":"run","Package":"p","Test":"TestA/x"}
{"Action":"output","Package":"p","Test":"TestA/x","Output":"    a_test.go:3: boom\n"}
{"Action":"fail","Package":"p","Test":"TestA/x","Elapsed":0}
{"Action":"fail","Package":"p","Test":"TestA","Elapsed":0}
{"Action":"fail","Package":"p","Elapsed":0.004}`,
		failed: 1, says: []string{"FAILED  p TestA/x", "boom", "FAILED  p  0 passed, 1 failed"},
	}, {
		name: "a parent that fails by itself is counted",
		stream: `
{"Action":"run","Package":"p","Test":"TestA"}
{"Action":"run","Package":"p","Test":"TestA/x"}
{"Action":"pass","Package":"p","Test":"TestA/x","Elapsed":0}
{"Action":"fail","Package":"p","Test":"TestA","Elapsed":0}
{"Action":"fail","Package":"p","Elapsed":0.004}`,
		passed: 1, failed: 1,
	}, {
		name:   "a skip is named with its reason",
		stream: skipStream,
		passed: 1, skipped: 1, ok: true,
		says: []string{"skipped p TestB: b_test.go:3: no server"},
	}, {
		name:   "a skip is a failure where nothing may be skipped",
		stream: skipStream, strict: true,
		passed: 1, skipped: 1,
		says: []string{"SKIPPED", "p TestB: b_test.go:3: no server"},
	}, {
		name: "a package that does not build is a failure that shows the compiler's words",
		stream: `
{"ImportPath":"p [p.test]","Action":"build-output","Output":"p/a_test.go:3:27: undefined: x\n"}
{"ImportPath":"p [p.test]","Action":"build-fail"}
{"Action":"output","Package":"p","Output":"FAIL\tp [build failed]\n"}
{"Action":"fail","Package":"p","Elapsed":0,"FailedBuild":"p [p.test]"}`,
		failed: 1, says: []string{"undefined: x", "FAILED  p"},
	}, {
		name: "TestMain that finds a leak is a failure",
		stream: `
{"Action":"run","Package":"p","Test":"TestA"}
{"Action":"pass","Package":"p","Test":"TestA","Elapsed":0}
{"Action":"output","Package":"p","Output":"leak\n"}
{"Action":"fail","Package":"p","Elapsed":0.003}`,
		passed: 1, failed: 1, says: []string{"leak"},
	}, {
		name: "a process that ends names what was running",
		stream: `
{"Action":"run","Package":"p","Test":"TestA"}
{"Action":"output","Package":"p","Test":"TestA","Output":"=== RUN   TestA\n"}
{"Action":"output","Package":"p","Output":"signal: killed\n"}
{"Action":"fail","Package":"p","Elapsed":0.003}`,
		failed: 1, says: []string{"signal: killed", "unfinished: TestA"},
	}, {
		name:   "a stream that breaks off is a failure",
		stream: `{"Action":"run","Package":"p","Test":"TestA"}`,
		failed: 1, says: []string{"p did not finish"},
	}, {
		name:   "nothing at all is not a success",
		stream: "go: no modules",
		says:   []string{"go: no modules"},
	}, {
		name:   "a package without tests is silent",
		stream: skipStream + "\n" + `{"Action":"skip","Package":"empty","Elapsed":0}`,
		passed: 1, skipped: 1, ok: true,
	}}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			var out strings.Builder
			r := newReport(&out, tt.strict)
			for line := range strings.Lines(strings.TrimPrefix(tt.stream, "\n")) {
				r.line(line)
			}
			r.finish()
			if r.passed != tt.passed || r.failed != tt.failed || len(r.skipped) != tt.skipped || r.ok() != tt.ok {
				t.Errorf("passed %d, failed %d, skipped %d, ok %v; want %d, %d, %d, %v", r.passed, r.failed,
					len(r.skipped), r.ok(), tt.passed, tt.failed, tt.skipped, tt.ok)
			}
			for _, want := range tt.says {
				if !strings.Contains(out.String(), want) {
					t.Errorf("it does not say %q", want)
				}
			}
			if t.Failed() {
				t.Log(out.String())
			}
		})
	}
}

const skipStream = `{"Action":"run","Package":"p","Test":"TestA"}
{"Action":"pass","Package":"p","Test":"TestA","Elapsed":0}
{"Action":"run","Package":"p","Test":"TestB"}
{"Action":"output","Package":"p","Test":"TestB","Output":"=== RUN   TestB\n"}
{"Action":"output","Package":"p","Test":"TestB","Output":"    b_test.go:3: no server\n"}
{"Action":"output","Package":"p","Test":"TestB","Output":"--- SKIP: TestB (0.00s)\n"}
{"Action":"skip","Package":"p","Test":"TestB","Elapsed":0}
{"Action":"pass","Package":"p","Elapsed":0.004}`
