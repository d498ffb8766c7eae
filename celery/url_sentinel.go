package celery

import (
	"slices"
	"strings"

	"github.com/larder-go/larder/driver"
)

// readSentinel reads sentinel://:password@a:26379/db;sentinel://b:26379. Password and database are the
// server's, and count where they are given first, as in Celery.
func readSentinel(cfg Config, raw string) (address, error) {
	parts, err := sentinelParts(raw)
	if err != nil {
		return address{}, err
	}
	a := address{full: raw}
	var masked []string
	for _, u := range parts {
		a.servers = append(a.servers, u.Hosts...)
		masked = append(masked, maskRedis(u))
	}
	a.masked = strings.Join(masked, ";")
	first := parts[0]
	a.compareParts(parts)
	master := cfg.ResultBackendTransportOptions.MasterName
	override(first, "master_name", &master)
	if master == "" {
		return a, badSetting("master_name", "sentinels are asked for a server by its name: set it in result_backend_transport_options, or write ?master_name=")
	}
	t := &target{scheme: "redis+sentinel", hosts: a.servers}
	if len(cfg.Redis.BackendUseSSL) > 0 {
		t.scheme = "rediss+sentinel"
	}
	if password := cfg.ResultBackendTransportOptions.SentinelPassword; password != "" {
		if _, given := first.Param("sentinel_password"); !given {
			t.set("sentinel_password", password)
		}
	}
	db := strings.Trim(first.Path, "/")
	if err := a.finishRedis(cfg, first, t, db); err != nil {
		return a, err
	}
	t.path = "/" + master + t.path
	a.engine = t.String()
	return a, nil
}

// sentinelParts takes the URLs apart that stand one behind the other.
func sentinelParts(raw string) ([]*driver.URL, error) {
	var parts []*driver.URL
	for i, text := range strings.Split(strings.TrimSuffix(raw, ";"), ";") {
		if i > 0 && !strings.HasPrefix(text, "sentinel://") {
			text = "sentinel://" + text
		}
		u, err := parseURL(text)
		if err != nil {
			return nil, err
		}
		if len(u.Hosts) == 0 {
			return nil, badSetting("result_backend", "sentinel %d is not named", i+1)
		}
		parts = append(parts, u)
	}
	return parts, nil
}

// compareParts warns of what the first part says otherwise.
func (a *address) compareParts(parts []*driver.URL) {
	first := parts[0]
	for i, u := range parts[1:] {
		if (u.HasPassword && u.Password != first.Password) || (u.User != "" && u.User != first.User) {
			a.warn("result_backend", "the password of sentinel %d is not used: the first one is the server's, the sentinels' own is sentinel_kwargs", i+2)
		}
		if db := strings.Trim(u.Path, "/"); db != "" && db != strings.Trim(first.Path, "/") {
			a.warn("result_backend", "the database of sentinel %d is not used: the first one is", i+2)
		}
		if err := u.CheckParams(); err != nil {
			a.warn("result_backend", "the parameters of sentinel %d are not used: those of the first one are", i+2)
		}
	}
	if sorted := slices.Sorted(slices.Values(a.servers)); len(slices.Compact(sorted)) < len(a.servers) {
		a.warn("result_backend", "a sentinel is named twice")
	}
}
