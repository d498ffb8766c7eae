package drivertest

import (
	"errors"
	"sync/atomic"
	"time"

	"github.com/larder-go/larder/driver"
)

// expiryCases: an entry lives as long as it was told to, no shorter, and longer by the resolution at most.
func expiryCases() []testCase {
	return []testCase{
		{name: "EveryWriteKeepsItsWord", run: everyWriteExpires},
		{name: "ExpiredIsAbsentForEveryMethod", run: expiredIsAbsent},
		{name: "LastWriteDecides", run: lastWriteDecides},
		{name: "KeptByWhatChangesTheValueOnly", run: keptLifetimes},
		{name: "WithoutTTLStays", run: withoutTTL},
		{name: "ExtremeTTLs", run: extremeTTLs},
		{name: "NeverWithoutLifetime", needs: []Capability{Inspector}, run: neverWithoutLifetime},
	}
}

// holds tells whether an entry is at key.
func (e *env) holds(key string) bool {
	_, err := e.store.Get(e.ctx, e.k(key))
	if err != nil && !errors.Is(err, driver.ErrMiss) {
		e.Errorf("Get %q: %v", key, err)
	}
	return err == nil
}

func everyWriteExpires(e *env) {
	lives := map[string]lifetime{}
	for _, w := range writers() {
		if w.needs != "" && !e.able(w.needs) {
			continue
		}
		if w.prepare != nil {
			w.prepare(e, w.name)
		}
		lives[w.name] = e.written(e.ttl(), func() { e.ok(w.name, w.write(e, w.name, e.ttl())) })
	}
	for name, l := range lives {
		l.whileAlive(name, func() bool { return e.holds(name) })
	}
	for name, l := range lives {
		l.untilGone()
		if e.holds(name) {
			e.Errorf("%s with a ttl of %v: still there when that and the resolution of %v are over", name, l.ttl, e.h.Resolution)
		}
	}
}

// absence is how one method shows that nothing is at a key.
type absence struct {
	name  string
	needs Capability
	check func(e *env, key string) bool
}

func absences() []absence {
	return []absence{
		{"Get", "", func(e *env, k string) bool {
			_, err := e.store.Get(e.ctx, e.k(k))
			return errors.Is(err, driver.ErrMiss)
		}},
		{"Delete", "", func(e *env, k string) bool { ok, err := e.store.Delete(e.ctx, e.k(k)); return !ok && err == nil }},
		{"GetMany", Batcher, func(e *env, k string) bool {
			r, err := e.batcher.GetMany(e.ctx, e.ks(k))
			return err == nil && len(r) == 1 && errors.Is(r[0].Err, driver.ErrMiss)
		}},
		{"DeleteMany", Batcher, func(e *env, k string) bool {
			n, err := e.batcher.DeleteMany(e.ctx, e.ks(k))
			return n == 0 && err == nil
		}},
		{"Add", Adder, func(e *env, k string) bool {
			ok, err := e.adder.Add(e.ctx, e.k(k), []byte("new"), 0)
			return ok && err == nil
		}},
		{"Touch", Toucher, func(e *env, k string) bool {
			ok, err := e.toucher.Touch(e.ctx, e.k(k), longTTL)
			return !ok && err == nil
		}},
		{"Incr", Counter, func(e *env, k string) bool {
			n, err := e.counter.Incr(e.ctx, e.k(k), 3, 0)
			return n == 3 && err == nil
		}},
		{"IncrFloat", Counter, func(e *env, k string) bool {
			f, err := e.counter.IncrFloat(e.ctx, e.k(k), 3, 0)
			return f == 3 && err == nil
		}},
		{"GetVersion", Swapper, func(e *env, k string) bool {
			_, _, err := e.swapper.GetVersion(e.ctx, e.k(k))
			return errors.Is(err, driver.ErrMiss)
		}},
		{"Scan", Scanner, func(e *env, k string) bool { return len(e.scan(k)) == 0 }},
		{"Clear", PrefixClearer, func(e *env, k string) bool { n, err := e.clearer.Clear(e.ctx, e.k(k)); return n <= 0 && err == nil }},
		{"Inspect", Inspector, func(e *env, k string) bool {
			m, err := e.inspector.Inspect(e.ctx, e.ks(k))
			return len(m) == 0 && err == nil
		}},
		{"GetLive", Live, func(e *env, k string) bool {
			_, err := e.live.GetLive(e.prefix, k)
			return errors.Is(err, driver.ErrMiss)
		}},
		{"AddLive", Live, func(e *env, k string) bool {
			ok, err := e.live.AddLive(e.prefix, k, driver.Bytes("new"), 0)
			return ok && err == nil
		}},
	}
}

