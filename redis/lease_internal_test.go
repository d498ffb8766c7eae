package redis

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/larder-go/larder/driver"
	"github.com/larder-go/larder/internal/redistest"
)

func TestCRC16(t *testing.T) {
	// Source: https://redis.io/docs/latest/operate/oss_and_stack/reference/cluster-spec/#appendix-a-crc16-reference-implementation-in-ansi-c
	if got := crc16("123456789"); got != 0x31c3 {
		t.Errorf("%#x", got)
	}
	if got := crc16(""); got != 0 {
		t.Errorf("of nothing: %#x", got)
	}
}

func TestHashTag(t *testing.T) {
	for key, want := range map[string]string{
		"": "", "abc": "abc", "{a}b": "a", "a{b}c": "b", "a{b}{c}": "b", "{}a": "{}a", "a{}{b}": "a{}{b}",
		"a{{b}}": "{b", "a{b": "a{b", "a}b": "a}b", "}a{b}": "b", "{\x00}": "\x00", "{user1000}.following": "user1000",
	} {
		tag, marked := hashTag(key)
		if tag != want || marked != (tag != key) {
			t.Errorf("the tag of %q is %q, %v", key, tag, marked)
		}
	}
}

func TestSlotTags(t *testing.T) {
	for slot, tag := range slotTags() {
		if int(slotOf(tag)) != slot || strings.ContainsAny(tag, "{}:") || tag == "" {
			t.Fatalf("slot %d has the tag %q, of slot %d", slot, tag, slotOf(tag))
		}
	}
}

// keys are mostly made of what matters.
var keys = rapid.OneOf(
	rapid.StringOfN(rapid.SampledFrom([]rune("{}:ab1")), 0, 12, -1),
	rapid.Map(rapid.SliceOf(rapid.Byte()), func(b []byte) string { return string(b) }),
	rapid.Map(rapid.StringOfN(rapid.SampledFrom([]rune("{}:a")), 0, 6, -1), func(s string) string { return leasePrefix + s }),
	rapid.Map(rapid.SampledFrom([]rune("k}{")), func(r rune) string { return strings.Repeat(string(r), driver.MaxKeyLen) }),
)

// TestLeaseKey: it is in the key's slot, no two keys have the same, and the key can be read from it.
func TestLeaseKey(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		a, b := keys.Draw(t, "a"), keys.Draw(t, "b")
		lease := leaseKey(a)
		if slotOf(lease) != slotOf(a) {
			t.Errorf("%q is in slot %d, its lease %q in slot %d", a, slotOf(a), lease, slotOf(lease))
		}
		if !strings.HasPrefix(lease, leasePrefix) {
			t.Errorf("%q does not begin as leases do", lease)
		}
		if back, ok := leasedKey(lease); !ok || back != a {
			t.Errorf("%q is said to be the lease of %q, %v; it is that of %q", lease, back, ok, a)
		}
		if a != b && lease == leaseKey(b) {
			t.Errorf("%q and %q have the same lease", a, b)
		}
		if back, ok := leasedKey(b); ok && !strings.HasPrefix(b, leasePrefix) {
			t.Errorf("%q is said to be the lease of %q", b, back)
		}
	})
}

// TestSlotsOfTheServer asks a real cluster.
func TestSlotsOfTheServer(t *testing.T) {
	server := redistest.Start(t, redistest.Config("cluster-enabled yes"))
	for i := range 300 {
		key := keys.Example(i)
		if key == "" {
			continue // the raw client splits words; slot 0 is tested below
		}
		for _, k := range []string{key, leaseKey(key)} {
			if got, want := server.MustDo(t, "CLUSTER", "KEYSLOT", k), fmt.Sprint(slotOf(key)); got != want {
				t.Errorf("%.60q is in slot %s; want %s", k, got, want)
			}
		}
	}
	if got := server.MustDo(t, "CLUSTER", "KEYSLOT", leaseKey("")); got != "0" {
		t.Errorf("the lease of the empty key is in slot %s", got)
	}
}

func TestLeaseBook(t *testing.T) {
	news := func(key string) driver.Event { return driver.Event{Kind: driver.Changed, Key: leaseKey(key)} }
	alive := func() driver.Event { return driver.Event{Kind: driver.Alive, Until: time.Now()} }
	b := newLeaseBook()
	if b.clear() || b.live() {
		t.Error("a book that was told nothing says that there are no leases")
	}
	b.told(alive())
	if b.clear() || !b.live() {
		t.Error("what began before the watch need not have been told")
	}
	b.blurred.Store(1)
	if !b.clear() || b.mayExist("k") {
		t.Error("told everything, the book knows of leases that nobody took")
	}
	woken, leave := b.wait("k")
	other, leaveOther := b.wait("other")
	defer leaveOther()
	b.told(news("k"))
	b.told(news("k"))
	if !b.mayExist("k") || len(woken) != 1 || len(other) != 0 {
		t.Errorf("of news of a lease: may exist %v, woken %d and %d", b.mayExist("k"), len(woken), len(other))
	}
	leave()
	b.told(news("k"))
	if len(b.waiters) != 1 {
		t.Errorf("%d keys are waited for; want 1", len(b.waiters))
	}
	b.told(driver.Event{Kind: driver.Gap})
	if b.clear() || b.live() || len(other) != 1 {
		t.Error("after a gap the book says that it knows everything, or somebody who waits is not told")
	}
}

func TestLeaseNewsGrowsOld(t *testing.T) {
	b := newLeaseBook()
	b.slot("k").Store(int64(sinceStart()))
	b.alive.Store(int64(sinceStart() - 2*driver.AliveWithin))
	if b.mayExist("k") || b.live() {
		t.Error("old news is taken for new")
	}
}

// TestSetVoidsForGood: a lease is gone after a Set, also if a program that knows no leases deletes the entry then.
func TestSetVoidsForGood(t *testing.T) {
	server := redistest.Start(t)
	var stores [2]*Store
	for i := range stores {
		s, err := Open(t.Context(), Options{Addresses: []string{server.Addr()}})
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = s.Close() })
		stores[i] = s
	}
	for _, told := range []bool{true, false} {
		name := fmt.Sprint("told ", told)
		grants, err := stores[0].Acquire(t.Context(), []string{name}, driver.MaxLease)
		if err != nil || grants[0].Lease == "" {
			t.Fatal(grants, err)
		}
		// Either the news has come, or the store says of itself that it does not know.
		for deadline := time.Now().Add(10 * time.Second); told && !(stores[1].leases.clear() && stores[1].leases.mayExist(name)); {
			if time.Now().After(deadline) {
				t.Fatal("it is not told")
			}
			if _, err := stores[0].Renew(t.Context(), name, grants[0].Lease, driver.MaxLease); err != nil {
				t.Fatal(err)
			}
			time.Sleep(10 * time.Millisecond) // between two looks
		}
		if !told {
			stores[1].leases = newLeaseBook() // which nobody writes into
		}
		if err := stores[1].Set(t.Context(), name, []byte("new"), time.Hour); err != nil {
			t.Fatal(err)
		}
		server.MustDo(t, "DEL", name)
		filled, err := stores[0].Fill(t.Context(), []driver.Filling{{Key: name, Lease: grants[0].Lease, Value: []byte("old")}}, 0)
		if err != nil || filled[0] {
			t.Errorf("%s: Fill = %v, %v", name, filled, err)
		}
	}
}
