package celery

import (
	"fmt"
	"slices"
	"strings"

	"github.com/larder-go/larder/driver"
)

// address is what a backend's URL says, in the words of the engine that it names.
type address struct {
	engine   string   // the engine's URL, with its password
	servers  []string // as they are named in the URL
	masked   string   // the backend's URL as Celery prints it
	full     string   // with its password
	warnings []Warning
}

// warn adds a warning about a setting.
func (a *address) warn(setting, format string, args ...any) {
	a.warnings = append(a.warnings, Warning{setting, fmt.Sprintf(format, args...)})
}

// cacheNames are what Celery's cache backend is made of; memory apart, they all are the client that is installed.
var cacheNames = []string{"memcache", "memcached", "pylibmc", "memory"}

// portable are parameters of a cache's URL, which mean nothing for results.
var portable = map[string]string{
	"ttl":        "results live as long as result_expires says",
	"key_prefix": "keys of results have a global_keyprefix (result_backend_transport_options)",
	"version":    "keys of results have no version",
	"layout":     "keys of results have Celery's form",
	"codec":      "results are written by result_serializer",
	"near":       "results have no near copy",
	"near_ttl":   "results have no near copy",
	"timeout":    "the caller's context bounds each call",
}

// translate reads the URL or name of a backend.
func translate(cfg Config) (address, error) {
	raw := cfg.ResultBackend
	if raw == "cache" { // its own setting says which
		if raw = cfg.CacheBackend; raw == "" {
			return address{}, badSetting("result_backend", `"cache" alone says nothing: set cache_backend, or write cache+memcached://host:11211/`)
		}
		raw = "cache+" + strings.TrimPrefix(raw, "cache+")
	}
	scheme, rest, isURL := strings.Cut(raw, ":")
	if scheme = strings.ToLower(scheme); isURL {
		raw = scheme + ":" + rest
	}
	switch {
	case raw == "":
		return address{}, badSetting("result_backend", "there is none; it is a URL such as redis://localhost/0")
	case raw == "redis" || raw == "rediss":
		return redisByName(cfg, raw)
	case !isURL:
		raw = scheme + "://"
	}
	switch base, isCache := strings.CutPrefix(scheme, "cache+"); {
	case isCache && !slices.Contains(cacheNames, base):
		return address{}, badSetting("result_backend", "the cache backend %q is unknown; known: %s", schemeOnly(base), strings.Join(cacheNames, ", "))
	case !isURL && !slices.Contains(cacheNames, base):
		return address{}, badSetting("result_backend", "%q is no URL and no backend that is known by its name: redis, cache (with cache_backend), %s",
			schemeOnly(base), strings.Join(cacheNames, ", "))
	}
	return readerOf(scheme)(cfg, raw)
}

// readerOf is what reads the URLs of a scheme.
func readerOf(scheme string) func(Config, string) (address, error) {
	switch strings.TrimPrefix(scheme, "cache+") {
	case "redis", "rediss", "valkey", "valkeys":
		return readRedis
	case "socket", "redis+socket":
		return readSocket
	case "sentinel":
		return readSentinel
	case "memory":
		return readMemory
	case "memcache", "memcached", "pylibmc", "memcached+tls", "memcached+unix":
		return readMemcached
	}
	return readOther
}

// readOther reads a URL that is the engine's own.
func readOther(_ Config, raw string) (address, error) {
	u, err := parseURL(raw)
	if err != nil {
		return address{}, err
	}
	servers := u.Hosts
	if len(servers) == 0 && strings.Trim(u.Path, "/") != "" {
		servers = []string{u.Path}
	}
	a := address{engine: raw, servers: servers, masked: maskOther(u), full: raw}
	a.hidePasswords(u)
	return a, nil
}

// readMemory reads memory://, and cache+memory://, whose data Celery keeps once for each process.
func readMemory(cfg Config, raw string) (address, error) {
	rest, shared := strings.CutPrefix(raw, "cache+")
	a, err := readOther(cfg, rest)
	if err != nil {
		return address{}, err
	}
	if name := strings.Trim(strings.TrimPrefix(rest, "memory:"), "/"); shared && name == "" {
		a.engine = "memory://celery"
	}
	if len(a.servers) == 0 {
		a.masked = "memory:///"
	}
	if shared {
		a.full = a.masked // as Celery has it
	}
	return a, nil
}

// parseURL takes a URL apart, and refuses what is said in a cache's URL only.
func parseURL(raw string) (*driver.URL, error) {
	u, err := driver.ParseURL(raw)
	if err != nil {
		return nil, fmt.Errorf("%w: result_backend: %w", ErrConfig, err)
	}
	for name, why := range portable {
		if _, given := u.Param(name); given {
			return nil, badSetting("result_backend", "parameter %s: %s", name, why)
		}
	}
	return u, nil
}

// shortened is a text for an error.
func shortened(s string) string {
	const most = 40
	if len(s) > most {
		return s[:most] + "…"
	}
	return s
}
