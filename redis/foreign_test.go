package redis_test

import (
	"bytes"
	"errors"
	"maps"
	"slices"
	"testing"

	"github.com/larder-go/larder/driver"
	"github.com/larder-go/larder/redis"
)

// TestForeignTypes: a key of another type is a fault of that key, is never a miss, and stays as it is.
func TestForeignTypes(t *testing.T) {
	number := server.FreshDB()
	raw := server.DB(number)
	s := open(t, redis.Options{Addresses: []string{server.Addr()}, DB: number})
	huge := bytes.Repeat([]byte("x"), 10<<20)
	for _, command := range [][]string{
		{"RPUSH", "list", "a"}, {"HSET", "hash", "f", "v"}, {"SET", "empty", ""}, {"SET", "huge", string(huge)}, {"SET", "utf16", "\xff\xfe1\x00"},
	} {
		if _, err := raw.Do(command...); err != nil {
			t.Fatal(err)
		}
	}
	wantValues(t, s, map[string]string{"empty": "", "huge": string(huge), "utf16": "\xff\xfe1\x00"}, "list", "hash")
	for _, key := range []string{"list", "hash"} {
		_, err := s.Get(t.Context(), key)
		wantCodec(t, "Get", err)
		_, err = s.Incr(t.Context(), key, 1, 0)
		wantCodec(t, "Incr", err)
		_, err = s.IncrFloat(t.Context(), key, 1, 0)
		wantCodec(t, "IncrFloat", err)
		_, _, err = s.GetVersion(t.Context(), key)
		wantCodec(t, "GetVersion", err)
		if added, err := s.Add(t.Context(), key, []byte("1"), 0); added || err != nil {
			t.Errorf("Add = %t, %v", added, err)
		}
	}
	infos, err := s.Inspect(t.Context(), []string{"list", "empty", "absent"})
	if err != nil || len(infos) != 2 || infos["list"].Size != -1 || infos["empty"].Size != 0 {
		t.Errorf("Inspect = %+v, %v", infos, err)
	}
	if left, err := raw.Do("EXISTS", "list", "hash", "empty", "huge", "utf16"); left != "5" || err != nil {
		t.Errorf("%s keys of 5 are left, %v", left, err)
	}
}

// wantValues reads everything in one batch, with some keys of other types and an absent one.
func wantValues(t *testing.T, s *redis.Store, want map[string]string, others ...string) {
	t.Helper()
	keys := slices.Concat(slices.Sorted(maps.Keys(want)), others, []string{"absent"})
	got, err := s.GetMany(t.Context(), keys)
	if err != nil {
		t.Fatal(err)
	}
	for i, key := range keys {
		value, readable := want[key]
		switch {
		case readable && (got[i].Err != nil || string(got[i].Value) != value):
			t.Errorf("GetMany: %s has %d bytes, %v; want %d", key, len(got[i].Value), got[i].Err, len(value))
		case key == "absent" && !errors.Is(got[i].Err, driver.ErrMiss):
			t.Errorf("GetMany of an absent key: %v", got[i].Err)
		case slices.Contains(others, key):
			wantCodec(t, "GetMany of "+key, got[i].Err)
		}
	}
}

func wantCodec(t *testing.T, name string, err error) {
	t.Helper()
	if !errors.Is(err, driver.ErrCodec) || errors.Is(err, driver.ErrMiss) {
		t.Errorf("%s: %v; want ErrCodec", name, err)
	}
}

// TestLeasesAreHidden: a lease is no key, and Clear takes those of absent keys along.
func TestLeasesAreHidden(t *testing.T) {
	number := server.FreshDB()
	s := open(t, redis.Options{Addresses: []string{server.Addr()}, DB: number})
	for _, key := range []string{"a:1", "a:{2}", "ab:3", "xa:4"} {
		grants, err := s.Acquire(t.Context(), []string{key}, driver.MaxLease)
		if err != nil || grants[0].Lease == "" {
			t.Fatalf("%+v, %v", grants, err)
		}
	}
	for key, err := range s.Scan(t.Context(), "") {
		t.Errorf("Scan yields %q, %v", key, err)
	}
	if n, err := s.Clear(t.Context(), "a:"); n != 0 || err != nil {
		t.Errorf("Clear = %d, %v", n, err)
	}
	if left, err := server.DB(number).Do("DBSIZE"); left != "2" || err != nil {
		t.Errorf("%s leases are left, %v; want those of ab:3 and xa:4", left, err)
	}
}
