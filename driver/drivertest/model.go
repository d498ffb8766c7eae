package drivertest

import (
	"errors"
	"maps"
	"slices"
	"strconv"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/larder-go/larder/driver"
)

// modelCases compare the store with a map, over random sequences of all its methods.
func modelCases() []testCase {
	return []testCase{
		{name: "RandomSequences", realTime: true, opens: true, run: randomSequences},
	}
}

// randomSequences runs each sequence in a bubble of its own where time is virtual, so that each begins with an empty
// store and ages by hours. Elsewhere one store serves all, each sequence under a prefix of its own, and nothing expires.
func randomSequences(e *env) {
	if e.h.VirtualTime {
		rapid.Check(e.T, func(rt *rapid.T) {
			inBubble(e.T, func(t *testing.T) {
				inner := newEnv(t, e.h, e.prefix, true)
				inner.open(e.h.Open(t), nil)
				inner.plantDecoys()
				newModel(inner).run(rt)
			})
		})
		return
	}
	e.open(e.h.Open(e.T), nil)
	e.plantDecoys()
	round := 0
	rapid.Check(e.T, func(rt *rapid.T) {
		round++
		inner := e.on(e.store)
		inner.prefix += "model " + strconv.Itoa(round) + ":"
		newModel(inner).run(rt)
	})
}

// inBubble is synctest.Test that hands on a panic, by which rapid speaks.
func inBubble(t *testing.T, f func(*testing.T)) {
	var panicked any
	synctest.Test(t, func(t *testing.T) {
		defer func() { panicked = recover() }()
		f(t)
	})
	if panicked != nil {
		panic(panicked)
	}
}

// model is what the store should hold.
type model struct {
	*env
	rt       *rapid.T
	entries  map[string]modelEntry
	versions []modelVersion
	writes   int
}

type modelEntry struct {
	value  string
	expiry time.Time // zero: none
	write  int       // the write that made it
}

// modelVersion is a version that the store gave out, and the write that it stands for.
type modelVersion struct {
	key     string
	version driver.Version
	write   int
	value   string
}

func newModel(e *env) *model { return &model{env: e, entries: map[string]modelEntry{}} }

var modelKeys = []string{"", "a", "a:", "a:1", "ab", "b", "\xff", "A"}

func (m *model) run(rt *rapid.T) {
	m.rt = rt
	rt.Repeat(m.actions())
}

// actions are the methods that the harness declares.
func (m *model) actions() map[string]func(*rapid.T) {
	actions := map[string]func(*rapid.T){
		"": m.check, "Get": m.doGet, "Set": m.doSet, "Delete": m.doDelete,
	}
	if m.virtual {
		actions["Wait"] = m.doWait
	}
	for c, more := range map[Capability]map[string]func(*rapid.T){
		Batcher:       {"GetMany": m.doGetMany, "SetMany": m.doSetMany, "DeleteMany": m.doDeleteMany},
		Adder:         {"Add": m.doAdd},
		Toucher:       {"Touch": m.doTouch},
		Counter:       {"Incr": m.doIncr, "IncrFloat": m.doIncrFloat},
		Swapper:       {"GetVersion": m.doGetVersion, "Swap": m.doSwap},
		Scanner:       {"Scan": m.doScan},
		PrefixClearer: {"Clear": m.doClear},
		Live:          {"GetLive": m.doGetLive, "SetLive": m.doSetLive, "AddLive": m.doAddLive, "SwapLive": m.doSwapLive},
	} {
		if m.able(c) {
			maps.Copy(actions, more)
		}
	}
	return actions
}

// find is the model's Get.
func (m *model) find(key string) (modelEntry, bool) {
	en, ok := m.entries[key]
	if ok && !en.expiry.IsZero() && !time.Now().Before(en.expiry) {
		delete(m.entries, key)
		return modelEntry{}, false
	}
	return en, ok
}

func (m *model) put(key, value string, ttl time.Duration) {
	en := modelEntry{value: value, expiry: m.expiry(ttl)}
	if ttl == driver.KeepTTL {
		en.expiry = m.entries[key].expiry
	}
	m.writes++
	en.write = m.writes
	m.entries[key] = en
}

func (m *model) expiry(ttl time.Duration) time.Time {
	if ttl <= 0 {
		return time.Time{}
	}
	return time.Now().Add(ttl)
}

func (m *model) remove(key string) bool {
	_, ok := m.find(key)
	delete(m.entries, key)
	return ok
}

// live returns the keys that begin with prefix and have not expired, sorted.
func (m *model) alive(prefix string) []string {
	var keys []string
	for _, k := range slices.Sorted(maps.Keys(m.entries)) {
		if _, ok := m.find(k); ok && strings.HasPrefix(k, prefix) {
			keys = append(keys, k)
		}
	}
	return keys
}

// What is drawn.

func (m *model) key() string { return rapid.SampledFrom(modelKeys).Draw(m.rt, "key") }

func (m *model) keys() []string {
	return rapid.SliceOfN(rapid.SampledFrom(modelKeys), 0, 6).Draw(m.rt, "keys")
}

func (m *model) value() string {
	return rapid.SampledFrom([]string{"", "0", "5", "-7", "1.5", "text", "null", "\x00\xff", "9223372036854775807"}).Draw(m.rt, "value")
}

func (m *model) drawTTL() time.Duration {
	ttls := []time.Duration{0, longTTL}
	if m.virtual {
		ttls = []time.Duration{0, 1, time.Millisecond, time.Second, time.Minute, time.Hour, longTTL}
	}
	return rapid.SampledFrom(ttls).Draw(m.rt, "ttl")
}

// same fails the sequence unless the store answered as the model does.
func (m *model) same(what string, err error, got, want any) {
	if err != nil {
		m.rt.Fatalf("%s: %v", what, err)
	}
	if d := cmp.Diff(want, got); d != "" {
		m.rt.Fatalf("%s (-want +got):\n%s", what, d)
	}
}

// sameRead compares what a read of one key gave.
func (m *model) sameRead(what, key string, got []byte, err error) {
	en, ok := m.find(key)
	if !ok {
		if !errors.Is(err, driver.ErrMiss) {
			m.rt.Fatalf("%s of absent %q = %q, %v; want ErrMiss", what, key, got, err)
		}
		return
	}
	m.same(what+" of "+strconv.Quote(key), err, string(got), en.value)
}

// check reads every key after every step, and looks at its lifetime too: a wrong one would else stay unseen unless the
// sequence happens to wait for it.
func (m *model) check(*rapid.T) {
	for _, k := range modelKeys {
		got, err := m.store.Get(m.ctx, m.k(k))
		m.sameRead("Get", k, got, err)
	}
	if m.able(Inspector) {
		m.checkInfo()
	}
}

// doWait lets time go by, but not to an instant at which an entry may or may not be there.
func (m *model) doWait(*rapid.T) {
	waits := []time.Duration{1, time.Millisecond, time.Second, time.Minute, 59 * time.Minute, 2 * time.Hour}
	time.Sleep(rapid.SampledFrom(waits).Draw(m.rt, "wait"))
	for unsure := true; unsure; {
		unsure = false
		for _, en := range m.entries {
			over := time.Since(en.expiry)
			if !en.expiry.IsZero() && over >= 0 && over < m.h.Resolution {
				time.Sleep(m.h.Resolution - over)
				unsure = true
			}
		}
	}
}
