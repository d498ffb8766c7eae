package larder

import (
	"errors"
	"strings"
	"testing"

	"github.com/larder-go/larder/driver"
)

// FuzzKey: for one key prefix and version, and one view, no two keys are the same on the wire, whole keys are taken
// apart again, and a key is refused exactly if it is too long, or empty with nothing before it.
func FuzzKey(f *testing.F) {
	f.Add("shop", "1", "user:", "42", "43", false)
	f.Add("", "", "", "", "::", false)
	f.Add("a:b", "", "c", ":", "", false)
	f.Add("", "", "", "", "x", true)
	f.Fuzz(func(t *testing.T, keyPrefix, version, own, key, other string, bare bool) {
		l := layout{form: Prefixed, keyPrefix: keyPrefix, version: version}
		if bare {
			l = layout{form: Bare}
		}
		prefix, err := l.prefix("", own)
		if err != nil {
			t.Fatal(err)
		}
		if want := keyPrefix + ":" + version + ":" + own; !bare && prefix != want || bare && prefix != own {
			t.Fatalf("prefix %q; want %q", prefix, want)
		}
		if (prefix+key == prefix+other) != (key == other) {
			t.Errorf("%q and %q are the same on the wire", key, other)
		}
		if rest, ok := strings.CutPrefix(prefix+key, prefix); !ok || rest != key {
			t.Errorf("%q is not taken apart", prefix+key)
		}
		n := len(prefix) + len(key)
		err = checkKey(prefix, key)
		if (err != nil) != (n == 0 || n > driver.MaxKeyLen) || (err != nil && !errors.Is(err, ErrBadKey)) {
			t.Errorf("a key of %d bytes: %v", n, err)
		}
		_, err = l.prefix("9", own)
		if bare != errors.Is(err, errors.ErrUnsupported) {
			t.Errorf("a version of its own, layout %s: %v", l.form, err)
		}
		if _, err := l.prefix(version, own); !bare && err != nil {
			t.Errorf("the cache's own version: %v", err)
		}
	})
}
