package drivertest

import (
	"errors"
	"fmt"
	"strconv"
	"testing"

	"github.com/larder-go/larder/driver"
)

// gem is a live value: its bytes are made when somebody asks.
type gem struct {
	text   string
	weight int
	broken error
}

func (g *gem) Encode() ([]byte, error) { return []byte(g.text), g.broken }
func (g *gem) Weight() int             { return g.weight }

func newGem(text string) *gem { return &gem{text: text, weight: len(text) + 16} }

// liveCases: live values and bytes are two faces of one entry. Lifetimes are among the cases of expiry.
func liveCases() []testCase {
	needs := []Capability{Live}
	return []testCase{
		{name: "ComesBackAsItIs", needs: needs, run: func(e *env) {
			g := newGem("one")
			e.setLive("a", g)
			e.wantLive("a", g)
			e.want("a", "one")
			e.wantLive("a", g)
			e.wantNoLive("b")
			e.wantDelete("a", true)
			e.wantNoLive("a")
		}},
		{name: "BytesComeBackAsValue", needs: needs, run: func(e *env) {
			for _, text := range []string{"bytes", "", "\x00\xff"} {
				e.set("a", text, 0)
				v, err := e.live.GetLive(e.prefix, "a")
				e.ok("GetLive", err)
				if got, err := v.Encode(); err != nil || string(got) != text {
					e.Errorf("Encode of what Set stored = %q, %v; want %q", got, err, text)
				}
			}
		}},
		{name: "EveryMethodSeesIt", needs: needs, run: everyMethodSeesLive},
		{name: "KeySplitsAnywhere", needs: needs, run: keySplits},
		{name: "Add", needs: needs, run: func(e *env) {
			e.set("a", "bytes", 0)
			if ok, err := e.live.AddLive(e.prefix, "a", newGem("new"), 0); ok || err != nil {
				e.Errorf("AddLive over bytes = %v, %v", ok, err)
			}
			e.want("a", "bytes")
			g := newGem("new")
			e.ok("AddLive", did(e.live.AddLive(e.prefix, "b", g, 0)))
			e.wantLive("b", g)
			e.oneWinner("AddLive", counters, func(int) {}, func(round, i int) (bool, error) {
				return e.live.AddLive(e.prefix, valueOf(round), newGem(strconv.Itoa(i)), longTTL)
			})
		}},
		{name: "Swap", needs: needs, run: swapLive},
		{name: "SwapOneWinner", needs: needs, run: func(e *env) {
			old := newGem("0")
			e.oneWinner("SwapLive", counters, func(int) { e.setLive("a", old) }, func(_, i int) (bool, error) {
				return e.live.SwapLive(e.prefix, "a", old, newGem(strconv.Itoa(i)), 0)
			})
		}},
		{name: "NewVersion", needs: []Capability{Live, Swapper}, run: func(e *env) {
			e.setLive("a", newGem("1"))
			v := e.version("a", "1")
			e.setLive("a", newGem("1"))
			e.wantSwap("a", v, "2", 0, false)
			e.wantSwap("a", e.version("a", "1"), "2", 0, true)
			e.want("a", "2")
		}},
		{name: "CannotEncode", needs: needs, run: func(e *env) {
			broken := errors.New("a gem that cannot be written down")
			g := &gem{broken: broken, weight: 8}
			e.setLive("a", g)
			e.wantLive("a", g)
			_, err := e.store.Get(e.ctx, e.k("a"))
			e.wantErr("Get of a value that does not encode", err, broken)
			e.wantDelete("a", true)
			e.wantMiss("a")
		}},
		{name: "Weight", needs: needs, when: func(h *Harness) bool { return h.MaxValue > 0 }, run: heavyLive},
		{name: "NoAllocation", needs: needs, realTime: true, when: func(h *Harness) bool { return !h.MayAllocate }, run: func(e *env) {
			e.setLive("key", newGem("one"))
			n := testing.AllocsPerRun(100, func() { _, _ = e.live.GetLive(e.prefix, "key") })
			if n > 0.5 && !raceEnabled {
				e.Errorf("GetLive allocates %v times; want 0", n)
			}
		}},
	}
}

func (e *env) setLive(key string, v driver.Value) {
	e.Helper()
	e.ok("SetLive", e.live.SetLive(e.prefix, key, v, 0))
}

func (e *env) wantLive(key string, want driver.Value) {
	e.Helper()
	if got, err := e.live.GetLive(e.prefix, key); err != nil || got != want {
		e.Errorf("GetLive %q = %v, %v; want the very value that was stored, %v", key, got, err, want)
	}
}

func (e *env) wantNoLive(key string) {
	e.Helper()
	if got, err := e.live.GetLive(e.prefix, key); !errors.Is(err, driver.ErrMiss) {
		e.Errorf("GetLive %q = %v, %v; want ErrMiss", key, got, err)
	}
}