// expiredIsAbsent gives every method an expired entry of its own, so that none profits from what another one tidied up.
func expiredIsAbsent(e *env) {
	var last lifetime
	versions := map[string]driver.Version{}
	for _, a := range absences() {
		last = e.written(e.ttl(), func() { e.set("gone:"+a.name, "7", e.ttl()) })
	}
	if e.able(Swapper) {
		last = e.written(e.ttl(), func() { e.set("gone:Swap", "7", e.ttl()) })
		_, v, err := e.swapper.GetVersion(e.ctx, e.k("gone:Swap"))
		if err == nil {
			versions["Swap"] = v
		}
	}
	var old driver.Value
	if e.able(Live) {
		last = e.written(e.ttl(), func() { e.set("gone:SwapLive", "7", e.ttl()) })
		old, _ = e.live.GetLive(e.prefix, "gone:SwapLive")
	}
	last.untilGone()
	for _, a := range absences() {
		if (a.needs == "" || e.able(a.needs)) && !a.check(e, "gone:"+a.name) {
			e.Errorf("%s sees an entry that has expired", a.name)
		}
	}
	if v, ok := versions["Swap"]; ok {
		if ok, err := e.swapper.Swap(e.ctx, e.k("gone:Swap"), v, []byte("8"), 0); ok || err != nil {
			e.Errorf("Swap of an expired entry = %v, %v; want false", ok, err)
		}
		e.wantMiss("gone:Swap")
	}
	if old != nil {
		if ok, err := e.live.SwapLive(e.prefix, "gone:SwapLive", old, driver.Bytes("8"), 0); ok || err != nil {
			e.Errorf("SwapLive of an expired entry = %v, %v; want false", ok, err)
		}
		e.wantMiss("gone:SwapLive")
	}
	// Touch must not have brought it back.
	e.wantMiss("gone:Touch")
}

// lastWriteDecides: a write replaces the lifetime, up and down.
func lastWriteDecides(e *env) {
	e.set("longer", "1", e.ttl())
	e.set("longer", "2", longTTL)
	e.set("forever", "1", e.ttl())
	e.set("forever", "2", 0)
	e.set("shorter", "1", longTTL)
	e.set("ends", "1", 0)
	l := e.written(e.ttl(), func() {
		e.set("shorter", "2", e.ttl())
		e.set("ends", "2", e.ttl())
	})
	if e.able(Toucher) {
		e.within(e.ttl(), "Touch", func() error {
			e.set("touched:forever", "1", e.ttl())
			return did(e.toucher.Touch(e.ctx, e.k("touched:forever"), 0))
		})
	}
	l.untilGone()
	e.want("longer", "2")
	e.want("forever", "2")
	e.wantMiss("shorter")
	e.wantMiss("ends")
	if e.able(Toucher) {
		e.want("touched:forever", "1")
	}
}

// keeper is a method that changes an entry, or fails to, and leaves its lifetime alone.
type keeper struct {
	name   string
	needs  Capability
	change func(e *env, key string) error
}

func keepers() []keeper {
	return []keeper{
		{"Get", "", func(e *env, k string) error { _, err := e.store.Get(e.ctx, e.k(k)); return err }},
		{"Incr", Counter, func(e *env, k string) error { _, err := e.counter.Incr(e.ctx, e.k(k), 1, longTTL); return err }},
		{"IncrNoTTL", Counter, func(e *env, k string) error { _, err := e.counter.Incr(e.ctx, e.k(k), 1, 0); return err }},
		{"IncrFloat", Counter, func(e *env, k string) error {
			_, err := e.counter.IncrFloat(e.ctx, e.k(k), 1.5, longTTL)
			return err
		}},
		{"AddRefused", Adder, func(e *env, k string) error {
			ok, err := e.adder.Add(e.ctx, e.k(k), []byte("new"), longTTL)
			if ok {
				return errors.New("added over an entry")
			}
			return err
		}},
		{"SwapKeepTTL", Swapper, func(e *env, k string) error {
			_, v, err := e.swapper.GetVersion(e.ctx, e.k(k))
			if err != nil {
				return err
			}
			return did(e.swapper.Swap(e.ctx, e.k(k), v, []byte("8"), driver.KeepTTL))
		}},
		{"SwapRefused", Swapper, func(e *env, k string) error {
			_, v, err := e.swapper.GetVersion(e.ctx, e.k(k))
			if err != nil {
				return err
			}
			if err := did(e.swapper.Swap(e.ctx, e.k(k), v, []byte("8"), driver.KeepTTL)); err != nil {
				return err
			}
			if ok, err := e.swapper.Swap(e.ctx, e.k(k), v, []byte("9"), longTTL); ok {
				return errors.New("swapped an old version")
			} else {
				return err
			}
		}},
		{"GetLive", Live, func(e *env, k string) error { _, err := e.live.GetLive(e.prefix, k); return err }},
		{"AddLiveRefused", Live, func(e *env, k string) error {
			ok, err := e.live.AddLive(e.prefix, k, driver.Bytes("new"), longTTL)
			if ok {
				return errors.New("added over an entry")
			}
			return err
		}},
	}
}

