package memcached

import (
	"context"
	"errors"
	"fmt"
	"net"
	"slices"
	"strconv"
	"strings"

	"github.com/larder-go/larder/driver"
	"github.com/larder-go/larder/internal/tlsparam"
)

func init() {
	driver.Register(driver.Engine{
		Name:    Name,
		Schemes: []string{"memcached", "memcached+tls", "memcached+unix", "cache+memcached", "memcache", "pylibmc"},
		Params:  append([]string{"hash", "weights", "on_down", "keys", "generations", "dial_timeout"}, tlsparam.Params...),
		Open: func(ctx context.Context, c driver.Config) (driver.Store, error) {
			o, err := optionsOf(c.URL)
			if err != nil {
				return nil, err
			}
			o.Lazy, o.Logger = c.Lazy, c.Logger
			return Open(ctx, o)
		},
	})
}

// optionsOf reads a URL.
func optionsOf(u *driver.URL) (Options, error) {
	o := Options{Addresses: u.Hosts, User: u.User, Password: u.Password}
	if err := readServers(u, &o); err != nil {
		return Options{}, err
	}
	if err := readRules(u, &o); err != nil {
		return Options{}, err
	}
	var err error
	if o.DialTimeout, err = u.Duration("dial_timeout", defaultDialTimeout); err != nil {
		return Options{}, err
	}
	o.TLS, err = tlsparam.Read(u, u.Scheme == "memcached+tls", "memcached+tls://")
	return o, err
}

func readServers(u *driver.URL, o *Options) error {
	if u.Scheme == "memcached+unix" {
		if len(u.Hosts) > 0 || len(u.Path) < 2 {
			return errors.New("a unix socket is written memcached+unix:///path/of/the.sock, with three slashes")
		}
		o.Addresses = []string{u.Path}
		return nil
	}
	if len(u.Hosts) == 0 {
		return fmt.Errorf("no server is named: %s://host1;host2/", u.Scheme)
	}
	if strings.Trim(u.Path, "/") != "" {
		return fmt.Errorf("memcached has no databases: there is nothing behind the servers of %s://", u.Scheme)
	}
	return nil
}

// rules are the values of hash, that of the scheme's default first.
func rules(scheme string) []string {
	names := []string{string(Ketama), string(KetamaWeighted), string(Jump)}
	for hash := range hashes {
		names = append(names, string(hash))
	}
	slices.Sort(names)
	def := string(Modula)
	if slices.Contains([]string{"memcached", "memcached+tls", "memcached+unix"}, scheme) {
		def = string(Ketama)
	}
	i := slices.Index(names, def)
	return slices.Insert(slices.Delete(names, i, i+1), 0, def)
}

// readRules reads where keys are, and what becomes of them when a server is down.
func readRules(u *driver.URL, o *Options) error {
	hash, err := u.OneOf("hash", rules(u.Scheme)...)
	if err != nil {
		return err
	}
	down, err := u.OneOf("on_down", string(Error), string(MissOnDown), string(Rehash))
	if err != nil {
		return err
	}
	keys, err := u.OneOf("keys", "hashed", "verbatim")
	if err != nil {
		return err
	}
	if o.Generations, err = u.Bool("generations", false); err != nil {
		return err
	}
	o.Hash, o.OnDown, o.VerbatimKeys = Hash(hash), OnDown(down), keys == "verbatim"
	return readWeights(u, o)
}

func readWeights(u *driver.URL, o *Options) error {
	o.Weights = u.Weights
	text, given := u.Param("weights")
	switch {
	case !given:
		return nil
	case u.Weights != nil:
		return fmt.Errorf("weights=%s: the servers have weights already, behind their ports", text)
	}
	for word := range strings.SplitSeq(text, ",") {
		n, err := strconv.Atoi(word)
		if err != nil {
			return fmt.Errorf("weights=%s: not numbers with commas between them, one for each server", text)
		}
		o.Weights = append(o.Weights, n)
	}
	return nil
}

// check finds what does not go together.
func (o *Options) check() error {
	if len(o.Addresses) == 0 {
		return errors.New("no server is named")
	}
	seen := map[string]bool{}
	for _, a := range o.Addresses {
		name := withPort(a)
		if !strings.HasPrefix(a, "/") {
			name = strings.ToLower(name)
		}
		if seen[name] {
			return fmt.Errorf("server %s is listed twice", a)
		}
		seen[name] = true
	}
	if o.OnDown == Rehash && o.Hash != PythonMemcached {
		return fmt.Errorf("on_down=%s is the rule of hash=%s, not of hash=%s", Rehash, PythonMemcached, o.Hash)
	}
	if o.VerbatimKeys && o.Generations {
		return errors.New("generations=true makes names of its own, keys=verbatim has none")
	}
	return o.checkWeights()
}

func (o *Options) checkWeights() error {
	switch {
	case o.Weights == nil:
		return nil
	case o.Hash != KetamaWeighted:
		return fmt.Errorf("weights are for hash=%s, not for hash=%s", KetamaWeighted, o.Hash)
	case len(o.Weights) != len(o.Addresses) || slices.Min(o.Weights) < 1:
		return fmt.Errorf("weights are whole numbers above 0, one for each of %d servers", len(o.Addresses))
	}
	return nil
}

// withPort is a server's address as it is dialled.
func withPort(a string) string {
	if strings.HasPrefix(a, "/") {
		return a
	}
	if _, _, err := net.SplitHostPort(a); err == nil {
		return a
	}
	return net.JoinHostPort(strings.Trim(a, "[]"), defaultPort)
}
