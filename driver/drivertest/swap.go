package drivertest

import (
	"errors"
	"strconv"
	"time"

	"github.com/larder-go/larder/driver"
)

// swapCases: Swap replaces an entry only in the version that was read. Whether Touch makes a new version is left open.
func swapCases() []testCase {
	needs := []Capability{Swapper}
	return []testCase{
		{name: "Current", needs: needs, run: func(e *env) {
			e.set("a", "1", 0)
			v := e.version("a", "1")
			e.wantSwap("a", v, "2", 0, true)
			e.want("a", "2")
			e.wantSwap("a", e.version("a", "2"), "", longTTL, true)
			e.want("a", "")
		}},
		{name: "ReadingIsNoWrite", needs: needs, run: func(e *env) {
			e.set("a", "1", 0)
			v := e.version("a", "1")
			e.version("a", "1")
			e.want("a", "1")
			e.wantSwap("a", v, "2", 0, true)
		}},
		{name: "Absent", needs: needs, run: func(e *env) {
			if _, _, err := e.swapper.GetVersion(e.ctx, e.k("a")); !errors.Is(err, driver.ErrMiss) {
				e.Errorf("GetVersion of an absent key: %v; want ErrMiss", err)
			}
			e.set("a", "1", 0)
			v := e.version("a", "1")
			e.wantDelete("a", true)
			e.wantSwap("a", v, "2", 0, false)
			e.wantMiss("a")
		}},
		{name: "OtherValue", needs: needs, run: func(e *env) {
			e.set("a", "1", 0)
			v := e.version("a", "1")
			e.set("a", "2", 0)
			e.wantSwap("a", v, "3", 0, false)
			e.want("a", "2")
		}},
		{name: "OldVersion", needs: needs, when: versionsAreStates, run: oldVersions},
		{name: "DeletedAndMadeAgain", needs: needs, when: versionsAreStates, run: func(e *env) {
			for range 3 {
				e.set("a", "1", 0)
				v := e.version("a", "1")
				e.wantDelete("a", true)
				e.set("a", "1", 0)
				e.wantSwap("a", v, "2", 0, false)
				e.want("a", "1")
				e.wantDelete("a", true)
			}
		}},
		{name: "ClearedAndMadeAgain", needs: []Capability{Swapper, PrefixClearer}, when: versionsAreStates, run: func(e *env) {
			e.set("a", "1", 0)
			v := e.version("a", "1")
			_, err := e.clearer.Clear(e.ctx, e.k("a"))
			e.ok("Clear", err)
			e.set("a", "1", 0)
			e.wantSwap("a", v, "2", 0, false)
		}},
		{name: "OtherKeysChange", needs: needs, run: func(e *env) {
			e.set("a", "1", 0)
			v := e.version("a", "1")
			e.set("b", "1", 0)
			e.wantDelete("b", true)
			e.wantSwap("a", v, "2", 0, true)
		}},
		{name: "OneWinner", needs: needs, run: func(e *env) {
			var v driver.Version
			e.oneWinner("Swap", counters, func(int) {
				e.set("a", "0", 0)
				v = e.version("a", "0")
			}, func(_, i int) (bool, error) {
				return e.swapper.Swap(e.ctx, e.k("a"), v, []byte(strconv.Itoa(i+1)), 0) // never the old value
			})
		}},
		{name: "LoopLosesNothing", needs: needs, run: swapLoop},
	}
}

func versionsAreStates(h *Harness) bool { return !h.VersionsAreValues }

// version returns the version of an entry that must have this value.
func (e *env) version(key, value string) driver.Version {
	e.Helper()
	got, v, err := e.swapper.GetVersion(e.ctx, e.k(key))
	if err != nil || string(got) != value {
		e.Fatalf("GetVersion %q = %s, %v; want %s", key, brief(string(got)), err, brief(value))
	}
	return v
}

func (e *env) wantSwap(key string, v driver.Version, value string, ttl time.Duration, want bool) {
	e.Helper()
	if got, err := e.swapper.Swap(e.ctx, e.k(key), v, []byte(value), ttl); err != nil || got != want {
		e.Errorf("Swap %q = %v, %v; want %v", key, got, err, want)
	}
}

// oldVersions: every kind of write makes a new version, also if the value is the same.
func oldVersions(e *env) {
	for _, w := range writers() {
		if w.name == "Touch" || (w.needs != "" && !e.able(w.needs)) {
			continue
		}
		if w.needs == Adder || w.name == "AddLive" {
			continue // it does not write over an entry
		}
		e.set(w.name, "7", longTTL)
		old := e.version(w.name, "7")
		e.ok(w.name, w.write(e, w.name, longTTL))
		before, err := e.store.Get(e.ctx, e.k(w.name))
		e.ok("Get", err)
		e.wantSwap(w.name, old, "stale", longTTL, false)
		e.want(w.name, string(before))
	}
}

func swapLoop(e *env) {
	const each = 5
	e.set("n", "0", 0)
	e.atOnce(counters, func(int) {
		for range each {
			e.swapUntilDone("n")
		}
	})
	e.want("n", strconv.Itoa(counters*each))
}

// swapUntilDone adds 1 as everyone does who has only Swap.
func (e *env) swapUntilDone(key string) {
	for {
		got, v, err := e.swapper.GetVersion(e.ctx, e.k(key))
		if err != nil {
			e.Errorf("GetVersion: %v", err)
			return
		}
		n, _ := strconv.Atoi(string(got))
		ok, err := e.swapper.Swap(e.ctx, e.k(key), v, []byte(strconv.Itoa(n+1)), driver.KeepTTL)
		if err != nil {
			e.Errorf("Swap: %v", err)
			return
		}
		if ok {
			return
		}
	}
}
