package drivertest_test

import (
	"os"
	"os/exec"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/larder-go/larder/driver"
	"github.com/larder-go/larder/driver/drivertest"
)

// A mutant is the reference store with one deliberate fault, of a kind that real engines have had. The suite must see
// it. A subtest that fails fails its parents too, so each mutant runs in a process of its own.
type mutant struct {
	name string
	open func() driver.Store
	// seenBy are cases that must go red, as paths below the run "plain", or "prefixed/…" in full.
	seenBy []string
	change func(*drivertest.Harness)
}

const mutantVariable = "LARDER_DRIVERTEST_MUTANT"

// TestMutant is the process of one mutant.
func TestMutant(t *testing.T) {
	name := os.Getenv(mutantVariable)
	if name == "" {
		return // TestSuiteSeesMutants starts it
	}
	all := mutants()
	i := slices.IndexFunc(all, func(m mutant) bool { return m.name == name })
	if i < 0 {
		t.Fatalf("no mutant %q", name)
	}
	h := referenceHarness()
	h.VirtualTime = true
	if all[i].open != nil {
		h.Open = func(*testing.T) driver.Store { return all[i].open() }
	}
	if all[i].change != nil {
		all[i].change(&h)
	}
	drivertest.SetPatience(3 * time.Second)
	drivertest.Run(t, h)
}

func TestSuiteSeesMutants(t *testing.T) {
	for _, m := range mutants() {
		t.Run(m.name, func(t *testing.T) {
			t.Parallel()
			mustBeRed(t, m)
		})
	}
}

// mustBeRed runs the cases that have to see a mutant.
func mustBeRed(t *testing.T, m mutant) {
	var tests, patterns []string
	for _, seen := range m.seenBy {
		if !strings.HasPrefix(seen, "prefixed/") {
			seen = "plain/" + seen
		}
		tests = append(tests, "TestMutant/"+seen)
		patterns = append(patterns, "^TestMutant$/^"+strings.ReplaceAll(seen, "/", "$/^")+"$")
	}
	cmd := exec.CommandContext(t.Context(), os.Args[0], "-test.run", strings.Join(patterns, "|"), "-test.timeout=1m",
		"-rapid.nofailfile", "-rapid.shrinktime=1s")
	// The race detector would wait for a second at the end of each process.
	cmd.Env = append(os.Environ(), mutantVariable+"="+m.name, "GORACE=atexit_sleep_ms=0")
	out, err := cmd.CombinedOutput()
	for _, test := range tests {
		if !strings.Contains(string(out), "--- FAIL: "+test+" ") {
			t.Errorf("%s does not see the mutant %s", test, m.name)
		}
	}
	if t.Failed() {
		t.Logf("%v\n%s", err, out)
	}
}

func mutants() []mutant {
	return slices.Concat(storeMutants(), keyMutants(), expiryMutants(), batchMutants(), counterMutants(), addMutants(), swapMutants(),
		walkMutants(), endMutants(), liveMutants(), watchMutants(), leaseMutants(), notifyMutants(), collectMutants(), harnessMutants())
}

// letOthersIn stands between the two halves of what should be one step. It gives way until somebody else's call has come
// in between, so that the fault shows whenever there is such a call; who is alone waits in vain, and not for long.
func (r *reference) letOthersIn() {
	before := r.calls.Load()
	for range 1000 {
		runtime.Gosched()
		if r.calls.Load() != before {
			return
		}
	}
}

// Of what the harness says.

func harnessMutants() []mutant {
	declared := "capabilities/AsDeclared"
	return []mutant{
		{name: "LostCapabilities", open: func() driver.Store { return plain{newReference()} },
			seenBy: []string{declared, "batches/Order", "live/Add"}},
		{name: "LostLive", open: func() driver.Store { return drivertest.NewFaulty(newReference()) }, seenBy: []string{declared, "live/Swap"}},
		{name: "Undeclared", change: func(h *drivertest.Harness) { h.Capabilities = h.Capabilities[1:] }, seenBy: []string{declared}},
		{name: "DeclinesNothing", change: func(h *drivertest.Harness) {
			h.Declines = []drivertest.Capability{drivertest.Batcher}
			h.Capabilities = h.Capabilities[1:]
		}, seenBy: []string{"capabilities/Declines"}},
		{name: "DeclaredAndDeclined", open: func() driver.Store { return drivertest.NewFaulty(plain{newReference()}).Live() },
			seenBy: []string{"batches/Order", "clear/Prefix", "scan/Prefix"}},
		{name: "NotShared", change: func(h *drivertest.Harness) {
			h.OpenShared = func(*testing.T) (a, b driver.Store) { return newReference(), newReference() }
		}, seenBy: []string{"shared/SeesTheOthersWrites", "shared/IncrLosesNothing", "shared/AddHasOneWinner"}},
	}
}
