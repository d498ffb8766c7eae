package celery

import (
	"strings"

	"github.com/larder-go/larder/driver"
)

// readMemcached reads cache+memcached://a:11211;b:11211/ and what is like it. Celery takes everything behind
// :// as servers; here larder's parameters may follow.
func readMemcached(cfg Config, raw string) (address, error) {
	full := strings.TrimPrefix(raw, "cache+")
	scheme, rest, _ := strings.Cut(full, ":")
	list, query, hasQuery := strings.Cut(strings.TrimPrefix(rest, "//"), "?")
	a := address{full: full}
	t, text, err := a.readList(cfg, scheme, strings.TrimRight(list, "/"))
	if err != nil {
		return a, err
	}
	if hasQuery && query != "" {
		text += "?" + query
	} else {
		a.full = strings.TrimRight(full, "/") + "/"
	}
	u, err := parseURL(text)
	if err != nil {
		return a, err
	}
	if a.servers = u.Hosts; t.scheme == "memcached+unix" {
		a.servers = []string{u.Path}
	}
	named := a.hidePasswords(u)
	a.masked = scheme + "://" + userinfo(u) + named + "/"
	err = a.finishMemcached(cfg, u, t, text)
	return a, err
}

// readList reads the servers, and returns the URL that has them.
func (a *address) readList(cfg Config, scheme, list string) (t *target, text string, err error) {
	t = &target{scheme: "memcached"}
	socket, isSocket := socketOf(list)
	switch {
	case isSocket && strings.Contains(socket, ";"):
		return nil, "", badSetting("result_backend", "more than one unix socket: there can be one")
	case isSocket:
		t.scheme = "memcached+unix"
		return t, t.scheme + "://" + socket, nil
	case scheme == "memcached+tls":
		t.scheme = scheme
	}
	list, weights := cutWeights(list)
	a.weigh(t, cfg.CacheBackendOptions, weights)
	return t, t.scheme + "://" + list + "/", nil
}

// socketOf tells whether a list of servers is the path of a unix socket: /path, or unix:/path.
func socketOf(list string) (path string, ok bool) {
	path = strings.TrimPrefix(list, "unix:")
	return path, strings.HasPrefix(path, "/")
}

// cutWeights takes the weights from a:11211:2;b:11211:1, if every server has one.
func cutWeights(list string) (servers string, weights []string) {
	at := strings.LastIndexByte(list, '@') + 1
	words := strings.FieldsFunc(list[at:], func(r rune) bool { return r == ';' || r == ',' })
	for i, word := range words {
		colon := strings.LastIndexByte(word, ':')
		if strings.Count(word, ":") != 2 || strings.HasPrefix(word, "[") || colon == len(word)-1 {
			return list, nil
		}
		words[i] = word[:colon]
		weights = append(weights, word[colon+1:])
	}
	return list[:at] + strings.Join(words, ";"), weights
}

// weigh hands weights on to the one rule that has them.
func (a *address) weigh(t *target, options map[string]any, weights []string) {
	if len(weights) == 0 {
		return
	}
	if rule, _ := placementOf(options); rule != "ketama_weighted" {
		a.warn("result_backend", "weights of servers have no meaning without the behavior ketama_weighted")
		return
	}
	t.set("weights", strings.Join(weights, ","))
}

// finishMemcached adds the parameters that the client's options mean, unless the URL has them.
func (a *address) finishMemcached(cfg Config, u *driver.URL, t *target, text string) error {
	if err := a.readClientOptions(cfg.CacheBackendOptions, u, t); err != nil {
		return err
	}
	if _, given := u.Param("keys"); !given { // Python's clients look for a key under its own name, or not at all
		t.set("keys", "verbatim")
	}
	separator := "?"
	if strings.Contains(text, "?") {
		separator = "&"
	}
	a.engine = text + separator + strings.Join(t.params, "&")
	return nil
}
