package redis

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"

	"github.com/larder-go/larder/driver"
	"github.com/larder-go/larder/internal/tlsparam"
)

func init() {
	driver.Register(driver.Engine{
		Name: Name,
		Schemes: []string{
			"redis", "rediss", "valkey", "valkeys", "redis+unix",
			"redis+sentinel", "rediss+sentinel", "redis+cluster", "rediss+cluster",
		},
		// The last two are for the portable side, which has taken them away before Open.
		Params: append([]string{"db", "minsize", "maxsize", "dial_timeout", "sentinel_password", "near", "near_ttl"}, tlsparam.Params...),
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
	kind, encrypted := kindOf(u.Scheme)
	if err := kind(u, &o); err != nil {
		return Options{}, err
	}
	if err := readParams(u, &o); err != nil {
		return Options{}, err
	}
	var err error
	o.TLS, err = tlsparam.Read(u, encrypted, "rediss:// and the like")
	return o, err
}

// kindOf tells how the servers, the path and the database of a scheme's URLs are read.
func kindOf(scheme string) (read func(*driver.URL, *Options) error, encrypted bool) {
	protocol, kind, _ := strings.Cut(scheme, "+")
	encrypted = protocol == "rediss" || protocol == "valkeys"
	switch kind {
	case "unix":
		return readUnix, encrypted
	case "sentinel":
		return readSentinel, encrypted
	case "cluster":
		return readCluster, encrypted
	}
	return readSingle, encrypted
}

// readSingle reads redis://host:port/db.
func readSingle(u *driver.URL, o *Options) error {
	if len(u.Hosts) > 1 {
		return fmt.Errorf("several servers are redis+sentinel:// or redis+cluster://, not %s://", u.Scheme)
	}
	return readDB(u, o, strings.TrimPrefix(u.Path, "/"))
}

// readUnix reads redis+unix:///path?db=1.
func readUnix(u *driver.URL, o *Options) error {
	if len(u.Hosts) > 0 || !strings.HasPrefix(u.Path, "/") || u.Path == "/" {
		return errors.New("a unix socket is written redis+unix:///path/of/the.sock, with three slashes")
	}
	o.Addresses = []string{u.Path}
	return readDB(u, o, "")
}

// readSentinel reads redis+sentinel://host,host/master/db.
func readSentinel(u *driver.URL, o *Options) error {
	master, db, _ := strings.Cut(strings.TrimPrefix(u.Path, "/"), "/")
	if len(u.Hosts) == 0 || master == "" {
		return fmt.Errorf("sentinels and the name of what they watch are written %s://host1,host2/master/0", u.Scheme)
	}
	o.Master = master
	return readDB(u, o, db)
}

// readCluster reads redis+cluster://host,host.
func readCluster(u *driver.URL, o *Options) error {
	if len(u.Hosts) == 0 {
		return fmt.Errorf("a cluster needs one of its servers at least: %s://host1,host2", u.Scheme)
	}
	o.Cluster = true
	if err := readDB(u, o, strings.TrimPrefix(u.Path, "/")); err != nil {
		return err
	}
	if o.DB != 0 {
		return fmt.Errorf("database %d: a cluster has database 0 only", o.DB)
	}
	return nil
}

// readDB reads the number of the database, from the path or from a parameter.
func readDB(u *driver.URL, o *Options, path string) error {
	text, given := u.Param("db")
	switch {
	case given && path != "":
		return errors.New("the database is given twice, in the path and as db=")
	case !given && path == "":
		return nil
	case !given:
		text = path
	}
	n, err := strconv.Atoi(text)
	if err != nil || n < 0 || text[0] == '+' {
		if strings.ContainsAny(text, ":@") {
			text = driver.Mask // a user and a password, of a URL without its //
		}
		return fmt.Errorf("the database is a number, as in %s: not %q", examples[strings.Contains(u.Scheme, "+unix")], text)
	}
	o.DB = n
	return nil
}

var examples = map[bool]string{false: "/0", true: "?db=0"}

// readParams reads what does not depend on the kind.
func readParams(u *driver.URL, o *Options) error {
	// The pool's bounds of async-caches: here one connection carries everything.
	for _, name := range []string{"minsize", "maxsize"} {
		if _, err := u.Int(name, 1, 0); err != nil {
			return err
		}
	}
	password, given := u.Param("sentinel_password")
	if given && o.Master == "" {
		return fmt.Errorf("sentinel_password: %s:// has no sentinels", u.Scheme)
	}
	o.SentinelPassword = password
	var err error
	o.DialTimeout, err = u.Duration("dial_timeout", defaultDialTimeout)
	return err
}
