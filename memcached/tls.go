package memcached

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"os"

	"github.com/larder-go/larder/driver"
)

// readTLS reads tls_ca, tls_cert and tls_key, which name PEM files.
func readTLS(u *driver.URL, o *Options, encrypted bool) error {
	ca, hasCA := u.Param("tls_ca")
	cert, hasCert := u.Param("tls_cert")
	key, hasKey := u.Param("tls_key")
	if !encrypted {
		if hasCA || hasCert || hasKey {
			return fmt.Errorf("tls_ca, tls_cert and tls_key are for memcached+tls://: %s:// is not encrypted", u.Scheme)
		}
		return nil
	}
	o.TLS = &tls.Config{MinVersion: tls.VersionTLS12}
	if hasCert != hasKey {
		return errors.New("tls_cert and tls_key come together: a client's certificate and its key")
	}
	if hasCA {
		if err := trust(o.TLS, ca); err != nil {
			return fmt.Errorf("tls_ca: %w", err)
		}
	}
	if !hasCert {
		return nil
	}
	pair, err := tls.LoadX509KeyPair(cert, key)
	if err != nil {
		return fmt.Errorf("tls_cert and tls_key: %w", err)
	}
	o.TLS.Certificates = []tls.Certificate{pair}
	return nil
}

// trust lets a server show a certificate of the authorities in a file, and of no others.
func trust(config *tls.Config, file string) error {
	pem, err := os.ReadFile(file)
	if err != nil {
		return err
	}
	config.RootCAs = x509.NewCertPool()
	if !config.RootCAs.AppendCertsFromPEM(pem) {
		return fmt.Errorf("%s has no certificate in PEM", file)
	}
	return nil
}
