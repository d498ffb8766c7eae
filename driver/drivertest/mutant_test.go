package drivertest_test

import (
	"context"
	"iter"
	"os"
	"os/exec"
	"path"
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
		walkMutants(), endMutants(), liveMutants(), harnessMutants())
}

// Of Get, Set and Delete.

type deleteAlwaysTrue struct{ *reference }

func (m deleteAlwaysTrue) Delete(ctx context.Context, key string) (bool, error) {
	_, err := m.reference.Delete(ctx, key)
	return err == nil, err
}

// deletesTwice looks and removes in two steps.
type deletesTwice struct{ *reference }

func (m deletesTwice) Delete(ctx context.Context, key string) (bool, error) {
	_, missing := m.Get(ctx, key)
	if ctx.Err() != nil {
		return false, ctx.Err()
	}
	runtime.Gosched()
	_, err := m.reference.Delete(ctx, key)
	return missing == nil, err
}

// stale answers every second read from what it has read before.
type stale struct {
	*reference
	reads *int
	last  map[string][]byte
}

func (m stale) Get(ctx context.Context, key string) ([]byte, error) {
	v, err := m.reference.Get(ctx, key)
	m.mu.Lock()
	defer m.mu.Unlock()
	*m.reads++
	if old, ok := m.last[key]; ok && *m.reads%2 == 0 && err == nil {
		return old, nil
	}
	if err == nil {
		m.last[key] = v
	}
	return v, err
}

// tornWrites writes a value in two pieces.
type tornWrites struct{ *reference }

func (m tornWrites) Set(ctx context.Context, key string, value []byte, ttl time.Duration) error {
	if err := m.reference.Set(ctx, key, value[:len(value)/2], ttl); err != nil {
		return err
	}
	runtime.Gosched()
	return m.reference.Set(ctx, key, value, ttl)
}

// slice is a value that shares the caller's memory.
type slice []byte

func (s slice) Encode() ([]byte, error) { return slices.Clone(s), nil }
func (s slice) Weight() int             { return len(s) }

type keepsMemory struct{ *reference }

