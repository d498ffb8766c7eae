package celery

import (
	"strconv"
	"strings"

	"github.com/larder-go/larder/driver"
)

// redisMeaningless are options of redis-py's connections that mean nothing here, and why.
var redisMeaningless = map[string]string{
	"socket_timeout":           "the caller's context bounds each call",
	"timeout":                  "the caller's context bounds each call",
	"health_check_interval":    "connections are watched anyway",
	"socket_keepalive":         "connections are watched anyway",
	"socket_keepalive_options": "connections are watched anyway",
	"max_connections":          "one connection carries everything",
	"retry_on_timeout":         "retry_policy and result_backend_always_retry say what is repeated",
	"retry_on_error":           "retry_policy and result_backend_always_retry say what is repeated",
	"client_name":              "connections have no names",
	"virtual_host":             "only a unix socket's database is given so",
	"encoding":                 "values are bytes",
	"encoding_errors":          "values are bytes",
	"decode_responses":         "values are bytes",
	"protocol":                 "it is agreed with the server",
	"socket_read_size":         "it is chosen here",
	"ssl_check_hostname":       "the name in the certificate is always checked",
	"min_other_sentinels":      "every sentinel that answers is believed",
}

// redisMeaningful are those that are translated; larder's own stand among them.
var redisMeaningful = []string{
	"db", "username", "password", "socket_connect_timeout", "dial_timeout", "ssl_cert_reqs", "ssl_ca_certs", "ssl_certfile", "ssl_keyfile",
	"tls_ca", "tls_cert", "tls_key", "tls_verify", "minsize", "maxsize", "master_name", "sentinel_password", "lazy",
}

// readRedis reads redis://[user[:password]@]host[:port][/db].
func readRedis(cfg Config, raw string) (address, error) {
	u, err := parseURL(raw)
	if err != nil {
		return address{}, err
	}
	a := address{servers: u.Hosts, masked: maskRedis(u), full: raw}
	t := &target{scheme: u.Scheme, hosts: u.Hosts}
	if len(u.Hosts) > 1 {
		return a, badSetting("result_backend", "several servers are sentinel://a;sentinel://b or redis+cluster://a,b, not %s://", u.Scheme)
	}
	if len(t.hosts) == 0 {
		t.hosts = []string{redisHost(cfg.Redis)}
	}
	err = a.finishRedis(cfg, u, t, strings.Trim(u.Path, "/"))
	return a, err
}

// redisHost is where Redis is if no URL says it.
func redisHost(r RedisConfig) string {
	host := orDefault(r.Host, "localhost")
	if strings.Contains(host, ":") && !strings.HasPrefix(host, "[") {
		host = "[" + host + "]"
	}
	if r.Port == 0 {
		return host
	}
	return host + ":" + strconv.Itoa(r.Port)
}

// redisByName reads "redis", which the settings redis_host and so on say more of.
func redisByName(cfg Config, scheme string) (address, error) {
	if strings.Contains(cfg.Redis.Host, "://") { // as in Celery
		cfg.ResultBackend = cfg.Redis.Host
		return translate(cfg)
	}
	if len(cfg.Redis.BackendUseSSL) > 0 {
		scheme = "rediss"
	}
	u, err := parseURL(scheme + "://")
	if err != nil {
		return address{}, err
	}
	t := &target{scheme: scheme, hosts: []string{redisHost(cfg.Redis)}}
	a := address{servers: t.hosts}
	err = a.finishRedis(cfg, u, t, strconv.Itoa(cfg.Redis.DB))
	return a, err
}

// readSocket reads redis+socket:///path?virtual_host=db, whose first word Celery takes away.
func readSocket(cfg Config, raw string) (address, error) {
	full := strings.TrimPrefix(raw, "redis+")
	u, err := parseURL(full)
	if err != nil {
		return address{}, err
	}
	if len(u.Hosts) > 0 || strings.Trim(u.Path, "/") == "" {
		return address{}, badSetting("result_backend", "a unix socket is written redis+socket:///path/of/the.sock, with three slashes")
	}
	a := address{servers: []string{u.Path}, masked: maskRedis(u), full: full}
	t := &target{scheme: "redis+unix", path: u.Path}
	db, _ := u.Param("virtual_host")
	if own, given := u.Param("db"); given {
		db = own
	}
	if db != "" {
		t.set("db", db)
	}
	err = a.readConnection(cfg, u.Without("db", "virtual_host"), t)
	return a, err
}

// finishRedis completes the URL of one server, whose database stands in the path unless a parameter says it.
func (a *address) finishRedis(cfg Config, u *driver.URL, t *target, db string) error {
	if own, given := u.Param("db"); given {
		db = own
	}
	if n, err := strconv.ParseUint(orDefault(db, "0"), 10, 31); err == nil {
		db = strconv.FormatUint(n, 10)
	} else {
		return badSetting("result_backend", "the database is a number, as in redis://host/0: not %q", hidden(db))
	}
	if db != "0" {
		t.path = "/" + db
	}
	return a.readConnection(cfg, u.Without("db"), t)
}

// hidden is a text for an error, unless it may be a piece of a password.
func hidden(s string) string {
	if strings.ContainsAny(s, ":@") {
		return driver.Mask
	}
	return shortened(s)
}

// readConnection reads user, password and parameters, and writes out what has been read.
func (a *address) readConnection(cfg Config, u *driver.URL, t *target) error {
	if err := a.sift(u, redisMeaningful, redisMeaningless); err != nil {
		return err
	}
	t.user, t.password, t.hasPassword = u.User, u.Password, u.HasPassword
	if t.user == "" && !t.hasPassword {
		t.user, t.password = cfg.Redis.Username, cfg.Redis.Password
	}
	override(u, "username", &t.user)
	override(u, "password", &t.password)
	t.hasPassword = t.hasPassword || t.password != ""
	for _, name := range []string{"minsize", "maxsize", "sentinel_password", "tls_ca", "tls_cert", "tls_key", "tls_verify", "dial_timeout", "lazy"} {
		if v, given := u.Param(name); given {
			t.set(name, v)
		}
	}
	if err := readDialTimeout(cfg, u, t); err != nil {
		return err
	}
	if err := a.readSSL(cfg.Redis.BackendUseSSL, u, t); err != nil {
		return err
	}
	a.engine = t.String()
	return nil
}

// readDialTimeout reads how long an attempt to connect may take.
func readDialTimeout(cfg Config, u *driver.URL, t *target) error {
	if _, given := u.Param("dial_timeout"); given {
		return nil
	}
	text, given := u.Param("socket_connect_timeout")
	if !given {
		if d := cfg.Redis.ConnectTimeout; d > 0 {
			t.set("dial_timeout", d.String())
		}
		return nil
	}
	if d, err := driver.ParseDuration(text); err != nil || d <= 0 {
		return badSetting("result_backend", "parameter socket_connect_timeout=%s: not a number of seconds above zero", shortened(text))
	}
	t.set("dial_timeout", text)
	return nil
}

func override(u *driver.URL, name string, field *string) {
	if v, given := u.Param(name); given {
		*field = v
	}
}

// sift warns of parameters that mean nothing, and refuses those that nobody knows.
func (a *address) sift(u *driver.URL, meaningful []string, meaningless map[string]string) error {
	known := append([]string(nil), meaningful...)
	for name, why := range meaningless {
		known = append(known, name)
		if _, given := u.Param(name); given {
			a.warn("result_backend", "parameter %s has no meaning here: %s", name, why)
		}
	}
	if err := u.CheckParams(known...); err != nil {
		return badSetting("result_backend", "%v", err)
	}
	return nil
}
