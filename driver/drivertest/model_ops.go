package drivertest

import (
	"errors"
	"slices"
	"strconv"
	"strings"
	"time"

	"pgregory.net/rapid"

	"github.com/larder-go/larder/driver"
)

// Each method below calls the store, does the same to the model and compares the answers.

func (m *model) doGet(*rapid.T) {
	k := m.key()
	got, err := m.store.Get(m.ctx, m.k(k))
	m.sameRead("Get", k, got, err)
}

func (m *model) doSet(*rapid.T) {
	k, v, ttl := m.key(), m.value(), m.drawTTL()
	m.same("Set", m.store.Set(m.ctx, m.k(k), []byte(v), ttl), nil, nil)
	m.put(k, v, ttl)
}

func (m *model) doDelete(*rapid.T) {
	k := m.key()
	got, err := m.store.Delete(m.ctx, m.k(k))
	m.same("Delete "+strconv.Quote(k), err, got, m.remove(k))
}

func (m *model) doGetMany(*rapid.T) {
	keys := m.keys()
	results, err := m.batcher.GetMany(m.ctx, m.ks(keys...))
	m.same("GetMany", err, len(results), len(keys))
	for i, r := range results {
		m.sameRead("GetMany", keys[i], r.Value, r.Err)
	}
}

func (m *model) doSetMany(*rapid.T) {
	keys, ttl := m.keys(), m.drawTTL()
	var items []driver.Item
	for _, k := range keys {
		v := m.value()
		items = append(items, driver.Item{Key: m.k(k), Value: []byte(v)})
		m.put(k, v, ttl)
	}
	m.same("SetMany", m.batcher.SetMany(m.ctx, items, ttl), nil, nil)
}

func (m *model) doDeleteMany(*rapid.T) {
	keys, want := m.keys(), 0
	got, err := m.batcher.DeleteMany(m.ctx, m.ks(keys...))
	for _, k := range keys {
		if m.remove(k) {
			want++
		}
	}
	m.same("DeleteMany", err, got, want)
}

func (m *model) doAdd(*rapid.T) {
	k, v, ttl := m.key(), m.value(), m.drawTTL()
	got, err := m.adder.Add(m.ctx, m.k(k), []byte(v), ttl)
	m.same("Add "+strconv.Quote(k), err, got, m.add(k, v, ttl))
}

func (m *model) add(k, v string, ttl time.Duration) bool {
	_, ok := m.find(k)
	if !ok {
		m.put(k, v, ttl)
	}
	return !ok
}

func (m *model) doTouch(*rapid.T) {
	k, ttl := m.key(), m.drawTTL()
	got, err := m.toucher.Touch(m.ctx, m.k(k), ttl)
	en, ok := m.find(k)
	if ok {
		en.expiry = m.expiry(ttl)
		// Whether the version is a new one is left open: nobody asks about the old one any more.
		m.forget(en.write)
		m.entries[k] = en
	}
	m.same("Touch "+strconv.Quote(k), err, got, ok)
}

// forget drops the versions of a write.
func (m *model) forget(write int) {
	m.versions = slices.DeleteFunc(m.versions, func(v modelVersion) bool { return v.write == write })
}

// count is the arithmetic of the model: old and whether it is there; the text of the sum.
func (m *model) count(what, k, delta string, ttl time.Duration, got string, err error, sum func(string) (string, error)) {
	en, ok := m.find(k)
	if !ok {
		m.same(what, err, got, delta)
		m.put(k, delta, ttl)
		return
	}
	text, wantErr := sum(en.value)
	if wantErr != nil {
		if !errors.Is(err, wantErr) {
			m.rt.Fatalf("%s of %q by %s: %v; want %v", what, en.value, delta, err, wantErr)
		}
		return
	}
	m.same(what+" of "+en.value+" by "+delta, err, got, text)
	m.put(k, text, driver.KeepTTL)
}

func (m *model) doIncr(*rapid.T) {
	k, ttl, delta := m.key(), m.drawTTL(), rapid.Int64().Draw(m.rt, "delta")
	n, err := m.counter.Incr(m.ctx, m.k(k), delta, ttl)
	m.count("Incr", k, strconv.FormatInt(delta, 10), ttl, strconv.FormatInt(n, 10), err, func(old string) (string, error) {
		sum, err := driver.AddInt(old, delta)
		return strconv.FormatInt(sum, 10), err
	})
}

func (m *model) doIncrFloat(*rapid.T) {
	k, ttl, delta := m.key(), m.drawTTL(), rapid.SampledFrom([]float64{0, 1, -1, 0.5, 2.25, -0.1}).Draw(m.rt, "delta")
	f, err := m.counter.IncrFloat(m.ctx, m.k(k), delta, ttl)
	m.count("IncrFloat", k, driver.FormatFloat(delta), ttl, driver.FormatFloat(f), err, func(old string) (string, error) {
		sum, _, err := driver.AddFloat(old, delta)
		return driver.FormatFloat(sum), err
	})
	// The text that is stored may say more than a float64 does; the model takes it over.
	if en, ok := m.find(k); ok && err == nil {
		stored, _ := m.store.Get(m.ctx, m.k(k))
		if s, parseErr := strconv.ParseFloat(string(stored), 64); parseErr != nil || s != f {
			m.rt.Fatalf("IncrFloat = %v, and %q is stored", f, stored)
		}
		en.value = string(stored)
		m.entries[k] = en
	}
}

