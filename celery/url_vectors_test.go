package celery

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/larder-go/larder/driver"
)

// method is what a method of Celery's backends did.
type method struct {
	Case     string `json:"case"`
	Backend  string `json:"backend"`
	Producer string `json:"producer"`
	Outcome  string `json:"outcome"`
}

// urlDeviations are the URLs that mean another thing here, or no thing; docs/celery-deviations.md says why.
var urlDeviations = map[string]string{
	"cache+memcached://":                 "error",   // no server
	"cache+memory":                       "taken",   // a name
	"memory://":                          "taken",   // larder's own URL, without cache+
	"memcached://a:1":                    "taken",   // the same
	"cache+memcached://user:pw@a:1;b:2/": "masked",  // Celery prints the password
	"redis":                              "by name", // Celery's settings say where
}

// vectorAddress reads a URL of the vectors.
func vectorAddress(raw string) (address, error) {
	cfg := Config{ResultBackend: raw}
	if strings.HasPrefix(raw, "sentinel:") {
		cfg.ResultBackendTransportOptions.MasterName = "m" // Celery misses it only when it connects
	}
	return translate(cfg)
}

func TestURIsAsCeleryPrintsThem(t *testing.T) {
	judged := 0
	for _, v := range kvVectors[method](t, "backend_methods") {
		kind, raw, _ := strings.Cut(v.Case, " ")
		if kind != "as_uri" && kind != "as_uri+pw" {
			continue
		}
		judged++
		a, err := vectorAddress(raw)
		want, isText := quoted(v.Outcome)
		got := a.masked
		if kind == "as_uri+pw" {
			got = a.full
		}
		switch deviation := urlDeviations[raw]; {
		case deviation == "error":
			if err == nil && openable(t, a) {
				t.Errorf("%s: %s is taken", v.Case, a.engine)
			}
		case deviation == "taken":
			if err != nil || isText {
				t.Errorf("%s: %v; Celery: %s", v.Case, err, v.Outcome)
			}
		case !isText: // Celery refuses it
			if err == nil {
				t.Errorf("%s: %s is taken; Celery: %s", v.Case, a.engine, v.Outcome)
			}
		case err != nil || got != want:
			t.Errorf("%s: %q, %v, want %q", v.Case, got, err, want)
		case strings.Contains(a.masked, "pw") || strings.Contains(a.masked, "secret"):
			t.Errorf("%s: %s has the password", v.Case, a.masked)
		}
	}
	if judged < 40 {
		t.Errorf("%d judged", judged)
	}
}

// quoted is the text in an outcome such as str: 'redis://'.
func quoted(outcome string) (string, bool) {
	text, ok := strings.CutPrefix(outcome, "str: ")
	return strings.Trim(text, "'"), ok
}

// openable tells whether an engine takes a URL.
func openable(t *testing.T, a address) bool {
	t.Helper()
	e, err := openEngine(t.Context(), a.engine, kvDiscard)
	if err == nil {
		_ = e.store.Close()
	}
	return err == nil
}

var parameter = regexp.MustCompile(`'(host|port|db|password|username|path)': ('[^']*'|\d+)`)

func TestConnectionsAsCeleryMakesThem(t *testing.T) {
	judged := 0
	for _, v := range kvVectors[method](t, "backend_methods") {
		raw, isParams := strings.CutPrefix(v.Case, "params ")
		if !isParams {
			continue
		}
		judged++
		a, err := vectorAddress(raw)
		switch {
		case urlDeviations[raw] == "error":
			if err == nil && openable(t, a) {
				t.Errorf("%s: %s is taken", v.Case, a.engine)
			}
		case urlDeviations[raw] == "taken":
			if err != nil {
				t.Errorf("%s: %v", v.Case, err)
			}
		case strings.HasPrefix(v.Outcome, "!!"):
			if err == nil {
				t.Errorf("%s: %s is taken", v.Case, a.engine)
			}
		case strings.HasPrefix(v.Outcome, "list: "):
			sameServers(t, v, a)
		case err != nil:
			t.Errorf("%s: %v", v.Case, err)
		default:
			sameConnection(t, v, a)
		}
	}
	if judged < 40 {
		t.Errorf("%d judged", judged)
	}
}

// sameServers compares a list such as ['a:1', 'b:2'], in which Celery leaves the password.
func sameServers(t *testing.T, v method, a address) {
	t.Helper()
	var want []string
	for _, m := range regexp.MustCompile(`'([^']*)'`).FindAllStringSubmatch(v.Outcome, -1) {
		if _, server, hasUser := strings.Cut(m[1], "@"); hasUser {
			m[1] = server
		}
		if m[1] != "" {
			want = append(want, m[1])
		}
	}
	if !slices.Equal(a.servers, want) {
		t.Errorf("%s: %v, want %v", v.Case, a.servers, want)
	}
}

// sameConnection compares what redis-py is given with the engine's URL. Of several sentinels the first one's
// db and password count.
func sameConnection(t *testing.T, v method, a address) {
	t.Helper()
	u, err := driver.ParseURL(a.engine)
	if err != nil {
		t.Fatalf("%s: %v", v.Case, err)
	}
	got, want := map[string]string{"username": u.User, "password": u.Password, "db": "0"}, map[string]string{"username": "", "password": "", "db": "0"}
	path := strings.Split(strings.Trim(u.Path, "/"), "/")
	if u.Scheme == "redis+unix" {
		got["path"], path = u.Path, nil
	}
	if db, given := u.Param("db"); given {
		got["db"] = db
	} else if len(path) > 0 && path[len(path)-1] != "" && path[len(path)-1] != "m" {
		got["db"] = path[len(path)-1]
	}
	for i, h := range u.Hosts {
		host, port, hasPort := strings.Cut(h, ":")
		if !hasPort {
			port = "6379"
		}
		got[fmt.Sprint("host", i)], got[fmt.Sprint("port", i)] = host, port
	}
	hosts, ports := 0, 0
	for _, m := range parameter.FindAllStringSubmatch(v.Outcome, -1) {
		name, value := m[1], strings.Trim(m[2], "'")
		switch name {
		case "host":
			want[fmt.Sprint("host", hosts)] = value
			hosts++
		case "port":
			want[fmt.Sprint("port", ports)] = value
			ports++
		case "path":
			want[name] = value
		default:
			want[name] = value // the last one stands behind the list of sentinels
		}
	}
	for name := range want {
		if got[name] != want[name] {
			t.Errorf("%s: %s is %q, want %q (%s)", v.Case, name, got[name], want[name], a.engine)
		}
	}
	if len(got) != len(want) {
		t.Errorf("%s: %v, want %v", v.Case, got, want)
	}
}
