package celery

import (
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

// Options of the two clients' constructors that mean nothing here.
var quietOptions = []string{
	"binary", "debug", "pickleProtocol", "pickler", "unpickler", "compressor", "decompressor", "pload", "pid", "server_max_key_length",
	"server_max_value_length", "dead_retry", "socket_timeout", "cache_cas", "flush_on_reconnect", "check_keys",
}

// readClientOptions reads cache_backend_options.
func (a *address) readClientOptions(options map[string]any, u *driver.URL, t *target) error {
	for _, name := range slices.Sorted(maps.Keys(options)) {
		switch {
		case name == "behaviors" || name == "username" || name == "password":
		case slices.Contains(quietOptions, name):
			a.warn("cache_backend_options", "%s has no meaning here", name)
		default:
			return badSetting("cache_backend_options", "unknown option %q; known: behaviors, username, password, %s", name, strings.Join(quietOptions, ", "))
		}
	}
	rule, err := placementOf(options)
	if err != nil {
		return err
	}
	if _, given := u.Param("hash"); !given && t.scheme != "memcached+unix" {
		t.set("hash", rule)
	}
	return a.readBehaviors(behaviorsOf(options), u, t)
}

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

// placementOf tells by which of the engine's rules pylibmc places keys with these behaviors. Other programs would not find what is
// placed by another one, so what the engine does not have is an error.
func placementOf(options map[string]any) (rule string, err error) {
	if _, isMap := options["behaviors"].(map[string]any); !isMap && options["behaviors"] != nil {
		return "", badSetting("cache_backend_options", "behaviors is not a map of names and values")
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
	return "", badSetting("cache_backend_options",
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
