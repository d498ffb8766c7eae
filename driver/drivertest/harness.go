package drivertest

import (
	"testing"
	"testing/synctest"
	"time"

	"github.com/larder-go/larder/driver"
)

// Harness tells the suite how to get at an engine's stores, and what they owe.
type Harness struct {
	// Open returns an empty store that shares its data with nothing else; a database of its own, for
	// example. It fails the test if it cannot. The suite closes the store, and has closed it before it
	// opens the next, unless the harness is Concurrent. With VirtualTime it is called inside a bubble of testing/synctest.
	//
	// The store must have room for 50,000 small entries, or for 64 MiB, without evicting; except what MaxValue
	// says of large values.
	Open func(t *testing.T) driver.Store

	// Capabilities are the optional interfaces that the stores have.
	Capabilities []Capability

	// Declines are optional interfaces whose methods are there, but always answer errors.ErrUnsupported:
	// because the server at hand is too old, say.
	Declines []Capability

	// Resolution is the longest time that an entry may outlive its ttl. An engine in another process needs
	// one above 0, at least for the difference between two clocks.
	Resolution time.Duration

	// MaxValue, if not 0, is a size in bytes such that a value of this size fits, if need be by evicting
	// everything else, and one of twice this size is driver.ErrTooLarge under any key. 0: no limit that the suite tests.
	MaxValue int

	// MaxTTL, if not 0, is about the longest lifetime that the engine can express. One of driver.MaxTTL is
	// driver.ErrBadTTL. 0: driver.MaxTTL.
	MaxTTL time.Duration

	// Nameless, if not nil, tells which keys a Scanner cannot name, because the engine stores something else instead of them. A
	// walk ends with a *driver.Nameless if there are any.
	Nameless func(key string) bool

	// VirtualTime says that the engine runs inside a bubble of testing/synctest: all of it is in this
	// process, and it asks package time what time it is.
	VirtualTime bool

	// Concurrent says that Open and OpenShared may be called while the stores of other cases are open, as each has data of its own
	// all the same. The suite then runs its cases side by side: on an engine whose clock is slow they only wait. Not for Live, where
	// allocations are counted.
	Concurrent bool

	// OpenShared, if not nil, returns two stores on the same new, empty data, as two processes have them. Both
	// are closed by the suite.
	OpenShared func(t *testing.T) (a, b driver.Store)

	// VersionsAreValues says that a Swapper knows an entry by its value alone, so that one which was written again
	// with the same value counts as the same.
	VersionsAreValues bool

	// RepeatsKeys says that a walk of a Scanner may yield a key more than once.
	RepeatsKeys bool

	// MayAllocate waives the promise that GetLive allocates nothing: for a wrapper that serves tests.
	MayAllocate bool

	// Client, if not nil, is a pointer to a variable of the type that Unwrap knows, such as new(*sql.DB).
	Client any
}

// subject is a part of the contract.
type subject struct {
	name  string
	cases []testCase
}

// testCase is one promise. It gets an empty store of its own.
type testCase struct {
	name  string
	needs []Capability
	// empties: it uses up or removes everything, so the entries of others are not looked after.
	empties bool
	// realTime: not in a bubble, whatever the harness says.
	realTime bool
	// opens: it opens its stores itself.
	opens bool
	// if not nil, tells whether this case concerns the harness at all.
	when func(*Harness) bool
	run  func(*env)
}

// subjects is the contents of the suite. close comes first: its leak check explains what a bubble would
// only report as a deadlock.
func subjects() []subject {
	return []subject{
		{"close", closeCases()},
		{"capabilities", capabilityCases()},
		{"store", storeCases()},
		{"expiry", expiryCases()},
		{"keys", keyCases()},
		{"values", valueCases()},
		{"batches", batchCases()},
		{"counters", counterCases()},
		{"add", addCases()},
		{"touch", touchCases()},
		{"swap", swapCases()},
		{"scan", scanCases()},
		{"clear", clearCases()},
		{"inspect", inspectCases()},
		{"timed", timedCases()},
		{"watch", watchCases()},
		{"notify", notifyCases()},
		{"collect", collectCases()},
		{"context", contextCases()},
		{"info", infoCases()},
		{"lease", leaseCases()},
		{"live", liveCases()},
		{"linear", linearCases()},
		{"model", modelCases()},
		{"shared", sharedCases()},
	}
}

func (h *Harness) maxTTL() time.Duration {
	if h.MaxTTL > 0 {
		return h.MaxTTL
	}
	return driver.MaxTTL
}

// Run runs the whole suite as subtests of t, one after the other: stores may share one server. t must not be parallel, because the suite
// counts allocations. Both are otherwise with a harness that is Concurrent.
func Run(t *testing.T, h Harness) {
	h.checkDeclaration(t)
	t.Run("plain", func(t *testing.T) { runSubjects(t, &h, "") })
	t.Run("prefixed", func(t *testing.T) { runSubjects(t, &h, "p:1:") })
}

// sideBySide lets a test run beside others if the harness allows it.
func (h *Harness) sideBySide(t *testing.T) {
	if h.Concurrent {
		t.Parallel()
	}
}

func runSubjects(t *testing.T, h *Harness, prefix string) {
	h.sideBySide(t)
	for _, s := range subjects() {
		var due []testCase
		for _, c := range s.cases {
			if h.declares(c.needs) && (c.when == nil || c.when(h)) {
				due = append(due, c)
			}
		}
		if len(due) == 0 {
			continue
		}
		t.Run(s.name, func(t *testing.T) {
			h.sideBySide(t)
			for _, c := range due {
				t.Run(c.name, func(t *testing.T) {
					h.sideBySide(t)
					c.start(t, h, prefix)
				})
			}
		})
	}
}

// start runs the case, in a bubble where the engine can do that.
func (c testCase) start(t *testing.T, h *Harness, prefix string) {
	if !h.VirtualTime || c.realTime {
		c.runIn(t, h, prefix, false)
		return
	}
	synctest.Test(t, func(t *testing.T) { c.runIn(t, h, prefix, true) })
}

func (c testCase) runIn(t *testing.T, h *Harness, prefix string, virtual bool) {
	e := newEnv(t, h, prefix, virtual)
	if c.opens {
		c.run(e)
		return
	}
	e.open(h.Open(t), c.needs)
	if !c.empties {
		e.plantDecoys()
	}
	c.run(e)
}
