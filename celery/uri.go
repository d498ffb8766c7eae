package celery

import (
	"slices"
	"strings"

	"github.com/larder-go/larder/driver"
)

// uriMask stands where a password was, as in Celery.
const uriMask = "**"

// URI is the backend's URL as Celery's as_uri() prints it: passwords are replaced by **, parameters are left
// out, several servers are kept. A backend that was named rather than given by URL ("redis") has none.
func (b *Backend) URI() string { return b.addr.masked }

// FullURI is the backend's URL with its password and its parameters, as it was configured:
// as_uri(include_password=True).
func (b *Backend) FullURI() string { return b.addr.full }

// userinfo is what stands before the servers.
func userinfo(u *driver.URL) string {
	switch {
	case u.HasPassword && u.Password != "":
		return quote(u.User) + ":" + uriMask + "@"
	case u.User != "":
		return quote(u.User) + "@"
	}
	return ""
}

// maskOther is a URL of larder's own, without its parameters.
func maskOther(u *driver.URL) string {
	switch relative := len(u.Hosts) == 0 && u.Path != "" && !strings.HasPrefix(u.Path, "/"); {
	case relative && strings.Contains(u.Path, "@"): // a user and a password, of a URL without its scheme
		return u.Scheme + ":…"
	case relative:
		return u.Scheme + ":" + u.Path
	}
	return u.Scheme + "://" + userinfo(u) + strings.Join(u.Hosts, ";") + u.Path
}

// maskRedis is a Redis URL as kombu prints it: with a slash behind the server, but nothing at all where
// nothing is named, and in small letters.
func maskRedis(u *driver.URL) string {
	text := u.Scheme + "://" + userinfo(u) + strings.ToLower(strings.Join(u.Hosts, ";")) + "/" + strings.TrimPrefix(u.Path, "/")
	if strings.HasSuffix(text, ":///") {
		return strings.TrimSuffix(text, "/")
	}
	return text
}

// maskURL is what may be printed of any URL, also of one that is wrong.
func maskURL(raw string) string {
	a, err := translate(Config{ResultBackend: raw})
	if err == nil {
		return a.masked
	}
	scheme, _, isURL := strings.Cut(raw, ":")
	if !isURL {
		return ""
	}
	return schemeOnly(scheme) + ":…"
}

// hidePasswords returns the servers as they may be printed. One with an @ is none: it is a piece of a
// user's name and password, of a URL that is not written as it should be. So is one of a URL that has an @
// and yet no user.
func (a *address) hidePasswords(u *driver.URL) string {
	body, _, _ := strings.Cut(a.full, "?")
	stray := u.User == "" && !u.HasPassword && strings.Contains(body, "@")
	if stray || slices.ContainsFunc(a.servers, func(s string) bool { return strings.Contains(s, "@") }) {
		a.servers = nil
		return "…"
	}
	return strings.Join(a.servers, ";")
}

// schemeOnly is a scheme, or nothing if it is none: of a URL that was written without one it may be a password.
func schemeOnly(s string) string {
	for _, c := range []byte(strings.ToLower(s)) {
		if (c < 'a' || c > 'z') && (c < '0' || c > '9') && c != '+' && c != '-' && c != '.' {
			return ""
		}
	}
	return shortened(s)
}