func (m keepsMemory) Set(ctx context.Context, key string, value []byte, ttl time.Duration) error {
	if err := m.reference.Set(ctx, key, nil, ttl); err != nil {
		return err
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	m.put(key, slice(value), driver.KeepTTL)
	return nil
}

// reusesMemory reads into one buffer.
type reusesMemory struct {
	*reference
	buffer *[]byte
}

func (m reusesMemory) Get(ctx context.Context, key string) ([]byte, error) {
	v, err := m.reference.Get(ctx, key)
	*m.buffer = append((*m.buffer)[:0], v...)
	return *m.buffer, err
}

type emptyIsMiss struct{ *reference }

func (m emptyIsMiss) Get(ctx context.Context, key string) ([]byte, error) {
	v, err := m.reference.Get(ctx, key)
	if err == nil && len(v) == 0 {
		return nil, driver.ErrMiss
	}
	return v, err
}

// tooLargeStays refuses the new value and keeps the old one.
type tooLargeStays struct{ *reference }

func (m tooLargeStays) Set(ctx context.Context, key string, value []byte, ttl time.Duration) error {
	if len(value) > m.max {
		return driver.ErrTooLarge
	}
	return m.reference.Set(ctx, key, value, ttl)
}

func storeMutants() []mutant {
	return []mutant{
		{name: "DeleteAlwaysTrue", open: func() driver.Store { return deleteAlwaysTrue{newReference()} },
			seenBy: []string{"store/Miss", "model/RandomSequences"}},
		{name: "DeleteTwice", open: func() driver.Store { return deletesTwice{newReference()} }, seenBy: []string{"linear/ConcurrentHistories"}},
		{name: "StaleReads", open: func() driver.Store { return stale{newReference(), new(int), map[string][]byte{}} },
			seenBy: []string{"store/Replace", "linear/ConcurrentHistories", "model/RandomSequences"}},
		{name: "TornWrites", open: func() driver.Store { return tornWrites{newReference()} }, seenBy: []string{"store/NeverTorn"}},
		{name: "KeepsMemory", open: func() driver.Store { return keepsMemory{newReference()} },
			seenBy: []string{"values/CallersMemoryIsNotKept"}},
		{name: "ReusesMemory", open: func() driver.Store { return reusesMemory{newReference(), new([]byte)} },
			seenBy: []string{"values/ReturnedMemoryIsNotReused"}},
		{name: "EmptyIsMiss", open: func() driver.Store { return emptyIsMiss{newReference()} }, seenBy: []string{"values/Empty"}},
		{name: "TooLargeStays", open: func() driver.Store { return tooLargeStays{newReference()} },
			seenBy: []string{"values/TooLargeDeletes", "prefixed/values/TooLargeDeletes"}},
	}
}

// otherKeys changes keys on their way in.
type otherKeys struct {
	*reference
	change func(string) string
}

func (m otherKeys) Get(ctx context.Context, key string) ([]byte, error) {
	return m.reference.Get(ctx, m.change(key))
}

func (m otherKeys) Set(ctx context.Context, key string, value []byte, ttl time.Duration) error {
	return m.reference.Set(ctx, m.change(key), value, ttl)
}

func (m otherKeys) Delete(ctx context.Context, key string) (bool, error) {
	return m.reference.Delete(ctx, m.change(key))
}

func keyMutants() []mutant {
	changing := func(change func(string) string) func() driver.Store {
		return func() driver.Store { return otherKeys{newReference(), change} }
	}
	seen := []string{"keys/AllAtOnce", "prefixed/keys/DeleteSparesTheOthers"}
	return []mutant{
		{name: "KeysEndAtNUL", open: changing(func(k string) string { k, _, _ = strings.Cut(k, "\x00"); return k }), seenBy: seen},
		{name: "KeysTrimmed", open: changing(strings.TrimSpace), seenBy: seen},
		{name: "KeysWithoutCase", open: changing(strings.ToLower), seenBy: seen},
		{name: "KeysCut", open: changing(func(k string) string { return k[:min(len(k), 60000)] }), seenBy: seen},
		{name: "KeysMadeValid", open: changing(func(k string) string { return strings.ToValidUTF8(k, "\ufffd") }), seenBy: seen},
	}
}

// Of lifetimes.

// changedTTL changes the ttl of Set.
type changedTTL struct {
	*reference
	change func(time.Duration) time.Duration
}

func (m changedTTL) Set(ctx context.Context, key string, value []byte, ttl time.Duration) error {
	return m.reference.Set(ctx, key, value, m.change(ttl))
}

type setKeepsTTL struct{ *reference }

func (m setKeepsTTL) Set(ctx context.Context, key string, value []byte, ttl time.Duration) error {
	if _, err := m.Get(ctx, key); err == nil {
		ttl = driver.KeepTTL
	}
	return m.reference.Set(ctx, key, value, ttl)
}

// setThenExpire is SET and EXPIRE.
type setThenExpire struct{ *reference }

func (m setThenExpire) Set(ctx context.Context, key string, value []byte, ttl time.Duration) error {
	if err := m.reference.Set(ctx, key, value, 0); err != nil || ttl == 0 {
		return err
	}
	runtime.Gosched()
	_, err := m.Touch(ctx, key, ttl)
	return err
}

// touchRaw touches what is in the map, expired or not.
type touchRaw struct{ *reference }

func (m touchRaw) Touch(ctx context.Context, key string, ttl time.Duration) (bool, error) {
	if err := m.enter(ctx); err != nil {
		return false, err
	}
	defer m.mu.Unlock()
	e, ok := m.entries[key]
	if ok {
		e.expiry = expiryOf(ttl)
		m.entries[key] = e
	}
	return ok, nil
}

// touchWrites is a read and a write.
type touchWrites struct{ *reference }

func (m touchWrites) Touch(ctx context.Context, key string, ttl time.Duration) (bool, error) {
	v, err := m.Get(ctx, key)
	if err != nil {
		return false, ctx.Err()
	}
	runtime.Gosched()
	return true, m.Set(ctx, key, v, ttl)
}

type touchMakes struct{ *reference }

func (m touchMakes) Touch(ctx context.Context, key string, ttl time.Duration) (bool, error) {
	ok, err := m.reference.Touch(ctx, key, ttl)
	if !ok && err == nil {
		return true, m.Set(ctx, key, nil, ttl)
	}
	return ok, err
}

// inspectTwice doubles what is left.
type inspectTwice struct{ *reference }

func (m inspectTwice) Inspect(ctx context.Context, keys []string) (map[string]driver.EntryInfo, error) {
	info, err := m.reference.Inspect(ctx, keys)
	for k, i := range info {
		i.TTL *= 2
		info[k] = i
	}
	return info, err
}

func expiryMutants() []mutant {
	changing := func(change func(time.Duration) time.Duration) func() driver.Store {
		return func() driver.Store { return changedTTL{newReference(), change} }
	}
	words := "expiry/EveryWriteKeepsItsWord"
	inRealTime := func(h *drivertest.Harness) { h.VirtualTime = false }
	lost := changing(func(time.Duration) time.Duration { return 0 })
	return []mutant{
		{name: "SetLosesTTL", open: lost, seenBy: []string{words, "model/RandomSequences"}},
		{name: "SetLosesTTLInRealTime", open: lost, change: inRealTime, seenBy: []string{words}},
		{name: "TTLTooLong", open: changing(func(d time.Duration) time.Duration { return d + d/100 }), seenBy: []string{words}},
		{name: "TTLTooShort", open: changing(func(d time.Duration) time.Duration { return d - d/100 }), seenBy: []string{words}},
		{name: "TTLCutToSeconds", open: changing(func(d time.Duration) time.Duration { return d.Truncate(time.Second) }),
			seenBy: []string{"expiry/ExtremeTTLs"}},
		{name: "SetKeepsTTL", open: func() driver.Store { return setKeepsTTL{newReference()} }, seenBy: []string{"expiry/LastWriteDecides"}},
		{name: "SetThenExpire", open: func() driver.Store { return setThenExpire{newReference()} },
			seenBy: []string{"expiry/NeverWithoutLifetime"}},
		{name: "TouchSeesExpired", open: func() driver.Store { return touchRaw{newReference()} },
			seenBy: []string{"expiry/ExpiredIsAbsentForEveryMethod"}},
		{name: "TouchRevives", open: func() driver.Store { return touchWrites{newReference()} }, seenBy: []string{"touch/NeverRevives"}},
		{name: "TouchMakes", open: func() driver.Store { return touchMakes{newReference()} }, seenBy: []string{"touch/Absent"}},
		{name: "InspectWrongTTL", open: func() driver.Store { return inspectTwice{newReference()} }, seenBy: []string{"inspect/TTL"}},
	}
}

// Of batches.

type getManySorted struct{ *reference }

func (m getManySorted) GetMany(ctx context.Context, keys []string) ([]driver.Result, error) {
	return m.reference.GetMany(ctx, slices.Sorted(slices.Values(keys)))
}

type getManyDistinct struct{ *reference }

func (m getManyDistinct) GetMany(ctx context.Context, keys []string) ([]driver.Result, error) {
	return m.reference.GetMany(ctx, slices.Compact(slices.Sorted(slices.Values(keys))))
}

type setManyFirst struct{ *reference }

func (m setManyFirst) SetMany(ctx context.Context, items []driver.Item, ttl time.Duration) error {
	items = slices.Clone(items)
	slices.Reverse(items)
	return m.reference.SetMany(ctx, items, ttl)
}

type deleteManyCounts struct{ *reference }

func (m deleteManyCounts) DeleteMany(ctx context.Context, keys []string) (int, error) {
	_, err := m.reference.DeleteMany(ctx, keys)
	if err != nil {
		return 0, err
	}
	return len(keys), nil
}

// batchLimit is a statement with at most 1,000 parameters.
type batchLimit struct{ *reference }

func (m batchLimit) SetMany(ctx context.Context, items []driver.Item, ttl time.Duration) error {
	return m.reference.SetMany(ctx, items[:min(len(items), 1000)], ttl)
}

// allOrNothing fails the whole batch for one value.
type allOrNothing struct{ *reference }

func (m allOrNothing) SetMany(ctx context.Context, items []driver.Item, ttl time.Duration) error {
	for _, i := range items {
		if len(i.Value) > m.max {
			return driver.ErrTooLarge
		}
	}
	return m.reference.SetMany(ctx, items, ttl)
}

func batchMutants() []mutant {
	return []mutant{
		{name: "GetManySorted", open: func() driver.Store { return getManySorted{newReference()} }, seenBy: []string{"batches/Order"}},
		{name: "GetManyDistinct", open: func() driver.Store { return getManyDistinct{newReference()} }, seenBy: []string{"batches/Duplicates"}},
		{name: "SetManyFirstWins", open: func() driver.Store { return setManyFirst{newReference()} },
			seenBy: []string{"batches/Duplicates", "model/RandomSequences"}},
		{name: "DeleteManyCountsNames", open: func() driver.Store { return deleteManyCounts{newReference()} },
			seenBy: []string{"batches/DeleteCounts"}},
		{name: "BatchLimit", open: func() driver.Store { return batchLimit{newReference()} }, seenBy: []string{"batches/Big"}},
		{name: "AllOrNothing", open: func() driver.Store { return allOrNothing{newReference()} }, seenBy: []string{"batches/OneTooLarge"}},
	}
}

// Of walks and clearing.

// clears removes what matches says.
type clears struct {
	*reference
	matches func(prefix, key string) bool
}

func (m clears) Clear(ctx context.Context, prefix string) (int, error) {
	if err := m.enter(ctx); err != nil {
		return 0, err
	}
	defer m.mu.Unlock()
	n := 0
	for k := range m.entries {
		if m.matches(prefix, k) && m.remove(k) {
			n++
		}
	}
	return n, nil
}

// walks changes what Scan yields.
type walks struct {
	*reference
	change func(iter.Seq2[string, error]) iter.Seq2[string, error]
}

func (m walks) Scan(ctx context.Context, prefix string) iter.Seq2[string, error] {
	return m.change(m.reference.Scan(ctx, prefix))
}

// repeats yields a key again after 1,000 others.
func repeats(walk iter.Seq2[string, error]) iter.Seq2[string, error] {
	return func(yield func(string, error) bool) {
		n, first := 0, ""
		for k, err := range walk {
			if n++; n == 1 {
				first = k
			}
			if !yield(k, err) || (n == 1000 && !yield(first, nil)) {
				return
			}
		}
	}
}

// leaks walks in a goroutine that waits for ever for a caller who has gone.
func leaks(walk iter.Seq2[string, error]) iter.Seq2[string, error] {
	return func(yield func(string, error) bool) {
		keys := make(chan string)
		go func() {
			defer close(keys)
			for k := range walk {
				keys <- k
			}
		}()
		for k := range keys {
			if !yield(k, nil) {
				return
			}
		}
	}
}

// deaf does not tell about errors.
func deaf(walk iter.Seq2[string, error]) iter.Seq2[string, error] {
	return func(yield func(string, error) bool) {
		for k, err := range walk {
			if err != nil || !yield(k, nil) {
				return
			}
		}
	}
}

// byOffset walks in pages of sorted keys by their number, so that changes shift it.
type byOffset struct{ *reference }

func (m byOffset) Scan(ctx context.Context, prefix string) iter.Seq2[string, error] {
	return func(yield func(string, error) bool) {
		for offset := 0; ; {
			var all []string
			for k, err := range m.reference.Scan(ctx, prefix) {
				if err != nil {
					yield("", err)
					return
				}
				all = append(all, k)
			}
			slices.Sort(all)
			page := all[min(offset, len(all)):min(offset+100, len(all))]
			if len(page) == 0 {
				return
			}
			for _, k := range page {
				if !yield(k, nil) {
					return
				}
			}
			offset += len(page)
		}
	}
}

func walkMutants() []mutant {
	clearing := func(matches func(prefix, key string) bool) func() driver.Store {
		return func() driver.Store { return clears{newReference(), matches} }
	}
	walking := func(change func(iter.Seq2[string, error]) iter.Seq2[string, error]) func() driver.Store {
		return func() driver.Store { return walks{newReference(), change} }
	}
	glob := func(p, k string) bool { ok, _ := path.Match(p+"*", k); return ok }
	return []mutant{
		{name: "ClearWithoutColon", open: clearing(func(p, k string) bool { return strings.HasPrefix(k, strings.TrimSuffix(p, ":")) }),
			seenBy: []string{"clear/Prefix", "prefixed/clear/Prefix"}},
		{name: "ClearIsGlob", open: clearing(glob), seenBy: []string{"clear/PrefixIsLiteral"}},
		{name: "ClearWithoutCase", open: clearing(func(p, k string) bool { return strings.HasPrefix(strings.ToLower(k), strings.ToLower(p)) }),
			seenBy: []string{"clear/PrefixIsLiteral"}},
		{name: "ClearIsRange", open: clearing(func(p, k string) bool { return k >= p && k < p+"\xff" }),
			seenBy: []string{"clear/PrefixIsLiteral"}},
		{name: "ClearTakesAll", open: clearing(func(_, _ string) bool { return true }),
			seenBy: []string{"clear/Many", "prefixed/clear/KeysCanBeMadeAgain"}},
		{name: "ScanRepeats", open: walking(repeats), seenBy: []string{"scan/WhileOthersChange", "scan/WriteInBetween", "scan/Many"}},
		{name: "ScanByOffset", open: func() driver.Store { return byOffset{newReference()} },
			seenBy: []string{"scan/WhileOthersChange"}},
		{name: "ScanLeaks", open: walking(leaks), seenBy: []string{"close/LeavesNoGoroutine"}},
		{name: "ScanHidesErrors", open: walking(deaf), seenBy: []string{"scan/EndsWithItsContext", "context/Cancelled"}},
	}
}
