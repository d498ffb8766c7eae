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
	for _, name := range slices.Sorted(maps.Keys(said)) {
		if word, isFile := sslFiles[name]; isFile {
			t.set(word, said[name])
		} else if err := a.readCertReqs(name, said[name]); err != nil {
			return err
		}
	}
	return nil
}

// readCertReqs reads what is asked of the server's certificate. It is always verified.
func (a *address) readCertReqs(name, value string) error {
	switch word := strings.ToLower(strings.TrimPrefix(value, "CERT_")); {
	case name != "ssl_cert_reqs":
		return badSetting("redis_backend_use_ssl", "unknown option %q; known: ssl_cert_reqs, ssl_ca_certs, ssl_certfile, ssl_keyfile", name)
	case word == "required" || word == "optional": // for a client, Python knows no difference
		return nil
	case word == "none":
		return badSetting(name, "a server that shows no certificate is not trusted: name its authority with ssl_ca_certs")
	}
	return badSetting(name, "%q is none of CERT_REQUIRED, CERT_OPTIONAL, CERT_NONE", shortened(value))
}
