package drivertest

import (
	"fmt"
	"slices"
	"strings"

	"github.com/larder-go/larder/driver"
)

// keyCases: a key is any bytes, and any two keys are two entries.
func keyCases() []testCase {
	return []testCase{
		{name: "AllAtOnce", run: strangeKeysTogether},
		{name: "DeleteSparesTheOthers", run: strangeKeysDeleted},
		{name: "Batches", needs: []Capability{Batcher}, run: strangeKeysInBatches},
		{name: "Scan", needs: []Capability{Scanner}, run: strangeKeysScanned},
		{name: "Inspect", needs: []Capability{Inspector}, run: strangeKeysInspected},
		{name: "EveryMethod", run: strangeKeysEverywhere},
		{name: "EveryByte", run: everyByte},
	}
}

// strangeKeys are keys that some engine, protocol or collation confuses with another one of the list, or refuses.
func (e *env) strangeKeys() []string {
	longest := strings.Repeat("k", driver.MaxKeyLen-len(e.prefix)-1)
	keys := []string{
		"", " ", "  ", "a", "a ", " a", "a\t", "A", "a\x00", "a\x00b", "a\x00c", "\x00", "\x00\x00",
		"cr\r", "lf\n", "crlf\r\n", "inject\r\nflush_all\r\n", "get a", "with space", "\x7f", "\x1b[0m",
		"\xff", "\xff\xff", "\xfe", "\xc3\x28", "a\xed\xa0\x80", "\xf0\x9f", "\ufffd",
		"😀", "é", "e\u0301", "É", "ß", "SS", "ss", "İ", "i", "ı", "日本語", "\u200b", "\ufeff",
		"1", "01", "1.0", "+1", "1e0", "-0", "0", "0x1", "null", "NULL", "true",
		"*", "?", "[a]", "a*", "a?", "a\\", "\\", "a\\*", "%", "_", "a%", "a_", "'", "''", "\"", "`", ";--",
		"a:b", "a:", ":a", "a/b", "../a", "/", "{a}", "{a}b", "$", "#", "@", "a,b",
		strings.Repeat("k", 249), strings.Repeat("k", 250), strings.Repeat("k", 251), strings.Repeat("k", 1024),
		longest + "1", longest + "2", longest, "x" + longest, strings.Repeat("\xff", 300), strings.Repeat(" ", 255),
	}
	for i := range 8 {
		keys = append(keys, fmt.Sprintf("last byte %c", 'a'+i))
	}
	return keys
}

// setStrange stores each strange key with a value of its own.
func (e *env) setStrange() []string {
	keys := e.strangeKeys()
	for i, k := range keys {
		e.set(k, valueOf(i), 0)
	}
	return keys
}

func valueOf(i int) string { return fmt.Sprint("value ", i) }

func strangeKeysTogether(e *env) {
	keys := e.strangeKeys()
	for _, k := range keys {
		e.wantMiss(k)
	}
	e.setStrange()
	for i, k := range keys {
		e.want(k, valueOf(i))
	}
}

func strangeKeysDeleted(e *env) {
	keys := e.setStrange()
	for i, k := range keys {
		e.wantDelete(k, true)
		e.wantMiss(k)
		for j := i + 1; j < min(i+4, len(keys)); j++ {
			e.want(keys[j], valueOf(j))
		}
	}
}

func strangeKeysInBatches(e *env) {
	keys := e.strangeKeys()
	items := make([]driver.Item, len(keys))
	for i, k := range keys {
		items[i] = driver.Item{Key: e.k(k), Value: []byte(valueOf(i))}
	}
	e.ok("SetMany", e.batcher.SetMany(e.ctx, items, longTTL))
	results, err := e.batcher.GetMany(e.ctx, e.ks(keys...))
	e.ok("GetMany", err)
	for i, r := range results {
		if r.Err != nil || string(r.Value) != valueOf(i) {
			e.Errorf("GetMany: %s = %s, %v; want %q", brief(keys[i]), brief(string(r.Value)), r.Err, valueOf(i))
		}
	}
	n, err := e.batcher.DeleteMany(e.ctx, e.ks(keys...))
	if err != nil || n != len(keys) {
		e.Errorf("DeleteMany = %d, %v; want %d", n, err, len(keys))
	}
}

func strangeKeysScanned(e *env) {
	keys := e.setStrange()
	e.wantKeys("", keys...)
}

func strangeKeysInspected(e *env) {
	keys := e.setStrange()
	info, err := e.inspector.Inspect(e.ctx, e.ks(keys...))
	e.ok("Inspect", err)
	for _, k := range keys {
		if _, ok := info[e.k(k)]; !ok {
			e.Errorf("Inspect: nothing about %s", brief(k))
		}
	}
	if len(info) != len(keys) {
		e.Errorf("Inspect knows %d entries of %d", len(info), len(keys))
	}
}

// strangeKeysEverywhere takes each key through the methods that the other cases leave out.
func strangeKeysEverywhere(e *env) {
	for _, k := range e.strangeKeys() {
		if e.able(Adder) {
			e.wantAdd(k, "added", true)
			e.wantAdd(k, "again", false)
		} else {
			e.set(k, "added", 0)
		}
		if e.able(Toucher) {
			e.wantTouch(k, longTTL, true)
		}
		if e.able(Swapper) {
			e.wantSwap(k, e.version(k, "added"), "swapped", 0, true)
			e.want(k, "swapped")
		}
		e.wantDelete(k, true)
		if e.able(Counter) {
			if n, err := e.counter.Incr(e.ctx, e.k(k), 7, 0); err != nil || n != 7 {
				e.Errorf("Incr %s = %d, %v; want 7", brief(k), n, err)
			}
			e.want(k, "7")
			e.wantDelete(k, true)
		}
		e.wantMiss(k)
	}
}

// everyByte: each byte is a key, and each byte may stand in the middle of one.
func everyByte(e *env) {
	var keys []string
	for b := range 256 {
		keys = append(keys, string([]byte{byte(b)}), string([]byte{'m', byte(b), 'm'}))
	}
	for i, k := range keys {
		e.set(k, valueOf(i), 0)
	}
	for i, k := range slices.Backward(keys) {
		e.want(k, valueOf(i))
	}
}
