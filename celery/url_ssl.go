package celery

import (
	"maps"
	"slices"
	"strings"

	"github.com/larder-go/larder/driver"
)

// sslFiles are redis-py's parameters that name files, and the engine's words for them.
var sslFiles = map[string]string{"ssl_ca_certs": "tls_ca", "ssl_certfile": "tls_cert", "ssl_keyfile": "tls_key"}

// readSSL reads how a connection is encrypted: the settings, and the URL, which beats them.
func (a *address) readSSL(settings map[string]string, u *driver.URL, t *target) error {
	said := maps.Clone(settings)
	if said == nil {
		said = map[string]string{}
	}
	for _, name := range append(slices.Sorted(maps.Keys(sslFiles)), "ssl_cert_reqs") {
		if v, given := u.Param(name); given {
			said[name] = v
		}
	}
	if len(said) > 0 && !strings.HasPrefix(t.scheme, "rediss") && !strings.HasPrefix(t.scheme, "valkeys") {
		return badSetting("result_backend", "%s is for rediss://: %s:// is not encrypted", slices.Min(slices.Collect(maps.Keys(said))), u.Scheme)
	}
	verified, err := readCertReqs(said)
	if err != nil {
		return err
	}
	if !verified {
		delete(said, "ssl_ca_certs") // Python does not look at it either
		t.set("tls_verify", "off")
		a.warn("ssl_cert_reqs", "CERT_NONE takes any certificate: whoever sits between this program and the server reads along")
	}
	for _, name := range slices.Sorted(maps.Keys(said)) {
		if word, isFile := sslFiles[name]; isFile {
			t.set(word, said[name])
		} else if name != "ssl_cert_reqs" {
			return badSetting("redis_backend_use_ssl", "unknown option %q; known: ssl_cert_reqs, ssl_ca_certs, ssl_certfile, ssl_keyfile", name)
		}
	}
	return nil
}

// readCertReqs tells whether the server's certificate is verified.
func readCertReqs(said map[string]string) (verified bool, err error) {
	value, given := said["ssl_cert_reqs"]
	switch word := strings.ToLower(strings.TrimPrefix(value, "CERT_")); {
	case !given, word == "required", word == "optional": // for a client, Python knows no difference between these
		return true, nil
	case word == "none":
		return false, nil
	}
	return false, badSetting("ssl_cert_reqs", "%q is none of CERT_REQUIRED, CERT_OPTIONAL, CERT_NONE", shortened(value))
}
