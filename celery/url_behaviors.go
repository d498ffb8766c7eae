package celery

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/larder-go/larder/driver"
)

// Behaviors of pylibmc that change nothing that is seen from outside.
var quietBehaviors = []string{
	"tcp_nodelay", "no_block", "verify_keys", "cas", "buffer_requests", "receive_timeout", "send_timeout", "retry_timeout", "dead_timeout",
	"failure_limit", "remove_failed", "auto_eject", "num_replicas", "cork", "tcp_keepalive", "tcp_keepidle", "support_cas", "sort_hosts",
	"pickle_protocol", "io_msg_watermark", "io_bytes_watermark", "io_key_prefetch", "randomize_replica_read", "noreply", "poll_timeout",
	"ketama_hash", "hash_with_namespace",
}

// The options of the two clients' constructors. Neither takes those of the other: an application that has one
// has that client. Only behaviors may be there with both: Celery keeps them from python-memcached.
var (
	pylibmcOptions         = []string{"binary", "username", "password"}
	pythonMemcachedOptions = []string{
		"debug", "pickleProtocol", "pickler", "unpickler", "compressor", "decompressor", "pload", "pid", "server_max_key_length",
		"server_max_value_length", "dead_retry", "socket_timeout", "cache_cas", "flush_on_reconnect", "check_keys", "key_encoder",
	}
)

// quietOptions change nothing that is seen from outside, or are read elsewhere.
var quietOptions = []string{"behaviors", "username", "password", "debug"}

// readClientOptions reads cache_backend_options.
func (a *address) readClientOptions(options map[string]any, u *driver.URL, t *target) error {
	rule, err := placementOf(options)
	if err != nil {
		return badSetting("cache_backend_options", "%v", err)
	}
	for _, name := range slices.Sorted(maps.Keys(options)) {
		if !slices.Contains(quietOptions, name) {
			a.warn("cache_backend_options", "%s has no meaning here", name)
		}
	}
	if _, given := u.Param("hash"); !given && t.scheme != "memcached+unix" {
		t.set("hash", rule)
	}
	behaviors := behaviorsOf(options)
	if rule == pythonMemcached && len(behaviors) > 0 {
		a.warn("cache_backend_options", "behaviors have no meaning for python-memcached, whose options are there too")
		return nil
	}
	return a.readBehaviors(behaviors, u, t)
}

// clientOf tells which client takes these options, if they say.
func clientOf(options map[string]any) (client string, err error) {
	owners := map[string]string{} // an option, by client
	for _, name := range slices.Sorted(maps.Keys(options)) {
		switch {
		case name == "behaviors":
		case slices.Contains(pylibmcOptions, name):
			owners[pylibmc] = name
		case slices.Contains(pythonMemcachedOptions, name):
			owners[pythonMemcached] = name
		default:
			return "", fmt.Errorf("unknown option %q; known: behaviors, of pylibmc %s, of python-memcached %s",
				name, strings.Join(pylibmcOptions, ", "), strings.Join(pythonMemcachedOptions, ", "))
		}
	}
	if len(owners) > 1 {
		return "", fmt.Errorf("%s is an option of pylibmc, and %s of python-memcached: there is no client that takes both",
			owners[pylibmc], owners[pythonMemcached])
	}
	for client = range owners {
		break
	}
	return client, nil
}

// The clients that Celery may have. The second is the name of its rule of placement as well.
const (
	pylibmc         = "pylibmc"
	pythonMemcached = "python-memcached"
)

// readBehaviors reads those that are not about placement.
func (a *address) readBehaviors(behaviors map[string]any, u *driver.URL, t *target) error {
	for _, name := range slices.Sorted(maps.Keys(behaviors)) {
		switch {
		case slices.Contains([]string{"ketama", "ketama_weighted", "hash", "distribution"}, name):
		case slices.Contains(quietBehaviors, name):
			if name != "tcp_nodelay" && name != "ketama_hash" && name != "verify_keys" { // which is done anyway, or changes nothing
				a.warn("cache_backend_options", "the behavior %s has no meaning here", name)
			}
		case name == "connect_timeout":
			ms, err := strconv.ParseUint(fmt.Sprint(behaviors[name]), 10, 31)
			if err != nil || ms == 0 {
				return badSetting("cache_backend_options", "connect_timeout is a number of milliseconds above zero, not %v", behaviors[name])
			}
			if _, given := u.Param("dial_timeout"); !given {
				t.set("dial_timeout", strconv.FormatUint(ms, 10)+"ms")
			}
		default:
			return badSetting("cache_backend_options", "unknown behavior %q", name)
		}
	}
	return nil
}

// behaviorsOf is the map of that name.
func behaviorsOf(options map[string]any) map[string]any {
	b, _ := options["behaviors"].(map[string]any)
	return b
}

// placementOf tells by which of the engine's rules a client with these options places keys: python-memcached
// if some are that client's alone, else pylibmc by its behaviors. Other programs would not find what is
// placed by another one, so what the engine does not have is an error.
func placementOf(options map[string]any) (rule string, err error) {
	if client, err := clientOf(options); err != nil || client == pythonMemcached {
		return client, err
	}
	if _, isMap := options["behaviors"].(map[string]any); !isMap && options["behaviors"] != nil {
		return "", errors.New("behaviors is not a map of names and values")
	}
	b := behaviorsOf(options)
	hash, distribution := behaviorWord(b["hash"], "default"), behaviorWord(b["distribution"], "modula")
	if isTrue(b["ketama"]) {
		distribution = "consistent"
	}
	switch consistent := strings.HasPrefix(distribution, "consistent"); {
	case isTrue(b["ketama_weighted"]):
		return "ketama_weighted", nil
	case consistent && hash == "default" && distribution != "consistent_ketama_spy":
		return "ketama", nil
	case distribution == "modula" && hash == "default":
		return "modula", nil
	case distribution == "modula" && slices.Contains(modulaHashes, hash):
		return hash, nil
	}
	return "", fmt.Errorf(
		"hash=%v with distribution=%v is not known here; known: ketama, ketama_weighted, and distribution=modula with hash=default, %s",
		shortened(hash), shortened(distribution), strings.Join(modulaHashes, ", "))
}

// modulaHashes are the values of the behavior hash that the engine has by the same names.
var modulaHashes = []string{"crc", "fnv1_32", "fnv1_64", "fnv1a_32", "fnv1a_64", "md5", "murmur"}

// behaviorWord is a behavior that is a name.
func behaviorWord(v any, def string) string {
	if v == nil {
		return def
	}
	return strings.ReplaceAll(fmt.Sprint(v), " ", "_")
}

// isTrue is Python's.
func isTrue(v any) bool {
	switch fmt.Sprint(v) {
	case "<nil>", "false", "0", "":
		return false
	}
	return true
}
