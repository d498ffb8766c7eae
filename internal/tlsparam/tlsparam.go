// Package tlsparam reads the URL parameters by which an engine is told of TLS.
package tlsparam

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"os"

	"github.com/larder-go/larder/driver"
)

// Read returns what tls_ca, tls_cert and tls_key say, which name PEM files; nil if the connection is not encrypted. schemes names, for
// the error, those whose connections are.
func Read(u *driver.URL, encrypted bool, schemes string) (*tls.Config, error) {
	ca, hasCA := u.Param("tls_ca")
	cert, hasCert := u.Param("tls_cert")
	key, hasKey := u.Param("tls_key")
	if !encrypted {
		if hasCA || hasCert || hasKey {
			return nil, fmt.Errorf("tls_ca, tls_cert and tls_key are for %s: %s:// is not encrypted", schemes, u.Scheme)
		}
		return nil, nil
	}
	config := &tls.Config{MinVersion: tls.VersionTLS12}
	if hasCert != hasKey {
		return nil, errors.New("tls_cert and tls_key come together: a client's certificate and its key")
	}
	if hasCA {
		if err := trust(config, ca); err != nil {
			return nil, fmt.Errorf("tls_ca: %w", err)
		}
	}
	if !hasCert {
		return config, nil
	}
	pair, err := tls.LoadX509KeyPair(cert, key)
	if err != nil {
		return nil, fmt.Errorf("tls_cert and tls_key: %w", err)
	}
	config.Certificates = []tls.Certificate{pair}
	return config, nil
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