// keptLifetimes changes entries in the middle of their lives and finds that they end when they would have ended.
func keptLifetimes(e *env) {
	ttl := 4 * e.ttl()
	l := e.written(ttl, func() {
		for _, k := range keepers() {
			e.set(k.name, "7", ttl)
		}
	})
	waitFor(l.from.Add(ttl / 4))
	var changed []string
	for _, k := range keepers() {
		if k.needs != "" && !e.able(k.needs) {
			continue
		}
		if l.whileAliveNow(k.name, func() error { return k.change(e, k.name) }) {
			changed = append(changed, k.name)
		}
	}
	if len(changed) > 0 {
		l.whileAlive(changed[0], func() bool { return e.holds(changed[0]) })
	}
	l.untilGone()
	for _, name := range changed {
		if e.holds(name) {
			e.Errorf("%s has given its entry a longer life", name)
		}
	}
}

// withoutTTL: what was stored without a ttl outlives what was stored with one.
func withoutTTL(e *env) {
	for _, w := range writers() {
		if w.needs != "" && !e.able(w.needs) {
			continue
		}
		e.within(e.ttl(), w.name, func() error {
			if w.prepare != nil {
				e.set(w.name, "7", e.ttl())
			}
			return w.write(e, w.name, 0)
		})
	}
	l := e.written(e.ttl(), func() { e.set("other", "1", e.ttl()) })
	l.untilGone()
	for _, w := range writers() {
		if (w.needs == "" || e.able(w.needs)) && !e.holds(w.name) {
			e.Errorf("%s without a ttl: gone after %v", w.name, 2*e.ttl())
		}
	}
}

// extremeTTLs: the shortest is no "forever", and the longest is no "never".
func extremeTTLs(e *env) {
	short := []time.Duration{1, time.Microsecond, time.Millisecond}
	l := e.written(time.Millisecond, func() {
		for _, ttl := range short {
			e.set("short:"+ttl.String(), "1", ttl)
		}
	})
	longest := e.h.maxTTL()
	for _, ttl := range []time.Duration{longest, longest - 1, 31 * 24 * time.Hour, 30*24*time.Hour + 1} {
		e.set("long:"+ttl.String(), "1", ttl)
		e.want("long:"+ttl.String(), "1")
	}
	if longest < driver.MaxTTL {
		e.wantNoSuchTTL()
	}
	l.untilGone()
	for _, ttl := range short {
		e.wantMiss("short:" + ttl.String())
	}
	e.want("long:"+longest.String(), "1")
}

// wantNoSuchTTL: what the engine cannot express it refuses, and leaves what is there as it was.
func (e *env) wantNoSuchTTL() {
	for _, w := range writers() {
		if w.needs != "" && !e.able(w.needs) {
			continue
		}
		if w.prepare != nil {
			w.prepare(e, w.name)
		}
		before, err := e.store.Get(e.ctx, e.k(w.name))
		e.wantErr(w.name+" with a lifetime that the engine has not", w.write(e, w.name, driver.MaxTTL), driver.ErrBadTTL)
		if err == nil {
			e.want(w.name, string(before))
		} else {
			e.wantMiss(w.name)
		}
	}
}

// neverWithoutLifetime looks all the time for an entry that has no lifetime yet.
func neverWithoutLifetime(e *env) {
	for _, w := range writers() {
		if w.prepare == nil && (w.needs == "" || e.able(w.needs)) {
			e.watchLifetime(w)
		}
	}
}

// watchLifetime writes and deletes an entry until it has been looked at often enough meanwhile: on a busy machine, any
// fixed number of writes may be over before the first look.
func (e *env) watchLifetime(w writer) {
	const writes, looks = 50, 100
	var looked atomic.Int64
	done, blind := make(chan struct{}), make(chan struct{})
	defer func() { close(done); <-blind }()
	go func() {
		defer close(blind)
		for !isClosed(done) && e.seesLifetime(w.name) {
			looked.Add(1)
		}
	}()
	for i := 0; (i < writes || looked.Load() < looks) && !isClosed(blind); i++ {
		e.ok(w.name, w.write(e, "mortal", longTTL))
		e.wantDelete("mortal", true)
	}
}

// seesLifetime fails if the entry is there and would stay for ever.
func (e *env) seesLifetime(writer string) bool {
	info, err := e.inspector.Inspect(e.ctx, e.ks("mortal"))
	if err != nil {
		e.Errorf("Inspect: %v", err)
		return false
	}
	if i, ok := info[e.k("mortal")]; ok && i.TTL <= 0 {
		e.Errorf("%s: the entry had no lifetime for a moment", writer)
		return false
	}
	return true
}

func isClosed(c <-chan struct{}) bool {
	select {
	case <-c:
		return true
	default:
		return false
	}
}
