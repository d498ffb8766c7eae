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

// Params are the parameters that Read knows.
var Params = []string{"tls_ca", "tls_cert", "tls_key", "tls_verify"}

// Read returns what the parameters say: tls_ca, tls_cert and tls_key name PEM files, and tls_verify=off takes any certificate. nil if the
// connection is not encrypted. schemes names, for the error, those whose connections are.
func Read(u *driver.URL, encrypted bool, schemes string) (*tls.Config, error) {
	if !encrypted {
		for _, name := range Params {
			if _, given := u.Param(name); given {
				return nil, fmt.Errorf("%s is for %s: %s:// is not encrypted", name, schemes, u.Scheme)
			}
		}
		return nil, nil
	}
	ca, hasCA := u.Param("tls_ca")
	cert, hasCert := u.Param("tls_cert")
	key, hasKey := u.Param("tls_key")
	config := &tls.Config{MinVersion: tls.VersionTLS12}
	if err := verify(config, u, hasCA); err != nil {
		return nil, err
	}
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

// verify reads tls_verify. Who turns it off is not protected from somebody who sits in between; some who sell servers leave no choice.
func verify(config *tls.Config, u *driver.URL, hasCA bool) error {
	switch word, given := u.Param("tls_verify"); {
	case !given || word == "full":
		return nil
	case word != "off":
		return fmt.Errorf("tls_verify=%s: it is full or off", word)
	case hasCA:
		return errors.New("tls_verify=off takes any certificate: tls_ca has no use beside it")
	}
	config.InsecureSkipVerify = true
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
