package memcached

import (
	"encoding/json"
	"os"
	"strings"
	"testing"
)

// alternatives is where python-memcached puts the key of a dead server.
func alternatives(key string, servers []string) int {
	h := crc(key)
	for round := range rehashMost - 1 {
		h = rehash(h, round)
		if i := int(h % uint32(len(servers))); !strings.HasSuffix(servers[i], "(dead)") {
			return i
		}
	}
	return -1
}

// TestVectors compares with where the real clients have put keys.
func TestVectors(t *testing.T) {
	text, err := os.ReadFile("testdata/memcached_hashing.json")
	if err != nil {
		t.Fatal(err)
	}
	var vectors []struct {
		Case        string         `json:"case"`
		Key         string         `json:"key"`
		Servers     []string       `json:"servers"`
		ServerIndex map[string]int `json:"server_index"`
	}
	if err := json.Unmarshal(text, &vectors); err != nil {
		t.Fatal(err)
	}
	rules := map[string]Hash{
		"pylibmc/default": Modula, "pylibmc/docs_celery": Ketama, "pylibmc/ketama": Ketama, "pylibmc/dist_consistent": Ketama,
		"pylibmc/ketama_md5hash": Ketama, "pylibmc/ketama_weighted": KetamaWeighted, "pylibmc/hash_crc": CRC,
		"pylibmc/hash_md5": MD5, "pylibmc/hash_fnv1_32": FNV1x32, "pylibmc/hash_fnv1a_32": FNV1ax32, "pylibmc/hash_fnv1_64": FNV1x64,
		"pylibmc/hash_fnv1a_64": FNV1ax64, "pylibmc/hash_murmur": Murmur,
		"python-memcached-1.58": PythonMemcached, "python-memcached-1.60": PythonMemcached,
	}
	checked := map[string]int{}
	for _, v := range vectors {
		for name, want := range v.ServerIndex {
			rule, ok := rules[name]
			if !ok {
				t.Fatalf("the vectors have a rule %s", name)
			}
			place, err := newPlacement(Options{Hash: rule}, v.Servers)
			if err != nil {
				t.Fatal(err)
			}
			checked[name]++
			got := place(v.Key)
			if strings.HasSuffix(v.Servers[got], "(dead)") {
				got = alternatives(v.Key, v.Servers)
			}
			if got != want {
				t.Errorf("%s: %s places %q on %d; want %d", v.Case, name, v.Key, got, want)
			}
		}
	}
	t.Log(checked)
	if len(checked) < 6 {
		t.Errorf("the vectors have only %v", checked)
	}
}