func (m *model) doGetVersion(*rapid.T) {
	k := m.key()
	got, v, err := m.swapper.GetVersion(m.ctx, m.k(k))
	m.sameRead("GetVersion", k, got, err)
	if err == nil {
		m.versions = append(m.versions, modelVersion{k, v, m.entries[k].write, m.entries[k].value})
	}
}

func (m *model) doSwap(*rapid.T) {
	if len(m.versions) == 0 {
		m.rt.Skip("no version yet")
	}
	v := rapid.SampledFrom(m.versions).Draw(m.rt, "version")
	value := m.value()
	ttl := rapid.SampledFrom([]time.Duration{driver.KeepTTL, 0, longTTL}).Draw(m.rt, "ttl")
	got, err := m.swapper.Swap(m.ctx, m.k(v.key), v.version, []byte(value), ttl)
	en, ok := m.find(v.key)
	current := ok && en.write == v.write
	if ok && !current && m.h.VersionsAreValues && en.value == v.value {
		current = got // the engine may tell the two apart
	}
	m.same("Swap "+strconv.Quote(v.key), err, got, current)
	if current {
		m.put(v.key, value, ttl)
	}
}

func (m *model) prefixes() string {
	return rapid.SampledFrom([]string{"a", "a:", "ab", "b", "\xff", "nothing"}).Draw(m.rt, "prefix")
}

func (m *model) doScan(*rapid.T) {
	p := m.prefixes()
	var got []string
	for k, err := range m.scanner.Scan(m.ctx, m.k(p)) {
		if m.isNameless(err) {
			continue
		}
		if err != nil {
			m.rt.Fatalf("Scan %q: %v", p, err)
		}
		got = append(got, strings.TrimPrefix(k, m.prefix))
	}
	slices.Sort(got)
	m.same("Scan "+strconv.Quote(p), nil, got, m.nameable(m.alive(p)))
}

func (m *model) doClear(*rapid.T) {
	p := m.prefixes()
	got, err := m.clearer.Clear(m.ctx, m.k(p))
	keys := m.alive(p)
	for _, k := range keys {
		m.remove(k)
	}
	if got == -1 {
		got = len(keys)
	}
	m.same("Clear "+strconv.Quote(p), err, got, len(keys))
}

// checkInfo compares what Inspect says of every key.
func (m *model) checkInfo() {
	info, err := m.inspector.Inspect(m.ctx, m.ks(modelKeys...))
	m.same("Inspect", err, len(info), len(m.alive("")))
	for _, k := range m.alive("") {
		got, en := info[m.k(k)], m.entries[k]
		if got.Size != len(en.value) && got.Size != -1 {
			m.rt.Fatalf("Inspect %q: size %d; want %d", k, got.Size, len(en.value))
		}
		if en.expiry.IsZero() != (got.TTL == 0) {
			m.rt.Fatalf("Inspect %q: ttl %v; the entry expires at %v", k, got.TTL, en.expiry)
		}
		if off := got.TTL - time.Until(en.expiry); m.virtual && got.TTL != 0 && off.Abs() > m.h.Resolution {
			m.rt.Fatalf("Inspect %q: ttl %v; want %v", k, got.TTL, time.Until(en.expiry))
		}
	}
}

func (m *model) doGetLive(*rapid.T) {
	k := m.key()
	v, err := m.live.GetLive(m.prefix, k)
	if err != nil {
		m.sameRead("GetLive", k, nil, err)
		return
	}
	got, err := v.Encode()
	m.sameRead("GetLive", k, got, err)
}

func (m *model) doSetLive(*rapid.T) {
	k, v, ttl := m.key(), m.value(), m.drawTTL()
	m.same("SetLive", m.live.SetLive(m.prefix, k, newGem(v), ttl), nil, nil)
	m.put(k, v, ttl)
}

func (m *model) doAddLive(*rapid.T) {
	k, v, ttl := m.key(), m.value(), m.drawTTL()
	got, err := m.live.AddLive(m.prefix, k, newGem(v), ttl)
	m.same("AddLive "+strconv.Quote(k), err, got, m.add(k, v, ttl))
}

// doSwapLive swaps what is there, or what is not.
func (m *model) doSwapLive(*rapid.T) {
	k, v, ttl := m.key(), m.value(), m.drawTTL()
	old, err := m.live.GetLive(m.prefix, k)
	current := err == nil && rapid.Bool().Draw(m.rt, "current")
	if !current {
		old = newGem("never stored")
	}
	got, err := m.live.SwapLive(m.prefix, k, old, newGem(v), ttl)
	m.same("SwapLive "+strconv.Quote(k), err, got, current)
	if current {
		m.put(k, v, ttl)
	}
}
