package larder

import (
	"errors"
	"fmt"

	"github.com/larder-go/larder/driver"
)

// Layout is how keys look on the wire.
type Layout string

const (
	// Prefixed is <key_prefix>:<version>:<key>, always with both colons, as async-caches and Django write.
	// It is the default.
	Prefixed Layout = "prefixed"
	// Bare leaves keys as they are. It has neither key prefix nor versions.
	Bare Layout = "bare"
)

// layout makes wire keys.
type layout struct {
	form      Layout
	keyPrefix string
	version   string
}

var errBareVersion = fmt.Errorf("%w: layout=bare has no versions", errors.ErrUnsupported)

// prefix returns what stands before a view's keys: own is the view's prefix. The version "" is the cache's.
func (l *layout) prefix(version, own string) (string, error) {
	if l.form == Bare {
		if version != "" {
			return "", errBareVersion
		}
		return own, nil
	}
	if version == "" {
		version = l.version
	}
	return l.keyPrefix + ":" + version + ":" + own, nil
}

// shared is what all keys of the cache begin with, of any version.
func (l *layout) shared() string {
	if l.form == Bare {
		return ""
	}
	return l.keyPrefix + ":"
}

// checkKey refuses keys that an engine is not asked for.
func checkKey(prefix, key string) error {
	n := len(prefix) + len(key)
	if n == 0 {
		return fmt.Errorf("%w: empty", ErrBadKey)
	}
	if n > driver.MaxKeyLen {
		return fmt.Errorf("%w: %d bytes with its prefixes, more than %d", ErrBadKey, n, driver.MaxKeyLen)
	}
	return nil
}
