package interop

import (
	"maps"
	"testing"
)

// released are the files of async-caches' commit 0c83df5, by the names that git gives to their content.
var released = map[string]any{
	"caches/__init__.py":          "a44fe69674b7177ed61b0cabd9751a729943c235",
	"caches/backends/__init__.py": "e69de29bb2d1d6434b8b29ae775ad8c2e48c5391",
	"caches/backends/base.py":     "7d141b3565f35c94252c6af453b72fc08c7da03c",
	"caches/backends/dummy.py":    "356715b80f72e45734abeca0fd50952788a5fd82",
	"caches/backends/locmem.py":   "153c236b1ba920b286c0ddc6372cd8a68dcd9a33",
	"caches/backends/redis.py":    "d9a1b0bda9b08311df8735077c2b09863df06aba",
	"caches/core.py":              "be4c037aa177b13778fd944cf89e799d0f8879ed",
	"caches/importer.py":          "f73892c10f8e2431f7809355be6604ff30a63386",
	"caches/py.typed":             "e69de29bb2d1d6434b8b29ae775ad8c2e48c5391",
	"caches/types.py":             "ce05454b4b4aae95506a56769f3c99c40ff9c24d",
}

// TestPackage: what runs is async-caches as it was released, and nothing that was changed for these tests.
func TestPackage(t *testing.T) {
	for _, p := range pythons {
		about := decode(t, p.must(t, vars{"about": true})).(map[string]any)
		t.Logf("async-caches %s, aioredis %s, redis-py %s, Python %s", p.version, about["aioredis"], about["redis-py"], about["python"])
		if p.version == "0.4.0" && !maps.Equal(about["caches"].(map[string]any), released) {
			t.Errorf("these are not the files of the release: %v", about["caches"])
		}
	}
}
