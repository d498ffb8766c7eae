package unlinked

import (
	"errors"
	"strings"
	"testing"

	"github.com/larder-go/larder/celery"
)

func TestTheErrorSaysWhatToImport(t *testing.T) {
	for rawURL, pkg := range map[string]string{
		"redis://user:s3cret@h/0":                 "redis",
		"redis":                                   "redis",
		"redis+socket:///tmp/r.sock":              "redis",
		"sentinel://a;b?master_name=m":            "", // a parameter of the last sentinel is not used
		"sentinel://a?master_name=m;sentinel://b": "redis",
		"cache+memcached://user:s3cret@h:11211/":  "memcached",
		"pylibmc://a;b":                           "memcached",
		"sqlite:results.db":                       "sqlite",
	} {
		_, err := celery.NewBackend(celery.Config{ResultBackend: rawURL})
		if !errors.Is(err, celery.ErrConfig) || strings.Contains(err.Error(), "s3cret") {
			t.Errorf("%s: %v", rawURL, err)
		}
		if pkg != "" && !strings.Contains(err.Error(), `import _ "github.com/larder-go/larder/`+pkg+`"`) {
			t.Errorf("%s: %v", rawURL, err)
		}
	}
}
