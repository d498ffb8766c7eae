package celery

import (
	"net/url"
	"strings"
)

// target is an engine's URL that is being written.
type target struct {
	scheme         string
	user, password string
	hasPassword    bool
	hosts          []string
	path           string // with its leading slash
	params         []string
}

// set adds a parameter.
func (t *target) set(name, value string) {
	t.params = append(t.params, quote(name)+"="+quote(value))
}

// String writes it out, with its password.
func (t *target) String() string {
	var b strings.Builder
	b.WriteString(t.scheme + "://")
	if t.user != "" || t.hasPassword {
		b.WriteString(quote(t.user))
		if t.hasPassword {
			b.WriteString(":" + quote(t.password))
		}
		b.WriteByte('@')
	}
	b.WriteString(strings.Join(t.hosts, ";"))
	b.WriteString(strings.ReplaceAll(quote(t.path), "%2F", "/"))
	if len(t.params) > 0 {
		b.WriteString("?" + strings.Join(t.params, "&"))
	}
	return b.String()
}

// quote writes everything but letters, digits and - . _ ~ as percent and two digits, as Python's quote does.
func quote(s string) string { return strings.ReplaceAll(url.QueryEscape(s), "+", "%20") }
