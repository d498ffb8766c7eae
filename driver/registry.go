package driver

import (
	"context"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"sync"
)

// Config is what an engine is opened with.
type Config struct {
	URL    *URL         // without the parameters that the portable side has used
	Lazy   bool         // do not connect (or touch a file) before the first call
	Logger *slog.Logger // never nil; for what a person has to know
}

// Engine describes an engine that can be opened by URL.
type Engine struct {
	Name    string   // for errors and logs: "sqlite"
	Schemes []string // the URL schemes that open it
	Params  []string // the URL parameters it knows, beside the ones common to all
	// Open makes a store. Unless c.Lazy it connects within ctx, and fails if it cannot. The store
	// does not depend on ctx once Open has returned.
	Open func(ctx context.Context, c Config) (Store, error)
}

var registry = struct {
	sync.RWMutex
	engines map[string]Engine
}{engines: map[string]Engine{}}

// Register makes an engine known under its schemes. Engine packages call it from init; a scheme that is
// taken already is a panic.
func Register(e Engine) {
	registry.Lock()
	defer registry.Unlock()
	for _, s := range e.Schemes {
		if _, taken := registry.engines[s]; taken {
			panic(fmt.Sprintf("larder: scheme %q registered twice", s))
		}
		registry.engines[s] = e
	}
}

// homes tells where the engines live that are not linked into every program.
var homes = map[string][]string{
	"sqlite": {"sqlite"},
	"redis": {
		"redis", "rediss", "redis+unix", "redis+sentinel", "rediss+sentinel", "redis+cluster", "rediss+cluster",
		"valkey", "valkeys",
	},
	"memcached": {"memcached", "memcached+tls", "memcached+unix", "cache+memcached", "memcache", "pylibmc"},
}

// OpenURL opens a store as u says, once it has checked that u has no other parameters than
// common (those of the caller, which are not passed on) and the engine's own.
func (e Engine) OpenURL(ctx context.Context, u *URL, common []string, lazy bool, logger *slog.Logger) (Store, error) {
	if err := u.CheckParams(slices.Concat(common, e.Params)...); err != nil {
		return nil, err
	}
	return e.Open(ctx, Config{URL: u.Without(common...), Lazy: lazy, Logger: logger})
}

// Lookup returns the engine for a URL scheme. The error of an unknown one says what to import, or
// lists the schemes that are known.
func Lookup(scheme string) (Engine, error) {
	registry.RLock()
	defer registry.RUnlock()
	if e, ok := registry.engines[scheme]; ok {
		return e, nil
	}
	for pkg, schemes := range homes {
		if slices.Contains(schemes, scheme) {
			return Engine{}, fmt.Errorf("the engine for %s: is not linked in: add import _ \"github.com/larder-go/larder/%s\"", scheme, pkg)
		}
	}
	known := make([]string, 0, len(registry.engines))
	for s := range registry.engines {
		known = append(known, s)
	}
	slices.Sort(known)
	return Engine{}, fmt.Errorf("unknown scheme %q; known: %s", scheme, strings.Join(known, ", "))
}
