package celery

import (
	"slices"
	"strings"
)

// secretSettings are those whose values are not printed.
var secretSettings = []string{
	"result_backend", "cache_backend", "redis_password", "redis_host", "cache_backend_options", "result_backend_transport_options",
}

// oldNames are those of Celery's old names that are not CELERY_ and the new one.
var oldNames = map[string]string{
	"CELERY_TASK_RESULT_EXPIRES": "result_expires",
	"CELERY_MAX_CACHED_RESULTS":  "result_cache_max",
}

// canonicalName is a setting's name as Celery has it today. What it is in a document is written in small
// letters, or in capitals with CELERY_ before it.
func canonicalName(name string) string {
	if today, old := oldNames[name]; old {
		return today
	}
	if rest, ok := strings.CutPrefix(name, "CELERY_"); ok && rest == strings.ToUpper(rest) {
		return strings.ToLower(rest)
	}
	if name == strings.ToUpper(name) && isElsewhere(strings.ToLower(name)) {
		return strings.ToLower(name) // BROKER_URL, CELERYD_CONCURRENCY
	}
	return name
}

// families are the first words of Celery's settings for other things than results on these engines.
var families = []string{
	"broker_", "task_", "worker_", "beat_", "celerybeat_", "celeryd_", "celerymon_", "control_", "event_", "security_", "database_",
	"cassandra_", "s3_", "azureblockblob_", "gcs_", "couchbase_", "couchdb_", "arangodb_", "mongodb_", "cosmosdbsql_", "dynamodb_",
	"elasticsearch_", "riak_", "consul_",
}

// elsewhere are further ones: of results on other backends, of redis-py's connections, and old names of what
// now is task_ or worker_.
var elsewhere = []string{
	"imports", "include", "loader", "namespace", "override_backends",
	"result_compression", "result_exchange", "result_exchange_type", "result_persistent", "result_chord_retry_interval",
	"redis_max_connections", "redis_socket_timeout", "redis_retry_on_timeout", "redis_socket_keepalive",
	"redis_backend_health_check_interval", "redis_client_name",

	"access_key_id", "acks_late", "acks_on_failure_or_timeout", "always_eager", "annotations", "create_missing_queues",
	"default_delivery_mode", "default_exchange", "default_exchange_type", "default_queue", "default_rate_limit", "default_routing_key",
	"disable_rate_limits", "eager_propagates_exceptions", "enable_remote_control", "ignore_result", "inherit_parent_priority",
	"message_compression", "queues", "redirect_stdouts", "redirect_stdouts_level", "reject_on_worker_lost", "remote_tracebacks",
	"result_dburi", "result_db_short_lived_sessions", "result_db_tablenames", "result_engine_options", "routes", "send_events",
	"send_task_sent_event", "store_eager_result", "store_errors_even_if_ignored", "track_started",
}

// isElsewhere tells whether a setting is Celery's, but says nothing that matters here.
func isElsewhere(canonical string) bool {
	return slices.Contains(elsewhere, canonical) ||
		slices.ContainsFunc(families, func(f string) bool { return strings.HasPrefix(canonical, f) && len(canonical) > len(f) })
}

// suggestion names the setting that is spelled almost so.
func suggestion(name string) string {
	name = strings.TrimPrefix(strings.ToLower(name), "celery_")
	best, least := "", 4
	for known := range setters {
		if d := distance(name, known); d < least || d == least && known < best {
			best, least = known, d
		}
	}
	if best == "" {
		return ""
	}
	return "; did you mean " + best + "?"
}

// distance is Levenshtein's: how many letters have to be changed, added or removed. What is much longer than
// any name is far.
func distance(a, b string) int {
	const longest = 80
	if len(a) > longest {
		return longest
	}
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		diagonal := row[0]
		row[0] = i + 1
		for j := range len(b) {
			change := diagonal
			if a[i] != b[j] {
				change++
			}
			diagonal = row[j+1]
			row[j+1] = min(change, row[j]+1, diagonal+1)
		}
	}
	return row[len(b)]
}
