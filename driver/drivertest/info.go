package drivertest

import (
	"strings"
	"time"

	"github.com/larder-go/larder/driver"
)

// infoCases: what an engine tells of itself.
func infoCases() []testCase {
	return []testCase{
		{name: "Ping", needs: []Capability{Pinger}, run: func(e *env) {
			server, err := e.pinger.Ping(e.ctx)
			e.ok("Ping", err)
			if server.Version == "" {
				e.Error("Ping: the server has no version")
			}
			e.wantFacts("Ping", server.Notes)
		}},
		{name: "Report", needs: []Capability{Reporter}, run: func(e *env) {
			e.fill("a")
			facts, err := e.reporter.Report(e.ctx)
			e.ok("Report", err)
			e.wantFacts("Report", facts)
		}},
		{name: "Advise", needs: []Capability{Advisor}, run: wantAdvice},
		{name: "Name", needs: []Capability{Named}, run: func(e *env) {
			if e.named.EngineName() == "" {
				e.Error("the engine's name is empty")
			}
		}},
		{name: "UnwrapStrangeTargets", needs: []Capability{Unwrapper}, run: func(e *env) {
			type nobodys struct{}
			var strange nobodys
			for _, target := range []any{nil, &strange, strange, (*nobodys)(nil), new(int), 7} {
				if e.unwrapper.Unwrap(target) {
					e.Errorf("Unwrap(%T) = true", target)
				}
			}
		}},
		{
			name: "UnwrapClient", needs: []Capability{Unwrapper},
			when: func(h *Harness) bool { return h.Client != nil },
			run: func(e *env) {
				if !e.unwrapper.Unwrap(e.h.Client) {
					e.Errorf("Unwrap(%T) = false", e.h.Client)
				}
			},
		},
	}
}

// wantAdvice fails unless what is advised can be printed, a line each, twice the same subjects.
func wantAdvice(e *env) {
	first, err := e.advisor.Advise(e.ctx)
	e.ok("Advise", err)
	again, err := e.advisor.Advise(e.ctx)
	e.ok("Advise", err)
	if len(first) == 0 || len(again) != len(first) {
		e.Fatalf("Advise: %d and then %d things were looked at", len(first), len(again))
	}
	seen := map[string]bool{}
	for i, a := range first {
		if a.Subject == "" || seen[a.Subject] || again[i].Subject != a.Subject {
			e.Errorf("Advise: a subject that is not its own, or not the same twice: %q, %q", a.Subject, again[i].Subject)
		}
		seen[a.Subject] = true
		if a.Text == "" || strings.ContainsAny(a.Text, "\r\n") {
			e.Errorf("Advise: %s: not one line: %q", a.Subject, a.Text)
		}
	}
}

// wantFacts fails unless facts can be printed: named, once each, of the kinds that driver.Fact lists.
func (e *env) wantFacts(what string, facts []driver.Fact) {
	e.Helper()
	seen := map[string]bool{}
	for _, f := range facts {
		if f.Name == "" || seen[f.Name] {
			e.Errorf("%s: a fact without a name of its own: %q", what, f.Name)
		}
		seen[f.Name] = true
		switch f.Value.(type) {
		case bool, float64, string, time.Duration,
			int, int8, int16, int32, int64, uint, uint8, uint16, uint32, uint64:
		default:
			e.Errorf("%s: %s is a %T", what, f.Name, f.Value)
		}
	}
}