// everyMethodSeesLive: to all other methods, the entry holds the bytes.
func everyMethodSeesLive(e *env) {
	e.setLive("n", newGem("41"))
	if e.able(Batcher) {
		e.wantMany([]string{"n", "absent"}, []string{"41", "-"})
	}
	if e.able(Counter) {
		if n, err := e.counter.Incr(e.ctx, e.k("n"), 1, 0); err != nil || n != 42 {
			e.Errorf("Incr of a live 41 = %d, %v", n, err)
		}
		e.want("n", "42")
		v, err := e.live.GetLive(e.prefix, "n")
		e.ok("GetLive after Incr", err)
		if b, _ := v.Encode(); string(b) != "42" {
			e.Errorf("GetLive after Incr gives %q", b)
		}
		e.setLive("n", newGem("41"))
	}
	if e.able(Adder) {
		e.wantAdd("n", "new", false)
	}
	if e.able(Toucher) {
		e.wantTouch("n", longTTL, true)
		e.want("n", "41")
	}
	if e.able(Inspector) {
		info, err := e.inspector.Inspect(e.ctx, e.ks("n"))
		e.ok("Inspect", err)
		if i, ok := info[e.k("n")]; !ok || (i.Size != 2 && i.Size != -1) {
			e.Errorf("Inspect of a live value of 2 bytes = %+v, %v", i, ok)
		}
	}
	if e.able(Swapper) {
		e.wantSwap("n", e.version("n", "41"), "bytes", 0, true)
		e.want("n", "bytes")
		e.setLive("n", newGem("41"))
	}
	if e.able(Scanner) {
		e.wantKeys("", "n")
	}
	if e.able(PrefixClearer) {
		e.wantClear("n", 1)
		e.wantNoLive("n")
	}
}

// keySplits: an entry is its whole key, wherever that is cut in two.
func keySplits(e *env) {
	for _, key := range []string{"user:42", "é😀", "\x00\xff", "", string(make([]byte, 300))} {
		full := e.k(key)
		for _, i := range []int{0, 1, len(full) / 2, len(full) - 1, len(full)} {
			if i < 0 || i > len(full) {
				continue
			}
			text := fmt.Sprint("split at ", i)
			g := newGem(text)
			e.ok("SetLive", e.live.SetLive(full[:i], full[i:], g, 0))
			e.want(key, text)
			for j := range min(len(full), 20) + 1 {
				if got, err := e.live.GetLive(full[:j], full[j:]); err != nil || got != driver.Value(g) {
					e.Fatalf("set with the key split at %d, got split at %d: %v, %v", i, j, got, err)
				}
			}
			if ok, err := e.live.AddLive(full[:len(full)-i], full[len(full)-i:], newGem("new"), 0); ok || err != nil {
				e.Errorf("AddLive with the key split elsewhere = %v, %v; want false", ok, err)
			}
		}
		e.wantDelete(key, true)
	}
}

func swapLive(e *env) {
	one, two := newGem("same"), newGem("same")
	swap := func(old, v driver.Value) bool {
		e.Helper()
		ok, err := e.live.SwapLive(e.prefix, "a", old, v, 0)
		e.ok("SwapLive", err)
		return ok
	}
	if swap(one, two) {
		e.Error("SwapLive of an absent entry = true")
	}
	e.wantNoLive("a")
	e.setLive("a", one)
	if swap(two, newGem("other")) {
		e.Error("SwapLive takes another value with the same bytes for the old one")
	}
	if !swap(one, two) {
		e.Error("SwapLive of the current value = false")
	}
	e.wantLive("a", two)
	if swap(one, newGem("other")) {
		e.Error("SwapLive of a replaced value = true")
	}
	e.set("a", "bytes", 0)
	if swap(two, one) {
		e.Error("SwapLive of a value that Set has replaced = true")
	}
	old, err := e.live.GetLive(e.prefix, "a")
	e.ok("GetLive", err)
	if !swap(old, one) {
		e.Error("SwapLive of bytes, as GetLive returned them = false")
	}
	e.wantLive("a", one)
	e.wantDelete("a", true)
	if swap(one, two) {
		e.Error("SwapLive of a deleted entry = true")
	}
	e.wantMiss("a")
}

// heavyLive: what counts is the weight, not the bytes.
func heavyLive(e *env) {
	heavy := &gem{text: "light", weight: 2 * e.h.MaxValue}
	e.setLive("a", newGem("1"))
	e.wantErr("SetLive of a heavy value", e.live.SetLive(e.prefix, "a", heavy, 0), driver.ErrTooLarge)
	e.wantNoLive("a")
	ok, err := e.live.AddLive(e.prefix, "a", heavy, 0)
	if ok {
		e.Error("AddLive of a heavy value = true")
	}
	e.wantErr("AddLive of a heavy value", err, driver.ErrTooLarge)
	e.wantNoLive("a")
	one := newGem("1")
	e.setLive("a", one)
	ok, err = e.live.SwapLive(e.prefix, "a", one, heavy, 0)
	if ok {
		e.Error("SwapLive with a heavy value = true")
	}
	e.wantErr("SwapLive with a heavy value", err, driver.ErrTooLarge)
	e.wantLive("a", one)
}
