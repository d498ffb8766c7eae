package drivertest

import (
	"errors"
	"slices"
	"testing"

	"github.com/larder-go/larder/driver"
)

// Capability names an optional interface of package driver.
type Capability string

// The capabilities are named like the interfaces.
const (
	Batcher Capability = "Batcher"
	Adder   Capability = "Adder"
	Toucher Capability = "Toucher"
	Counter Capability = "Counter"
	Swapper Capability = "Swapper"
	Scanner Capability = "Scanner"
	Clearer Capability = "Clearer"
	// PrefixClearer is the half of Clearer that not every engine can do well: its method Clear.
	PrefixClearer Capability = "PrefixClearer"
	Inspector     Capability = "Inspector"
	Pinger        Capability = "Pinger"
	Reporter      Capability = "Reporter"
	Advisor       Capability = "Advisor"
	Named         Capability = "Named"
	Unwrapper     Capability = "Unwrapper"
	Timed         Capability = "Timed"
	Watcher       Capability = "Watcher"
	Leaser        Capability = "Leaser"
	Notifier      Capability = "Notifier"
	Collector     Capability = "Collector"
	Live          Capability = "Live"
)

// All returns every capability that the suite knows, in the order of package driver.
func All() []Capability {
	return []Capability{Batcher, Adder, Toucher, Counter, Swapper, Scanner, Clearer, PrefixClearer, Inspector, Pinger, Reporter, Advisor,
		Named, Unwrapper, Timed, Watcher, Leaser, Notifier, Collector, Live}
}

// OfServers returns those of All that make sense only where several processes use one server.
func OfServers() []Capability { return []Capability{Timed, Watcher, Leaser} }

// parts are the optional interfaces of one store; nil where it has none.
type parts struct {
	batcher   driver.Batcher
	adder     driver.Adder
	toucher   driver.Toucher
	counter   driver.Counter
	swapper   driver.Swapper
	scanner   driver.Scanner
	clearer   driver.Clearer
	inspector driver.Inspector
	pinger    driver.Pinger
	reporter  driver.Reporter
	advisor   driver.Advisor
	named     driver.Named
	unwrapper driver.Unwrapper
	timed     driver.Timed
	watcher   driver.Watcher
	leaser    driver.Leaser
	notifier  driver.Notifier
	collector driver.Collector
	live      driver.Live
}

func partsOf(s driver.Store) parts {
	var p parts
	p.batcher, _ = s.(driver.Batcher)
	p.adder, _ = s.(driver.Adder)
	p.toucher, _ = s.(driver.Toucher)
	p.counter, _ = s.(driver.Counter)
	p.swapper, _ = s.(driver.Swapper)
	p.scanner, _ = s.(driver.Scanner)
	p.clearer, _ = s.(driver.Clearer)
	p.inspector, _ = s.(driver.Inspector)
	p.pinger, _ = s.(driver.Pinger)
	p.reporter, _ = s.(driver.Reporter)
	p.advisor, _ = s.(driver.Advisor)
	p.named, _ = s.(driver.Named)
	p.unwrapper, _ = s.(driver.Unwrapper)
	p.timed, _ = s.(driver.Timed)
	p.watcher, _ = s.(driver.Watcher)
	p.leaser, _ = s.(driver.Leaser)
	p.notifier, _ = s.(driver.Notifier)
	p.collector, _ = s.(driver.Collector)
	p.live, _ = s.(driver.Live)
	return p
}

func (p parts) has(c Capability) bool {
	switch c {
	case Batcher:
		return p.batcher != nil
	case Adder:
		return p.adder != nil
	case Toucher:
		return p.toucher != nil
	case Counter:
		return p.counter != nil
	case Swapper:
		return p.swapper != nil
	case Scanner:
		return p.scanner != nil
	case Clearer, PrefixClearer:
		return p.clearer != nil
	case Inspector:
		return p.inspector != nil
	case Pinger:
		return p.pinger != nil
	case Reporter:
		return p.reporter != nil
	case Advisor:
		return p.advisor != nil
	case Named:
		return p.named != nil
	case Unwrapper:
		return p.unwrapper != nil
	case Timed:
		return p.timed != nil
	case Watcher:
		return p.watcher != nil
	case Leaser:
		return p.leaser != nil
	case Notifier:
		return p.notifier != nil
	case Collector:
		return p.collector != nil
	case Live:
		return p.live != nil
	}
	return false
}

// declares tells whether the suite expects all of cs to work.
func (h *Harness) declares(cs []Capability) bool {
	return !slices.ContainsFunc(cs, func(c Capability) bool { return !slices.Contains(h.Capabilities, c) })
}

// checkDeclaration fails for words in a harness that mean nothing, before they hide a test.
func (h *Harness) checkDeclaration(t *testing.T) {
	t.Helper()
	if h.Open == nil {
		t.Fatal("Harness.Open is missing")
	}
	for _, c := range slices.Concat(h.Capabilities, h.Declines) {
		if !slices.Contains(All(), c) {
			t.Fatalf("the harness names a capability that nobody knows: %q", c)
		}
	}
	for _, c := range h.Declines {
		if slices.Contains(h.Capabilities, c) {
			t.Fatalf("the harness both declares %s and says that the store declines it", c)
		}
	}
}

// capabilityCases compare what the store has with what its harness says.
func capabilityCases() []testCase {
	return []testCase{
		{name: "AsDeclared", run: func(e *env) {
			for _, c := range All() {
				declared := slices.Contains(e.h.Capabilities, c) || slices.Contains(e.h.Declines, c)
				switch {
				case declared && !e.has(c):
					e.Errorf("the harness declares %s, and the store does not have it (any more)", c)
				case !declared && e.has(c):
					e.Errorf("the store has %s, and the harness does not declare it: nobody would notice its loss", c)
				}
			}
		}},
		{name: "Declines", run: func(e *env) {
			for _, op := range calls() {
				if !slices.Contains(e.h.Declines, op.needs) || !e.has(op.needs) {
					continue
				}
				if err := op.call(e.ctx, e, e.k("declined")); !errors.Is(err, errors.ErrUnsupported) {
					e.Errorf("%s is said to be declined; its error is %v, not errors.ErrUnsupported", op.name, err)
				}
			}
		}},
	}
}
